//! `authkeep provider check`: every fault of a definition, whom it meets, and what it would send.

use std::io::{self, Write};
use std::sync::Arc;

use authkeep_core::ReqwestClient;
use authkeep_core::prospect::{DescribedRequest, Rehearsal, reachable, rehearse};
use authkeep_registry::{Definition, DefinitionError, Draft, FieldError, Provider, Registry};
use clap::Args;
use serde_json::{Value, json};

use crate::commands::register::read;
use crate::context::{Context, OnInterrupt, block_on, entropy};
use crate::env;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output::{Done, View};

/// Check a definition, and show every request that it would send.
///
/// The requests are made by the code that makes the real ones, with stand-ins such as <client_secret> in the place of secrets, and
/// answered here. Nothing is sent and nothing is stored.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    authkeep provider check acme.json\n  \
    authkeep provider check acme.json --reachable\n  \
    authkeep provider new acme --from https://mcp.example.com/mcp && authkeep provider check acme.json")]
pub(super) struct CheckArgs {
    /// The definition, a JSON file, or `-` for standard input.
    file: String,

    /// Also connect to each server that it names, without any credential.
    #[arg(long)]
    reachable: bool,
}

pub(super) fn run(context: &Context, args: &CheckArgs) -> Result<Done, CommandError> {
    let (text, name) = read(&args.file)?;
    let home = context.home()?;
    let registry = context.registry(home.as_ref());
    let draft = match registry.draft(&name, &text) {
        Ok(draft) => draft,
        Err(error) => return Ok(Done::view(Faulty(error))),
    };
    let definition = &draft.definition;
    let folder = tempfile::Builder::new()
        .prefix("authkeep-check-")
        .tempdir()
        .map_err(|error| {
            CommandError::caused(ExitCode::Other, "temporary_folder", &error)
                .hint("check the temporary directory (TMPDIR) and the free space")
        })?;
    let guest = Arc::new(registry.with_guest(definition.clone()));
    let (rehearsals, servers) = block_on(OnInterrupt::Drop, async {
        let rehearsals = rehearse(definition, guest, folder.path(), entropy).await;
        let servers = match args.reachable {
            true => reachable(definition, &ReqwestClient::new(env::proxy())).await,
            false => Vec::new(),
        };
        Ok((rehearsals, servers))
    })?;
    let servers = servers
        .into_iter()
        .map(|(origin, there)| (origin, there.err().map(|error| error.to_string())))
        .collect();
    Ok(Done::view(Checked {
        overlaps: overlaps(definition, &registry),
        rehearsals,
        servers,
        draft,
    }))
}

/// A host of the definition that another provider's credential goes to as well.
struct Overlap {
    host: String,
    provider: String,
    theirs: String,
}

fn overlaps(own: &Definition, registry: &Registry) -> Vec<Overlap> {
    let bound = |definition: &Definition| definition.bind(&definition.sample_params()).ok();
    let Some(provider) = bound(own) else {
        return Vec::new();
    };
    let of = |other: &Provider| {
        let pairs = provider.hosts.iter().flat_map(|own| {
            let theirs = other
                .hosts
                .iter()
                .filter(|theirs| theirs.pattern.overlaps(&own.pattern));
            theirs.map(|theirs| (own.pattern.to_string(), theirs.pattern.to_string()))
        });
        pairs.collect::<Vec<_>>()
    };
    let others = registry.all().unwrap_or_default().into_iter().flatten();
    let others = others.map(|found| found.definition);
    others
        .filter(|other| other.name != own.name)
        .filter_map(|other| Some((other.name.to_string(), of(&bound(&other)?))))
        .flat_map(|(provider, pairs)| {
            pairs.into_iter().map(move |(host, theirs)| Overlap {
                host,
                provider: provider.clone(),
                theirs,
            })
        })
        .collect()
}

/// A definition that cannot be used.
struct Faulty(DefinitionError);

impl View for Faulty {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", self.0)?;
        writeln!(
            out,
            "\n{} to correct in {}",
            count(self.0.errors.len(), "fault"),
            self.0.file
        )
    }

    fn json(&self) -> Value {
        let fault = |error: &FieldError| json!({ "field": error.field, "line": error.line, "reason": error.reason });
        json!({ "ok": false, "faults": self.0.errors.iter().map(fault).collect::<Vec<_>>() })
    }

    fn exit_code(&self) -> ExitCode {
        ExitCode::Other
    }
}

/// A definition that reads well.
struct Checked {
    draft: Draft,
    overlaps: Vec<Overlap>,
    /// Each server, and why it was not reached.
    servers: Vec<(String, Option<String>)>,
    rehearsals: Vec<Rehearsal>,
}

impl Checked {
    fn is_ok(&self) -> bool {
        self.servers.iter().all(|(_, why)| why.is_none())
            && self.rehearsals.iter().all(|each| each.failure.is_none())
    }
}

impl View for Checked {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let name = &self.draft.definition.name;
        writeln!(out, "{name} reads well.")?;
        if let Some(tool) = self.draft.converted_from {
            writeln!(
                out,
                "It is in {tool}'s words; `authkeep register` keeps it in authkeep's."
            )?;
        }
        for warning in &self.draft.warnings {
            writeln!(out, "  {warning}")?;
        }
        for overlap in &self.overlaps {
            let Overlap {
                host,
                provider,
                theirs,
            } = overlap;
            let which = match host == theirs {
                true => "with both connected, a request has to say which (`run --provider`)",
                false => "`run` takes the more specific one",
            };
            writeln!(
                out,
                "  {host} is also a place of {provider} ({theirs}): {which}"
            )?;
        }
        for (origin, why) in &self.servers {
            match why {
                None => writeln!(out, "  {origin} is there")?,
                Some(why) => writeln!(out, "  {origin} was not reached: {why}")?,
            }
        }
        for rehearsal in &self.rehearsals {
            if rehearsal.requests.is_empty() {
                writeln!(
                    out,
                    "\n{} would send nothing: no host is named, so programs get the credential by `env` alone",
                    rehearsal.flow
                )?;
            } else {
                writeln!(out, "\n{} would send:", rehearsal.flow)?;
            }
            for request in &rehearsal.requests {
                show(request, out)?;
            }
            if let Some(why) = &rehearsal.failure {
                writeln!(out, "\n  It goes no further: {why}")?;
            }
        }
        if self.is_ok() {
            writeln!(
                out,
                "\nNext: authkeep register FILE, then authkeep login {name}"
            )?;
        }
        Ok(())
    }

    fn json(&self) -> Value {
        let overlap = |each: &Overlap| json!({ "host": each.host, "provider": each.provider, "theirs": each.theirs });
        let server = |(origin, why): &(String, Option<String>)| json!({ "origin": origin, "reached": why.is_none(), "why": why });
        let rehearsal = |each: &Rehearsal| {
            json!({
                "flow": each.flow.as_str(),
                "requests": each.requests.iter().map(as_json).collect::<Vec<_>>(),
                "failure": each.failure,
            })
        };
        let warnings = self.draft.warnings.iter().map(ToString::to_string);
        json!({
            "ok": self.is_ok(),
            "provider": self.draft.definition.name.as_str(),
            "converted_from": self.draft.converted_from,
            "warnings": warnings.collect::<Vec<_>>(),
            "overlaps": self.overlaps.iter().map(overlap).collect::<Vec<_>>(),
            "servers": self.servers.iter().map(server).collect::<Vec<_>>(),
            "flows": self.rehearsals.iter().map(rehearsal).collect::<Vec<_>>(),
        })
    }

    fn exit_code(&self) -> ExitCode {
        if self.is_ok() {
            ExitCode::Ok
        } else {
            ExitCode::Other
        }
    }
}

fn show(request: &DescribedRequest, out: &mut dyn Write) -> io::Result<()> {
    let DescribedRequest {
        step, method, url, ..
    } = request;
    writeln!(out, "\n  {step}: {method} {url}")?;
    for (name, value) in &request.query {
        writeln!(out, "    ?{name}={value}")?;
    }
    for (name, value) in &request.headers {
        writeln!(out, "    {name}: {value}")?;
    }
    for (name, value) in &request.form {
        writeln!(out, "    {name}={value}")?;
    }
    match &request.body {
        Some(body) => writeln!(out, "    {body}"),
        None => Ok(()),
    }
}

fn as_json(request: &DescribedRequest) -> Value {
    let pairs = |pairs: &[(String, String)]| -> Vec<Value> {
        let pair = |(name, value): &(String, String)| json!({ "name": name, "value": value });
        pairs.iter().map(pair).collect()
    };
    json!({
        "step": request.step,
        "method": request.method,
        "url": request.url,
        "query": pairs(&request.query),
        "headers": pairs(&request.headers),
        "form": pairs(&request.form),
        "body": request.body,
    })
}

fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        many => format!("{many} {what}s"),
    }
}
