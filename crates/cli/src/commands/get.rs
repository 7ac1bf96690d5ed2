//! `authkeep get`: what is known of a login, or one field of it.

use std::io::{self, Write};
use std::time::Duration;

use authkeep_core::{Broker, Connection, ConnectionName, Purpose, Target, Timestamp};
use authkeep_registry::ProviderName;
use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::missing::no_credential;
use crate::context::{Context, block_on};
use crate::duration;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output::{Done, View};

/// Show a login without its secrets, or print one field.
///
/// `--field token --show-secret` prints the live secret of any kind, refreshed if it is about to expire. That
/// release is recorded in the audit log.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    authkeep get github\n  \
    authkeep get github --field token --show-secret\n  \
    authkeep get github --field expires_at\n  \
    authkeep get google --min-ttl 10m --field token --show-secret")]
pub(crate) struct GetArgs {
    /// The provider.
    provider: ProviderName,

    /// Which of its connections.
    #[arg(long, value_name = "NAME")]
    connection: Option<ConnectionName>,

    /// Print only this field: token, access_token, api_key, a field of the definition, or any field shown.
    #[arg(long, value_name = "FIELD")]
    field: Option<String>,

    /// Print the field even if it is a secret.
    #[arg(long, requires = "field")]
    show_secret: bool,

    /// Refresh unless the token lives at least this long (10m, 90s).
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    min_ttl: Option<Duration>,

    /// Refresh now.
    #[arg(long)]
    refresh: bool,
}

pub(crate) fn run(context: &Context, args: &GetArgs) -> Result<Done, CommandError> {
    let Some(broker) = context.broker()? else {
        return Err(no_credential(context, &args.provider));
    };
    let target = Target {
        provider: args.provider.clone(),
        connection: args.connection.clone(),
    };
    let connection = current(&broker, &target, args)?;
    let Some(field) = &args.field else {
        return Ok(Done::view(Details::of(&connection, broker.now())));
    };
    if args.show_secret {
        return released(context, &broker, connection, field);
    }
    if connection.secret_names().contains(&field.as_str()) {
        return Err(CommandError::new(
            ExitCode::Usage,
            "secret_field",
            format!("`{field}` is a secret"),
        )
        .hint(
            "add --show-secret to print it, or use `authkeep run --env` to hand it to a program",
        ));
    }
    let details = Details::of(&connection, broker.now());
    details.field(field).map(|value| {
        Done::view(FieldView {
            field: field.clone(),
            value,
        })
    })
}

/// The login as it should be handed out. A runtime is started only if there is something to refresh.
pub(super) fn resolved(
    broker: &Broker,
    target: &Target,
    min_ttl: Option<Duration>,
) -> Result<Connection, CommandError> {
    if let Some(connection) = broker.resolve_from_vault(target, min_ttl)? {
        return Ok(connection);
    }
    block_on(async { Ok(broker.resolve(target, min_ttl).await?) })
}

fn current(broker: &Broker, target: &Target, args: &GetArgs) -> Result<Connection, CommandError> {
    if args.refresh {
        return block_on(async { Ok(broker.renew(target).await?) });
    }
    if args.field.is_none() || !args.show_secret {
        // Looking at a login that has run out is no reason to fail: the status says so.
        if args.min_ttl.is_none() {
            return Ok(broker.show(target)?);
        }
    }
    resolved(broker, target, args.min_ttl)
}

fn released(
    context: &Context,
    broker: &Broker,
    connection: Connection,
    field: &str,
) -> Result<Done, CommandError> {
    let details = Details::of(&connection, broker.now());
    if !connection.secret_names().contains(&field) {
        // Not a secret: nothing is released.
        return details.field(field).map(|value| {
            Done::view(FieldView {
                field: field.to_owned(),
                value,
            })
        });
    }
    let credential = broker.release(connection, Purpose::Show)?;
    let secret = credential.field(field).map_err(|error| {
        CommandError::caused(ExitCode::CredentialMissing, "unknown_field", &error)
    })?;
    // EXPOSE: into the line that is printed, which is a secret type again.
    let secret = secret.expose_secret();
    Ok(Done::Secret(SecretString::from(if context.global.json {
        format!("{:#}\n", json!({ "field": field, "value": secret }))
    } else {
        format!("{secret}\n")
    })))
}

/// A login without its secrets.
struct Details(Map<String, Value>);

impl Details {
    fn of(connection: &Connection, now: Timestamp) -> Self {
        let left = connection
            .expires_at()
            .map(|at| at.duration_since(now).as_secs().max(0));
        let mut map = Map::new();
        let mut put = |name: &str, value: Value| map.insert(name.to_owned(), value);
        put("provider", json!(connection.provider().as_str()));
        put("connection", json!(connection.name().as_str()));
        put("auth", json!(connection.kind().as_str()));
        put("flow", json!(connection.flow().map(|flow| flow.as_str())));
        put("status", json!(connection.status(now).as_str()));
        put("scopes", json!(connection.scopes()));
        put("obtained_at", json!(connection.obtained_at().to_string()));
        put(
            "refreshed_at",
            json!(connection.refreshed_at().map(|at| at.to_string())),
        );
        put(
            "expires_at",
            json!(connection.expires_at().map(|at| at.to_string())),
        );
        put("seconds_left", json!(left));
        put("refreshable", json!(connection.is_refreshable()));
        put("client_id", json!(connection.client_id()));
        put("hosts", json!(connection.hosts()));
        put(
            "params",
            connection
                .params()
                .map(|(n, v)| (n.to_owned(), json!(v)))
                .collect::<Map<_, _>>()
                .into(),
        );
        put("secrets", json!(connection.secret_names()));
        Self(map)
    }

    fn field(&self, name: &str) -> Result<Value, CommandError> {
        let param = || self.0.get("params").and_then(|params| params.get(name));
        self.0.get(name).or_else(param).cloned().ok_or_else(|| {
            let known: Vec<_> = self.0.keys().map(String::as_str).collect();
            CommandError::new(
                ExitCode::CredentialMissing,
                "unknown_field",
                format!("there is no field `{name}`"),
            )
            .hint(format!("there are: token (a secret), {}", known.join(", ")))
        })
    }
}

impl View for Details {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for (name, value) in &self.0 {
            let empty = value.is_null()
                || value.as_array().is_some_and(Vec::is_empty)
                || value.as_object().is_some_and(Map::is_empty);
            if name == "secrets" {
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
        Value::Object(self.0.clone())
    }
}

struct FieldView {
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
            .map(|(name, value)| format!("{name}={}", plain(value)))
            .collect::<Vec<_>>()
            .join(" "),
        other => other.to_string(),
    }
}
