//! Adding a definition to the user's own, and taking it away again.
//!
//! A name that is already there is never taken over silently: not a bundled one, not one of the
//! user's, and not by way of an alias.

use std::io;
use std::path::PathBuf;

use super::user::WriteMode;
use super::{Draft, Registry, RegistryError, Source, bundled};
use crate::definition::Definition;
use crate::env_var::EnvVarName;
use crate::error::DefinitionError;
use crate::name::ProviderName;

/// What to do when the name is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict {
    /// Refuse.
    Refuse,
    /// Replace the user's definition, or override the bundled one.
    Replace,
}

/// A definition that was stored.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Registered {
    /// The definition, as the registry now answers with it.
    pub definition: Definition,
    /// Whether it overrides a bundled one.
    pub source: Source,
    /// Whether a definition of the user's was replaced.
    pub replaced: bool,
    /// Where it is stored.
    pub path: PathBuf,
    /// Things worth a second look, one sentence each, such as a variable that is another provider's.
    pub warnings: Vec<String>,
}

/// Why a definition was not stored or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// The definition has faults.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
    /// The name, or one so like it that people would confuse them, is a bundled definition's.
    #[error("`{name}` would take the place of the bundled definition `{bundled}`")]
    Bundled {
        /// The name in the file.
        name: ProviderName,
        /// The bundled definition.
        bundled: String,
    },
    /// The user has a definition of that name.
    #[error("`{name}` is already registered")]
    Exists {
        /// The name.
        name: ProviderName,
    },
    /// One of the aliases is another definition's name or alias. Replacing does not help.
    #[error("the alias `{alias}` belongs to `{owner}`")]
    AliasTaken {
        /// The alias.
        alias: ProviderName,
        /// The definition it belongs to.
        owner: String,
    },
    /// The registry was made without a directory for the user's definitions.
    #[error("there is no directory for definitions of your own")]
    NoDirectory,
    /// The other definitions of the user's cannot be listed.
    #[error("cannot look for conflicts")]
    Unlisted(#[source] RegistryError),
    /// The file cannot be written or removed.
    #[error("cannot change `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Registry {
    /// Checks a definition and stores it among the user's own. `file` is only used in messages.
    ///
    /// # Errors
    /// [`RegisterError`]; whatever it is, nothing has changed.
    pub fn register(
        &self,
        definition_text: &str,
        file: &str,
        conflict: OnConflict,
    ) -> Result<Registered, RegisterError> {
        let draft = self.draft(file, definition_text)?;
        let mut registered = self.store(&draft, conflict)?;
        let converted = draft.warnings.iter().map(ToString::to_string);
        registered.warnings.splice(..0, converted);
        Ok(registered)
    }

    /// Stores a definition that was read before. What its conversion changed is not among the warnings.
    ///
    /// # Errors
    /// As [`Registry::register`].
    pub fn store(&self, draft: &Draft, conflict: OnConflict) -> Result<Registered, RegisterError> {
        let user = self.user.as_ref().ok_or(RegisterError::NoDirectory)?;
        let replaced = self.check_conflicts(draft, conflict)?;
        let definition = draft.definition.clone();
        let name = &definition.name;
        let warnings = self.shared_variables(&definition);
        let mode = match conflict {
            OnConflict::Refuse => WriteMode::New,
            OnConflict::Replace => WriteMode::Replace,
        };
        let path = user.write(name, draft.text(), mode).map_err(|source| {
            // Another process was faster.
            if mode == WriteMode::New && source.kind() == io::ErrorKind::AlreadyExists {
                RegisterError::Exists { name: name.clone() }
            } else {
                RegisterError::Write {
                    path: user.file_of(name),
                    source,
                }
            }
        })?;
        let source = match bundled::by_name(name.as_str()) {
            Some(_) => Source::UserOverridesBundled,
            None => Source::User,
        };
        Ok(Registered {
            definition,
            source,
            replaced,
            path,
            warnings,
        })
    }

    /// Whether a definition could be stored: nothing that is there is in its way. True when one of the user's would be
    /// replaced.
    ///
    /// # Errors
    /// As [`Registry::register`].
    pub fn check_conflicts(
        &self,
        draft: &Draft,
        conflict: OnConflict,
    ) -> Result<bool, RegisterError> {
        let name = &draft.definition.name;
        let twin = bundled::resembling(name.as_str());
        let names = self.user_names().map_err(RegisterError::Unlisted)?;
        if conflict == OnConflict::Refuse {
            let taken = names
                .iter()
                .find(|taken| taken.as_str().eq_ignore_ascii_case(name.as_str()));
            if let Some(taken) = taken {
                return Err(RegisterError::Exists {
                    name: taken.clone(),
                });
            }
            if let Some(twin) = twin {
                return Err(RegisterError::Bundled {
                    name: name.clone(),
                    bundled: twin.name.to_owned(),
                });
            }
        }
        self.check_aliases(&draft.definition, &names)?;
        Ok(names.contains(name))
    }

    /// Removes the user's definition of exactly this name; a bundled one stays. False when the user
    /// has none.
    ///
    /// # Errors
    /// [`RegisterError::NoDirectory`] or [`RegisterError::Write`].
    pub fn unregister(&self, name: &ProviderName) -> Result<bool, RegisterError> {
        let user = self.user.as_ref().ok_or(RegisterError::NoDirectory)?;
        let failed = |source| RegisterError::Write {
            path: user.file_of(name),
            source,
        };
        user.remove(name).map_err(failed)
    }

    /// Names win over aliases, so an alias that is taken would mean two things at different times.
    fn check_aliases(&self, new: &Definition, names: &[ProviderName]) -> Result<(), RegisterError> {
        for alias in &new.aliases {
            let bundled = bundled::resembling(alias.as_str()).map(|entry| entry.name.to_owned());
            let named = || {
                let same =
                    |name: &&ProviderName| name.as_str().eq_ignore_ascii_case(alias.as_str());
                names.iter().find(same).map(ToString::to_string)
            };
            let aliased = || {
                let owner = self
                    .user_definitions()
                    .find(|found| found.definition.aliases.contains(alias));
                owner.map(|found| found.definition.name.to_string())
            };
            let owner = bundled.or_else(named).or_else(aliased);
            if let Some(owner) = owner.filter(|owner| owner != new.name.as_str()) {
                return Err(RegisterError::AliasTaken {
                    alias: alias.clone(),
                    owner,
                });
            }
        }
        Ok(())
    }

    /// A variable that another provider uses would send that provider's secret to this one's hosts.
    fn shared_variables(&self, new: &Definition) -> Vec<String> {
        let others = self.all().unwrap_or_default();
        let mut warnings = Vec::new();
        for variable in variables(new) {
            let owner = others
                .iter()
                .flatten()
                .map(|found| &found.definition)
                .find(|other| other.name != new.name && variables(other).any(|v| v == variable));
            if let Some(owner) = owner {
                warnings.push(format!(
                    "`{variable}` is also a variable of `{}`: its value could be used for `{}`",
                    owner.name, new.name
                ));
            }
        }
        warnings
    }
}

fn variables(definition: &Definition) -> impl Iterator<Item = &EnvVarName> {
    let client = definition
        .oauth
        .iter()
        .flat_map(|oauth| oauth.client_env.values());
    definition.env.iter().map(|(name, _)| name).chain(client)
}
