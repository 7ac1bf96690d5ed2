//! What to do where the vault, its key or a record in it cannot be used.

use authkeep_core::RecordError;
use authkeep_vault::{KeySourceError, OpenError, StoreError};

use super::CommandError;
use crate::exit_code::ExitCode;

const MAKE_ROOM: &str =
    "make room on the disk and try again; what was stored before is still there";
const PERMISSION: &str = "check who owns the file and its permissions";
const RESTORE: &str = "`authkeep doctor` says which vault it is: restore its folder in `profiles` of the home \
                       from a backup, or move it away and log in again";
const KEY_BACK: &str =
    "put the master.key back that this vault was made with; without it nobody can open the vault";
const LOCAL_DISK: &str = "set AUTHKEEP_HOME to a folder on a disk of this machine; to keep your logins, copy the whole \
                          home there first, while no authkeep runs on any machine";

impl From<OpenError> for CommandError {
    fn from(error: OpenError) -> Self {
        let unusable = |kind| Self::caused(ExitCode::StoreUnavailable, kind, &error);
        match &error {
            OpenError::WrongKey { .. } => unusable("wrong_key").hint(KEY_BACK),
            OpenError::MasterKeyMissing { .. } => unusable("master_key_missing").hint(KEY_BACK),
            OpenError::NotAVault { .. } => unusable("not_a_vault")
                .hint("the file was not touched; move it away if it is not yours"),
            OpenError::Newer { .. } => unusable("newer_vault")
                .hint("install the newest authkeep; the vault was not touched"),
            OpenError::Corrupt(_) => unusable("vault_damaged").hint(RESTORE),
            OpenError::Full { .. } => unusable("disk_full").hint(MAKE_ROOM),
            OpenError::Permission { .. } => unusable("permission").hint(PERMISSION),
            OpenError::Busy { .. } => Self::caused(ExitCode::TryAgain, "busy", &error)
                .hint("another authkeep is at work; try again in a moment"),
            OpenError::NetworkFileSystem { .. } => unusable("network_file_system").hint(LOCAL_DISK),
            OpenError::UnclearFileSystem { .. } => unusable("unclear_file_system").hint(LOCAL_DISK).hint(
                "or, if no other machine can reach that folder, set AUTHKEEP_ALLOW_UNCLEAR_FILE_SYSTEM=1",
            ),
            OpenError::KeySource(KeySourceError::Malformed { .. }) => {
                unusable("master_key_malformed").hint(KEY_BACK)
            }
            _ => unusable("store").hint("`authkeep doctor` checks the home and every vault in it"),
        }
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let unusable = |kind| Self::caused(ExitCode::StoreUnavailable, kind, &error);
        match &error {
            StoreError::Corrupt(_) => unusable("vault_damaged").hint(RESTORE),
            StoreError::Unreadable { .. } => unusable("entry_damaged").hint(
                "`authkeep doctor` lists every damaged entry; log in again to those providers",
            ),
            StoreError::Full { .. } => unusable("disk_full").hint(MAKE_ROOM),
            StoreError::Permission { .. } => unusable("permission").hint(PERMISSION),
            StoreError::Busy => Self::caused(ExitCode::TryAgain, "busy", &error)
                .hint("another authkeep is at work; try again in a moment"),
            _ => unusable("store").hint("`authkeep doctor` says what is wrong with the vault"),
        }
    }
}

impl From<RecordError> for CommandError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Store(error) => error.into(),
            RecordError::Newer { .. } => {
                Self::caused(ExitCode::StoreUnavailable, "newer_record", &error)
                    .hint("install the newest authkeep")
            }
            other => Self::caused(ExitCode::StoreUnavailable, "malformed_record", &other)
                .hint("remove it with `authkeep remove PROVIDER` and log in again"),
        }
    }
}
