//! What may be typed: the global flags and the table of subcommands. Only what was typed is held here;
//! defaults and the environment come in through `Context`.
//!
//! No argument takes a secret: arguments are visible to every process of the machine and stay in histories.

use std::ffi::OsString;
use std::path::PathBuf;

use authkeep_core::ProfileName;
use clap::{Args, FromArgMatches as _, Parser, Subcommand};

use crate::commands;

/// Log in once. Every tool and agent on this machine gets a working credential.
#[derive(Debug, Parser)]
#[command(
    name = "authkeep",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "Start with `authkeep providers`, then `authkeep login PROVIDER`.\n\
                  Exit codes: 0 ok, 1 other, 2 usage, 3 provider not found, 4 authentication failed, \
                  5 credential missing, 6 refresh failed, 7 store unavailable, 8 denied by policy, \
                  9 connection not found, 10 try again, 126 and 127 program not started, 130 interrupted. `run` returns the child's own code."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that every subcommand takes.
#[derive(Debug, Clone, Default, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch that a user types"
)]
pub(crate) struct GlobalArgs {
    /// Use this profile instead of the default one (or AUTHKEEP_PROFILE).
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        help_heading = "Global options"
    )]
    pub(crate) profile: Option<ProfileName>,

    /// Print JSON on stdout, errors included.
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) json: bool,

    /// Print nothing but data and errors.
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub(crate) quiet: bool,

    /// Use no colour (or NO_COLOR).
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) no_color: bool,

    /// Never ask: fail with what to set instead.
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) no_input: bool,

    /// Say what happens on stderr; twice for more.
    #[arg(long, short, global = true, action = clap::ArgAction::Count, help_heading = "Global options")]
    pub(crate) verbose: u8,

    /// Write the log to this file instead of stderr.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help_heading = "Global options"
    )]
    pub(crate) log_file: Option<PathBuf>,
}

/// Makes the enum of subcommands, and the same table with their arguments left out until they are needed.
macro_rules! subcommands {
    ($($name:ident($args:ty),)+) => {
        /// The subcommands. Each has a file of its own under `commands/`.
        #[derive(Debug, Subcommand)]
        pub(crate) enum Command {
            $($name($args),)+
        }

        fn add_deferred(root: clap::Command) -> clap::Command {
            root$(.subcommand(
                clap::Command::new(stringify!($name).to_ascii_lowercase())
                    .defer(<$args as Args>::augment_args),
            ))+
        }
    };
}

subcommands! {
    Init(commands::init::InitArgs),
    Login(commands::login::LoginArgs),
    Auth(commands::auth::AuthArgs),
    List(commands::list::ListArgs),
    Get(commands::get::GetArgs),
    Export(commands::export::ExportArgs),
    Run(commands::run::RunArgs),
    Refresh(commands::refresh::RefreshArgs),
    Logout(commands::logout::LogoutArgs),
    Revoke(commands::revoke::RevokeArgs),
    Remove(commands::remove::RemoveArgs),
    Use(commands::use_connection::UseArgs),
    Providers(commands::providers::ProvidersArgs),
    Inspect(commands::inspect::InspectArgs),
    Register(commands::register::RegisterArgs),
    Import(commands::import::ImportArgs),
    Setup(commands::setup::SetupArgs),
    Provider(commands::provider::ProviderArgs),
    Profile(commands::profile::ProfileArgs),
    Whoami(commands::whoami::WhoamiArgs),
    Doctor(commands::doctor::DoctorArgs),
    Audit(commands::audit::AuditArgs),
    Completions(commands::completions::CompletionsArgs),
    Redeem(commands::redeem::RedeemArgs),
    Launch(commands::launch::LaunchArgs),
}

impl Cli {
    /// Understands the arguments of this process.
    ///
    /// Setting up every argument of every subcommand takes a tenth of the time of a whole `get`. So only the
    /// subcommand that is named gets its arguments at first. What is not understood that way (`--help`, a
    /// typing error) is put to the whole table, which knows all there is to say about it.
    pub(crate) fn read() -> Result<Self, clap::Error> {
        let arguments: Vec<_> = std::env::args_os().collect();
        match Self::read_deferred(&arguments) {
            Ok(cli) => Ok(cli),
            Err(_) => Self::try_parse_from(arguments),
        }
    }

    fn read_deferred(arguments: &[OsString]) -> Result<Self, clap::Error> {
        let mut matches = add_deferred(Self::bare()).try_get_matches_from(arguments)?;
        Self::from_arg_matches_mut(&mut matches)
    }

    /// The program without its subcommands and without its texts.
    fn bare() -> clap::Command {
        let root = clap::Command::new("authkeep")
            .version(env!("CARGO_PKG_VERSION"))
            .propagate_version(true)
            .subcommand_required(true);
        GlobalArgs::augment_args(root)
    }
}

/// The arguments as they were given, for deciding how a usage error is to be shown.
pub(crate) fn raw() -> Vec<OsString> {
    std::env::args_os().skip(1).collect()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// What decides how a command line is understood, of every subcommand at any depth.
    fn grammar(command: &clap::Command, path: &str, found: &mut Vec<String>) {
        let path = format!("{path} {}", command.get_name());
        found.push(format!(
            "{path}: required {} aliases {:?}",
            command.is_subcommand_required_set(),
            command.get_all_aliases().collect::<Vec<_>>()
        ));
        for argument in command.get_arguments() {
            // The order is for `--help`, which the whole table answers.
            let argument = argument.clone().display_order(0);
            found.push(format!("{path}: {argument:?}"));
        }
        // `help` never succeeds, so it is the whole table's in any case.
        let subcommands = command.get_subcommands();
        for sub in subcommands.filter(|sub| sub.get_name() != "help") {
            grammar(sub, &path, found);
        }
    }

    fn built(mut command: clap::Command) -> Vec<String> {
        command.build();
        let mut found = Vec::new();
        grammar(&command, "", &mut found);
        found.sort();
        found
    }

    #[test]
    fn both_tables_understand_the_same() {
        let whole = built(Cli::command());
        let deferred = built(add_deferred(Cli::bare()));
        assert!(whole.len() > 100, "{} lines", whole.len());
        for (whole, deferred) in whole.iter().zip(&deferred) {
            assert_eq!(whole, deferred);
        }
        assert_eq!(whole.len(), deferred.len());
        // Without one of its arguments, a table would be told from the whole one.
        assert_ne!(built(add_deferred(clap::Command::new("authkeep"))), whole);
    }

    #[test]
    fn a_command_line_means_the_same_either_way() {
        for line in [
            "authkeep get openai --field token --show-secret",
            "authkeep --json get openai --connection work --min-ttl 10m",
            "authkeep get openai --profile work -vv --no-input --log-file x",
            "authkeep list --connected -q",
            "authkeep run --env --provider openai=work -- printenv --version",
            "authkeep run --isolate=required --deny-unmatched -- ./agent --isolate",
            "authkeep run --isolate -- ./agent",
            "authkeep refresh --watch openai --connection work --hook true",
            "authkeep profile create work",
            "authkeep audit log",
        ] {
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let whole = Cli::try_parse_from(&arguments).unwrap();
            let deferred = Cli::read_deferred(&arguments).unwrap();
            assert_eq!(format!("{whole:?}"), format!("{deferred:?}"), "{line}");
        }
    }

    #[test]
    fn what_is_not_understood_is_left_to_the_whole_table() {
        for line in [
            "authkeep",
            "authkeep --help",
            "authkeep --version",
            "authkeep help get",
            "authkeep get --help",
            "authkeep get openai --shwo-secret",
            "authkeep gte openai",
            "authkeep run --version",
        ] {
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert!(Cli::read_deferred(&arguments).is_err(), "{line}");
            assert!(Cli::try_parse_from(&arguments).is_err(), "{line}");
        }
    }
}
