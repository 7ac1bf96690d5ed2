//! The definitions that are part of the program.
//!
//! `build.rs` makes the table of `providers/*.json`. It is sorted by name and repeats what a list shows, so that a look-up
//! parses nothing it does not need. A test holds the table and the files together.

use super::{Source, Summary};
use crate::name::ProviderName;

/// One bundled definition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bundled {
    pub(super) name: &'static str,
    pub(super) display_name: &'static str,
    pub(super) category: &'static str,
    pub(super) aliases: &'static [&'static str],
    pub(super) flows: &'static [&'static str],
    pub(super) extends: Option<&'static str>,
    pub(super) community_checked: bool,
    pub(super) text: &'static str,
}

static BUNDLED: &[Bundled] = include!(concat!(env!("OUT_DIR"), "/bundled.rs"));

impl Bundled {
    /// What messages call it.
    pub(super) fn file(&self) -> String {
        format!("{}.json (bundled)", self.name)
    }

    /// What a list shows of it. A test sees to it that every word parses.
    pub(super) fn summary(&self) -> Option<Summary> {
        let parsed = |words: &[&str]| words.iter().filter_map(|word| word.parse().ok()).collect();
        Some(Summary {
            name: self.name.parse().ok()?,
            display_name: self.display_name.to_owned(),
            category: self.category.to_owned(),
            aliases: parsed(self.aliases),
            flows: self
                .flows
                .iter()
                .filter_map(|word| word.parse().ok())
                .collect(),
            extends: self.extends.and_then(|name| name.parse().ok()),
            community_checked: self.community_checked,
            source: Source::Bundled,
        })
    }
}

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
