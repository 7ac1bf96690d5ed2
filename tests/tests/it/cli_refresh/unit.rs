//! The services that are printed.

use std::fs;
use std::process::Command;

use authkeep_testkit::home::run;
use authkeep_tests::{Product, authkeep_bin};

use crate::refusal::keys;

#[test]
fn the_unit_is_one_that_systemd_understands() {
    let product = Product::new();
    let folder = product.home().home().join("units");
    fs::create_dir(&folder).unwrap();
    let verify = |name: &str, text: &str| {
        let file = folder.join(name);
        fs::write(&file, text).unwrap();
        let mut command = product.home().command("systemd-analyze".as_ref());
        let output = command
            .args(["--user", "verify"])
            .arg(&file)
            .env("SYSTEMD_LOG_LEVEL", "warning")
            .output();
        // Where the program is missing, the words are still looked at below.
        output.map_or((true, String::new()), |output| {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            (output.status.success() && said.is_empty(), said)
        })
    };
    let hook = "notify-send \"50% $HOME\" 'it''s \\ so'";
    let arguments = [
        "refresh",
        "--unit",
        "systemd",
        "acme",
        "--connection",
        "work",
        "--hook",
        hook,
        "--profile",
        "default",
    ];
    let (code, value) = product.json(&arguments);
    assert_eq!((code, keys(&value)), (0, "file text unit".to_owned()));
    let file = value["file"].as_str().unwrap();
    assert_eq!(
        file,
        "~/.config/systemd/user/authkeep-refresh-default-acme-work.service"
    );
    let text = value["text"].as_str().unwrap();
    let (good, said) = verify("authkeep-refresh-default-acme-work.service", text);
    assert!(good, "{said}\n{text}");
    for line in [
        "KillMode=process",
        "SuccessExitStatus=130",
        &format!(
            "Environment=\"AUTHKEEP_HOME={}\"",
            product.home().authkeep_home().display()
        ),
        &format!(
            "ExecStart=\"{}\" \"refresh\" \"--watch\"",
            authkeep_bin().canonicalize().unwrap().display()
        ),
    ] {
        assert!(text.contains(&format!("\n{line}")), "no {line} in {text}");
    }
    // The negative control: a unit that makes no sense is not verified where the program is there.
    let there = Command::new("systemd-analyze")
        .arg("--version")
        .output()
        .is_ok();
    let (good, _) = verify(
        "wrong.service",
        &text.replace("ExecStart=\"/", "ExecStart=\"nowhere/"),
    );
    assert!(!(good && there));

    // What it says to type prints the same text again.
    let again = text.lines().nth(1).unwrap().trim_start_matches("#   ");
    let (again, install) = again.split_once(" | ").unwrap();
    let mut shell = product.home().command("sh".as_ref());
    let output = run(shell.args(["-c", again]));
    assert_eq!((output.code, &*output.stdout), (0, text), "{output:?}");
    assert!(install.ends_with(file), "{install}");

    let agent = product.run(&["refresh", "--unit", "launchd"]);
    assert_eq!(agent.code, 0, "{agent:?}");
    assert!(agent.stdout.contains("UNTESTED"), "{agent:?}");
}
