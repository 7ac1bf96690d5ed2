//! What to do where the home or a profile cannot be used.

use std::io;

use authkeep_core::{HomeError, ProfileError};

use super::{CommandError, listed, quoted};
use crate::exit_code::ExitCode;

impl From<HomeError> for CommandError {
    fn from(error: HomeError) -> Self {
        let unusable = |kind| Self::caused(ExitCode::StoreUnavailable, kind, &error);
        match &error {
            HomeError::WritableByOthers { path, .. } => {
                unusable("home_not_private").hint(format!("run `chmod 700 {}`", quoted(path)))
            }
            HomeError::NotOurs(_) => {
                unusable("home_not_ours").hint("use a folder of your own: set AUTHKEEP_HOME")
            }
            HomeError::NotAFolder(_) => unusable("home_not_a_folder")
                .hint("move the file away, or set AUTHKEEP_HOME to another folder"),
            HomeError::Config { .. } => unusable("config")
                .hint("correct the file, install the newest authkeep if that one wrote it, or move the file away to start with the defaults"),
            // The message carries what the system said; repeating its source would say it twice.
            HomeError::Io { source, .. } => {
                Self::new(ExitCode::StoreUnavailable, "home", error.to_string()).hint(match source
                    .kind()
                {
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                        "make room on the disk, or set AUTHKEEP_HOME to a folder on another one"
                    }
                    io::ErrorKind::ReadOnlyFilesystem => {
                        "set AUTHKEEP_HOME to a folder that can be written to"
                    }
                    _ => "check who owns the folder and its permissions, or set AUTHKEEP_HOME",
                })
            }
            _ => unusable("home").hint("`authkeep doctor` checks the home"),
        }
    }
}

impl From<ProfileError> for CommandError {
    fn from(error: ProfileError) -> Self {
        match error {
            ProfileError::NotFound { name, existing } => {
                let error = Self::new(
                    ExitCode::Other,
                    "profile_not_found",
                    format!("there is no profile `{name}`"),
                );
                let error = match existing.as_slice() {
                    [] => error,
                    existing => error.hint(format!("there are: {}", listed(existing))),
                };
                error.hint(format!("`authkeep profile create {name}` makes it"))
            }
            ProfileError::IsDefault(name) => Self::new(
                ExitCode::Usage,
                "profile_in_use",
                format!("`{name}` is the default profile, which is not deleted"),
            )
            .hint("make another one the default first: `authkeep profile use NAME`"),
            ProfileError::Home(error) => error.into(),
            ProfileError::Vault(error) => error.into(),
            other => Self::caused(ExitCode::Other, "profile", &other)
                .hint("`authkeep profile list` shows the profiles"),
        }
    }
}
