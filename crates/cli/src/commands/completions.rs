//! `authkeep completions`: a completion script for a shell.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use secrecy::SecretString;

use crate::args::Cli;
use crate::output::Done;

/// Print a completion script for your shell.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    authkeep completions bash > ~/.local/share/bash-completion/completions/authkeep\n  \
    authkeep completions fish > ~/.config/fish/completions/authkeep.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &CompletionsArgs) -> Done {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "authkeep", &mut script);
    // No secret, but text that must reach the shell byte for byte.
    Done::Secret(SecretString::from(
        String::from_utf8_lossy(&script).into_owned(),
    ))
}
