//! How well a provider fits what was typed.

use authkeep_registry::Summary;

/// The lower, the closer; `None` where it does not fit. Each word has to be somewhere: in the name, an alias, the
/// name that people read, or the category; and its letters may have others between them.
pub(super) fn closeness(typed: &str, summary: &Summary) -> Option<usize> {
    let typed = typed.to_lowercase();
    let words = typed.split_whitespace();
    words
        .map(|word| {
            let named = |text: &str| of_text(word, text);
            let aliases = summary
                .aliases
                .iter()
                .filter_map(|alias| named(alias.as_str()));
            let by_name = named(summary.name.as_str());
            let by_display_name = named(&summary.display_name).map(|far| far + 1);
            // Only whole beginnings of a category: it fits too many by chance.
            let category = summary.category.starts_with(word).then_some(CATEGORY);
            aliases
                .chain(by_name)
                .chain(by_display_name)
                .chain(category)
                .min()
        })
        .sum()
}

const BEGINNING: usize = 2;
const WORD: usize = 4;
const INSIDE: usize = 6;
const CATEGORY: usize = 8;
const SCATTERED: usize = 10;

fn of_text(word: &str, text: &str) -> Option<usize> {
    let text = text.to_lowercase();
    if text == word {
        return Some(0);
    }
    match text.find(word) {
        Some(0) => Some(BEGINNING),
        Some(at) if !text[..at].ends_with(char::is_alphanumeric) => Some(WORD),
        Some(_) => Some(INSIDE),
        None => scattered(word, &text).map(|gaps| SCATTERED + gaps),
    }
}

/// How many letters stand between those of the word, which come in its order, and whether any stand before them.
fn scattered(word: &str, text: &str) -> Option<usize> {
    let mut text = text.chars();
    let mut gaps = 0;
    let mut begun = false;
    for letter in word.chars() {
        let before = text.by_ref().position(|c| c == letter)?;
        // Where the word begins later, it is a little farther.
        gaps += if begun { before } else { before.min(1) };
        begun = true;
    }
    Some(gaps)
}

#[cfg(test)]
mod tests {
    use authkeep_registry::Registry;

    use super::*;

    fn found(typed: &str) -> Vec<String> {
        let summaries = Registry::new(None).summaries().unwrap();
        let mut found: Vec<_> = summaries
            .iter()
            .flatten()
            .filter_map(|summary| Some((closeness(typed, summary)?, summary.name.to_string())))
            .collect();
        found.sort();
        found.into_iter().map(|(_, name)| name).collect()
    }

    #[test]
    fn what_was_meant_comes_among_the_first() {
        for (typed, meant) in [
            ("github", "github"),
            ("gh", "github"),
            ("gitl", "gitlab"),
            ("GRAPH", "microsoft"),
            ("claude", "anthropic"),
            ("llm ant", "anthropic"),
            ("opnai", "openai"),
            ("dtdg", "datadog"),
        ] {
            let found = found(typed);
            let place = found.iter().position(|name| name == meant);
            assert!(place.is_some_and(|place| place < 5), "{typed}: {found:?}");
        }
        assert!(found("monitoring").contains(&"datadog".to_owned()));
        assert!(found("zzzz").is_empty());
        assert!(found("").len() >= 12);
    }
}
