//! Names that resemble a misspelt one.

use super::Summary;
use crate::name::ProviderName;

/// Up to three names, the closest first. Aliases and display names count too, but the answer is
/// always the name to type.
pub(super) fn closest<'a>(
    wanted: &str,
    summaries: impl Iterator<Item = &'a Summary>,
) -> Vec<ProviderName> {
    const MOST: usize = 3;
    let wanted: String = wanted.to_lowercase().chars().take(64).collect();
    let mut scored: Vec<(usize, &ProviderName)> = summaries
        .filter_map(|summary| {
            let names = summary
                .aliases
                .iter()
                .chain([&summary.name])
                .map(ProviderName::as_str);
            let score = names
                .chain([summary.display_name.as_str()])
                .filter_map(|name| distance(&wanted, &name.to_lowercase()))
                .min()?;
            Some((score, &summary.name))
        })
        .collect();
    scored.sort();
    scored
        .into_iter()
        .take(MOST)
        .map(|(_, name)| name.clone())
        .collect()
}

/// How far apart two lower-case names are, or `None` when they do not resemble each other.
fn distance(wanted: &str, name: &str) -> Option<usize> {
    if wanted == name {
        return Some(0);
    }
    // One or two letters begin too many names to mean one of them.
    let begins = |long: &str, short: &str| short.len() >= 3 && long.starts_with(short);
    if begins(name, wanted) || begins(wanted, name) {
        return Some(1);
    }
    let edits = strsim::damerau_levenshtein(wanted, name);
    let tolerated = (wanted.chars().count() / 3).min(3);
    (edits <= tolerated).then_some(edits + 1)
}

#[cfg(test)]
mod tests {
    use crate::registry::Registry;

    #[test]
    fn misspellings_find_their_name() {
        let registry = Registry::new(None);
        for (typed, first) in [
            ("gihtub", Some("github")),
            ("GitHub", Some("github")),
            ("githb", Some("github")),
            ("gitlba", Some("gitlab")),
            ("gogle", Some("google")),
            ("goo", Some("google")),
            ("Microsoft Graph", Some("microsoft")),
            ("opneai", Some("openai")),
            ("slakc", Some("slack")),
            ("xyzzy", None),
            ("g", None),
            ("", None),
        ] {
            let names = registry.closest(typed);
            assert_eq!(
                names.first().map(|name| name.as_str()),
                first,
                "{typed}: {names:?}"
            );
            assert!(names.len() <= 3);
        }
    }

    #[test]
    fn a_huge_name_costs_nothing() {
        assert!(
            Registry::new(None)
                .closest(&"x".repeat(1_000_000))
                .is_empty()
        );
    }
}
