//! Walls around a program: what the kernel keeps it from, whatever it tries.
//!
//! With the sidecar alone, a program that means harm can still read the vault as the user whose program it is. Behind
//! walls it cannot: authkeep's home is out of its reach, and so are all TCP ports but the sidecar's. What no wall stops
//! is in `docs/reference/isolation.md`. Linux does this by Landlock; elsewhere there are no walls.

#[cfg(target_os = "linux")]
mod landlock;
#[cfg(not(target_os = "linux"))]
#[path = "isolation/none.rs"]
mod landlock;
#[cfg(all(test, target_os = "linux"))]
mod tests;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// What a program is kept from.
#[derive(Debug, Clone)]
pub(crate) struct Walls {
    /// The folder that it can neither read nor change, wherever it comes from.
    pub(crate) keep_out: PathBuf,
    /// The only TCP port that it can connect to.
    pub(crate) port: u16,
}

impl Walls {
    /// Puts this process and all that it starts behind them, for good, as far as the kernel can.
    ///
    /// # Errors
    ///
    /// What the kernel says. The program must not be started then.
    pub(crate) fn raise(&self) -> io::Result<()> {
        landlock::raise(self)
    }

    /// The entries beside the way to what is kept out. All that is not on that way is below one of them.
    fn beside(&self) -> Vec<PathBuf> {
        let kept_out = resolved(&self.keep_out);
        let on_the_way: Vec<_> = kept_out.ancestors().collect();
        let folders = on_the_way.iter().skip(1);
        let entries = folders.flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten());
        entries
            .flatten()
            // A link leads to a place that is beside the way too, or to one that is not to be reached.
            .filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_symlink()))
            .map(|entry| entry.path())
            .filter(|path| !on_the_way.contains(&path.as_path()))
            .collect()
    }
}

/// The path without links, as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut missing: Vec<OsString> = Vec::new();
    for ancestor in path.ancestors() {
        if let Ok(real) = ancestor.canonicalize() {
            return missing
                .iter()
                .rev()
                .fold(real, |path, name| path.join(name));
        }
        missing.extend(ancestor.file_name().map(OsString::from));
    }
    path
}

/// What this kernel can enforce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Support {
    /// That a folder is out of reach.
    pub(crate) files: bool,
    /// That TCP goes to one port only.
    pub(crate) tcp: bool,
    /// That no signal and no abstract socket leads to a process outside.
    pub(crate) scopes: bool,
}

impl Support {
    /// Asks the kernel.
    pub(crate) fn of_this_kernel() -> Self {
        landlock::support()
    }

    /// Whether a program behind walls can reach neither the vault nor the network.
    pub(crate) fn is_enough(self) -> bool {
        self.files && self.tcp
    }

    /// What it cannot enforce, in words.
    pub(crate) fn missing(self) -> Vec<&'static str> {
        let all = [
            (self.files, "authkeep's home stays readable"),
            (self.tcp, "any TCP port can be connected to"),
            (self.scopes, "processes outside can be signalled"),
        ];
        all.into_iter()
            .filter_map(|(can, otherwise)| (!can).then_some(otherwise))
            .collect()
    }
}
