use std::fs;
use std::path::Path;

/// What package managers put there.
const INSTALLED: [&str; 2] = ["node_modules", "venv"];

/// Texts that come with the project, not those a package manager put there.
fn own_files(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy();
        if path.is_dir() && !INSTALLED.contains(&name.as_ref()) {
            own_files(&path, found);
        } else if path.is_file() {
            found.extend(fs::read_to_string(&path));
        }
    }
}

/// Whoever installs the modules decides where from; the lock file pins what, by its hash.
#[test]
fn no_lock_file_names_a_package_registry() {
    let mut files = Vec::new();
    own_files(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"),
        &mut files,
    );
    let locks: Vec<&String> = files
        .iter()
        .filter(|text| text.contains("lockfileVersion"))
        .collect();
    assert!(!locks.is_empty());
    for lock in locks {
        assert!(lock.contains("\"integrity\": \"sha512-"));
        assert!(
            !lock.contains("\"resolved\""),
            "a lock file says where from"
        );
    }
}
