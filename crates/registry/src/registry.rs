//! Definitions by name: the bundled set, with the user's own laid over it.
//!
//! A user's file wins over a bundled definition of the same name, and the answer says so
//! ([`Source::UserOverridesBundled`]). A broken file is an error for its own name and for nothing else.

mod bundled;
mod draft;
mod extends;
mod register;
mod suggest;
mod summary;
mod user;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

pub use self::draft::Draft;
pub use self::register::{OnConflict, RegisterError, Registered};
pub use self::summary::Summary;
use self::user::UserDir;
use crate::definition::{Definition, Trust};
use crate::document;
use crate::error::{DefinitionError, FieldError};
use crate::name::ProviderName;

/// Where definitions are looked up.
#[derive(Clone, Debug)]
pub struct Registry {
    user: Option<UserDir>,
    /// A definition that is not stored, and is known all the same.
    guest: Option<Definition>,
}

/// A definition and where it came from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Found {
    /// The definition.
    pub definition: Definition,
    /// Where it came from.
    pub source: Source,
}

/// Where a definition comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// It is part of the program.
    Bundled,
    /// It is a file of the user's.
    User,
    /// It is a file of the user's that takes the place of a bundled one.
    UserOverridesBundled,
}

impl Source {
    /// A word for tables and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bundled => "bundled",
            Self::User => "user",
            Self::UserOverridesBundled => "user-overrides-bundled",
        }
    }
}

/// Why a definition that is there cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The user's file or directory cannot be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The definition has faults.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
}

impl Registry {
    /// A registry of the bundled definitions and those in `user_dir`, which need not exist.
    #[must_use]
    pub fn new(user_dir: Option<PathBuf>) -> Self {
        Self {
            user: user_dir.map(UserDir::new),
            guest: None,
        }
    }

    /// The same registry with one more definition, which nobody has stored: for trying it out.
    #[must_use]
    pub fn with_guest(&self, definition: Definition) -> Self {
        Self {
            guest: Some(definition),
            ..self.clone()
        }
    }

    /// Finds a definition by name or alias; `Ok(None)` when nothing has that name.
    ///
    /// Names win over aliases, and bundled aliases over a user's, so that a file cannot take over a
    /// name it does not bear. Only the file that is needed is parsed, unless the name turns out to be
    /// an alias in a user's file.
    ///
    /// # Errors
    /// [`RegistryError`] when the definition of that name is broken or unreadable. It does not fall
    /// back to the bundled one: the user meant their own.
    pub fn find(&self, name: &ProviderName) -> Result<Option<Found>, RegistryError> {
        if let Some(found) = self.find_named(name)? {
            return Ok(Some(found));
        }
        if let Some(entry) = bundled::by_alias(name.as_str())
            && let Ok(canonical) = entry.name.parse()
        {
            return self.find_named(&canonical);
        }
        Ok(self
            .user_definitions()
            .find(|found| found.definition.aliases.contains(name)))
    }

    /// The names of all definitions, sorted, with their sources. Nothing is parsed, so a broken
    /// definition is among them.
    ///
    /// # Errors
    /// [`RegistryError::Unreadable`] when the user's directory cannot be listed.
    pub fn names(&self) -> Result<Vec<(ProviderName, Source)>, RegistryError> {
        let mut names: BTreeMap<ProviderName, Source> = bundled::names()
            .map(|name| (name, Source::Bundled))
            .collect();
        for name in self.user_names()? {
            let source = match names.get(&name) {
                Some(_) => Source::UserOverridesBundled,
                None => Source::User,
            };
            names.insert(name, source);
        }
        Ok(names.into_iter().collect())
    }

    /// All definitions, sorted by name; each broken one is an error in its place.
    ///
    /// # Errors
    /// [`RegistryError::Unreadable`] when the user's directory cannot be listed.
    pub fn all(&self) -> Result<Vec<Result<Found, RegistryError>>, RegistryError> {
        let names = self.names()?;
        let mut all: Vec<_> = names
            .iter()
            .filter_map(|(name, _)| self.find_named(name).transpose())
            .collect();
        all.extend(self.misnamed()?.into_iter().map(Err));
        Ok(all)
    }

    /// Reads a definition the way the registry would, `extends` included, without storing it.
    ///
    /// # Errors
    /// [`DefinitionError`] holds every fault.
    pub fn check(&self, file: &str, text: &str) -> Result<Definition, DefinitionError> {
        self.draft(file, text).map(|draft| draft.definition)
    }

    /// Up to three names that resemble `name`, the closest first: for "did you mean".
    #[must_use]
    pub fn closest(&self, name: &str) -> Vec<ProviderName> {
        let summaries = self.summaries().unwrap_or_default();
        suggest::closest(name, summaries.iter().flatten())
    }

    /// Looks a definition up under its own name.
    fn find_named(&self, name: &ProviderName) -> Result<Option<Found>, RegistryError> {
        let guest = self.guest.as_ref();
        if let Some(guest) = guest.filter(|guest| guest.name == *name) {
            return Ok(Some(Found {
                definition: guest.clone(),
                source: Source::User,
            }));
        }
        let bundled = bundled::by_name(name.as_str());
        if let Some(file) = self
            .user
            .as_ref()
            .map_or(Ok(None), |user| user.read(name))?
        {
            let definition = self.check(&file.name, &file.text)?;
            if definition.name != *name {
                let fault =
                    FieldError::new("name", format!("must be `{name}`, as the file is called"));
                return Err(DefinitionError::of(&file.name, vec![fault]).into());
            }
            let source = match bundled {
                Some(_) => Source::UserOverridesBundled,
                None => Source::User,
            };
            return Ok(Some(Found { definition, source }));
        }
        let Some(entry) = bundled else {
            return Ok(None);
        };
        let file = entry.file();
        let map = document::parse(&file, entry.text)?;
        let map = self.extended(&file, map, extends::Side::Bundled)?;
        let definition = Definition::read(&file, &map, Trust::Bundled)?;
        Ok(Some(Found {
            definition,
            source: Source::Bundled,
        }))
    }

    /// Files whose names no definition could have: they are not silently passed over.
    fn misnamed(&self) -> Result<Vec<RegistryError>, RegistryError> {
        let Some(user) = &self.user else {
            return Ok(Vec::new());
        };
        let error = |(file, error): (String, String)| {
            let fault = FieldError::new("", format!("cannot be a definition: {error}"));
            DefinitionError::of(&file, vec![fault]).into()
        };
        Ok(user.list()?.misnamed.into_iter().map(error).collect())
    }

    fn user_names(&self) -> Result<Vec<ProviderName>, RegistryError> {
        self.user
            .as_ref()
            .map_or_else(|| Ok(Vec::new()), |user| Ok(user.list()?.names))
    }

    /// The user's definitions that are in order; the others are someone else's error.
    fn user_definitions(&self) -> impl Iterator<Item = Found> {
        let names = self.user_names().unwrap_or_default();
        names
            .into_iter()
            .filter_map(|name| self.find_named(&name).ok().flatten())
    }
}
