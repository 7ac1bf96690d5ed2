//! `--scopes`: these and no others, or these besides.

/// What was typed after `--scopes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ScopeArgs {
    /// `repo,gist`: instead of the definition's.
    Exactly(Vec<String>),
    /// `+repo,+gist`: besides those of the login that is there, or else the definition's.
    Besides(Vec<String>),
}

impl ScopeArgs {
    /// Reads scopes between commas or spaces, with a plus before each or before none.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let words = text.split([',', ' ']).filter(|word| !word.is_empty());
        let (added, plain): (Vec<&str>, Vec<&str>) = words.partition(|word| word.starts_with('+'));
        let added: Vec<_> = added.iter().map(|word| word[1..].to_owned()).collect();
        if added.iter().any(String::is_empty) {
            return Err("a plus stands right before a scope, as in +repo".to_owned());
        }
        match (plain.is_empty(), added.is_empty()) {
            (true, true) => Err("there is no scope in it".to_owned()),
            (true, false) => Ok(Self::Besides(added)),
            (false, true) => Ok(Self::Exactly(
                plain.into_iter().map(str::to_owned).collect(),
            )),
            (false, false) => Err("put a plus before every scope, or before none".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_all_added_or_all_put_in_place() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let exactly = |list: &[&str]| Ok(ScopeArgs::Exactly(words(list)));
        let besides = |list: &[&str]| Ok(ScopeArgs::Besides(words(list)));
        let table = [
            ("repo", exactly(&["repo"])),
            (
                "repo, read:user gist",
                exactly(&["repo", "read:user", "gist"]),
            ),
            ("+repo", besides(&["repo"])),
            (" +repo,+gist ", besides(&["repo", "gist"])),
            ("a+b", exactly(&["a+b"])),
        ];
        for (text, expected) in table {
            assert_eq!(ScopeArgs::parse(text), expected, "{text}");
        }
        for text in ["", " , ", "+", "+ repo", "+repo,gist"] {
            assert!(ScopeArgs::parse(text).is_err(), "{text}");
        }
    }
}
