//! On which file system a vault's folder lies, and whether a vault may lie there.
//!
//! A vault is safe among processes that share one kernel. SQLite's write-ahead log keeps its index
//! in shared memory, and `flock` is known to the machine that asked for it. Two machines that use
//! one folder share neither: both would redeem the same refresh token, and one could overwrite
//! what the other has saved. Nothing reports that at the time, so such folders are refused first.
//!
//! What cannot be told is refused too, unless the caller answers for it: see [`FileSystems`].
//! An encrypted layer above a network folder is not looked through.

use std::borrow::Cow;
use std::path::Path;

use crate::{FileFault, OpenError};

/// On which file systems a caller lets a vault lie.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FileSystems {
    /// Only those that one machine alone writes to, as far as the kernel tells.
    #[default]
    Local,
    /// Also those of which the kernel cannot tell: FUSE of any kind, and the folders that a host
    /// lends to a virtual machine or a container.
    ///
    /// The caller answers for it that no other machine, the host included, uses the vault.
    LocalOrUnclear,
}

/// What the kernel says about a file system.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Nature {
    Local,
    /// Made to be used by several machines.
    Network(&'static str),
    /// May be used by other machines, or not.
    Unclear(Cow<'static, str>),
}

/// Refuses a directory on a file system that other machines may write to.
///
/// Where the directory is still to be made, the nearest one above it that exists is looked at.
#[cfg(target_os = "linux")]
pub(crate) fn check(dir: &Path, allowed: FileSystems) -> Result<(), OpenError> {
    check_with(dir, allowed, linux::nature)
}

/// Nothing is checked. Other systems number or name their file systems in ways of their own, which
/// have not been tried here, and a wrong guess would lock people out of a vault that works.
#[cfg(not(target_os = "linux"))]
pub(crate) fn check(_: &Path, _: FileSystems) -> Result<(), OpenError> {
    Ok(())
}

#[cfg(target_os = "linux")]
fn check_with(
    dir: &Path,
    allowed: FileSystems,
    nature: impl Fn(&Path) -> std::io::Result<Nature>,
) -> Result<(), OpenError> {
    let mut place = dir;
    let found = loop {
        match (nature(place), place.parent()) {
            (Ok(found), _) => break found,
            (Err(error), Some(above)) if error.kind() == std::io::ErrorKind::NotFound => {
                place = above;
                if place.as_os_str().is_empty() {
                    place = Path::new(".");
                }
            }
            (Err(error), _) => return Err(FileFault::from_io(place, error).into()),
        }
    };
    match found {
        Nature::Local => Ok(()),
        Nature::Unclear(_) if allowed == FileSystems::LocalOrUnclear => Ok(()),
        Nature::Unclear(name) => Err(OpenError::UnclearFileSystem {
            dir: dir.to_owned(),
            file_system: name.into_owned(),
        }),
        Nature::Network(name) => Err(OpenError::NetworkFileSystem {
            dir: dir.to_owned(),
            file_system: name,
        }),
    }
}

#[cfg(target_os = "linux")]
mod linux;

#[cfg(all(test, target_os = "linux"))]
mod tests;
