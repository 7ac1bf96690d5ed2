//! Everything in the home is its owner's alone, from the moment it exists, whatever the user's umask.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::stage::Stage;
use crate::trace::{Call, traced};

/// Every command that can write, and the rest for good measure.
const SCRIPT: &str = r#"
set -e
"$AUTHKEEP" init
printf %s "$KEY" | "$AUTHKEEP" login openai --with-token
"$AUTHKEEP" login demo
"$AUTHKEEP" list
"$AUTHKEEP" get demo
"$AUTHKEEP" get demo --refresh --field token --show-secret
"$AUTHKEEP" export --format shell
"$AUTHKEEP" run --env --provider demo -- true
"$AUTHKEEP" audit log
"$AUTHKEEP" providers
"$AUTHKEEP" inspect demo
"$AUTHKEEP" whoami
"$AUTHKEEP" profile create other
"$AUTHKEEP" profile use other
"$AUTHKEEP" profile use default
"$AUTHKEEP" profile delete other --yes
"$AUTHKEEP" --log-file "$TMPDIR/debug.log" -vv list
sed 's/"demo"/"mine"/' "$AUTHKEEP_HOME/providers/demo.json" > "$TMPDIR/mine.json"
"$AUTHKEEP" register "$TMPDIR/mine.json"
"$AUTHKEEP" remove mine
"$AUTHKEEP" doctor
"#;

/// Paths below `folder` that group or others have any right to.
fn open_to_others(folder: &Path) -> Vec<PathBuf> {
    let mut open = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let metadata = entry.path().symlink_metadata().unwrap();
        if metadata.permissions().mode() & 0o077 != 0 {
            open.push(entry.path());
        }
        if metadata.is_dir() {
            open.extend(open_to_others(&entry.path()));
        }
    }
    open
}

/// A call that made something with rights for others, or changed rights afterwards, below `folder`.
fn offence(call: &Call, folder: &Path) -> bool {
    let below = || call.0.contains(&*folder.to_string_lossy());
    if !below() || !call.succeeded() {
        return false;
    }
    if call.name().contains("chmod") {
        return true;
    }
    let creates = call.name().starts_with("mkdir") || call.0.contains("O_CREAT");
    // Another thread's call may have cut this line in two.
    let arguments = call.0.split(") = ").next().unwrap_or_default();
    let arguments = arguments.trim_end_matches(" <unfinished ...>");
    let mode = arguments
        .rsplit(", ")
        .next()
        .and_then(|mode| u32::from_str_radix(mode, 8).ok());
    creates && mode.is_none_or(|mode| mode & 0o077 != 0)
}

#[test]
fn no_path_is_open_to_others_under_any_umask() {
    for umask in ["000", "022", "077", "777"] {
        let stage = Stage::empty();
        let script = SCRIPT.replace("$TMPDIR/mine.json", "/dev/fd/3");
        // The test's own scratch file must be writable whatever the umask: it is made before.
        let scratch = stage.home.tmp().join("mine.json");
        fs::write(&scratch, "").unwrap();
        let script = script.replace("/dev/fd/3", &scratch.to_string_lossy());
        let output = stage.shell(&format!("umask {umask}\n{script}"));
        assert_eq!(output.code, 0, "umask {umask}: {}", output.stderr);
        let home = stage.home.authkeep_home();
        // The definition that the test itself put there is the test's business.
        let open: Vec<_> = open_to_others(&home)
            .into_iter()
            .filter(|path| !path.ends_with("demo.json"))
            .collect();
        assert_eq!(open, Vec::<PathBuf>::new(), "umask {umask}");
        assert!(home.join("profiles/default/store.db").exists());
    }
}

#[test]
fn files_are_private_from_birth_and_never_changed_afterwards() {
    let stage = Stage::empty();
    let home = stage.home.authkeep_home();
    let calls = "open,openat,creat,mkdir,mkdirat,chmod,fchmod,fchmodat,?fchmodat2";
    let mut made = 0;
    for arguments in [
        &["init"][..],
        &["login", "demo"],
        &["get", "demo", "--refresh"],
        &["logout", "demo"],
    ] {
        let mut command = stage.home.command(&authkeep_tests::authkeep_bin());
        stage.equip(command.args(arguments));
        let (output, calls) = traced(&command, calls, &stage.home.tmp());
        assert_eq!(output.code, 0, "{arguments:?}: {}", output.stderr);
        let offences: Vec<_> = calls.iter().filter(|call| offence(call, &home)).collect();
        assert!(offences.is_empty(), "{arguments:?}: {offences:#?}");
        made += calls
            .iter()
            .filter(|call| call.0.contains("O_CREAT") && call.0.contains(&*home.to_string_lossy()))
            .count();
    }
    assert!(
        made > 10,
        "only {made} creations were seen: the trace does not look where it should"
    );
}

#[test]
fn an_open_file_and_a_late_chmod_would_be_seen() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(folder.path().join("d")).unwrap();
    fs::set_permissions(folder.path().join("d"), fs::Permissions::from_mode(0o750)).unwrap();
    assert_eq!(open_to_others(folder.path()), [folder.path().join("d")]);

    let check = |call: &str, expected: bool| {
        assert_eq!(
            offence(&Call(call.to_owned()), Path::new("/h")),
            expected,
            "{call}"
        );
    };
    check(
        r#"7 openat(AT_FDCWD</x>, "/h/f", O_RDWR|O_CREAT|O_CLOEXEC, 0644) = 3</h/f>"#,
        true,
    );
    check(
        r#"7 openat(AT_FDCWD</x>, "/h/f", O_RDWR|O_CREAT|O_CLOEXEC, 0600) = 3</h/f>"#,
        false,
    );
    check(
        r#"7 openat(AT_FDCWD</x>, "/h/f", O_RDWR|O_CREAT|O_CLOEXEC, 0644) = -1 EEXIST (File exists)"#,
        false,
    );
    check(
        r#"7 openat(AT_FDCWD</x>, "/elsewhere", O_RDWR|O_CREAT, 0644) = 3</elsewhere>"#,
        false,
    );
    check(r#"7 mkdir("/h/d", 0777) = 0"#, true);
    check(r#"7 mkdir("/h/d", 0700) = 0"#, false);
    check(r#"7 fchmod(3</h/f>, 0600) = 0"#, true);
}
