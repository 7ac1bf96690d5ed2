//! A line as it is read back: an event, perhaps of another version, or a torn piece of one.
//!
//! Reading is tolerant: unknown fields are passed over and unknown words are kept as they are.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::event::SCHEMA_VERSION;

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A whole event.
    Event(Record),
    /// What a process that died while writing left behind, or what somebody else wrote. It may
    /// still be the end of the file; the next append closes it.
    Torn {
        /// The line's number in the file, from 1.
        number: u64,
        /// How many bytes it has.
        bytes: usize,
    },
}

/// An event as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// The line's number in the file, from 1.
    pub number: u64,
    /// The version of the line's format.
    pub schema_version: u32,
    /// When it happened, as it was written.
    pub at: String,
    /// What was done: the word of an [`Action`](crate::Action), or one of another version's.
    pub action: String,
    /// The profile it concerns.
    pub profile: String,
    /// The provider it concerns, if one.
    pub provider: Option<String>,
    /// The connection it concerns, if one.
    pub connection: Option<String>,
    /// Whether it worked.
    pub outcome: RecordedOutcome,
    /// Whatever else was noted. Values that are not strings stand in their JSON form.
    pub details: BTreeMap<String, String>,
}

/// Whether a recorded event's action worked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordedOutcome {
    /// It did.
    Ok,
    /// It did not, for this kind of reason.
    Failed(String),
    /// A word of another version.
    Other(String),
}

impl Line {
    /// Reads one line, given without its line feed.
    pub(crate) fn read(number: u64, bytes: &[u8]) -> Self {
        match serde_json::from_slice::<Wire>(bytes) {
            Ok(wire) => Self::Event(wire.into_record(number)),
            Err(_) => Self::Torn {
                number,
                bytes: bytes.len(),
            },
        }
    }
}

/// The least that makes an event: when, what, and with which outcome.
#[derive(Deserialize)]
struct Wire {
    #[serde(default = "first_version")]
    schema_version: u32,
    at: String,
    action: String,
    #[serde(default)]
    profile: String,
    provider: Option<String>,
    connection: Option<String>,
    outcome: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    details: BTreeMap<String, serde_json::Value>,
}

fn first_version() -> u32 {
    SCHEMA_VERSION
}

impl Wire {
    fn into_record(self, number: u64) -> Record {
        let outcome = match self.outcome.as_str() {
            "ok" => RecordedOutcome::Ok,
            "failed" => RecordedOutcome::Failed(self.error),
            _ => RecordedOutcome::Other(self.outcome),
        };
        let details = self
            .details
            .into_iter()
            .map(|(name, value)| match value {
                serde_json::Value::String(text) => (name, text),
                other => (name, other.to_string()),
            })
            .collect();
        Record {
            number,
            schema_version: self.schema_version,
            at: self.at,
            action: self.action,
            profile: self.profile,
            provider: self.provider,
            connection: self.connection,
            outcome,
            details,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_version_s_line_is_read_as_far_as_it_is_understood() {
        let line = br#"{"schema_version":7,"at":"t","action":"teleport","profile":"p","hash":"x",
            "outcome":"held","details":{"pid":42,"host":"h"}}"#;
        let Line::Event(record) = Line::read(3, line) else {
            panic!("torn")
        };
        assert_eq!((record.number, record.schema_version), (3, 7));
        assert_eq!(record.action, "teleport");
        assert_eq!(record.outcome, RecordedOutcome::Other("held".to_owned()));
        assert_eq!(record.details["pid"], "42");
        assert_eq!(record.details["host"], "h");
    }

    #[test]
    fn what_is_no_event_is_torn() {
        for text in [
            "",
            "{",
            "null",
            "[]",
            "{}",
            r#"{"at":"t","action":"login"}"#,
            "\u{0}\u{0}",
        ] {
            assert_eq!(
                Line::read(1, text.as_bytes()),
                Line::Torn {
                    number: 1,
                    bytes: text.len()
                },
                "{text:?}"
            );
        }
        assert!(matches!(Line::read(1, b"\xff{}"), Line::Torn { .. }));
    }
}
