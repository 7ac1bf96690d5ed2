//! What is known of a login, without its secrets: the view of `get`.

use std::io::{self, Write};

use authkeep_core::{Connection, Timestamp};
use serde_json::{Map, Value, json};

use crate::commands::condition::Condition;
use crate::commands::ending;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output::View;

/// Names and values, in the order in which a person asks for them.
pub(super) struct Details(Vec<(&'static str, Value)>);

impl Details {
    pub(super) fn of(connection: &Connection, now: Timestamp) -> Self {
        let left = |at: Timestamp| at.duration_since(now).as_secs().max(0);
        let params = connection
            .params()
            .map(|(name, value)| (name.to_owned(), json!(value)));
        Self(vec![
            ("provider", json!(connection.provider().as_str())),
            ("connection", json!(connection.name().as_str())),
            ("account", json!(connection.account())),
            ("status", json!(connection.status(now).as_str())),
            ("auth", json!(connection.kind().as_str())),
            ("flow", json!(connection.flow().map(|flow| flow.as_str()))),
            ("scopes", json!(connection.scopes())),
            ("scopes_missing", json!(connection.scopes_missing())),
            (
                "expires_at",
                json!(connection.expires_at().map(|at| at.to_string())),
            ),
            ("seconds_left", json!(connection.expires_at().map(left))),
            ("refreshable", json!(connection.is_refreshable())),
            ("login_expires", ending::as_json(connection)),
            ("obtained_at", json!(connection.obtained_at().to_string())),
            (
                "refreshed_at",
                json!(connection.refreshed_at().map(|at| at.to_string())),
            ),
            (
                "problem",
                json!(Condition::of(connection, now).map(|condition| condition.json())),
            ),
            ("client_id", json!(connection.client_id())),
            ("hosts", json!(connection.hosts())),
            ("params", Value::Object(params.collect())),
            ("secrets", json!(connection.secret_names())),
        ])
    }

    /// One of them, or one of the parameters.
    pub(super) fn field(&self, name: &str) -> Result<FieldView, CommandError> {
        let find = |name: &str| {
            self.0
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value)
        };
        let param = || find("params").and_then(|params| params.get(name));
        let value = find(name).or_else(param).cloned().ok_or_else(|| {
            let known: Vec<_> = self.0.iter().map(|(known, _)| *known).collect();
            CommandError::new(
                ExitCode::CredentialMissing,
                "unknown_field",
                format!("there is no field `{name}`"),
            )
            .hint(format!("there are: token (a secret), {}", known.join(", ")))
        })?;
        Ok(FieldView {
            field: name.to_owned(),
            value,
        })
    }
}

impl View for Details {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for (name, value) in &self.0 {
            let empty = value.is_null()
                || value.as_array().is_some_and(Vec::is_empty)
                || value.as_object().is_some_and(Map::is_empty);
            if *name == "problem" && !empty {
                let part = |name: &str| plain(value.get(name).unwrap_or(&Value::Null));
                writeln!(
                    out,
                    "{name:<13} {}\n{:<13} {}",
                    part("message"),
                    "",
                    part("hint")
                )?;
            } else if *name == "secrets" {
                writeln!(
                    out,
                    "{name:<13} {} (hidden; --field NAME --show-secret prints one)",
                    plain(value)
                )?;
            } else if !empty {
                writeln!(out, "{name:<13} {}", plain(value))?;
            }
        }
        Ok(())
    }

    fn json(&self) -> Value {
        let pairs = self
            .0
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()));
        Value::Object(pairs.collect())
    }
}

/// One field that is no secret.
pub(super) struct FieldView {
    field: String,
    value: Value,
}

impl View for FieldView {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", plain(&self.value))
    }

    fn json(&self) -> Value {
        json!({ "field": self.field, "value": self.value })
    }
}

/// A value for people: text without quotes, lists with spaces, pairs with `=`.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        Value::Object(pairs) => pairs
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| format!("{name}={}", plain(value)))
            .collect::<Vec<_>>()
            .join(" "),
        other => other.to_string(),
    }
}
