//! Profiles: isolated sets of credentials, each with a vault of its own in a folder of its own.

use std::fs;
use std::io;

use authkeep_vault::{Entropy, OpenError, SqliteStore};

use super::{Home, HomeError};
use crate::ProfileName;

/// What a profile command did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileChange {
    /// It was done.
    Done,
    /// It was so already.
    AlreadySo,
}

/// Why a profile could not be changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// There is no such profile.
    #[error("there is no profile `{name}`")]
    NotFound {
        /// What was asked for.
        name: ProfileName,
        /// The profiles there are.
        existing: Vec<ProfileName>,
    },
    /// The default profile is in use wherever none is named.
    #[error("`{0}` is the default profile")]
    IsDefault(ProfileName),
    /// The home cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The vault cannot be made.
    #[error(transparent)]
    Vault(#[from] OpenError),
}

impl Home {
    /// The profiles that have a vault, by name.
    ///
    /// # Errors
    ///
    /// [`HomeError`] where the folder cannot be read.
    pub fn profiles(&self) -> Result<Vec<ProfileName>, HomeError> {
        let folder = self.root().join("profiles");
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(HomeError::io(&folder, error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| HomeError::io(&folder, error))?;
            let name = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok());
            if let Some(name) = name
                && SqliteStore::exists(&entry.path())
            {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// Makes a profile with an empty vault.
    ///
    /// # Errors
    ///
    /// [`ProfileError`].
    pub fn create_profile(
        &self,
        name: &ProfileName,
        entropy: Entropy,
    ) -> Result<ProfileChange, ProfileError> {
        if SqliteStore::exists(&self.profile(name)) {
            return Ok(ProfileChange::AlreadySo);
        }
        self.open_or_create_vault(name, entropy)?;
        Ok(ProfileChange::Done)
    }

    /// Makes `name` the profile that is used where none is named.
    ///
    /// # Errors
    ///
    /// [`ProfileError`].
    pub fn use_profile(&mut self, name: &ProfileName) -> Result<ProfileChange, ProfileError> {
        self.require(name)?;
        if self.config.default_profile == *name {
            return Ok(ProfileChange::AlreadySo);
        }
        self.config.default_profile = name.clone();
        self.config.write(&self.root)?;
        Ok(ProfileChange::Done)
    }

    /// Deletes a profile with everything in it. Nothing is revoked at the providers.
    ///
    /// # Errors
    ///
    /// [`ProfileError`]; the default profile is not deleted.
    pub fn delete_profile(&self, name: &ProfileName) -> Result<(), ProfileError> {
        self.require(name)?;
        if self.config.default_profile == *name {
            return Err(ProfileError::IsDefault(name.clone()));
        }
        let folder = self.profile(name);
        fs::remove_dir_all(&folder).map_err(|error| HomeError::io(&folder, error))?;
        Ok(())
    }

    /// Checks that the profile exists.
    ///
    /// # Errors
    ///
    /// [`ProfileError::NotFound`] lists those that do.
    pub fn require(&self, name: &ProfileName) -> Result<(), ProfileError> {
        if SqliteStore::exists(&self.profile(name)) {
            return Ok(());
        }
        Err(ProfileError::NotFound {
            name: name.clone(),
            existing: self.profiles()?,
        })
    }
}
