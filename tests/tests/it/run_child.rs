//! The program behind the sidecar: what it starts with, what reaches it, and that nothing outlives it.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use authkeep_testkit::canary::{Scanner, canary};
use authkeep_testkit::home::run;
use authkeep_tests::{
    Product, document, ended, moment, processes_with, rounds, send_signal, started, wait_until,
};
use serde_json::json;

/// A home with logins to these services, each by a key that is a canary.
fn connected(providers: &[&str]) -> (Product, Vec<String>) {
    let product = Product::new();
    let keys = providers.iter().map(|provider| {
        let key = canary();
        let given = json!({ "token": key }).to_string();
        let login = product.run_with_input(&["login", provider, "--with-token"], &given);
        assert_eq!(login.code, 0, "{login:?}");
        key
    });
    let keys = keys.collect();
    (product, keys)
}

#[test]
fn exit_codes_arguments_and_the_terminal_are_the_programs_own() {
    let (product, _) = connected(&["openai"]);
    let run = |more: &[&str]| product.run(&[&["run", "--"], more].concat());
    for code in [0, 1, 7, 126, 130, 255] {
        let output = run(&["sh", "-c", &format!("exit {code}")]);
        assert_eq!(
            (output.code, &*output.stdout, &*output.stderr),
            (code, "", "")
        );
    }
    let output = run(&["printf", "%s|", "--json", "", "a b", "$(x)", "--"]);
    assert_eq!(output.stdout, "--json||a b|$(x)|--|");
    for (signal, number) in [("TERM", 15), ("KILL", 9), ("SEGV", 11), ("HUP", 1)] {
        let output = run(&["sh", "-c", &format!("kill -{signal} $$")]);
        assert_eq!(output.code, 128 + number, "{output:?}");
    }
    // Its files are as private as the user's own mask makes them, not as ours does.
    let own = product
        .home()
        .command("sh".as_ref())
        .args(["-c", "umask"])
        .output()
        .unwrap();
    assert_eq!(run(&["sh", "-c", "umask"]).stdout.as_bytes(), own.stdout);
    // It is started in the group that the terminal knows.
    let output = run(&["sh", "-c", "ps -o pgid= -p $$ -p $PPID | sort -u | wc -l"]);
    assert_eq!(output.stdout.trim(), "1", "{output:?}");
    let output = product.run_with_input(&["run", "--", "cat"], "through");
    assert_eq!(output.stdout, "through");
}

fn document_of(product: &Product, arguments: &[&str]) -> (i32, serde_json::Value) {
    let output = product.run(arguments);
    (output.code, document(&output))
}

#[test]
fn a_program_that_cannot_start_says_so() {
    let (product, _) = connected(&["openai"]);
    let output = product.run(&["run", "--", "/no/such/program"]);
    assert_eq!(output.code, 127, "{output:?}");
    assert!(
        output
            .stderr
            .contains("`/no/such/program` cannot be started"),
        "{output:?}"
    );
    assert_eq!(product.run(&["run", "--", "/etc/passwd"]).code, 126);
    let (code, error) = document_of(&product, &["--json", "run", "--", "/no/such/program"]);
    assert_eq!((code, &error["error"]), (127, &json!("not_started")));
    // Who is named has to be there.
    let output = product.run(&["run", "--provider", "anthropic", "--", "true"]);
    assert_eq!(output.code, 5, "{output:?}");
    assert!(
        output.stderr.contains("authkeep login anthropic"),
        "{output:?}"
    );
}

#[test]
fn the_program_holds_placeholders_and_no_file_of_ours() {
    let (product, keys) = connected(&["openai", "github", "anthropic"]);
    let mut command = product.command(&["run", "--", "sh", "-c"]);
    command.arg(
        "cat /proc/self/environ /proc/self/cmdline /proc/self/maps; echo; ls -l /proc/self/fd; env",
    );
    let output = run(&mut command);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(Scanner::new(&keys).scan(output.stdout.as_bytes()), []);
    for variable in [
        "OPENAI_API_KEY=",
        "GITHUB_TOKEN=",
        "GH_TOKEN=",
        "ANTHROPIC_API_KEY=",
    ] {
        assert!(output.stdout.contains(variable), "{variable} {output:?}");
    }
    // The negative control: what the program is not to see, it sees with the real values in its environment.
    let output = product.run(&["run", "--env", "--", "env"]);
    assert_eq!(Scanner::new(&keys).scan(output.stdout.as_bytes()).len(), 5);

    // Files that a careless parent has left open do not reach it either.
    let numbers = "ls /proc/$$/fd; true";
    let leaky = |more: &str| {
        let script = format!("exec 7</dev/null 9</etc/passwd; exec {more} sh -c '{numbers}'");
        let mut command = product.home().command("sh".as_ref());
        let output = run(command.args(["-c", &script]));
        output
            .stdout
            .lines()
            .map(str::to_owned)
            .collect::<BTreeSet<_>>()
    };
    let binary = authkeep_tests::authkeep_bin();
    let open = leaky(&format!("{} run --", binary.display()));
    let standard = ["0", "1", "2"].map(str::to_owned);
    assert!(open.is_subset(&standard.clone().into()), "{open:?}");
    // The negative control.
    assert!(leaky("env").is_superset(&["7", "9"].map(str::to_owned).into()));
}

#[test]
fn real_secrets_of_the_environment_stop_at_the_sidecar() {
    let (product, _) = connected(&["openai", "github", "slack", "datadog"]);
    let of_connected = [
        "OPENAI_API_KEY",
        "OPENAI_TOKEN",
        "GITHUB_TOKEN",
        "GH_TOKEN",
        "GITHUB_ACCESS_TOKEN",
        "GITHUB_CLIENT_SECRET",
        "SLACK_BOT_TOKEN",
        "SLACK_TOKEN",
        "SLACK_ACCESS_TOKEN",
        "SLACK_CLIENT_SECRET",
        "DD_API_KEY",
        "DD_APP_KEY",
        "AUTHKEEP_SECRET",
        "AUTHKEEP_PASSPHRASE",
        "AUTHKEEP_PROFILE_KEY",
    ];
    let others = (0..45).map(|n| format!("OTHER_{n}_TOKEN"));
    let names: Vec<String> = of_connected
        .map(str::to_owned)
        .into_iter()
        .chain(others)
        .collect();
    assert_eq!(names.len(), 60);
    let values: Vec<String> = names.iter().map(|_| canary()).collect();
    let inherited = |arguments: &[&str]| {
        let mut command = product.command(arguments);
        command.envs(names.iter().zip(&values));
        let output = run(&mut command);
        assert_eq!(output.code, 0, "{output:?}");
        let kept = |at: &usize| output.stdout.contains(&values[*at]);
        (0..60).filter(kept).collect::<Vec<_>>()
    };
    let kept = inherited(&["run", "--", "env"]);
    assert_eq!(kept, (15..60).collect::<Vec<_>>());
    // Named or not, a provider with a login is behind the sidecar.
    assert_eq!(
        inherited(&["run", "--provider", "openai", "--", "env"]),
        kept
    );
    // The negative control.
    assert!(inherited(&["run", "--env", "--provider", "openai", "--", "env"]).len() > 50);
    println!("figure: variables inherited for connected providers: 0 of 15");
    // The rest is said by name.
    let mut doctor = product.command(&["doctor"]);
    let said = run(doctor.envs(names.iter().zip(&values))).stdout;
    let (seen, kept_back) = said.split_once("keeps back").unwrap();
    assert!(
        names[15..].iter().all(|name| seen.contains(name.as_str())),
        "{said}"
    );
    assert!(
        names[..12]
            .iter()
            .all(|name| kept_back.contains(name.as_str())),
        "{said}"
    );
    assert_eq!(Scanner::new(&values).scan(said.as_bytes()), []);
}

#[test]
fn a_key_of_the_environment_is_a_login_when_it_is_named() {
    let product = Product::new();
    let key = canary();
    let mut command = product.command(&["run", "--provider", "openai", "--", "env"]);
    let output = run(command.env("OPENAI_API_KEY", &key));
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.stdout.contains("OPENAI_API_KEY="), "{output:?}");
    assert!(!output.stdout.contains(&key), "{output:?}");
}

#[test]
fn nobody_looks_into_the_sidecar() {
    let (product, _) = connected(&["openai"]);
    // The owner of these files is root where nobody else may read them.
    let script = "grep -c . /proc/$PPID/status; stat -c %u /proc/$PPID/environ /proc/self/environ";
    let output = product.run(&["run", "--", "sh", "-c", script]);
    let owners: Vec<_> = output.stdout.lines().skip(1).collect();
    let own = run(product.home().command("id".as_ref()).arg("-u")).stdout;
    assert_eq!(owners, ["0", own.trim()], "{output:?}");
}

/// A program that says when it is there, and what it gets; and the process that runs it.
struct Running {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Running {
    fn new(product: &Product, script: &str) -> Self {
        let mut command = product.command(&["run", "--", "sh", "-c", script]);
        let mut child = command
            .process_group(0)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut running = Self { child, lines };
        assert_eq!(running.line(), "ready");
        running
    }

    fn line(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }

    fn id(&self) -> String {
        self.child.id().to_string()
    }
}

#[test]
fn signals_reach_the_program_and_it_decides() {
    let (product, _) = connected(&["openai"]);
    let signals = ["HUP", "INT", "QUIT", "USR1", "USR2", "TERM"];
    let traps: String = signals
        .iter()
        .map(|s| format!("trap 'echo {s}' {s}; "))
        .collect();
    let mark = canary();
    let script =
        format!("{traps} trap 'exit 9' ALRM; echo ready; while :; do sleep 0.02; done; {mark}");
    let mut running = Running::new(&product, &script);
    let sidecar = running.id();
    for signal in signals {
        assert!(send_signal(signal, &sidecar));
        assert_eq!(running.line(), signal);
    }
    let program = processes_with(&mark);
    let program = program
        .iter()
        .find(|process| process.arguments[0] == "sh")
        .unwrap();
    assert!(send_signal("ALRM", &program.id.to_string()));
    assert_eq!(running.child.wait().unwrap().code(), Some(9));
}

#[test]
fn a_program_that_stops_itself_stops_the_job() {
    let (product, _) = connected(&["openai"]);
    let mut running = Running::new(&product, "echo ready; kill -TSTP $$; echo again; exit 3");
    let state = |id: &str| {
        let status = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        status
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .trim_start()
            .chars()
            .next()
    };
    let id = running.id();
    wait_until("the job is stopped", || state(&id) == Some('T'));
    assert!(send_signal("CONT", &id));
    assert_eq!(running.line(), "again");
    assert_eq!(running.child.wait().unwrap().code(), Some(3));
}

#[test]
fn nothing_outlives_a_run_however_it_ends() {
    let (product, _) = connected(&["openai"]);
    let (mut orphans, mut lost_codes) = (0, 0);
    let count = rounds(20, 200);
    for round in 0..count {
        let mark = format!("mark{}", canary());
        let signal = ["TERM", "KILL", "HUP", "INT", "USR1"][round as usize % 5];
        let whom = ["sidecar", "program", "group"][round as usize / 5 % 3];
        let script = format!("while :; do sleep 0.02; done; echo {mark}");
        let mut command = product.command(&["run", "--", "sh", "-c", &script]);
        let child = started({
            command.process_group(0);
            command
        });
        let id = child.id();
        std::thread::sleep(moment(round, Duration::from_millis(60)));
        let program = || {
            let found = processes_with(&mark);
            found
                .into_iter()
                .find(|process| process.arguments[0] == "sh")
        };
        match whom {
            "sidecar" => assert!(send_signal(signal, &id.to_string())),
            "group" => assert!(send_signal(signal, &format!("-{id}"))),
            _ => {
                wait_until("the program is there", || program().is_some());
                assert!(send_signal(signal, &program().unwrap().id.to_string()));
            }
        }
        let killed = Instant::now();
        let ended = ended(child);
        lost_codes += i32::from(ended.code < 128);
        while !processes_with(&mark).is_empty() && killed.elapsed() < Duration::from_secs(1) {
            std::thread::sleep(Duration::from_millis(5));
        }
        orphans += processes_with(&mark).len();
    }
    assert_eq!((orphans, lost_codes), (0, 0));
    println!("figure: processes left after {count} kills: {orphans}");

    // The negative control: a parent without the tie leaves its program behind.
    let mark = format!("mark{}", canary());
    let script = format!("sh -c 'while :; do sleep 0.02; done; echo {mark}' & wait");
    let mut parent = Command::new("sh").args(["-c", &script]).spawn().unwrap();
    wait_until("it runs", || processes_with(&mark).len() == 2);
    parent.kill().unwrap();
    parent.wait().unwrap();
    std::thread::sleep(Duration::from_secs(1));
    let left = processes_with(&mark);
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(send_signal("KILL", &left[0].id.to_string()));
}

#[test]
fn a_launcher_whose_parent_is_gone_starts_nothing() {
    let product = Product::new();
    let marker = product.home().tmp().join("started");
    let launched = |parent: &str| {
        let mut command = product.command(&["launch", "--parent", parent, "--", "touch"]);
        run(command.arg(&marker)).code
    };
    assert_ne!(launched("1"), 0);
    assert!(!marker.exists());
    // The negative control.
    assert_eq!(launched(&std::process::id().to_string()), 0);
    assert!(marker.exists());
}
