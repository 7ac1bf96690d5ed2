//! What a list of providers shows: of the bundled ones without parsing any.

use super::{Found, Registry, RegistryError, Source, bundled};
use crate::definition::Flow;
use crate::name::ProviderName;

/// What a list shows of a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// The name users type.
    pub name: ProviderName,
    /// The name users read.
    pub display_name: String,
    /// A word to group by, such as `dev`.
    pub category: String,
    /// Other names it answers to.
    pub aliases: Vec<ProviderName>,
    /// The flows on offer, the default first.
    pub flows: Vec<Flow>,
    /// The definition it was laid over.
    pub extends: Option<ProviderName>,
    /// Whether its facts have one source only.
    pub community_checked: bool,
    /// Where it comes from.
    pub source: Source,
}

impl From<Found> for Summary {
    fn from(Found { definition, source }: Found) -> Self {
        Self {
            name: definition.name,
            display_name: definition.display_name,
            category: definition.category,
            aliases: definition.aliases,
            flows: definition.flows,
            extends: definition.extends,
            community_checked: definition.community_checked,
            source,
        }
    }
}

impl Registry {
    /// What a list shows of all definitions, sorted by name; each broken one is an error in its place, and files
    /// that no definition could be called by come last. Of the bundled definitions nothing is parsed.
    ///
    /// # Errors
    /// [`RegistryError::Unreadable`] when the user's directory cannot be listed.
    pub fn summaries(&self) -> Result<Vec<Result<Summary, RegistryError>>, RegistryError> {
        let summary = |(name, source): (ProviderName, Source)| {
            if source == Source::Bundled {
                return bundled::by_name(name.as_str())?.summary().map(Ok);
            }
            let found = self.find_named(&name).transpose()?;
            Some(found.map(Summary::from))
        };
        let mut all: Vec<_> = self.names()?.into_iter().filter_map(summary).collect();
        all.extend(self.misnamed()?.into_iter().map(Err));
        Ok(all)
    }
}
