//! Which lines of the log somebody wants to see.

use crate::{Action, Line, Record};

/// Selects events; the default selects all. Every field that is set must match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only events of this profile.
    pub profile: Option<String>,
    /// Only events of this provider.
    pub provider: Option<String>,
    /// Only events of this connection.
    pub connection: Option<String>,
    /// Only events of this kind.
    pub action: Option<Action>,
    /// Only the last so many of what the other fields select.
    pub last: Option<usize>,
}

impl Filter {
    /// Applies the filter to a whole log. A torn line could be about anything, so it is always
    /// selected: leaving it out would hide that something is missing.
    pub(crate) fn apply(&self, mut lines: Vec<Line>) -> Vec<Line> {
        lines.retain(|line| match line {
            Line::Event(record) => self.selects(record),
            Line::Torn { .. } => true,
        });
        if let Some(last) = self.last {
            lines.drain(..lines.len().saturating_sub(last));
        }
        lines
    }

    fn selects(&self, record: &Record) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        is(&self.profile, Some(&record.profile))
            && is(&self.provider, record.provider.as_deref())
            && is(&self.connection, record.connection.as_deref())
            && self
                .action
                .is_none_or(|action| action.as_str() == record.action)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> Vec<Line> {
        [
            r#"{"at":"1","action":"login","profile":"p","provider":"a","outcome":"ok"}"#,
            r#"{"at":"2","action":"release","profile":"p","provider":"a","connection":"c","outcome":"ok"}"#,
            r#"{"at":"3","act"#,
            r#"{"at":"4","action":"later","profile":"q","outcome":"ok"}"#,
        ]
        .into_iter()
        .zip(1..)
        .map(|(text, number)| Line::read(number, text.as_bytes()))
        .collect()
    }

    #[test]
    fn every_set_field_must_match_and_torn_lines_always_show() {
        let some = |text: &str| Some(text.to_owned());
        for (filter, expected) in [
            (Filter::default(), "1 2 torn 4"),
            (
                Filter {
                    profile: some("p"),
                    ..Filter::default()
                },
                "1 2 torn",
            ),
            (
                Filter {
                    provider: some("a"),
                    connection: some("c"),
                    ..Filter::default()
                },
                "2 torn",
            ),
            (
                Filter {
                    action: Some(Action::Login),
                    ..Filter::default()
                },
                "1 torn",
            ),
            (
                Filter {
                    provider: some("b"),
                    ..Filter::default()
                },
                "torn",
            ),
            (
                Filter {
                    last: Some(2),
                    ..Filter::default()
                },
                "torn 4",
            ),
            (
                Filter {
                    last: Some(9),
                    ..Filter::default()
                },
                "1 2 torn 4",
            ),
            (
                Filter {
                    last: Some(0),
                    ..Filter::default()
                },
                "",
            ),
        ] {
            let found: Vec<_> = filter
                .apply(lines())
                .into_iter()
                .map(|line| match line {
                    Line::Event(record) => record.at,
                    Line::Torn { .. } => "torn".to_owned(),
                })
                .collect();
            assert_eq!(found.join(" "), expected, "{filter:?}");
        }
    }
}
