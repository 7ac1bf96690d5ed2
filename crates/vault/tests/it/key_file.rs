//! The master key in a file: private, whole, never overwritten.

use std::fs;

use authkeep_vault::{FileFault, KeySource as _, KeySourceError, LocalKeyFile};

use crate::child::{Task, start};
use crate::home::{Home, entropy};

#[test]
fn a_key_is_made_once_and_stays() {
    let home = Home::new();
    let source = LocalKeyFile::new(home.path().join("below/master.key"));
    assert!(source.load().unwrap().is_none());
    let key = source.create(entropy).unwrap();
    assert_eq!(
        source.load().unwrap().unwrap().expose_secret(),
        key.expose_secret()
    );
    let content = fs::read(source.path()).unwrap();
    assert_eq!(source.create(entropy).unwrap().id(), key.id());
    assert_eq!(fs::read(source.path()).unwrap(), content);
    assert_eq!(
        fs::read_dir(home.path().join("below")).unwrap().count(),
        1,
        "nothing beside it"
    );
}

#[test]
fn a_file_that_holds_no_key_is_reported_and_left_alone() {
    let home = Home::new();
    let source = LocalKeyFile::new(home.path().join("master.key"));
    drop(source.create(entropy).unwrap());
    for content in [&b""[..], b"authkeep-master-key:1:", b"garbage", &[0; 5000]] {
        fs::write(source.path(), content).unwrap();
        assert!(matches!(
            source.load(),
            Err(KeySourceError::Malformed { .. })
        ));
        assert!(matches!(
            source.create(entropy),
            Err(KeySourceError::Malformed { .. })
        ));
        assert_eq!(fs::read(source.path()).unwrap(), content);
    }
}

#[test]
fn processes_that_make_a_key_at_once_agree_on_one() {
    for _ in 0..5 {
        let home = Home::new();
        let mut children: Vec<_> = (0..8)
            .map(|_| start(Task::CreateKey, home.path(), None))
            .collect();
        children.iter_mut().for_each(crate::child::Running::go);
        let ids: Vec<_> = children
            .iter_mut()
            .map(|child| child.next_line().unwrap())
            .collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        children.into_iter().for_each(crate::child::Running::finish);
        let kept = LocalKeyFile::new(home.path().join("master.key"))
            .load()
            .unwrap()
            .unwrap();
        assert_eq!(kept.id(), ids[0]);
    }
}

#[test]
fn what_a_killed_process_left_beside_it_does_not_hinder_and_is_removed() {
    let home = Home::new();
    let leftover = home.path().join("master.key.0011223344556677.new");
    fs::write(&leftover, "authkeep-master").unwrap();
    LocalKeyFile::new(home.path().join("master.key"))
        .create(entropy)
        .unwrap();
    assert!(!leftover.exists());
}

#[cfg(unix)]
#[test]
fn a_key_that_others_could_read_or_have_placed_is_refused() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let home = Home::new();
    let source = LocalKeyFile::new(home.path().join("master.key"));
    drop(source.create(entropy).unwrap());
    let set_mode = |bits| {
        fs::set_permissions(source.path(), fs::Permissions::from_mode(bits)).unwrap();
    };
    for bits in [0o644, 0o640, 0o660, 0o604] {
        set_mode(bits);
        let error = source.load().unwrap_err();
        assert!(
            matches!(&error, KeySourceError::File(FileFault::Exposed { mode, .. }) if *mode == bits),
            "{error:?}"
        );
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
    set_mode(0o400);
    assert!(source.load().unwrap().is_some(), "stricter is fine");

    let linked = LocalKeyFile::new(home.path().join("linked.key"));
    symlink(source.path(), linked.path()).unwrap();
    for result in [linked.load(), linked.create(entropy).map(Some)] {
        assert!(matches!(
            result,
            Err(KeySourceError::File(FileFault::Symlink { .. }))
        ));
    }
}
