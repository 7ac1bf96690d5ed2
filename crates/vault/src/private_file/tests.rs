#![cfg(unix)]

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use super::*;

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn files_and_directories_are_private_from_birth() {
    let home = tempfile::tempdir().unwrap();
    let nested = home.path().join("a/b");
    create_dir(&nested).unwrap();
    create_dir(&nested).unwrap();
    drop(create_new(&nested.join("file")).unwrap());
    drop(open_or_create(&nested.join("lock")).unwrap());
    for (path, expected) in [
        ("a", 0o700),
        ("a/b", 0o700),
        ("a/b/file", 0o600),
        ("a/b/lock", 0o600),
    ] {
        assert_eq!(mode(&home.path().join(path)), expected, "{path}");
    }
}

#[test]
fn only_plain_files_are_opened() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    drop(create_new(&at("file")).unwrap());
    symlink(at("file"), at("link")).unwrap();
    symlink(at("nowhere"), at("dangling")).unwrap();
    fs::create_dir(at("directory")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, at("pipe"), rustix::fs::Mode::RUSR).unwrap();

    for access in [Access::Read, Access::ReadWrite] {
        let open = |name| open_existing(&at(name), access);
        assert!(open("file").unwrap().is_some());
        assert!(open("missing").unwrap().is_none());
        assert!(matches!(open("link"), Err(FileFault::Symlink { .. })));
        assert!(matches!(open("dangling"), Err(FileFault::Symlink { .. })));
        assert!(matches!(
            open("directory"),
            Err(FileFault::NotRegular { .. })
        ));
        assert!(matches!(open("pipe"), Err(FileFault::NotRegular { .. })));
    }
    assert!(matches!(
        open_or_create(&at("dangling")),
        Err(FileFault::Symlink { .. })
    ));
    assert!(create_new(&at("dangling")).is_err());
    assert!(!at("nowhere").exists(), "nothing was made through the link");
}

#[test]
fn a_file_of_another_user_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("file");
    drop(create_new(&path).unwrap());
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root can give a file away");
        return;
    }
    std::os::unix::fs::chown(&path, Some(12345), None).unwrap();
    match open_existing(&path, Access::Read) {
        Err(FileFault::ForeignOwner { owner, .. }) => assert_eq!(owner, 12345),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_secret_that_others_can_read_is_refused_with_its_mend() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("file");
    let file = create_new(&path).unwrap();
    check_secret(&file, &path).unwrap();
    for bits in [0o640, 0o604, 0o620, 0o601] {
        fs::set_permissions(&path, fs::Permissions::from_mode(bits)).unwrap();
        let fault = check_secret(&file, &path).unwrap_err();
        assert!(matches!(fault, FileFault::Exposed { mode, .. } if mode == bits));
        assert!(fault.to_string().contains("chmod 600"), "{fault}");
    }
}

#[test]
fn publishing_never_replaces() {
    let home = tempfile::tempdir().unwrap();
    let (new, name) = (home.path().join("new"), home.path().join("name"));
    fs::write(&new, "second").unwrap();
    fs::write(&name, "first").unwrap();
    assert_eq!(
        publish(&new, &name).unwrap_err().kind(),
        io::ErrorKind::AlreadyExists
    );
    assert_eq!(fs::read(&name).unwrap(), b"first");

    fs::remove_file(&name).unwrap();
    publish(&new, &name).unwrap();
    assert_eq!(fs::read(&name).unwrap(), b"second");
    assert_eq!(fs::metadata(&name).unwrap().nlink(), 1);
    assert!(!new.exists());
}
