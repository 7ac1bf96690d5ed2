//! The definitions that are part of the program.
//!
//! The table is sorted by name and repeats the aliases, so that a look-up parses nothing it does not
//! need. A test holds the table and the files together.

use crate::name::ProviderName;

/// One bundled definition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bundled {
    pub(super) name: &'static str,
    pub(super) aliases: &'static [&'static str],
    pub(super) text: &'static str,
}

impl Bundled {
    /// What messages call it.
    pub(super) fn file(&self) -> String {
        format!("{}.json (bundled)", self.name)
    }
}

macro_rules! bundled {
    ($($name:literal $(aka $($alias:literal),+)?;)+) => {
        &[$(Bundled {
            name: $name,
            aliases: &[$($($alias),+)?],
            text: include_str!(concat!("../../providers/", $name, ".json")),
        },)+]
    };
}

static BUNDLED: &[Bundled] = bundled! {
    "anthropic" aka "claude";
    "datadog";
    "dropbox";
    "github" aka "gh";
    "gitlab";
    "google";
    "linear";
    "microsoft" aka "microsoft-graph";
    "notion";
    "openai";
    "slack";
    "zoom";
};

pub(super) fn by_name(name: &str) -> Option<&'static Bundled> {
    let at = BUNDLED
        .binary_search_by(|entry| entry.name.cmp(name))
        .ok()?;
    BUNDLED.get(at)
}

pub(super) fn by_alias(alias: &str) -> Option<&'static Bundled> {
    BUNDLED.iter().find(|entry| entry.aliases.contains(&alias))
}

/// The entry that has a name, alias included, in any capitalisation.
pub(super) fn resembling(name: &str) -> Option<&'static Bundled> {
    BUNDLED.iter().find(|entry| {
        entry.name.eq_ignore_ascii_case(name)
            || entry
                .aliases
                .iter()
                .any(|alias| alias.eq_ignore_ascii_case(name))
    })
}

pub(super) fn names() -> impl Iterator<Item = ProviderName> {
    BUNDLED.iter().filter_map(|entry| entry.name.parse().ok())
}

#[cfg(test)]
mod tests;
