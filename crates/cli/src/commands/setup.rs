//! `authkeep setup`: looks for credentials that are lying about on this machine, and offers to take them over.

mod choice;
mod found;
mod places;

use authkeep_core::import::{Entry, ImportMode, ImportOptions, Outcome};
use authkeep_core::{ProfileName, Replace};
use clap::{Args, ValueEnum};
use secrecy::ExposeSecret;

use self::found::{Finding, Findings, Taken};
use super::import::{Source, Target, chosen, profile_for, taken_over};
use crate::context::{Context, OnInterrupt, block_on};
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output::{Done, Output};
use crate::prompt::{self, Answer, Echo};

/// Look for credentials on this machine, and take over those that you choose.
///
/// It looks where it is told to, only reads, and lists what it finds by name: variables, files, providers, never a value.
/// Nothing is sent anywhere.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    authkeep setup                          asks before it looks, and before it takes anything over\n  \
    authkeep setup --scan environment,dotenv\n  \
    authkeep setup --yes --no-input --json  lists what there is")]
pub(crate) struct SetupArgs {
    /// Look here, without asking first.
    #[arg(long, value_name = "PLACES", value_delimiter = ',', value_enum)]
    scan: Vec<Place>,

    /// Look everywhere, without asking first. Nothing is taken over without asking.
    #[arg(long, short)]
    yes: bool,
}

/// Where credentials may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Place {
    /// The environment of this process.
    Environment,
    /// `.env` files of the current folder, and of those above it in the same project.
    Dotenv,
    /// GitHub's CLI.
    Gh,
    /// The AWS CLI.
    Aws,
    /// authsome.
    Authsome,
    /// PlanOpticon.
    Planopticon,
    /// All of them.
    All,
}

/// What setup takes over never replaces anything.
const KEEP: Replace = Replace::IfBroken;

pub(crate) fn run(
    context: &Context,
    output: &Output,
    args: &SetupArgs,
) -> Result<Done, CommandError> {
    let asks = !context.global.no_input && !output.is_json();
    let places = match (args.scan.as_slice(), args.yes) {
        ([], true) => vec![Place::All],
        ([], false) if asks => {
            match agreed()? {
                Some(places) => places,
                None => {
                    output.say("Nothing was looked at. Next: authkeep providers, then authkeep login PROVIDER");
                    return Ok(Done::Ended(ExitCode::Ok));
                }
            }
        }
        ([], false) => return Err(not_agreed()),
        (places, _) => places.to_vec(),
    };
    let sources = places::sources(&places);
    let mut findings = scanned(context, &sources);
    let takeable = findings.takeable();
    if !asks || takeable == 0 {
        return Ok(Done::view(findings));
    }
    findings.is_question = true;
    // Nobody reads it any more: then nobody chooses either.
    if output.line(&findings).is_err() {
        return Ok(Done::Ended(ExitCode::Ok));
    }
    let question = "\nTake over which? Numbers such as 1 3-5, `all`, or nothing for none: ";
    let Some(answer) = asked(question)? else {
        return Ok(Done::Ended(ExitCode::Ok));
    };
    let wanted = choice::numbers(&answer, takeable).ok_or_else(|| {
        CommandError::new(
            ExitCode::Usage,
            "no_choice",
            format!("that names none of the {takeable} that were found"),
        )
        .hint("nothing was taken over; run `authkeep setup` again")
    })?;
    let entries = take(context, &sources, &findings, &wanted)?;
    Ok(Done::view(Taken { entries }))
}

fn not_agreed() -> CommandError {
    CommandError::new(
        ExitCode::Usage,
        "not_agreed",
        "nobody has said where to look for credentials",
    )
    .hint("`authkeep setup --yes` looks everywhere, `--scan environment,dotenv` only there; both only read")
}

/// Asks whether to look at all; `None` where the person would rather not.
fn agreed() -> Result<Option<Vec<Place>>, CommandError> {
    let places: Vec<_> = places::descriptions();
    let question = format!(
        "Look for credentials in these places? They are only read, and no value is shown or sent.\n  {}\nLook? [y/N] ",
        places.join("\n  ")
    );
    match asked(&question)? {
        Some(answer) if ["y", "yes"].contains(&answer.to_lowercase().as_str()) => {
            Ok(Some(vec![Place::All]))
        }
        _ => Ok(None),
    }
}

/// What the person answers; `None` for nothing.
fn asked(question: &str) -> Result<Option<String>, CommandError> {
    let answer = block_on(OnInterrupt::Drop, async {
        Ok(prompt::ask(question, Echo::On).await)
    })?;
    match answer {
        // EXPOSE: numbers, typed in the open.
        Ok(Answer::Text(text)) => Ok(Some(text.expose_secret().trim().to_owned())
            .filter(|text| !text.is_empty())),
        Ok(Answer::Cancelled) => Err(CommandError::new(
            ExitCode::Interrupted,
            "cancelled",
            "cancelled; nothing was taken over",
        )
        .hint("run `authkeep setup` again")),
        _ => Err(CommandError::new(
            ExitCode::Usage,
            "no_terminal",
            "there is no terminal to ask on",
        )
        .hint("`authkeep setup --yes --no-input` lists what there is, and `authkeep import` takes it over")),
    }
}

/// Reads every source and rehearses taking it over.
fn scanned(context: &Context, sources: &[Source]) -> Findings {
    let mut findings = Findings::default();
    for (at, source) in sources.iter().enumerate() {
        match rehearsed(context, source) {
            Ok(found) => findings.add(at, source, found),
            // What is not there is not missing.
            Err(error) if error.exit_code() == ExitCode::CredentialMissing => {}
            Err(error) => findings.problem(source, &error),
        }
    }
    findings
}

type Rehearsed = Vec<(ProfileName, Vec<Entry>)>;

fn rehearsed(context: &Context, source: &Source) -> Result<Rehearsed, CommandError> {
    let batches = chosen(source.read(context)?.batches, None, context)?;
    let mut found = Vec::new();
    for batch in batches {
        let profile = profile_for(context, &batch)?;
        let target = Target::of(context, profile.as_ref(), ImportMode::Rehearse)?;
        let options = ImportOptions {
            replace: KEEP,
            mode: ImportMode::Rehearse,
        };
        let entries = taken_over(&target, source.name(), batch.items, options)?;
        found.push((target.broker.profile().clone(), entries));
    }
    Ok(found)
}

/// Takes the chosen ones over: each source is read again, and what is not where it was is left.
fn take(
    context: &Context,
    sources: &[Source],
    findings: &Findings,
    wanted: &[usize],
) -> Result<Vec<Finding>, CommandError> {
    let wanted: Vec<_> = findings
        .numbered()
        .filter(|(n, _)| wanted.contains(n))
        .collect();
    let mut taken = Vec::new();
    for (at, source) in sources.iter().enumerate() {
        if !wanted.iter().any(|(_, finding)| finding.source == at) {
            continue;
        }
        for (part, mut batch) in source.read(context)?.batches.into_iter().enumerate() {
            let mut position = 0;
            batch.items.retain(|item| {
                let is_wanted = wanted.iter().any(|(_, finding)| {
                    (finding.source, finding.part, finding.position) == (at, part, position)
                        && finding.entry.place == item.place
                });
                position += 1;
                is_wanted
            });
            if batch.items.is_empty() {
                continue;
            }
            let profile = profile_for(context, &batch)?;
            let target = Target::of(context, profile.as_ref(), ImportMode::Store)?;
            let options = ImportOptions {
                replace: KEEP,
                mode: ImportMode::Store,
            };
            let entries = taken_over(&target, source.name(), batch.items, options)?;
            let profile = target.broker.profile();
            taken.extend(entries.into_iter().map(|entry| Finding {
                source: at,
                part,
                position: 0,
                from: source.name(),
                profile: profile.clone(),
                entry,
            }));
        }
    }
    Ok(taken)
}

/// Whether something that was rehearsed can be taken over.
fn is_takeable(entry: &Entry) -> bool {
    entry.outcome == Outcome::Imported
}
