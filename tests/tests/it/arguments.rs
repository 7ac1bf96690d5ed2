//! Whatever is typed, the program ends with a documented code and never with a panic.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use authkeep_testkit::home::run;
use authkeep_tests::Product;

use crate::refusal::EXIT_CODES;

const COMMANDS: [&str; 20] = [
    "init",
    "login",
    "list",
    "get",
    "export",
    "refresh",
    "run",
    "logout",
    "revoke",
    "remove",
    "use",
    "providers",
    "inspect",
    "register",
    "profile",
    "whoami",
    "doctor",
    "audit",
    "completions",
    "help",
];

fn odd_words() -> Vec<OsString> {
    let long = "x".repeat(100_000);
    let words = [
        "",
        " ",
        "-",
        "--",
        "---",
        "--=",
        "-x",
        "a=b",
        "=",
        "..",
        "/",
        "\u{0}".trim_matches('\0'),
        "%s%n",
        "東京",
        "\u{1b}[2J",
        "\u{202e}",
        "\n",
        "--json=1",
        "--profile=",
        "openai:default",
        "client",
        "'",
        "$(id)",
        &long,
    ];
    let mut words: Vec<OsString> = words.iter().map(OsString::from).collect();
    words.push(OsString::from_vec(vec![0xff, 0xfe, b'a']));
    words
}

#[test]
fn no_argument_makes_it_panic() {
    let product = Product::new();
    assert_eq!(product.run(&["init"]).code, 0);
    let words = odd_words();
    let mut vectors: Vec<Vec<OsString>> = words.iter().map(|word| vec![word.clone()]).collect();
    for (index, command) in COMMANDS.iter().enumerate() {
        for step in 0..10 {
            let word = &words[(index * 11 + step * 7) % words.len()];
            let mut vector = vec![OsString::from(command), word.clone()];
            match step {
                0 => vector.truncate(1),
                1 => vector.insert(0, "--json".into()),
                2 => vector.push("--json".into()),
                3 => vector.insert(1, "--profile".into()),
                4 => vector.insert(1, "--".into()),
                5 => vector.extend([word.clone(), word.clone()]),
                6 => vector.extend(["--field".into(), word.clone()]),
                _ => {}
            }
            vectors.push(vector);
        }
    }
    assert!(vectors.len() >= 200, "{}", vectors.len());
    for vector in vectors {
        let output = run(product.command(&[]).args(&vector));
        let shown: Vec<_> = vector
            .iter()
            .map(|word| word.to_string_lossy().chars().take(40).collect::<String>())
            .collect();
        assert!(EXIT_CODES.contains(&output.code), "{shown:?}: {output:?}");
        for stream in [&output.stdout, &output.stderr] {
            assert!(
                !stream.contains("panicked") && !stream.contains("RUST_BACKTRACE"),
                "{shown:?}: {stream}"
            );
        }
        if output.code != 0 {
            let said = output.stderr.len() + output.stdout.len();
            assert!(said > 0, "{shown:?}: not a word");
        }
    }
}

/// The negative control: what a panic looks like is what the test above looks for.
#[test]
fn a_panic_would_be_seen() {
    let test = std::env::current_exe().unwrap();
    let product = Product::new();
    let mut command = product.home().command(&test);
    let output = run(command.args(["--exact", "--ignored", "--nocapture", "arguments::a_panic"]));
    assert!(output.stderr.contains("panicked"), "{output:?}");
    assert!(!EXIT_CODES.contains(&output.code), "{output:?}");
}

#[test]
#[ignore = "only started by the test above"]
fn a_panic() {
    panic!("as a defect would");
}

/// A closed pipe is no failure, let alone a panic.
#[test]
fn a_reader_that_has_seen_enough() {
    let product = Product::new();
    let script = "\"$@\" | head -1 >/dev/null; \"$@\" >&-; \"$@\" 2>&- >/dev/null";
    for arguments in [
        &["list"][..],
        &["providers", "--json"],
        &["completions", "bash"],
        &["frobnicate"],
    ] {
        let mut command = product.home().command("sh".as_ref());
        command
            .args(["-c", script, "sh"])
            .arg(authkeep_tests::authkeep_bin())
            .args(arguments);
        let output = run(&mut command);
        assert!(!output.stderr.contains("panicked"), "{output:?}");
    }
}
