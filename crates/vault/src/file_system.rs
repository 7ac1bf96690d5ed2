//! On which file system a vault's folder lies, and whether a vault may lie there.
//!
//! A vault is safe among processes that share one kernel. SQLite's write-ahead log keeps its index
//! in shared memory, and `flock` is known to the machine that asked for it. Two machines that use
//! one folder share neither: both would redeem the same refresh token, and one could overwrite
//! what the other has saved. Nothing reports that at the time, so such folders are refused first.
//!
//! What cannot be told is refused too, unless the caller answers for it: see [`FileSystems`].
//! An encrypted layer above a network folder is not looked through.

#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
pub(crate) use linux::check;

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

/// Nothing is checked. Other systems number or name their file systems in ways of their own, which
/// have not been tried here, and a wrong guess would lock people out of a vault that works.
#[cfg(not(target_os = "linux"))]
pub(crate) fn check(_: &std::path::Path, _: FileSystems) -> Result<(), crate::OpenError> {
    Ok(())
}
