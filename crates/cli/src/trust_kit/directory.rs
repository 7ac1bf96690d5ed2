//! A directory that one run has to itself, and that is gone when the run is.
//!
//! A run that is killed cannot tidy up. So each keeps its directory locked for as long as it lives, and removes those of
//! its user that nobody holds any more. The lock belongs to the kernel: unlike a process id it is never somebody
//! else's, not even across containers that share the temporary directory.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::context::entropy;

/// What the names begin with.
const PREFIX: &str = "authkeep-run-";

/// A directory is called this behind its name until it is locked, so that no other run takes it for a leftover.
const UNFINISHED: &str = ".new";

/// A directory of mode 0700. Dropped, it is removed with all that is in it.
#[derive(Debug)]
pub(super) struct PrivateDirectory {
    path: PathBuf,
    /// The lock is held for as long as this is open.
    _locked: File,
}

impl PrivateDirectory {
    /// Makes one in the first of `parents` where nobody else can interfere with it, and removes what runs that were
    /// killed have left there.
    pub(super) fn make(parents: &[PathBuf]) -> io::Result<Self> {
        let suitable = parents
            .iter()
            .filter_map(|parent| parent.canonicalize().ok())
            .find(|parent| is_plain(parent) && is_safe(parent) && parent.ancestors().all(is_kept));
        let parent = suitable.ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::PermissionDenied,
                "there is no temporary directory that other users cannot tamper with",
            )
        })?;
        sweep(&parent);
        let mut name = [0; 8];
        entropy(&mut name).map_err(io::Error::other)?;
        let name = format!("{PREFIX}{:016x}", u64::from_be_bytes(name));
        let unfinished = parent.join(format!("{name}{UNFINISHED}"));
        let mut private = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut private, 0o700);
        private.create(&unfinished)?;
        let locked = File::open(&unfinished)?;
        locked.lock()?;
        let path = parent.join(name);
        fs::rename(&unfinished, &path)?;
        Ok(Self {
            path,
            _locked: locked,
        })
    }

    /// Writes a new file of mode 0600.
    pub(super) fn write(&self, name: &str, content: &[u8]) -> io::Result<PathBuf> {
        let path = self.path.join(name);
        let mut new = OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut new, 0o600);
        let mut file = new.write(true).create_new(true).open(&path)?;
        file.write_all(content)?;
        Ok(path)
    }
}

impl Drop for PrivateDirectory {
    fn drop(&mut self) {
        // The next run removes what this one cannot.
        let _removed = fs::remove_dir_all(&self.path);
    }
}

/// Whether a path can stand in an option list, an ini file and a list of paths without being quoted. Each of them
/// would need its own quotes.
fn is_plain(path: &Path) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+@~".contains(byte);
    path.as_os_str().as_encoded_bytes().iter().all(plain)
}

/// Whether nobody but its owner and root can rename or replace what is in it.
#[cfg(unix)]
fn is_safe(parent: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    const WRITABLE_BY_OTHERS: u32 = 0o022;
    const STICKY: u32 = 0o1000;
    let me = rustix::process::geteuid().as_raw();
    parent.metadata().is_ok_and(|metadata| {
        let is_private = metadata.mode() & WRITABLE_BY_OTHERS == 0;
        let is_sticky = metadata.mode() & STICKY != 0;
        metadata.is_dir() && [0, me].contains(&metadata.uid()) && (is_private || is_sticky)
    })
}

#[cfg(not(unix))]
fn is_safe(parent: &Path) -> bool {
    parent.is_dir()
}

/// Whether nobody but this user and root can put another folder in the place of one in here.
#[cfg(unix)]
fn is_kept(ancestor: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    /// Whom a container takes for the owner of what its users do not own, its root folder as a rule.
    const NOBODY: u32 = 65_534;
    is_safe(ancestor)
        || (ancestor.metadata())
            .is_ok_and(|metadata| metadata.uid() == NOBODY && metadata.mode() & 0o022 == 0)
}

#[cfg(not(unix))]
fn is_kept(_: &Path) -> bool {
    true
}

/// Removes the directories of this user's runs that are over. What cannot be removed stays: it is in nobody's way.
fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_a_runs = name.to_str().is_some_and(|name| {
            name.strip_prefix(PREFIX).is_some_and(|rest| {
                rest.len() == 16 && rest.bytes().all(|byte| byte.is_ascii_hexdigit())
            })
        });
        let path = entry.path();
        if is_a_runs && is_mine(&path) && is_abandoned(&path) {
            let _removed = fs::remove_dir_all(&path);
        }
    }
}

/// Whether this is a directory, not a link to one, and the user's own.
#[cfg(unix)]
fn is_mine(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let me = rustix::process::geteuid().as_raw();
    path.symlink_metadata()
        .is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == me)
}

#[cfg(not(unix))]
fn is_mine(path: &Path) -> bool {
    path.symlink_metadata()
        .is_ok_and(|metadata| metadata.is_dir())
}

fn is_abandoned(path: &Path) -> bool {
    File::open(path).is_ok_and(|directory| directory.try_lock().is_ok())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use super::*;

    fn parent() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn make(parent: &Path) -> PrivateDirectory {
        PrivateDirectory::make(&[parent.to_owned()]).unwrap()
    }

    #[test]
    fn it_is_the_users_alone_and_gone_at_the_end() {
        let parent = parent();
        let directory = make(parent.path());
        let file = directory.write("a.pem", b"text").unwrap();
        let mode = |path: &Path| path.metadata().unwrap().mode() & 0o7777;
        assert_eq!((mode(&directory.path), mode(&file)), (0o700, 0o600));
        // A file that is there already is somebody's attempt.
        assert!(directory.write("a.pem", b"other").is_err());
        assert_eq!(fs::read(&file).unwrap(), b"text");
        drop(directory);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_next_run_removes_what_a_killed_one_left_and_nothing_else() {
        let parent = parent();
        let running = make(parent.path());
        running.write("a", b"").unwrap();
        let left = parent.path().join("authkeep-run-00112233445566ff");
        fs::create_dir(&left).unwrap();
        fs::write(left.join("bundle.pem"), "x").unwrap();
        // Not a run's, by name or by kind.
        let others = ["authkeep-run-mine", "authkeep-run-0011223344556677.new"];
        let others = others.map(|name| parent.path().join(name));
        for other in &others {
            fs::create_dir(other).unwrap();
        }
        let target = parent.path().join("target");
        fs::create_dir(&target).unwrap();
        let link = parent.path().join("authkeep-run-ffffffffffffffff");
        symlink(&target, &link).unwrap();
        let next = make(parent.path());
        assert!(!left.exists(), "a leftover is still there");
        assert!(running.path.join("a").exists(), "a living run was robbed");
        assert!(link.is_symlink() && target.exists() && others.iter().all(|path| path.exists()));
        drop((running, next));
    }

    #[test]
    fn a_parent_where_others_can_tamper_is_not_used() {
        let open = parent();
        let allow = |mode| {
            fs::set_permissions(open.path(), fs::Permissions::from_mode(mode)).unwrap();
        };
        allow(0o777);
        assert!(PrivateDirectory::make(&[open.path().to_owned()]).is_err());
        let odd = open.path().join("with space");
        fs::create_dir(&odd).unwrap();
        assert!(PrivateDirectory::make(&[odd]).is_err());
        // Nor is one that others can put away, whosever it is.
        let below = open.path().join("mine");
        fs::create_dir(&below).unwrap();
        fs::set_permissions(&below, fs::Permissions::from_mode(0o700)).unwrap();
        assert!(PrivateDirectory::make(&[below]).is_err());
        let private = parent();
        let both = [open.path().to_owned(), private.path().to_owned()];
        let directory = PrivateDirectory::make(&both).unwrap();
        let expected = private.path().canonicalize().unwrap();
        assert_eq!(directory.path.parent(), Some(&*expected));
        // The control: with the bit that keeps others from renaming, the first will do.
        allow(0o1777);
        let directory = PrivateDirectory::make(&both).unwrap();
        let expected = open.path().canonicalize().unwrap();
        assert_eq!(directory.path.parent(), Some(&*expected));
    }
}
