//! `authkeep audit`: what happened.

use std::io::{self, Write};

use authkeep_audit::{AuditLog, Filter, Line, Record, RecordedOutcome};
use authkeep_registry::ProviderName;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output::{Done, View};

/// Show what happened: logins, releases, refreshes, logouts.
#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Print the log, oldest entry first.
    Log {
        /// Only this provider.
        #[arg(long, value_name = "PROVIDER")]
        provider: Option<ProviderName>,
        /// Only the newest entries.
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
    },
}

pub(crate) fn run(context: &Context, args: &AuditArgs) -> Result<Done, CommandError> {
    let AuditCommand::Log { provider, limit } = &args.command;
    let Some(home) = context.home()? else {
        return Ok(Done::view(Log(Vec::new())));
    };
    let filter = Filter {
        profile: context.global.profile.as_ref().map(ToString::to_string),
        provider: provider.as_ref().map(ToString::to_string),
        last: Some(*limit),
        ..Filter::default()
    };
    let lines = AuditLog::new(home.audit_log())
        .read(&filter)
        .map_err(|error| {
            CommandError::caused(ExitCode::StoreUnavailable, "audit", &error)
                .hint("`authkeep doctor` says what is wrong with the audit log")
        })?;
    Ok(Done::view(Log(lines)))
}

struct Log(Vec<Line>);

impl View for Log {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.0.is_empty() {
            return writeln!(out, "Nothing is on record yet.");
        }
        for line in &self.0 {
            match line {
                Line::Event(entry) => {
                    let details: Vec<_> = entry
                        .details
                        .iter()
                        .map(|(name, value)| format!("{name}={value}"))
                        .collect();
                    let line = format!(
                        "{}  {:<9} {:<11} {:<20} {}  {}",
                        entry.at,
                        entry.action,
                        outcome(entry),
                        subject(entry.provider.as_deref(), entry.connection.as_deref()),
                        entry.profile,
                        details.join(" "),
                    );
                    writeln!(out, "{}", line.trim_end())?;
                }
                Line::Torn { number, .. } => writeln!(out, "(line {number} was cut short)")?,
            }
        }
        Ok(())
    }

    fn json(&self) -> Value {
        let entries: Vec<_> = self
            .0
            .iter()
            .map(|line| match line {
                Line::Event(entry) => json!({
                    "at": entry.at,
                    "action": entry.action,
                    "outcome": outcome(entry),
                    "profile": entry.profile,
                    "provider": entry.provider,
                    "connection": entry.connection,
                    "details": entry.details,
                }),
                Line::Torn { number, .. } => json!({ "torn": true, "line": number }),
            })
            .collect();
        json!({ "entries": entries })
    }
}

fn outcome(entry: &Record) -> &str {
    match &entry.outcome {
        RecordedOutcome::Ok => "ok",
        RecordedOutcome::Failed(kind) | RecordedOutcome::Other(kind) => kind,
        _ => "?",
    }
}

fn subject(provider: Option<&str>, connection: Option<&str>) -> String {
    match (provider, connection) {
        (Some(provider), Some(connection)) => format!("{provider}={connection}"),
        (Some(provider), None) => provider.to_owned(),
        _ => "-".to_owned(),
    }
}
