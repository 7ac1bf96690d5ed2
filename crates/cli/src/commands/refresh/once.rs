//! Renewing now: one login, or every one that can be.

use std::io::{self, Write};

use authkeep_core::{Broker, Clock as _, SystemClock, Target, Timestamp};
use comfy_table::{Table, presets};
use serde_json::{Value, json};

use super::RefreshArgs;
use super::login::{Login, Selection};
use crate::commands::at_once::at_once;
use crate::commands::missing::no_credential;
use crate::commands::waiting::{for_token, waiting};
use crate::context::{Context, OnInterrupt, block_on};
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output::{Done, Output, View};

pub(super) fn run(
    context: &Context,
    output: &Output,
    args: &RefreshArgs,
) -> Result<Done, CommandError> {
    let Some(broker) = context.broker()? else {
        return match &args.provider {
            Some(provider) => Err(no_credential(context, provider)),
            None => {
                let home = context.home()?;
                let profile = context.profile(home.as_ref())?;
                Ok(Done::view(Refreshed::nothing(profile.to_string())))
            }
        };
    };
    let logins = match &args.provider {
        Some(provider) => {
            let target = Target {
                provider: provider.clone(),
                connection: args.connection.clone(),
            };
            vec![Login::of(&broker.show(&target)?, broker.now())]
        }
        None => Selection::default().read(&broker, broker.now())?,
    };
    // What was asked for by name is tried whatever it is: the core says why it cannot be renewed.
    let (to_renew, others): (Vec<_>, Vec<_>) = logins
        .into_iter()
        .partition(|login| login.refreshable || args.provider.is_some());
    let others = others.into_iter().map(|login| Row {
        login,
        outcome: Outcome::NotRefreshable,
    });
    let mut rows: Vec<_> = others.collect();
    let mut names: Vec<_> = to_renew.iter().map(|l| l.id.provider.as_str()).collect();
    names.dedup();
    let what = for_token(&names.join(", "));
    let renewed = block_on(OnInterrupt::Leave, async {
        let renewals = to_renew.into_iter().map(|login| one(broker.clone(), login));
        Ok(waiting(output, &what, at_once(renewals)).await)
    })?;
    rows.extend(renewed);
    rows.sort_by(|a, b| a.login.id.cmp(&b.login.id));
    if !output.is_json() {
        for row in &rows {
            if let Outcome::Failed(error) = &row.outcome {
                output.complain(&row.login.id.to_string(), error);
            }
        }
    }
    Ok(Done::view(Refreshed {
        profile: broker.profile().to_string(),
        rows,
        now: broker.now(),
    }))
}

async fn one(broker: Broker, login: Login) -> Row {
    match broker.renew(&login.id.target()).await {
        Ok(connection) => Row {
            login: Login::of(&connection, broker.now()),
            outcome: Outcome::Renewed,
        },
        Err(error) => Row {
            login,
            outcome: Outcome::Failed(error.into()),
        },
    }
}

#[derive(Debug)]
enum Outcome {
    Renewed,
    NotRefreshable,
    Failed(CommandError),
}

#[derive(Debug)]
struct Row {
    login: Login,
    outcome: Outcome,
}

#[derive(Debug)]
struct Refreshed {
    profile: String,
    rows: Vec<Row>,
    now: Timestamp,
}

impl Refreshed {
    fn nothing(profile: String) -> Self {
        Self {
            profile,
            rows: Vec::new(),
            now: SystemClock.now(),
        }
    }
}

impl View for Refreshed {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.rows.is_empty() {
            return writeln!(out, "Nothing is stored in profile {}.", self.profile);
        }
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(["PROVIDER", "CONNECTION", "RESULT", "TIME LEFT"]);
        for Row { login, outcome } in &self.rows {
            let result = match outcome {
                Outcome::Renewed => "renewed",
                Outcome::NotRefreshable => "nothing to renew",
                Outcome::Failed(_) => "failed",
            };
            table.add_row([
                login.id.provider.as_str(),
                login.id.connection.as_str(),
                result,
                &login.time_left(self.now),
            ]);
        }
        for line in table.lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    fn json(&self) -> Value {
        let rows: Vec<_> = self
            .rows
            .iter()
            .map(|Row { login, outcome }| {
                let (result, error) = match outcome {
                    Outcome::Renewed => ("renewed", None),
                    Outcome::NotRefreshable => ("not_refreshable", None),
                    Outcome::Failed(error) => ("failed", Some(error.json())),
                };
                let mut row = json!({
                    "provider": login.id.provider.as_str(),
                    "connection": login.id.connection.as_str(),
                    "result": result,
                    "expires_at": login.expires_at.map(|at| at.to_string()),
                    "seconds_left": login.seconds_left(self.now),
                });
                if let Some(error) = error {
                    row["error"] = error;
                }
                row
            })
            .collect();
        json!({ "profile": self.profile, "refreshed": rows })
    }

    fn exit_code(&self) -> ExitCode {
        let failed = self.rows.iter().find_map(|row| match &row.outcome {
            Outcome::Failed(error) => Some(error.exit_code()),
            _ => None,
        });
        failed.unwrap_or(ExitCode::Ok)
    }
}
