//! The definition that an earlier survey of the same address has left, and names for new ones.

use authkeep_registry::{Definition, ProviderName, Registry, RegistryError, Source, Template};

use super::{Address, Survey, spellings};

/// The user's own definition for exactly this address, if there is one: made for the resource there, or for the issuer
/// there where tokens are not for one resource alone. Nobody is asked.
///
/// # Errors
///
/// [`RegistryError`] where the definitions cannot be listed. A broken one stands in nobody's way.
pub fn known_at(
    registry: &Registry,
    address: &Address,
) -> Result<Option<ProviderName>, RegistryError> {
    let spellings = spellings(address.as_str());
    let is_for = |definition: &Definition| {
        let (resource, issuer) = identifiers(definition);
        resource
            .or(issuer)
            .is_some_and(|id| spellings.contains(&id))
    };
    first(registry, is_for)
}

impl Survey {
    /// The user's own definition for what was found, if there is one: by another address the same thing may be known
    /// already.
    ///
    /// # Errors
    ///
    /// As [`known_at`].
    pub fn known_in(&self, registry: &Registry) -> Result<Option<ProviderName>, RegistryError> {
        let found = (
            self.resource().map(str::to_owned),
            Some(self.issuer().to_owned()),
        );
        first(registry, |definition| identifiers(definition) == found)
    }
}

/// A name that no definition has: the host; with the port, the path or a number behind it where that is taken. `None`: the
/// host makes no good name.
pub fn name_for(registry: &Registry, address: &Address) -> Option<ProviderName> {
    let stem = |text: &str| {
        let text = text.replace(
            |c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c),
            "-",
        );
        text.trim_matches(|c: char| !c.is_ascii_alphanumeric())
            .to_owned()
    };
    if address.host().starts_with('[') {
        return None;
    }
    let host = stem(address.host());
    let with_port = match address.url.port() {
        Some(port) => format!("{host}-{port}"),
        None => host.clone(),
    };
    let with_path = stem(&format!("{with_port}{}", address.url.path()));
    let stem_and_dash = format!("{with_port}-");
    let numbered = (2..100).map(|number| format!("{stem_and_dash}{number}"));
    let candidates = [host, with_port, with_path].into_iter().chain(numbered);
    candidates
        .filter_map(|name| name.parse().ok())
        // A definition that cannot be read has its name all the same.
        .find(|name| matches!(registry.find(name), Ok(None)))
}

fn first(
    registry: &Registry,
    is_it: impl Fn(&Definition) -> bool,
) -> Result<Option<ProviderName>, RegistryError> {
    let names = registry.names()?.into_iter();
    let own = names.filter(|(_, source)| *source != Source::Bundled);
    let mut found = own.filter_map(|(name, _)| registry.find(&name).ok().flatten());
    let known = found.find(|found| is_it(&found.definition));
    Ok(known.map(|found| found.definition.name))
}

/// Resource and issuer, where they do not depend on parameters.
fn identifiers(definition: &Definition) -> (Option<String>, Option<String>) {
    let Some(oauth) = &definition.oauth else {
        return (None, None);
    };
    let text = |template: &Option<Template>| {
        template
            .as_ref()
            .and_then(|template| template.render(|_| None))
    };
    (text(&oauth.resource), text(&oauth.issuer))
}
