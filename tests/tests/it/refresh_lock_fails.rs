//! Where the lock itself fails, nothing is redeemed: without it two callers could use one refresh token.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use authkeep_testkit::home::run;
use authkeep_tests::{Ended, ended, started};
use serde_json::Value;

use crate::acme::Acme;

/// Stands before the C library's `flock`: notes each call in `$SHIM_LOG`, and fails the first `$SHIM_TIMES` with
/// `$SHIM_ERROR`.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
static int calls;
int flock(int fd, int operation) {
    int log = open(getenv("SHIM_LOG"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (log < 0 || write(log, "x", 1) != 1) abort();
    close(log);
    if (__atomic_fetch_add(&calls, 1, __ATOMIC_SEQ_CST) < atoi(getenv("SHIM_TIMES"))) {
        errno = atoi(getenv("SHIM_ERROR"));
        return -1;
    }
    int (*real)(int, int) = (int (*)(int, int))dlsym(RTLD_NEXT, "flock");
    return real(fd, operation);
}
"#;

const EINTR: i32 = 4;
const ENOLCK: i32 = 37;

fn shim(folder: &Path) -> PathBuf {
    let (source, library) = (folder.join("shim.c"), folder.join("shim.so"));
    fs::write(&source, SHIM).unwrap();
    let mut compile = Command::new("cc");
    compile
        .args(["-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(&source)
        .arg("-ldl");
    let compiled = run(&mut compile);
    assert_eq!(compiled.code, 0, "{compiled:?}");
    library
}

/// A `get` that has to refresh, while the first calls of `flock` fail with `error`; and how many calls there were.
fn get_under(acme: &Acme, error: i32, times: u32) -> (Ended, usize) {
    let tmp = acme.product.home().tmp();
    let log = tmp.join("flocks");
    fs::write(&log, "").unwrap();
    let mut get = acme.get();
    get.arg("--json")
        .env("LD_PRELOAD", shim(&tmp))
        .env("SHIM_LOG", &log)
        .env("SHIM_ERROR", error.to_string())
        .env("SHIM_TIMES", times.to_string());
    (ended(started(get)), fs::read(&log).unwrap().len())
}

#[test]
fn a_file_system_without_locks_gets_no_refresh() {
    let acme = Acme::connected();
    acme.expire();
    let (get, calls) = get_under(&acme, ENOLCK, u32::from(u16::MAX));
    assert!(calls > 0, "the shim was not in the way");
    assert_eq!(get.code, 10, "{get:?}");
    let error: Value = serde_json::from_str(&get.stdout).unwrap();
    assert!(
        error["message"].as_str().unwrap().contains("lock"),
        "{error}"
    );
    assert!(
        error["hint"].as_str().is_some_and(|hint| !hint.is_empty()),
        "{error}"
    );
    acme.wait_until_quiet();
    assert!(acme.refreshes().is_empty());

    // The control: with locks that work the same command renews the token.
    let (get, calls) = get_under(&acme, ENOLCK, 0);
    assert!(calls > 0, "the shim was not in the way");
    assert_eq!(get.code, 0, "{get:?}");
    assert_eq!(acme.refreshes().len(), 1);
}

#[test]
fn an_interrupted_lock_is_taken_again() {
    let acme = Acme::connected();
    acme.expire();
    let (get, calls) = get_under(&acme, EINTR, 3);
    assert!(calls > 3, "{calls} calls");
    assert_eq!(get.code, 0, "{get:?}");
    assert_eq!(acme.refreshes().len(), 1);
}
