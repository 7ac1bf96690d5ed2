//! `authkeep register`: takes a definition of the user's own into the home.

use std::fs;
use std::io::Read as _;
use std::path::PathBuf;

use authkeep_registry::OnConflict;
use clap::Args;

use super::inspect::Inspection;
use crate::context::{Context, shown};
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output::{Done, Output};

/// Add a provider definition from a file.
///
/// It is checked first; every problem is named with its field. Then it shows where credentials would be sent.
#[derive(Debug, Args)]
pub(crate) struct RegisterArgs {
    /// The definition, a JSON file of schema version 2.
    file: PathBuf,

    /// Replace a definition of the same name, a bundled one included.
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(
    context: &Context,
    output: &Output,
    args: &RegisterArgs,
) -> Result<Done, CommandError> {
    let text = read(args)?;
    let broker = context.broker_or_new()?;
    let conflict = if args.force {
        OnConflict::Replace
    } else {
        OnConflict::Refuse
    };
    let registered = broker.register(&text, &shown(&args.file), conflict)?;
    for warning in &registered.warnings {
        output.warn(warning);
    }
    let name = registered.definition.name.clone();
    output.say(&format!(
        "Registered {name}. Check that you trust the addresses below; then: authkeep login {name}"
    ));
    Ok(Done::view(Inspection::new(
        registered.definition,
        registered.source,
    )))
}

fn read(args: &RegisterArgs) -> Result<String, CommandError> {
    /// Larger than any definition; the registry has its own, smaller bound.
    const MAX: u64 = 1024 * 1024;
    let failed = |why: String| {
        CommandError::new(
            ExitCode::Other,
            "definition_file",
            format!("cannot read `{}`: {why}", args.file.display()),
        )
        .hint("name a JSON file with a provider definition")
    };
    let file = fs::File::open(&args.file).map_err(|error| failed(error.to_string()))?;
    let mut text = String::new();
    file.take(MAX)
        .read_to_string(&mut text)
        .map_err(|error| failed(error.to_string()))?;
    Ok(text)
}
