//! `authkeep import`: takes over what other programs keep. Their files are read and left as they are.

mod authsome_key;
mod report;
mod sources;
mod target;

use std::collections::BTreeMap;
use std::path::PathBuf;

use authkeep_core::import::{Entry, ImportMode, ImportOptions, Item};
use authkeep_core::{ConnectionName, ProfileName, Replace};
use authkeep_registry::ProviderName;
use clap::{Args, Subcommand};

pub(crate) use self::authsome_key::AuthsomeKey;
pub(crate) use self::report::shown_entry;
use self::report::{Report, Section};
pub(crate) use self::sources::{Batch, Source};
pub(crate) use self::target::Target;
use crate::context::{Context, OnInterrupt, block_on};
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output::{Done, Output};

/// Take over credentials from other programs and files.
///
/// The source is only read. What is here already is kept, and nothing is taken over twice. No service is asked whether a
/// credential still works. The report names what was found and never shows a value.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    authkeep import authsome --dry-run      what would be taken over\n  \
    authkeep import gh                      the accounts of GitHub's CLI\n  \
    authkeep import env .env --as KEY=openai")]
pub(crate) struct ImportArgs {
    #[command(subcommand)]
    source: ImportSource,

    /// Say what would be taken over, and store nothing.
    #[arg(long, global = true)]
    dry_run: bool,

    /// Put what is found in the place of another login of the same name.
    #[arg(long, global = true)]
    replace: bool,
}

#[derive(Debug, Subcommand)]
enum ImportSource {
    /// A home of authsome 0.2 or 0.7: all profiles or vaults, clients, connections and definitions.
    Authsome {
        /// The home, instead of ~/.authsome (or AUTHSOME_HOME).
        #[arg(long, value_name = "DIR")]
        home: Option<PathBuf>,

        /// Only this profile or vault of that home; with --profile it goes into the one that is named there.
        #[arg(long, value_name = "NAME")]
        from_profile: Option<String>,

        /// Read that home's master key from stdin, in base64, and neither from the home nor from the keyring.
        #[arg(long)]
        key_stdin: bool,
    },
    /// PlanOpticon's token files.
    Planopticon {
        /// The folder, instead of ~/.planopticon.
        #[arg(long, value_name = "DIR")]
        home: Option<PathBuf>,
    },
    /// The accounts of GitHub's CLI.
    Gh {
        /// Its hosts.yml, where it is somewhere else.
        file: Option<PathBuf>,
    },
    /// The static keys of the AWS CLI's profiles.
    Aws {
        /// Its credentials file, where it is somewhere else.
        #[arg(long, value_name = "FILE")]
        credentials: Option<PathBuf>,

        /// Its config file, where it is somewhere else.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// The credentials in a .env file; which they are is what the definitions say.
    Env {
        /// The file, or - for stdin.
        file: PathBuf,

        /// Whose credential a variable is, where the definitions leave several.
        #[arg(long = "as", value_name = "VARIABLE=PROVIDER", value_parser = assignment)]
        as_: Vec<(String, ProviderName)>,

        /// The connection to make of each.
        #[arg(long, value_name = "NAME", default_value_t)]
        connection: ConnectionName,
    },
}

fn assignment(text: &str) -> Result<(String, ProviderName), String> {
    let (variable, provider) = text.split_once('=').ok_or("it is no VARIABLE=PROVIDER")?;
    let provider: ProviderName = provider.parse().map_err(|error| format!("{error}"))?;
    Ok((variable.to_owned(), provider))
}

pub(crate) fn run(
    context: &Context,
    output: &Output,
    args: &ImportArgs,
) -> Result<Done, CommandError> {
    let (source, only) = source(&args.source)?;
    let found = source.read(context)?;
    let batches = chosen(found.batches, only.as_deref(), context)?;
    let options = options(args);
    let mut sections = Vec::new();
    for batch in batches {
        let profile = profile_for(context, &batch)?;
        let target = Target::of(context, profile.as_ref(), options.mode)?;
        let entries = taken_over(&target, source.name(), batch.items, options)?;
        sections.push(Section {
            profile: target.broker.profile().clone(),
            entries,
        });
    }
    if options.mode == ImportMode::Rehearse {
        output.say("This is a rehearsal: nothing is stored.");
    }
    Ok(Done::view(Report {
        source: source.name(),
        from: found.from,
        mode: options.mode,
        sections,
    }))
}

fn source(args: &ImportSource) -> Result<(Source, Option<String>), CommandError> {
    Ok(match args {
        ImportSource::Authsome {
            home,
            from_profile,
            key_stdin,
        } => {
            let key = match key_stdin {
                true => AuthsomeKey::Given(sources::stdin()?),
                false => AuthsomeKey::HomeOrKeyring,
            };
            let root = home.clone();
            (Source::Authsome { root, key }, from_profile.clone())
        }
        ImportSource::Planopticon { home } => (Source::PlanOpticon(home.clone()), None),
        ImportSource::Gh { file } => (Source::Gh(file.clone()), None),
        ImportSource::Aws {
            credentials,
            config,
        } => {
            let (credentials, config) = (credentials.clone(), config.clone());
            (
                Source::Aws {
                    credentials,
                    config,
                },
                None,
            )
        }
        ImportSource::Env {
            file,
            as_,
            connection,
        } => {
            let wanted: BTreeMap<_, _> = as_.iter().cloned().collect();
            let (file, connection) = (file.clone(), connection.clone());
            (
                Source::EnvFile {
                    file,
                    wanted,
                    connection,
                },
                None,
            )
        }
    })
}

fn options(args: &ImportArgs) -> ImportOptions {
    ImportOptions {
        replace: match args.replace {
            true => Replace::Always,
            false => Replace::IfBroken,
        },
        mode: match args.dry_run {
            true => ImportMode::Rehearse,
            false => ImportMode::Store,
        },
    }
}

/// The batches that are meant. Several profiles do not go into one.
pub(crate) fn chosen(
    mut batches: Vec<Batch>,
    only: Option<&str>,
    context: &Context,
) -> Result<Vec<Batch>, CommandError> {
    let names = |batches: &[Batch]| {
        let names: Vec<_> = batches.iter().filter_map(|b| b.profile.clone()).collect();
        names.join(", ")
    };
    if let Some(only) = only {
        let there = names(&batches);
        batches.retain(|batch| batch.profile.as_deref() == Some(only));
        if batches.is_empty() {
            return Err(CommandError::new(
                ExitCode::CredentialMissing,
                "nothing_to_import",
                format!("there is no profile `{only}` in that home"),
            )
            .hint(format!("it has {there}")));
        }
    }
    if context.global.profile.is_some() && batches.len() > 1 {
        return Err(CommandError::new(
            ExitCode::Usage,
            "several_profiles",
            "that home has several profiles, and --profile names one to take them over into",
        )
        .hint(format!(
            "say which one is meant with --from-profile ({}), or leave --profile out to keep them apart",
            names(&batches)
        )));
    }
    Ok(batches)
}

/// The profile that a batch goes into: the one that was named, or else one of the same name.
pub(crate) fn profile_for(
    context: &Context,
    batch: &Batch,
) -> Result<Option<ProfileName>, CommandError> {
    if context.global.profile.is_some() {
        return Ok(None);
    }
    let Some(name) = &batch.profile else {
        return Ok(None);
    };
    name.parse().map(Some).map_err(|error| {
        CommandError::new(
            ExitCode::Usage,
            "profile_name",
            format!("the profile cannot keep its name here: {error}"),
        )
        .hint("make a profile for it, and import it with --from-profile NAME --profile YOURS")
    })
}

/// Takes the items over into the target.
pub(crate) fn taken_over(
    target: &Target,
    source: &str,
    items: Vec<Item>,
    options: ImportOptions,
) -> Result<Vec<Entry>, CommandError> {
    block_on(OnInterrupt::Drop, async {
        Ok(target.broker.import(source, items, options).await?)
    })
}
