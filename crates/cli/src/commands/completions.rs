//! `authkeep completions`: a completion script for a shell.

use std::collections::BTreeSet;

use authkeep_registry::{Flow, Registry};
use clap::builder::PossibleValuesParser;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use secrecy::SecretString;

use crate::args::Cli;
use crate::context::Context;
use crate::error::CommandError;
use crate::output::Done;

/// Print a completion script for your shell.
///
/// It completes the names of the providers that there are now, your own among them.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    authkeep completions bash > ~/.local/share/bash-completion/completions/authkeep\n  \
    authkeep completions fish > ~/.config/fish/completions/authkeep.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(context: &Context, args: &CompletionsArgs) -> Result<Done, CommandError> {
    let home = context.home()?;
    let words = Words::of(&context.registry(home.as_ref()));
    let mut command = words.put_into(Cli::command());
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "authkeep", &mut script);
    // No secret, but text that must reach the shell byte for byte.
    Ok(Done::Secret(SecretString::from(
        String::from_utf8_lossy(&script).into_owned(),
    )))
}

/// The values that arguments of some names take.
#[derive(Default)]
struct Words {
    providers: Vec<String>,
    categories: BTreeSet<String>,
}

impl Words {
    /// A broken definition has no say here; `doctor` speaks of it.
    fn of(registry: &Registry) -> Self {
        let mut words = Self::default();
        for summary in registry.summaries().into_iter().flatten().flatten() {
            words.providers.push(summary.name.to_string());
            words.categories.insert(summary.category);
        }
        words
    }

    /// The command, and those below it, with values for the arguments that are known by their names.
    fn put_into(&self, command: clap::Command) -> clap::Command {
        let command = command.mut_args(|argument| {
            let values: Vec<String> = match argument.get_id().as_str() {
                "provider" | "providers" | "service" => self.providers.clone(),
                "category" => self.categories.iter().cloned().collect(),
                "flow" => Flow::ALL.iter().map(ToString::to_string).collect(),
                _ => return argument,
            };
            argument.value_parser(PossibleValuesParser::new(values))
        });
        command.mut_subcommands(|command| self.put_into(command))
    }
}
