//! The profile's vault while the watch runs: opened when there is one, kept open while it is the same file.
//!
//! Opening it anew for each look would make SQLite tidy up its files each time. But a vault that was put back from a
//! backup, or a profile that was deleted and made again, is another file under the same name.

use std::path::{Path, PathBuf};

use authkeep_core::{Broker, Timestamp};

use super::login::{Login, Selection};
use crate::context::Context;
use crate::error::CommandError;

/// The vault's database in the folder of its profile.
const DATABASE: &str = "store.db";

/// The way to the vault.
#[derive(Debug)]
pub(super) struct Vault<'a> {
    context: &'a Context,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    broker: Broker,
    path: PathBuf,
    identity: Option<Identity>,
}

impl<'a> Vault<'a> {
    pub(super) fn new(context: &'a Context) -> Self {
        Self {
            context,
            open: None,
        }
    }

    /// The broker of the profile in force, if anything was ever stored there.
    pub(super) fn broker(&mut self) -> Result<Option<Broker>, CommandError> {
        if let Some(open) = &self.open
            && open.identity == identity(&open.path)
        {
            return Ok(Some(open.broker.clone()));
        }
        self.open = None;
        let Some(home) = self.context.home()? else {
            return Ok(None);
        };
        let profile = self.context.profile(Some(&home))?;
        let path = home.profile(&profile).join(DATABASE);
        let identity = identity(&path);
        let Some(broker) = self.context.broker()? else {
            return Ok(None);
        };
        self.open = Some(Open {
            broker: broker.clone(),
            path,
            identity,
        });
        Ok(Some(broker))
    }

    /// The logins that are meant, as they are now. A vault that cannot be read is opened anew the next time.
    pub(super) fn read(
        &mut self,
        selection: &Selection,
        now: Timestamp,
    ) -> Result<Vec<Login>, CommandError> {
        let Some(broker) = self.broker()? else {
            return Ok(Vec::new());
        };
        selection.read(&broker, now).map_err(|error| {
            self.open = None;
            error.into()
        })
    }
}

/// Device and number of a file: equal for the same file only.
#[cfg(unix)]
type Identity = (u64, u64);
#[cfg(not(unix))]
type Identity = ();

#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<Identity> {
    std::fs::metadata(path).ok().map(drop)
}
