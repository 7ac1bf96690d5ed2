//! `authkeep list`: every provider and how it stands in this profile.

use std::io::{self, Write};

use authkeep_core::{
    Connection, ConnectionStatus, DefinitionState, ProviderState, ProviderStatus, Timestamp,
    available, is_supported,
};
use authkeep_registry::Source;
use clap::Args;
use comfy_table::{Table, presets};
use serde_json::{Value, json};

use super::condition::Condition;
use super::ending;
use crate::context::Context;
use crate::duration;
use crate::error::CommandError;
use crate::output::{Done, Output, View};

/// List your logins, with the time their tokens have left, and your own providers.
///
/// The bundled providers that nothing is set up for are counted; `--all` lists them too. With `--json` they are always
/// there.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// List every provider, connected ones first.
    #[arg(long)]
    all: bool,

    /// Leave out providers that nothing is set up for.
    #[arg(long, conflicts_with = "all")]
    connected: bool,
}

pub(crate) fn run(
    context: &Context,
    output: &Output,
    args: &ListArgs,
) -> Result<Done, CommandError> {
    let (providers, profile, now) = match context.broker()? {
        Some(broker) => (broker.list()?, broker.profile().clone(), broker.now()),
        None => {
            let home = context.home()?;
            let profile = context.profile(home.as_ref())?;
            (
                available(&context.registry(home.as_ref()))?,
                profile,
                Timestamp::UNIX_EPOCH,
            )
        }
    };
    let mut providers = providers;
    if args.connected {
        providers.retain(|provider| provider.state != ProviderState::Available);
    }
    providers.sort_by(|a, b| (a.state, &a.name).cmp(&(b.state, &b.name)));
    if !args.all && !args.connected && !output.is_json() {
        let all = providers.len();
        providers.retain(is_own);
        output.say(&format!(
            "{} other providers can be logged in to: `authkeep providers` lists them.",
            all - providers.len()
        ));
    }
    Ok(Done::view(Listing {
        profile: profile.to_string(),
        providers,
        now,
    }))
}

/// Whether a provider is there because of something the person did: hundreds of others would hide it.
fn is_own(provider: &ProviderStatus) -> bool {
    provider.state != ProviderState::Available
        || provider.source != Some(Source::Bundled)
        || provider.definition != DefinitionState::Readable
}

struct Listing {
    profile: String,
    providers: Vec<ProviderStatus>,
    now: Timestamp,
}

impl View for Listing {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.providers.is_empty() {
            return writeln!(out, "Nothing is stored in profile {}.", self.profile);
        }
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        // Few services say whose login it is: where none did, there is no column for it.
        let connections = || self.providers.iter().flat_map(|p| &p.connections);
        let with_accounts = connections().any(|connection| connection.account().is_some());
        let mut row = |cells: [&str; 7], account: &str| {
            let mut cells = cells.to_vec();
            if with_accounts {
                cells.insert(4, account);
            }
            table.add_row(cells);
        };
        row(
            [
                "PROVIDER",
                "SOURCE",
                "AUTH",
                "CONNECTION",
                "STATUS",
                "TIME LEFT",
                "LAST REFRESH",
            ],
            "ACCOUNT",
        );
        for provider in &self.providers {
            let source = source(provider);
            let source = source.as_str();
            if provider.connections.is_empty() {
                // What it offers and this version cannot run would only mislead; `inspect` has it all.
                let supported = provider.flows.iter().filter(|flow| is_supported(**flow));
                let flows: Vec<_> = supported.map(|flow| flow.as_str()).collect();
                let name = provider.name.as_str();
                let (flows, state) = (flows.join(", "), provider.state.as_str());
                row([name, source, &flows, "-", state, "-", "-"], "-");
            }
            for connection in &provider.connections {
                row(
                    [
                        provider.name.as_str(),
                        source,
                        connection.kind().as_str(),
                        &marked(connection, provider),
                        connection.status(self.now).as_str(),
                        &time_left(connection, self.now),
                        &last_refresh(connection, self.now),
                    ],
                    connection.account().unwrap_or("-"),
                );
            }
        }
        for line in table.lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        let several = |provider: &ProviderStatus| provider.connections.len() > 1;
        let mut several = self.providers.iter().filter(|p| several(p));
        if several.any(|provider| provider.default_connection().is_some()) {
            writeln!(
                out,
                "\n* is used where no connection is named; `authkeep use` chooses another"
            )?;
        }
        self.problems(out)
    }

    fn json(&self) -> Value {
        let providers: Vec<_> = self
            .providers
            .iter()
            .map(|provider| {
                json!({
                    "provider": provider.name.as_str(),
                    "source": provider.source.map(|source| source.as_str()),
                    "definition": provider.definition.as_str(),
                    "state": provider.state.as_str(),
                    "flows": provider.flows.iter().map(|flow| flow.as_str()).collect::<Vec<_>>(),
                    "connections": provider.connections.iter().map(|c| self.connection(c, provider)).collect::<Vec<_>>(),
                })
            })
            .collect();
        json!({ "profile": self.profile, "providers": providers })
    }
}

impl Listing {
    /// What is wrong, in words: too long for a column, and seldom there.
    fn problems(&self, out: &mut dyn Write) -> io::Result<()> {
        let connections = self.providers.iter().flat_map(|p| &p.connections);
        for connection in connections {
            let Some(condition) = Condition::of(connection, self.now) else {
                continue;
            };
            let (provider, name) = (connection.provider(), connection.name());
            let what = condition.line(self.now);
            write!(out, "\n{provider} ({name}): {what}\n  {}\n", condition.fix)?;
        }
        Ok(())
    }

    fn connection(&self, connection: &Connection, provider: &ProviderStatus) -> Value {
        let left = connection
            .expires_at()
            .map(|at| at.duration_since(self.now).as_secs().max(0));
        json!({
            "connection": connection.name().as_str(),
            "default": is_default(connection, provider),
            "account": connection.account(),
            "auth": connection.kind().as_str(),
            "status": connection.status(self.now).as_str(),
            "expires_at": connection.expires_at().map(|at| at.to_string()),
            "seconds_left": left,
            "refreshed_at": connection.refreshed_at().map(|at| at.to_string()),
            "problem": Condition::of(connection, self.now).map(|condition| condition.json()),
            "refreshable": connection.is_refreshable(),
            "scopes": connection.scopes(),
            "scopes_missing": connection.scopes_missing(),
            "login_expires": ending::as_json(connection),
        })
    }
}

/// The connection's name, with a mark on the default one where there are several.
fn marked(connection: &Connection, provider: &ProviderStatus) -> String {
    let mark = provider.connections.len() > 1 && is_default(connection, provider);
    format!("{}{}", connection.name(), if mark { " *" } else { "" })
}

fn is_default(connection: &Connection, provider: &ProviderStatus) -> bool {
    let default = provider.default_connection();
    default.is_some_and(|default| default.name() == connection.name())
}

fn source(provider: &ProviderStatus) -> String {
    match (provider.source, provider.definition) {
        (Some(source), DefinitionState::Readable) => source.as_str().to_owned(),
        (Some(source), state) => format!("{} ({})", source.as_str(), state.as_str()),
        (None, state) => state.as_str().to_owned(),
    }
}

fn last_refresh(connection: &Connection, now: Timestamp) -> String {
    let at = connection.refreshed_at();
    at.map_or_else(|| "-".to_owned(), |at| duration::ago(now, at))
}

pub(super) fn time_left(connection: &Connection, now: Timestamp) -> String {
    let works = connection.status(now) == ConnectionStatus::Connected;
    let ended = connection.status(now) == ConnectionStatus::Expired;
    match connection.expires_at().filter(|_| works || ended) {
        None => "-".to_owned(),
        Some(at) => match (duration::left(now, at), connection.is_refreshable()) {
            (Some(left), _) => left,
            (None, true) => "renews on use".to_owned(),
            (None, false) => format!("ended {}", duration::ago(now, at)),
        },
    }
}
