//! A home that cannot be trusted, read or written.
#![expect(clippy::print_stdout, reason = "a skipped part says so")]

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use authkeep_testkit::canary::canary;
use authkeep_testkit::home::run;
use authkeep_tests::{Product, authkeep_bin};
use serde_json::json;

use crate::refusal::{check, refused};

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

#[test]
fn a_home_that_others_can_write_to_is_refused() {
    let product = Product::new();
    assert_eq!(product.run(&["init"]).code, 0);
    let home = product.home().authkeep_home();
    for mode in [0o777, 0o770, 0o702] {
        chmod(&home, mode);
        let said = refused(&product, &["list"], 7, "home_not_private");
        assert!(
            said.contains(&format!("chmod 700 {}", home.display())),
            "{said}"
        );
        refused(
            &product,
            &["login", "openai", "--no-input"],
            7,
            "home_not_private",
        );
    }
    for mode in [0o700, 0o755] {
        chmod(&home, mode);
        assert_eq!(product.run(&["list"]).code, 0);
    }
}

/// The hint can be pasted as it is, whatever the folder is called.
#[test]
fn the_hint_mends_a_home_that_others_can_write_to() {
    let product = Product::new();
    let home = product.home().home().join("it's my home");
    let product_there =
        |arguments: &[&str]| run(product.command(arguments).env("AUTHKEEP_HOME", &home));
    assert_eq!(product_there(&["init"]).code, 0);
    chmod(&home, 0o777);
    let said = product_there(&["list"]).stderr;
    let hint = said
        .split_once("run `")
        .unwrap()
        .1
        .split_once("`\n")
        .unwrap()
        .0;
    let mended = run(product.home().command(Path::new("sh")).args(["-c", hint]));
    assert_eq!(mended.code, 0, "{hint}: {mended:?}");
    assert_eq!(product_there(&["list"]).code, 0, "{hint}");
}

#[test]
fn a_home_that_is_no_folder_or_has_a_broken_configuration() {
    let product = Product::new();
    let home = product.home().authkeep_home();
    fs::write(&home, "a file").unwrap();
    refused(&product, &["list"], 7, "home_not_a_folder");
    refused(&product, &["init"], 7, "home_not_a_folder");
    fs::remove_file(&home).unwrap();
    symlink("/no/such/folder", &home).unwrap();
    let output = product.run(&["init"]);
    assert_eq!(output.code, 7, "{output:?}");
    fs::remove_file(&home).unwrap();

    assert_eq!(product.run(&["init"]).code, 0);
    let config = home.join("config.json");
    for broken in [
        "{",
        "[]",
        r#"{"version": 99}"#,
        r#"{"default_profile": "../x"}"#,
    ] {
        fs::write(&config, broken).unwrap();
        let said = refused(&product, &["list"], 7, "config");
        assert!(said.contains("config.json"), "{said}");
        assert_eq!(fs::read_to_string(&config).unwrap(), broken);
    }
    fs::remove_file(&config).unwrap();
    assert_eq!(product.run(&["list"]).code, 0);
}

#[test]
fn a_home_that_may_not_be_entered_or_is_somebody_elses() {
    let product = Product::new();
    assert_eq!(product.run(&["init"]).code, 0);
    if !is_root() {
        chmod(&product.home().authkeep_home(), 0);
        refused(&product, &["list"], 7, "home");
        chmod(&product.home().authkeep_home(), 0o700);
        println!("skipped: another user's home takes root");
        return;
    }
    let as_nobody = |more: &[&str]| {
        let mut command = product.home().command(Path::new("setpriv"));
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"])
            .arg(authkeep_bin())
            .args(more)
            .current_dir("/");
        run(&mut command)
    };
    let said = check(
        &as_nobody(&["list"]),
        &as_nobody(&["list", "--json"]),
        7,
        "home",
    );
    assert!(
        said.contains("Permission denied") && said.contains("AUTHKEEP_HOME"),
        "{said}"
    );
    // The same folder, readable by all: it is still somebody else's.
    for folder in [
        product.home().root(),
        &product.home().home(),
        &product.home().authkeep_home(),
    ] {
        chmod(folder, 0o755);
    }
    check(
        &as_nobody(&["list"]),
        &as_nobody(&["list", "--json"]),
        7,
        "home_not_ours",
    );
    // Its owner, meanwhile, can go on.
    assert_eq!(product.run(&["list"]).code, 0);
}

/// A small file system of its own; unmounted when dropped.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn mount(at: &'a Path) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=600k,mode=700", "tmpfs"])
            .arg(at)
            .output()
            .is_ok_and(|output| output.status.success());
        if !mounted {
            println!("skipped: mounting a small file system takes root");
        }
        mounted.then_some(Self(at))
    }

    fn remount(&self, option: &str) {
        let mounted = Command::new("mount")
            .args(["-o", &format!("remount,{option}")])
            .arg(self.0)
            .status();
        assert!(mounted.unwrap().success());
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.0).output());
    }
}

#[test]
fn a_full_or_write_protected_disk_costs_nothing_that_was_stored() {
    let product = Product::new();
    let home = product.home().authkeep_home();
    fs::create_dir(&home).unwrap();
    let Some(disk) = SmallDisk::mount(&home) else {
        return;
    };
    let login = |provider: &str, key: &str, more: &[&str]| {
        let mut arguments = vec!["login", provider, "--with-token"];
        arguments.extend(more);
        product.run_with_input(&arguments, key)
    };
    let key = canary();
    assert_eq!(login("openai", &key, &[]).code, 0);

    let ballast = home.join("ballast");
    fs::write(&ballast, vec![0; 1_000_000]).unwrap_err();
    let long = "x".repeat(16_000);
    let human = login("anthropic", &long, &[]);
    let json = login("anthropic", &long, &["--json"]);
    let said = check(&human, &json, 7, "disk_full");
    assert!(
        said.contains("no space left") && said.contains("make room"),
        "{said}"
    );
    for arguments in [
        &["get", "openai", "--field", "token", "--show-secret"][..],
        &["profile", "create", "other"],
        &["logout", "openai"],
    ] {
        let said = refused(&product, arguments, 7, "disk_full");
        assert!(said.contains("no space left"), "{said}");
    }

    fs::remove_file(&ballast).unwrap();
    assert_eq!(product.secret("openai", "token"), key);
    assert_eq!(
        product.json(&["get", "anthropic"]).0,
        5,
        "half a login was stored"
    );
    assert_eq!(login("anthropic", &long, &[]).code, 0);
    let (code, report) = product.json(&["doctor"]);
    assert_eq!((code, &report["ok"]), (0, &json!(true)), "{report}");

    disk.remount("ro");
    for arguments in [
        &["profile", "create", "third"][..],
        &["get", "openai", "--field", "token", "--show-secret"],
    ] {
        let (code, error) = product.json(arguments);
        assert_eq!(code, 7, "{error}");
    }
    disk.remount("rw");
    assert_eq!(product.secret("openai", "token"), key);
}
