//! The master key of authsome's homes: from stdin, from the home, or from the operating system's keyring.

use std::path::Path;

use authkeep_core::import::{AuthsomeError, AuthsomeHome};
use authkeep_vault::os_keyring::{self, KeyringError};
use secrecy::SecretString;

use crate::error::CommandError;
use crate::exit_code::ExitCode;

/// Where the key comes from.
#[derive(Debug)]
pub(crate) enum AuthsomeKey {
    /// Somebody has handed it over.
    Given(SecretString),
    /// Wherever the home says. Opening the keyring may ask for its password.
    HomeOrKeyring,
    /// The home and nothing else: nobody has said that the keyring may be opened.
    Home,
}

impl AuthsomeKey {
    /// Opens the home at `root` with it.
    pub(super) fn open(&self, root: &Path, scratch: &Path) -> Result<AuthsomeHome, CommandError> {
        let given = match self {
            Self::Given(key) => Some(key),
            Self::HomeOrKeyring | Self::Home => None,
        };
        match AuthsomeHome::open(root, given, scratch) {
            Err(AuthsomeError::KeyInKeyring(_)) if matches!(self, Self::HomeOrKeyring) => {
                let (service, user) = AuthsomeHome::KEYRING_ENTRY;
                let key = os_keyring::read(service, user)?;
                Ok(AuthsomeHome::open(root, Some(&key), scratch)?)
            }
            opened => Ok(opened?),
        }
    }
}

impl From<KeyringError> for CommandError {
    fn from(error: KeyringError) -> Self {
        let (kind, next) = match &error {
            KeyringError::Unavailable(_) => (
                "keyring_unavailable",
                "run this in the desktop session that has the keyring",
            ),
            KeyringError::Locked => ("keyring_locked", "unlock the keyring and run this again"),
            KeyringError::TimedOut => (
                "keyring_timeout",
                "it may be waiting for its password: unlock it first, then run this again",
            ),
            KeyringError::NoEntry { .. } => (
                "keyring_no_entry",
                "run this as the user whose home it is, on the machine that authsome ran on",
            ),
            _ => ("keyring", "see what your keyring program says of the entry"),
        };
        Self::caused(ExitCode::StoreUnavailable, kind, &error)
            .hint(next)
            .hint(
                "or hand the key over: keyring get authsome master_key | authkeep import authsome --key-stdin",
            )
            .hint(
                "without that program: `secret-tool lookup service authsome username master_key`, \
                 or on a Mac `security find-generic-password -s authsome -a master_key -w`",
            )
    }
}

impl From<AuthsomeError> for CommandError {
    fn from(error: AuthsomeError) -> Self {
        let missing = |kind| Self::caused(ExitCode::CredentialMissing, kind, &error);
        let unusable = || Self::caused(ExitCode::StoreUnavailable, "source_unusable", &error);
        match &error {
            AuthsomeError::NotFound(_) => {
                missing("nothing_to_import").hint("name the home with --home DIR")
            }
            AuthsomeError::KeyInKeyring(_) => {
                unusable().hint("`authkeep import authsome` reads it there")
            }
            AuthsomeError::NoKey(_) | AuthsomeError::BadKey { .. } => unusable()
                .hint("put that home's own master.key back, or hand the key over with --key-stdin"),
            AuthsomeError::Version { .. } => {
                unusable().hint("run authsome 0.2 once, which brings it up to date")
            }
            AuthsomeError::Vault(_) => {
                unusable().hint("end what is writing there, then run this again")
            }
            _ => unusable().hint("check who owns the file and its permissions"),
        }
    }
}
