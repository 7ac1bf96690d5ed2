//! Files that must not be used, and disks that cannot be: the event is not on record, and said so.

use std::fs;

use authkeep_audit::{Action, AppendError, AuditLog, Filter, ReadError};

use crate::fixture::{event, log, shape};

#[test]
fn a_missing_log_is_empty_and_a_missing_directory_is_an_error() {
    let (home, log) = log();
    assert!(log.read(&Filter::default()).unwrap().is_empty());
    assert!(!log.path().exists(), "reading makes nothing");
    let lost = AuditLog::new(home.path().join("missing/audit.log"));
    let error = lost.append(&event(Action::Release, 1)).unwrap_err();
    assert!(
        matches!(&error, AppendError::Io { path, .. } if path == lost.path()),
        "{error:?}"
    );
}

#[cfg(unix)]
#[test]
fn the_log_is_private_from_birth() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_home, log) = log();
    log.append(&event(Action::Release, 1)).unwrap();
    let mode = fs::metadata(log.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
}

#[cfg(unix)]
#[test]
fn a_link_a_directory_and_a_pipe_are_refused() {
    use std::os::unix::fs::symlink;
    let (home, log) = log();
    let target = home.path().join("target");
    fs::write(&target, "").unwrap();
    symlink(&target, log.path()).unwrap();
    let dangling = AuditLog::new(home.path().join("dangling"));
    symlink(home.path().join("nowhere"), dangling.path()).unwrap();
    let directory = AuditLog::new(home.path().join("directory"));
    fs::create_dir(directory.path()).unwrap();
    let pipe = AuditLog::new(home.path().join("pipe"));
    rustix::fs::mkfifoat(rustix::fs::CWD, pipe.path(), rustix::fs::Mode::RWXU).unwrap();

    for log in [&log, &dangling, &directory, &pipe] {
        let error = log.append(&event(Action::Release, 1)).unwrap_err();
        assert!(
            matches!(&error, AppendError::NotPlain { path } if path == log.path()),
            "{}: {error:?}",
            log.path().display()
        );
    }
    for log in [&log, &directory, &pipe] {
        assert!(matches!(
            log.read(&Filter::default()),
            Err(ReadError::NotPlain { .. })
        ));
    }
    assert_eq!(
        fs::read(&target).unwrap(),
        b"",
        "nothing was written through the link"
    );
    assert!(!home.path().join("nowhere").exists());
    // The target itself, by its own name, is a fine log.
    AuditLog::new(target)
        .append(&event(Action::Release, 1))
        .unwrap();
}

#[cfg(unix)]
#[test]
fn a_log_without_permission_is_an_error() {
    use std::os::unix::fs::PermissionsExt as _;
    if rustix::process::geteuid().is_root() {
        println!("skipped: root may write everywhere");
        return;
    }
    let (_home, log) = log();
    log.append(&event(Action::Release, 1)).unwrap();
    fs::set_permissions(log.path(), fs::Permissions::from_mode(0o400)).unwrap();
    let error = log.append(&event(Action::Release, 2)).unwrap_err();
    assert!(matches!(error, AppendError::Permission { .. }), "{error:?}");
    assert_eq!(shape(&log), ["1"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_leaves_whole_lines_only() {
    use std::process::Command;
    let (home, log) = log();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=16k", "tmpfs"])
        .arg(home.path())
        .output()
        .is_ok_and(|output| output.status.success());
    if !mounted {
        println!("skipped: mounting a small file system takes root");
        return;
    }
    let mut written = 0;
    let error = loop {
        // Long lines, so that the last one fits in part.
        match log.append(&event(Action::Release, 1_000 + written)) {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 1_000, "the disk never filled up");
    };
    let lines = shape(&log);
    let unmounted = Command::new("umount").arg(home.path()).output();
    assert!(unmounted.is_ok_and(|output| output.status.success()));
    assert!(matches!(error, AppendError::Full { .. }), "{error:?}");
    assert!(written > 0);
    assert_eq!(lines.len(), written);
    assert!(!lines.contains(&"torn".to_owned()));
}
