//! One thing that the watch has to tell: a line for people, a JSON object for programs.

use std::io::{self, Write};

use authkeep_core::{ConnectionStatus, ResolveError, Timestamp};
use serde_json::{Value, json};

use super::login::{Id, Login};
use crate::duration;
use crate::error::{CommandError, remedy};
use crate::output::View;

/// What happened, when, and to which login; to none where it is the vault itself.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) at: Timestamp,
    pub(super) id: Option<Id>,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    /// It is looked after from now on.
    Watching {
        status: ConnectionStatus,
        refreshable: bool,
        expires_at: Option<Timestamp>,
    },
    /// It has a new token, whoever renewed it.
    Renewed { expires_at: Option<Timestamp> },
    /// It was not renewed, or the vault could not be read; it is tried again.
    Failed { why: Failure, failures: u32 },
    /// Only a person can make it work again, with this command.
    NeedsLogin { why: Failure, command: String },
    /// What was said by `Failed` or `NeedsLogin` is over.
    Recovered,
    /// It was removed, and is not looked after any more.
    Gone,
    /// The hook that tells of it could not be run, or failed.
    HookFailed { message: String },
}

/// Why something failed, in the shape of all errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    kind: String,
    pub(super) message: String,
    hint: String,
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        let json = error.json();
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        Self {
            kind: text("error"),
            message: text("message"),
            hint: text("hint"),
        }
    }
}

impl Failure {
    /// Of a renewal that failed while the present token still works. The core keeps the reason with the login.
    pub(super) fn of(login: &Login) -> Self {
        let provider = &login.id.provider;
        match &login.trouble {
            None => Self {
                kind: "not_renewed".to_owned(),
                message: format!("`{provider}` was not renewed; the present token still works"),
                hint: "nothing has to be done: it is tried again".to_owned(),
            },
            Some(trouble) => Self {
                kind: trouble.kind.clone(),
                message: trouble.message.clone(),
                hint: remedy(&trouble.kind, provider, &login.id.connection),
            },
        }
    }

    fn json(&self) -> Value {
        json!({ "error": self.kind, "message": self.message, "hint": self.hint })
    }
}

impl What {
    /// What there is to say of a login that only a person can mend.
    pub(super) fn needs_login(login: &Login, command: String) -> Self {
        let Id {
            provider,
            connection,
        } = login.id.clone();
        let error = ResolveError::NeedsLogin {
            provider,
            connection,
            status: login.status,
        };
        Self::NeedsLogin {
            why: CommandError::from(error).into(),
            command,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Watching { .. } => "watching",
            Self::Renewed { .. } => "renewed",
            Self::Failed { .. } => "failed",
            Self::NeedsLogin { .. } => "needs_login",
            Self::Recovered => "recovered",
            Self::Gone => "gone",
            Self::HookFailed { .. } => "hook_failed",
        }
    }

    fn says(&self, now: Timestamp) -> String {
        match self {
            Self::Watching {
                status: ConnectionStatus::Connected,
                refreshable,
                expires_at,
            } => match (expires_at, refreshable) {
                (Some(at), true) => left(now, *at),
                (Some(at), false) => format!("{}, and cannot be renewed", left(now, *at)),
                (None, _) => "does not run out".to_owned(),
            },
            Self::Watching { status, .. } => status.to_string(),
            Self::Renewed { expires_at } => expires_at.map_or(String::new(), |at| left(now, at)),
            Self::Failed { why, failures } if *failures > 1 => {
                format!("{} ({failures} times in a row)", why.message)
            }
            Self::Failed { why, .. } => why.message.clone(),
            Self::NeedsLogin { why, command } => format!("{}: run `{command}`", why.message),
            Self::Recovered | Self::Gone => String::new(),
            Self::HookFailed { message } => message.clone(),
        }
    }
}

impl View for Event {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let subject = self.id.as_ref().map_or("vault".to_owned(), Id::to_string);
        let word = self.what.word().replace('_', " ");
        let line = format!(
            "{}  {word:<11}  {subject:<24}  {}",
            self.at,
            self.what.says(self.at)
        );
        writeln!(out, "{}", line.trim_end())
    }

    fn json(&self) -> Value {
        let mut object = json!({
            "at": self.at.to_string(),
            "event": self.what.word(),
            "provider": self.id.as_ref().map(|id| id.provider.as_str()),
            "connection": self.id.as_ref().map(|id| id.connection.as_str()),
        });
        let more = match &self.what {
            What::Watching {
                status,
                refreshable,
                expires_at,
            } => json!({
                "status": status.as_str(),
                "refreshable": refreshable,
                "expires_at": expires_at.map(|at| at.to_string()),
                "seconds_left": expires_at.map(|at| seconds(self.at, at)),
            }),
            What::Renewed { expires_at } => json!({
                "expires_at": expires_at.map(|at| at.to_string()),
                "seconds_left": expires_at.map(|at| seconds(self.at, at)),
            }),
            What::Failed { why, failures } => {
                let mut more = why.json();
                more["failures"] = json!(failures);
                more
            }
            What::NeedsLogin { why, command } => {
                let mut more = why.json();
                more["command"] = json!(command);
                more
            }
            What::HookFailed { message } => json!({ "message": message }),
            What::Recovered | What::Gone => json!({}),
        };
        if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
            object.extend(more);
        }
        object
    }
}

fn seconds(now: Timestamp, at: Timestamp) -> i64 {
    at.duration_since(now).as_secs().max(0)
}

fn left(now: Timestamp, at: Timestamp) -> String {
    duration::left(now, at).map_or_else(|| "due now".to_owned(), |left| format!("good for {left}"))
}
