//! `doctor --clients`: programs that get through, and some that cannot.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use authkeep_testkit::home::run;
use authkeep_tests::{Product, document, search_path};
use serde_json::json;

/// A program of this machine.
fn program(name: &str) -> std::path::PathBuf {
    let folders = search_path();
    let mut found = std::env::split_paths(&folders).map(|folder| folder.join(name));
    found.find(|path| path.is_file()).unwrap()
}

#[test]
fn it_tells_those_that_get_through_from_those_that_do_not() {
    let product = Product::new();
    let bin = product.home().bin();
    symlink(program("curl"), bin.join("curl")).unwrap();
    let curl = program("curl").display().to_string();
    for (name, script) in [
        // Its own roots, which are none.
        (
            "wget",
            format!("exec {curl} -sS --cacert /dev/null https://probe.authkeep.invalid/"),
        ),
        // No proxy, as if it knew none.
        (
            "git",
            format!("exec {curl} -sS --noproxy '*' https://probe.authkeep.invalid/"),
        ),
        // Another reason to fail.
        (
            "ruby",
            "echo 'cannot load the dictionary' >&2; exit 1".to_owned(),
        ),
        // Without the credential, but one of the run's own: that is enough on Linux.
        (
            "perl",
            format!("exec {curl} -sS -x \"${{HTTPS_PROXY##*@}}\" https://probe.authkeep.invalid/"),
        ),
    ] {
        let path = bin.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let output = run(product
        .command(&["doctor", "--clients", "--json"])
        .env("PATH", &bin));
    let report = document(&output);
    assert_eq!((output.code, &report["ok"]), (1, &json!(false)), "{report}");
    let said = |name: &str| {
        let checks = report["checks"].as_array().unwrap();
        let check = checks.iter().find(|check| check["check"] == name).unwrap();
        (
            check["ok"] == true,
            check["message"].as_str().unwrap().to_owned(),
        )
    };
    let through = "goes through the sidecar and trusts it";
    assert_eq!(said("curl"), (true, through.to_owned()));
    assert_eq!(said("perl"), (true, through.to_owned()));
    assert_eq!(
        said("wget"),
        (
            false,
            "does not trust the sidecar's certificates".to_owned()
        )
    );
    let (fine, message) = said("git");
    assert!(
        !fine && message.contains("does not go through"),
        "{message}"
    );
    let ruby = "does not go through the sidecar: cannot load the dictionary";
    assert_eq!(said("ruby"), (false, ruby.to_owned()));
    assert_eq!(said("node https"), (true, "not installed".to_owned()));
    let all = report["checks"].as_array().unwrap();
    assert!(
        all.iter()
            .all(|check| check["ok"] == true || check["fix"] != "")
    );
    // Nothing of it is left, and no home was made for it.
    assert_eq!(
        fs::read_dir(product.home().root().join("run"))
            .unwrap()
            .count(),
        0
    );
    assert!(!product.home().authkeep_home().exists());
}

#[test]
fn the_programs_of_this_machine_get_through() {
    let product = Product::new();
    let mut command = product.command(&["doctor", "--clients"]);
    let output = run(command.env("PATH", super::stage::path()));
    assert_eq!(output.code, 0, "{output:?}");
    let through = output.stdout.matches("goes through the sidecar").count();
    assert!(through >= 13, "{}", output.stdout);
}
