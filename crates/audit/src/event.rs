//! An event as a caller reports it, and its line in the log.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Action;

/// The version of the line format. Readers take later ones as far as they understand them.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// One event. Holds names and outcomes, never a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When it happened, by the caller's clock: RFC 3339 in UTC.
    pub at: String,
    /// What was done, or tried.
    pub action: Action,
    /// The profile it concerns.
    pub profile: String,
    /// The provider it concerns, if one.
    pub provider: Option<String>,
    /// The connection it concerns, if one.
    pub connection: Option<String>,
    /// Whether it worked.
    pub outcome: Outcome,
    /// Whatever else is worth knowing, such as the process id or the command.
    pub details: BTreeMap<&'static str, String>,
}

/// Whether an event's action worked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It did.
    Ok,
    /// It did not, for this kind of reason: a fixed word, not a message.
    Failed(String),
}

impl Event {
    /// The event as one line of JSON, with its line feed.
    ///
    /// JSON escapes every control character, so no value can begin a line of its own.
    pub(crate) fn to_line(&self) -> String {
        let (outcome, error) = match &self.outcome {
            Outcome::Ok => ("ok", None),
            Outcome::Failed(kind) => ("failed", Some(kind.as_str())),
        };
        let wire = Wire {
            schema_version: SCHEMA_VERSION,
            at: &self.at,
            action: self.action.as_str(),
            profile: &self.profile,
            provider: self.provider.as_deref(),
            connection: self.connection.as_deref(),
            outcome,
            error,
            details: &self.details,
        };
        #[expect(
            clippy::expect_used,
            reason = "strings, numbers and string keys always serialise"
        )]
        let mut line = serde_json::to_string(&wire).expect("all map keys are strings");
        line.push('\n');
        line
    }
}

#[derive(Serialize)]
struct Wire<'a> {
    schema_version: u32,
    at: &'a str,
    action: &'a str,
    profile: &'a str,
    provider: Option<&'a str>,
    connection: Option<&'a str>,
    outcome: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    details: &'a BTreeMap<&'static str, String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Event {
        Event {
            at: "2026-01-02T03:04:05Z".to_owned(),
            action: Action::Login,
            profile: "default".to_owned(),
            provider: Some("github".to_owned()),
            connection: None,
            outcome: Outcome::Ok,
            details: BTreeMap::from([("pid", "42".to_owned())]),
        }
    }

    #[test]
    fn the_line_is_pinned() {
        assert_eq!(
            event().to_line(),
            "{\"schema_version\":1,\"at\":\"2026-01-02T03:04:05Z\",\"action\":\"login\",\
             \"profile\":\"default\",\"provider\":\"github\",\"connection\":null,\
             \"outcome\":\"ok\",\"details\":{\"pid\":\"42\"}}\n"
        );
        let failed = Event {
            outcome: Outcome::Failed("network".to_owned()),
            ..event()
        };
        assert!(
            failed
                .to_line()
                .contains("\"outcome\":\"failed\",\"error\":\"network\",")
        );
    }

    #[test]
    fn no_value_begins_a_line_of_its_own() {
        let hostile = "x\"}\n{\"action\":\"login\"}\r\n\0\u{85}\u{2028}";
        let event = Event {
            profile: hostile.to_owned(),
            outcome: Outcome::Failed(hostile.to_owned()),
            details: BTreeMap::from([("host", hostile.to_owned())]),
            ..event()
        };
        let line = event.to_line();
        assert_eq!(line.find('\n'), Some(line.len() - 1));
        assert!(!line.contains('\r') && !line.contains('\0'));
    }
}
