//! Tells file systems apart by the numbers that Linux gives them.

use std::borrow::Cow;
use std::io;
use std::path::Path;

use super::FileSystems;
use crate::{FileFault, OpenError};

/// Refuses a directory on a file system that other machines may write to.
///
/// Where the directory is still to be made, the nearest one above it that exists is looked at.
pub(crate) fn check(dir: &Path, allowed: FileSystems) -> Result<(), OpenError> {
    check_with(dir, allowed, nature)
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

fn check_with(
    dir: &Path,
    allowed: FileSystems,
    nature: impl Fn(&Path) -> io::Result<Nature>,
) -> Result<(), OpenError> {
    let mut place = dir;
    let found = loop {
        match (nature(place), place.parent()) {
            (Ok(found), _) => break found,
            (Err(error), Some(above)) if error.kind() == io::ErrorKind::NotFound => {
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

/// Asks the kernel about an existing directory: one system call, except on FUSE.
fn nature(dir: &Path) -> io::Result<Nature> {
    // The numbers are 32 bits wide. The width and the sign of the field depend on the processor.
    let magic = match rustix::fs::statfs(dir) {
        Ok(answer) => answer.f_type as u32,
        // A FUSE program or a sandbox need not answer this question.
        Err(rustix::io::Errno::NOSYS) => return Ok(Nature::Unclear("an unknown one".into())),
        Err(error) => return Err(error.into()),
    };
    Ok(judge(magic, || mount_type(dir)))
}

/// Decides by the number, and on FUSE by the type in the table of mounts.
///
/// A number that is not known is taken to be local: new file systems for disks come up more often
/// than new network protocols in the kernel, and each of those deserves a line here.
fn judge(magic: u32, mount_type: impl FnOnce() -> Option<String>) -> Nature {
    match magic {
        0x0000_6969 => Nature::Network("NFS"),
        0x0000_517b | 0xff53_4d42 | 0xfe53_4d42 => Nature::Network("SMB"),
        0x0000_564c => Nature::Network("NCP"),
        0x5346_414f | 0x6b41_4653 => Nature::Network("AFS"),
        0x7375_7245 => Nature::Network("Coda"),
        0x00c3_6400 => Nature::Network("Ceph"),
        0x0bd0_0bd0 => Nature::Network("Lustre"),
        0x4750_4653 => Nature::Network("GPFS"),
        0x1983_0326 => Nature::Network("BeeGFS"),
        0x2003_0528 => Nature::Network("OrangeFS"),
        0xaad7_aaea => Nature::Network("PanFS"),
        0x0131_11a8 => Nature::Network("IBRIX"),
        0xbeef_dead => Nature::Network("StorNext"),
        // One disk that several machines have mounted. Their kernels share the locks, if set up
        // to, but not the memory that SQLite needs.
        0x0116_1970 => Nature::Network("GFS2"),
        0x7461_636f => Nature::Network("OCFS2"),
        0x6163_6673 => Nature::Network("ACFS"),
        // The folders of a host: other guests and the host itself may use them, or nobody does.
        0x0102_1997 => Nature::Unclear("9P".into()),
        0x786f_4256 => Nature::Unclear("a VirtualBox shared folder".into()),
        0xbacb_acbc => Nature::Unclear("a VMware shared folder".into()),
        0x7c7c_6673 => Nature::Unclear("a Parallels shared folder".into()),
        FUSE => fuse(mount_type()),
        _ => Nature::Local,
    }
}

/// All that a program in user space provides has this one number, `virtiofs` too.
const FUSE: u32 = 0x6573_5546;

/// FUSE carries remote folders (`fuse.sshfs`, `fuse.rclone`) and the host's (`virtiofs`), but also
/// people's encrypted homes and the disks of containers that run without root. Those few are
/// known by name. Layers that pass on any other folder (`fuse.bindfs`, `fuse.mergerfs`) are
/// not among them, because they are often put over a network folder.
fn fuse(mount_type: Option<String>) -> Nature {
    const LOCAL: [&str; 6] = [
        // A disk of this machine, such as one formatted with NTFS.
        "fuseblk",
        "fuse.cryfs",
        "fuse.encfs",
        "fuse.gocryptfs",
        "fuse.securefs",
        "fuse.fuse-overlayfs",
    ];
    match mount_type {
        Some(name) if LOCAL.contains(&name.as_str()) => Nature::Local,
        Some(name) if name.starts_with("fuse") => Nature::Unclear(name.into()),
        Some(name) => Nature::Unclear(format!("FUSE ({name})").into()),
        None => Nature::Unclear(Cow::Borrowed("FUSE")),
    }
}

/// The type of the mount that a directory lies on; `None` where the kernel does not show it.
fn mount_type(dir: &Path) -> Option<String> {
    let device = rustix::fs::stat(dir).ok()?.st_dev;
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    let device = (rustix::fs::major(device), rustix::fs::minor(device));
    type_of_device(&mounts, device).map(str::to_owned)
}

/// Finds the type of a device in the kernel's table of mounts (proc(5), `mountinfo`).
fn type_of_device(mounts: &str, (major, minor): (u32, u32)) -> Option<&str> {
    let device = format!("{major}:{minor}");
    let line = mounts
        .lines()
        .find(|line| line.split(' ').nth(2) == Some(device.as_str()))?;
    // Spaces in paths are escaped, so the first dash that stands alone ends the optional fields.
    let (_, rest) = line.split_once(" - ")?;
    rest.split(' ').next()
}

#[cfg(test)]
mod tests;
