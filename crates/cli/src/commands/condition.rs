//! What is wrong with a login, in words, and what to do about it: for every view that shows how logins stand.

use authkeep_core::{Connection, ConnectionStatus, Timestamp, login_command};
use serde_json::{Value, json};

use super::ending;
use crate::duration;
use crate::error::remedy;

/// Something that a person should know of a login.
pub(super) struct Condition {
    /// A word for programs: the status, or the error of the last refresh.
    kind: String,
    /// What is the matter, in words.
    pub(super) message: String,
    /// Since when, if that is known.
    at: Option<Timestamp>,
    /// The next step.
    pub(super) fix: String,
}

/// An open refresh is nothing to speak of before that: most are over in a moment.
const UNDER_WAY: i64 = 60;

impl Condition {
    /// What there is to say of `connection`; `None` if it is well.
    pub(super) fn of(connection: &Connection, now: Timestamp) -> Option<Self> {
        let (provider, name) = (connection.provider(), connection.name());
        if let Some(trouble) = connection.trouble() {
            return Some(Self {
                kind: trouble.kind.clone(),
                message: trouble.message.clone(),
                at: Some(trouble.at),
                fix: remedy(&trouble.kind, provider, name),
            });
        }
        let login = login_command(provider, name);
        let status = connection.status(now);
        let message = match status {
            ConnectionStatus::Connected => {
                if let Some(message) = ending::soon(connection, now) {
                    return Some(Self {
                        kind: "login_expires".to_owned(),
                        message,
                        at: None,
                        fix: format!("run `{login} --force`"),
                    });
                }
                let since = connection.in_doubt_since()?;
                return (now.duration_since(since).as_secs() > UNDER_WAY).then(|| Self {
                    kind: "in_doubt".to_owned(),
                    message: format!(
                        "a refresh of `{provider}` was cut off, and its outcome is not known"
                    ),
                    at: Some(since),
                    fix: format!(
                        "run `authkeep refresh {provider} --connection {name}`: it finds out"
                    ),
                });
            }
            ConnectionStatus::Expired => "the token has expired and cannot be renewed",
            ConnectionStatus::Revoked => "the login was revoked",
            ConnectionStatus::Invalid => "the login holds no credential",
            ConnectionStatus::ReauthRequired => "the provider no longer accepts the login",
        };
        Some(Self {
            kind: status.as_str().to_owned(),
            message: message.to_owned(),
            at: None,
            fix: format!("run `{login}`"),
        })
    }

    /// One line for people, without the fix.
    pub(super) fn line(&self, now: Timestamp) -> String {
        match self.at {
            Some(at) => format!("{} ({})", self.message, duration::ago(now, at)),
            None => self.message.clone(),
        }
    }

    /// The shape that `--json` shows as `problem`.
    pub(super) fn json(&self) -> Value {
        json!({
            "error": self.kind,
            "message": self.message,
            "at": self.at.map(|at| at.to_string()),
            "hint": self.fix,
        })
    }
}
