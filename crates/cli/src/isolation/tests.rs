use std::fs;
use std::os::unix::fs::symlink;

use super::*;

fn walls(keep_out: PathBuf) -> Walls {
    Walls { keep_out, port: 1 }
}

#[test]
fn what_is_beside_the_way_leads_nowhere_into_it() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let home = root.join("user/.authkeep");
    fs::create_dir_all(home.join("profiles")).unwrap();
    fs::create_dir_all(root.join("user/project")).unwrap();
    fs::write(root.join("user/.profile"), "").unwrap();
    symlink(&home, root.join("user/shortcut")).unwrap();
    symlink(&home, root.join("another")).unwrap();
    for named in [
        home.clone(),
        root.join("another"),
        root.join("user/../user/shortcut"),
    ] {
        let mut beside = walls(named).beside();
        beside.retain(|path| path.starts_with(&root));
        beside.sort();
        assert_eq!(
            beside,
            [root.join("user/.profile"), root.join("user/project")]
        );
    }
    assert!(
        walls(home)
            .beside()
            .iter()
            .any(|path| path.ends_with("usr"))
    );
}

#[test]
fn a_home_that_does_not_exist_is_kept_out_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    fs::create_dir(root.join("beside")).unwrap();
    symlink(&root, root.join("link")).unwrap();
    let walls = walls(root.join("link/not/there"));
    assert_eq!(resolved(&walls.keep_out), root.join("not/there"));
    assert!(walls.beside().contains(&root.join("beside")));
    assert!(!walls.beside().contains(&root));
}

#[test]
fn what_is_missing_is_said() {
    let all = Support {
        files: true,
        tcp: true,
        scopes: true,
    };
    assert!(all.is_enough());
    assert_eq!(all.missing(), [""; 0]);
    let older = Support {
        tcp: false,
        scopes: false,
        ..all
    };
    assert!(!older.is_enough());
    assert_eq!(older.missing().len(), 2);
}
