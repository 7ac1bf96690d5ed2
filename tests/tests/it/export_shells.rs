//! `export` read by the real shells: every value arrives as it is, and none of them is run.
#![expect(
    clippy::print_stdout,
    reason = "what was skipped and how much was read are figures to report"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use authkeep_testkit::home::run;
use authkeep_tests::Product;
use serde_json::{Value, json};

const PROVIDERS: usize = 5;
const FIELDS: usize = 400;
/// A file of this name in the working directory says that a value was run.
const EXECUTED: &str = "executed";

/// What shells, dotenv readers and people trip over.
const PIECES: [&str; 36] = [
    "'", "\"", "`", "\\", "$", "!", "#", "~", "*", "?", "&", ";", "|", "<", ">", "(", ")", "{",
    "}", "[", "]", "%", "^", "=", " ", "  ", "\\n", "\\'", "\\\"", "''", "’", "‘", "東京", "é",
    "🎉", "a",
];

/// Each makes the file if it is run.
const COMMANDS: [&str; 12] = [
    "$(touch executed)",
    "`touch executed`",
    "'$(touch executed)'",
    "\"$(touch executed)\"",
    "'; touch executed; '",
    "\\'; touch executed; \\'",
    "\"; touch executed; \"",
    "; touch executed",
    "& touch executed &",
    "(touch executed)",
    "${x:-$(touch executed)}",
    "$'\\x27'; touch executed #",
];

/// Name and value of 2,000 variables, the same in every run.
fn values() -> BTreeMap<String, String> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    (0..PROVIDERS * FIELDS)
        .map(|index| {
            let mut value = String::new();
            for _ in 0..random(8) + 1 {
                value.push_str(PIECES[random(PIECES.len())]);
            }
            if index % 5 == 0 {
                value.push_str(COMMANDS[random(COMMANDS.len())]);
                value.push_str(PIECES[random(PIECES.len())]);
            }
            // White space around a key is taken away when it is stored.
            let value = value.trim().to_owned();
            (
                format!("V{index}"),
                if value.is_empty() {
                    "empty".to_owned()
                } else {
                    value
                },
            )
        })
        .collect()
}

/// A product with all the values stored, and an empty folder to run shells in.
struct Stored {
    product: Product,
    values: BTreeMap<String, String>,
}

impl Stored {
    fn with(values: BTreeMap<String, String>) -> Self {
        let product = Product::new();
        for provider in 0..PROVIDERS {
            let names: Vec<_> = (0..FIELDS)
                .map(|field| format!("V{}", provider * FIELDS + field))
                .collect();
            let name = format!("many{provider}");
            let fields: Vec<_> = names
                .iter()
                .map(|name| json!({ "name": name.to_lowercase() }))
                .collect();
            let env: serde_json::Map<_, _> = names
                .iter()
                .map(|name| (name.clone(), json!(format!("{{{}}}", name.to_lowercase()))))
                .collect();
            product.home().write_definition(&json!({
                "schema_version": 2,
                "name": name,
                "display_name": name,
                "flows": ["api_key"],
                "hosts": ["api.many.example"],
                "api_key": { "fields": fields, "headers": { "X-Key": format!("{{{}}}", names[0].to_lowercase()) } },
                "env": env,
            }));
            let supplied: serde_json::Map<_, _> = names
                .iter()
                .map(|name| (name.to_lowercase(), json!(values[name])))
                .collect();
            let output = product.run_with_input(
                &["login", &name, "--with-token"],
                &Value::Object(supplied).to_string(),
            );
            assert_eq!(output.code, 0, "{output:?}");
        }
        Self { product, values }
    }

    /// The exported text, as a file in the home.
    fn exported(&self, format: &str) -> String {
        let output = self.product.run(&["export", "--format", format]);
        assert_eq!((output.code, &*output.stderr), (0, ""), "{format}");
        fs::write(self.folder().join("exported"), &output.stdout).unwrap();
        output.stdout
    }

    fn folder(&self) -> std::path::PathBuf {
        self.product.home().home()
    }

    fn shell(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = self.product.home().command(Path::new(program));
        let output = run(command.args(arguments));
        assert_eq!(output.code, 0, "{program}: {}", output.stderr);
        assert_eq!(output.stderr, "", "{program}");
        output.stdout
    }

    fn assert_all(&self, reader: &str, read: &BTreeMap<String, String>) {
        let wrong: Vec<_> = self
            .values
            .iter()
            .filter(|(name, value)| read.get(*name) != Some(value))
            .map(|(name, value)| (value, read.get(name)))
            .collect();
        assert!(
            wrong.is_empty(),
            "{reader}: {} of {} did not arrive, such as {:?}",
            wrong.len(),
            self.values.len(),
            &wrong[..wrong.len().min(5)]
        );
        assert!(
            !self.folder().join(EXECUTED).exists(),
            "{reader} ran a value"
        );
        println!(
            "{reader}: {} of {} values arrived, 0 were run",
            self.values.len(),
            self.values.len()
        );
    }
}

/// What `env -0` printed.
fn variables(printed: &str) -> BTreeMap<String, String> {
    printed
        .split('\0')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn every_shell_reads_every_value_and_runs_none() {
    let stored = Stored::with(values());
    let file = stored.folder().join("exported");
    let file = file.to_str().unwrap();

    stored.exported("shell");
    for shell in ["bash", "dash", "zsh", "sh"] {
        let script = "eval \"$(cat \"$1\")\" && env -0";
        let printed = stored.shell(shell, &["-c", script, shell, file]);
        stored.assert_all(shell, &variables(&printed));
    }
    stored.exported("fish");
    let printed = stored.shell(
        "fish",
        &["--no-config", "-c", "source $argv[1]; env -0", file],
    );
    stored.assert_all("fish", &variables(&printed));

    stored.exported("powershell");
    if Command::new("pwsh").arg("-v").output().is_ok() {
        let script =
            format!(". '{file}'; [Environment]::GetEnvironmentVariables() | ConvertTo-Json");
        fs::rename(file, format!("{file}.ps1")).unwrap();
        let script = script.replace(file, &format!("{file}.ps1"));
        let printed = stored.shell("pwsh", &["-NoProfile", "-Command", &script]);
        stored.assert_all("pwsh", &serde_json::from_str(&printed).unwrap());
    } else {
        println!("skipped: PowerShell is not installed");
    }

    let text = stored.exported("json");
    stored.assert_all("JSON", &serde_json::from_str(&text).unwrap());
    let text = stored.exported("env");
    let lines = text.lines().filter_map(|line| line.split_once('='));
    stored.assert_all(
        "env lines",
        &lines.map(|(n, v)| (n.to_owned(), v.to_owned())).collect(),
    );
}

/// What credentials are made of in practice.
#[test]
fn dotenv_readers_read_credentials() {
    const CREDENTIAL: &[u8] = b"ABCxyz0189-_.~+/=:#@!%^&*()[]{}<>,;?| ";
    let look = |value: &str| {
        let at = |byte: u8| CREDENTIAL[usize::from(byte) % CREDENTIAL.len()];
        String::from_utf8(value.bytes().map(at).collect()).unwrap()
    };
    let values = values()
        .into_iter()
        .map(|(name, value)| (name, look(&value)));
    dotenv_readers_read(
        values
            .map(|(name, value)| (name, format!("x{}x", value.trim())))
            .collect(),
    );
}

/// Readers disagree about every escape: what they would read differently has to be refused.
#[test]
fn dotenv_readers_read_every_value_that_is_not_refused() {
    let (refused, representable): (BTreeMap<_, _>, BTreeMap<_, _>) = values()
        .into_iter()
        .partition(|(_, value)| is_read_differently(value));
    println!(
        "{} of {} values are refused",
        refused.len(),
        PROVIDERS * FIELDS
    );
    let mut padded = representable;
    for name in refused.keys() {
        padded.insert(name.clone(), "padding".to_owned());
    }
    dotenv_readers_read(padded);
    let product = Product::new();
    for value in refused.values().take(50) {
        let login = product.run_with_input(
            &["login", "openai", "--with-token", "--force"],
            &json!({ "token": value }).to_string(),
        );
        assert_eq!(login.code, 0, "{login:?}");
        let arguments = ["export", "openai", "--format", "dotenv"];
        let output = product.run(&arguments);
        assert_eq!(
            (output.code, &*output.stdout),
            (1, ""),
            "{value}: {output:?}"
        );
        assert!(output.stderr.contains("--format json"), "{output:?}");
    }
}

fn is_read_differently(value: &str) -> bool {
    let in_single = !value.contains('\'') && !value.contains(r"\\") && !value.ends_with('\\');
    let in_double = !value.contains(['"', '\\', '$', '`']);
    value.contains("${") || !(in_single || in_double)
}

fn dotenv_readers_read(values: BTreeMap<String, String>) {
    let stored = Stored::with(values);
    stored.exported("dotenv");
    let file = stored.folder().join("exported");
    let file = file.to_str().unwrap();
    let program = "process.stdout.write(JSON.stringify(process.env))";
    let printed = stored.shell("node", &[&format!("--env-file={file}"), "-e", program]);
    stored.assert_all("node --env-file", &serde_json::from_str(&printed).unwrap());

    let program = "import dotenv, json, sys; print(json.dumps(dotenv.dotenv_values(sys.argv[1])))";
    // With the machine's own environment: that is where its packages are found.
    let python = |arguments: &[&str]| run(Command::new("python3").args(arguments));
    if python(&["-c", "import dotenv"]).code == 0 {
        let printed = python(&["-c", program, file]);
        assert_eq!(printed.code, 0, "{}", printed.stderr);
        stored.assert_all(
            "python-dotenv",
            &serde_json::from_str(&printed.stdout).unwrap(),
        );
    } else {
        println!("skipped: python-dotenv is not installed");
    }
}

/// The negative control: without quotes the same values are run, in every shell.
#[test]
fn unquoted_they_are_run() {
    let stored = Product::new();
    let folder = stored.home().home();
    for (shell, line) in [
        ("bash", "export V="),
        ("dash", "export V="),
        ("zsh", "export V="),
        ("fish", "set -gx V "),
    ] {
        let text: String = COMMANDS
            .map(|command| format!("{line}{command}\n"))
            .join("");
        // One line that does not parse would hide the others.
        for (index, line) in text.lines().enumerate() {
            fs::write(folder.join(format!("line{index}")), line).unwrap();
        }
        let script = "for f in line*; do eval \"$(cat $f)\"; done";
        let script = if shell == "fish" {
            "for f in line*; source $f; end"
        } else {
            script
        };
        drop(run(stored
            .home()
            .command(Path::new(shell))
            .args(["-c", script])));
        assert!(folder.join(EXECUTED).exists(), "{shell}");
        fs::remove_file(folder.join(EXECUTED)).unwrap();
    }
}
