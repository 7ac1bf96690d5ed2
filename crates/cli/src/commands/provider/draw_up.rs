//! `authkeep provider new`: a definition to begin with, out of a few answers or of what a server publishes.

mod questions;

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use authkeep_core::{Address, Reach};
use authkeep_registry::ProviderName;
use clap::Args;
use serde_json::{Value, json};

use self::questions::Questions;
use crate::context::{Context, OnInterrupt, block_on, shown};
use crate::error::{CommandError, quoted};
use crate::exit_code::ExitCode;
use crate::output::{Done, Output, View};

/// Begin a definition: answer a few questions, or start from what a server publishes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    authkeep provider new acme\n  \
    authkeep provider new acme --from https://login.acme.example")]
pub(super) struct NewArgs {
    /// What the provider is to be called.
    name: ProviderName,

    /// Ask this server who gives access to it, and how (RFC 9728, RFC 8414, OpenID), instead of you.
    #[arg(long, value_name = "URL")]
    from: Option<String>,

    /// With --from: let the address be in a private network. This machine itself always may.
    #[arg(long, requires = "from")]
    local: bool,

    /// Where to write it, instead of `NAME.json` here. What is there already is left alone.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

pub(super) fn run(
    context: &Context,
    output: &Output,
    args: &NewArgs,
) -> Result<Done, CommandError> {
    let file = args.file.clone();
    let file = file.unwrap_or_else(|| PathBuf::from(format!("{}.json", args.name)));
    if file.exists() {
        return Err(exists(&file));
    }
    let home = context.home()?;
    let registry = context.registry(home.as_ref());
    if let Ok(Some(found)) = registry.find(&args.name) {
        output.warn(&format!(
            "there is a provider {} already; yours takes its place only with `register --force`",
            found.definition.name
        ));
    }
    let definition = match &args.from {
        Some(url) => published(context, args, url)?,
        None => Questions::of(output, &context.global).ask(&args.name)?,
    };
    let text = format!("{definition:#}\n");
    let checked = registry.draft(&shown(&file), &text);
    checked.map_err(|error| {
        CommandError::caused(ExitCode::Other, "definition", &error)
            .hint("nothing was written; run it again with other answers")
    })?;
    write(&file, &text)?;
    Ok(Done::view(New {
        name: args.name.to_string(),
        file,
    }))
}

/// What the server at an address says of itself.
fn published(context: &Context, args: &NewArgs, url: &str) -> Result<Value, CommandError> {
    let reach = match args.local {
        true => Reach::Anywhere,
        false => Reach::Public,
    };
    let address = Address::parse(url, reach).map_err(|error| {
        CommandError::caused(ExitCode::Usage, "address", &error).hint(
            "give the whole address, such as https://login.acme.example; --local lets it be in a private network",
        )
    })?;
    let broker = context.broker_or_new()?;
    let survey = block_on(OnInterrupt::Drop, async {
        Ok(broker.survey(&address).await?)
    })?;
    Ok(survey.definition(&args.name))
}

fn write(file: &Path, text: &str) -> Result<(), CommandError> {
    let mut options = OpenOptions::new();
    let written = options
        .write(true)
        .create_new(true)
        .open(file)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => exists(file),
        _ => CommandError::new(
            ExitCode::Other,
            "not_written",
            format!("cannot write `{}`: {error}", shown(file)),
        )
        .hint("name another place with --file FILE"),
    })
}

fn exists(file: &Path) -> CommandError {
    CommandError::new(
        ExitCode::Usage,
        "file_exists",
        format!("`{}` is there already, and is left alone", shown(file)),
    )
    .hint("name another place with --file FILE")
}

struct New {
    name: String,
    file: PathBuf,
}

impl View for New {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let file = quoted(&self.file);
        writeln!(out, "Wrote {file}. Next:")?;
        writeln!(out, "  authkeep provider check {file}")?;
        writeln!(out, "  authkeep register {file}")?;
        writeln!(out, "  authkeep login {}", self.name)
    }

    fn json(&self) -> Value {
        json!({ "provider": self.name, "file": shown(&self.file) })
    }
}
