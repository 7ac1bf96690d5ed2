//! `authkeep register`: takes a definition of the user's own into the home, from a file, standard input or the network.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use authkeep_core::prospect::{Downloaded, asked_for};
use authkeep_core::{Address, Broker, Reach};
use authkeep_registry::{Definition, Draft, OnConflict, Source};
use clap::Args;

use super::agreement::{self, Agreement};
use super::inspect::{Inspection, new_destinations};
use crate::context::{Context, OnInterrupt, block_on, shown};
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output::{Done, Output};
use crate::person::Input;

/// Add a provider definition from a file or an address.
///
/// It is checked first; every problem is named with its field and line. Then it shows where credentials would be sent. One from the
/// network is trusted only when you have said so. Files in authsome's words are converted.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    authkeep register acme.json\n  \
    authkeep register https://acme.example/authkeep.json\n  \
    authkeep provider new acme && authkeep register acme.json\n  \
    authkeep register - < acme.json")]
pub(crate) struct RegisterArgs {
    /// The definition: a JSON file, its https address, or `-` for standard input.
    #[arg(value_name = "FILE|URL")]
    source: String,

    /// Replace a definition of the same name, a bundled one included.
    #[arg(long)]
    force: bool,

    /// With a URL: trust the places that the definition names, without being asked.
    #[arg(long, short)]
    yes: bool,
}

pub(crate) fn run(
    context: &Context,
    output: &Output,
    args: &RegisterArgs,
) -> Result<Done, CommandError> {
    let conflict = if args.force {
        OnConflict::Replace
    } else {
        OnConflict::Refuse
    };
    let (broker, draft) = if args.source.contains("://") {
        let address = address(&args.source)?;
        let broker = context.broker_or_new()?;
        let draft = downloaded(context, output, args, &broker, &address, conflict)?;
        (broker, draft)
    } else {
        let (text, name) = read(&args.source)?;
        let home = context.home()?;
        let draft = context.registry(home.as_ref()).draft(&name, &text);
        let draft = draft.map_err(authkeep_registry::RegisterError::from)?;
        tell_of_conversion(output, &draft);
        (context.broker_or_new()?, draft)
    };
    let registered = broker.register_draft(&draft, conflict)?;
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

fn address(text: &str) -> Result<Address, CommandError> {
    Address::parse(text, Reach::Public).map_err(|error| {
        CommandError::caused(ExitCode::Usage, "address", &error).hint(
            "give the https address of the file itself; of another kind, download it and register the file",
        )
    })
}

/// What is at the address, once the person has agreed to it.
fn downloaded(
    context: &Context,
    output: &Output,
    args: &RegisterArgs,
    broker: &Broker,
    address: &Address,
    conflict: OnConflict,
) -> Result<Draft, CommandError> {
    let Downloaded { text, sha256 } = block_on(OnInterrupt::Drop, async {
        Ok(broker.download(address).await?)
    })?;
    let draft = broker.registry().draft(address.as_str(), &text);
    let mut draft = draft.map_err(authkeep_registry::RegisterError::from)?;
    // Before anybody is asked for nothing.
    broker.registry().check_conflicts(&draft, conflict)?;
    tell_of_conversion(output, &draft);
    output.instruct(&in_words(address, &draft.definition));
    if !args.yes {
        let input = match context.global.no_input {
            true => Input::Forbidden,
            false => Input::Allowed,
        };
        match agreement::ask(input)? {
            Agreement::Given => {}
            Agreement::Declined => return Err(agreement::declined()),
            Agreement::Impossible => {
                return Err(agreement::needed("the places that this definition names"));
            }
        }
    }
    draft.note_source(address.as_str(), &sha256);
    Ok(draft)
}

/// Where people and credentials would be sent, and what of it the bundled definition does not know.
fn in_words(address: &Address, definition: &Definition) -> String {
    let new = new_destinations(definition, Source::UserOverridesBundled);
    let mut text = format!(
        "{} defines `{}` ({}). These places will be trusted with its logins:",
        address.as_str(),
        definition.name,
        definition.display_name
    );
    for each in definition.destinations() {
        let mark = match new.contains(&each) {
            true => "  NEW: the bundled definition does not have it",
            false => "",
        };
        text.push_str(&format!("\n  {:<13} {}{mark}", each.role, each.place));
    }
    // A variable that is another service's would be sent to this one.
    let asked = asked_for(definition);
    let variables: Vec<&str> = asked
        .iter()
        .flat_map(|asked| &asked.variables)
        .map(String::as_str)
        .collect();
    if !variables.is_empty() {
        let names = variables.join(" ");
        text.push_str(&format!("\n  {:<13} {names}", "login reads"));
    }
    text
}

fn tell_of_conversion(output: &Output, draft: &Draft) {
    if let Some(tool) = draft.converted_from {
        output.say(&format!(
            "The definition is in {tool}'s words; it is kept in authkeep's."
        ));
    }
    for warning in &draft.warnings {
        output.warn(&warning.to_string());
    }
}

/// The text of a file or of standard input, and what messages call it.
pub(super) fn read(source: &str) -> Result<(String, String), CommandError> {
    let path = Path::new(source);
    let (text, name) = if source == "-" {
        (capped(io::stdin()), "standard input".to_owned())
    } else {
        (fs::File::open(path).and_then(capped), shown(path))
    };
    match text {
        Ok(text) => Ok((text, name)),
        Err(error) => Err(CommandError::new(
            ExitCode::Other,
            "definition_file",
            format!("cannot read `{name}`: {error}"),
        )
        .hint("name a JSON file with a provider definition")),
    }
}

fn capped(source: impl Read) -> io::Result<String> {
    /// Larger than any definition; the registry has its own, smaller bound.
    const MAX: u64 = 1024 * 1024;
    let mut text = String::new();
    source.take(MAX).read_to_string(&mut text)?;
    Ok(text)
}
