//! The helper stands apart: it keeps nothing of its caller's, and leaves nothing of its own behind.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use authkeep_tests::{Process, ended, processes_of, send_signal, started, wait_until};

use crate::acme::Acme;

/// A caller, the shell around it, and the helper that works for it.
fn at_work(acme: &Acme, shell: &str) -> (Child, Process) {
    acme.expire();
    acme.answers_late(2_000, 1);
    let before = acme.refreshes().len();
    let get = acme.get();
    let mut command = Command::new("sh");
    command
        .args(["-c", shell, "sh"])
        .arg(get.get_program())
        .args(get.get_args())
        .env_clear()
        .process_group(0)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    for (name, value) in get.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    let child = command.spawn().unwrap();
    wait_until("the request is out", || acme.refreshes().len() > before);
    let home = acme.product.home().authkeep_home();
    let helper = processes_of(&home)
        .into_iter()
        .find(|process| process.arguments.iter().any(|word| word == "--apart"));
    (child, helper.unwrap())
}

fn status(process: u32, name: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_default().trim().to_owned()
}

/// Whether nobody holds the lock of that file.
fn is_free(lock: &std::path::Path) -> bool {
    let mut tried = Command::new("flock");
    tried.arg("-n").arg(lock).arg("true");
    tried.status().unwrap().success()
}

#[test]
fn a_file_that_the_caller_was_given_does_not_outlive_it() {
    let acme = Acme::connected();
    let lock = acme.product.home().tmp().join("job.lock");
    // The shell locks the file, and the program that it becomes has it open.
    let shell = format!("exec 9>'{}'; flock -n 9; exec \"$@\"", lock.display());
    let (mut caller, helper) = at_work(&acme, &shell);
    assert!(!is_free(&lock), "the control: the caller has the file open");
    assert!(send_signal("KILL", &caller.id().to_string()));
    drop(caller.wait());
    assert!(is_free(&lock), "the helper holds the caller's file");
    assert!(
        fs::exists(format!("/proc/{}", helper.id)).unwrap(),
        "the helper is still at work"
    );
    acme.wait_until_quiet();
    let token = acme.product.secret("acme", "token");
    assert!(acme.server.token_is_active(&token));
}

#[test]
fn it_is_nobodys_child_and_leaves_no_core() {
    let acme = Acme::connected();
    let (mut caller, helper) = at_work(&acme, "ulimit -c unlimited 2>/dev/null; exec \"$@\"");
    assert_ne!(status(helper.id, "PPid:"), caller.id().to_string());
    let limits = fs::read_to_string(format!("/proc/{}/limits", helper.id)).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core"))
        .unwrap();
    assert_eq!(
        core.split_whitespace().rev().nth(1),
        Some("0"),
        "the hard limit: {core}"
    );
    // The owner is root where nobody else may read it: the helper has the master key.
    let environment = fs::metadata(format!("/proc/{}/environ", helper.id)).unwrap();
    assert_eq!(environment.uid(), 0);
    assert!(caller.wait().unwrap().success());
    acme.wait_until_quiet();
}

#[test]
fn a_watch_that_nohup_started_outlives_its_terminal() {
    let acme = Acme::connected();
    for (start, outlives) in [("trap '' HUP; exec \"$@\"", true), ("exec \"$@\"", false)] {
        let watch = acme.product.command(&["refresh", "--watch", "--json"]);
        let mut command = Command::new("sh");
        command
            .args(["-c", start, "sh"])
            .arg(watch.get_program())
            .args(watch.get_args())
            .env_clear();
        for (name, value) in watch.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        let watch = started(command);
        let process = watch.id();
        let caught = || u64::from_str_radix(&status(process, "SigCgt:"), 16).unwrap_or_default();
        // Whoever hears Ctrl-C has made up its mind about the other signals too.
        wait_until("it hears Ctrl-C", || caught() & (1 << (2 - 1)) != 0);
        assert_eq!(
            caught() & (1 << (1 - 1)) == 0,
            outlives,
            "whether it hears the hang-up"
        );
        let signal = if outlives { "INT" } else { "HUP" };
        assert!(send_signal(signal, &process.to_string()));
        assert_eq!(ended(watch).code, 130);
    }
}
