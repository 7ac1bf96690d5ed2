//! What may be typed: the global flags and the table of subcommands. Only what was typed is held here;
//! defaults and the environment come in through `Context`.
//!
//! No argument takes a secret: arguments are visible to every process of the machine and stay in histories.

use std::ffi::OsString;
use std::path::PathBuf;

use authkeep_core::ProfileName;
use clap::{Args, Parser, Subcommand};

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
                  9 connection not found, 10 try again, 130 interrupted. `run` returns the child's own code."
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

/// The subcommands. Each has a file of its own under `commands/`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(commands::init::InitArgs),
    Login(commands::login::LoginArgs),
    List(commands::list::ListArgs),
    Get(commands::get::GetArgs),
    Export(commands::export::ExportArgs),
    Run(commands::run::RunArgs),
    Logout(commands::logout::LogoutArgs),
    Revoke(commands::revoke::RevokeArgs),
    Remove(commands::remove::RemoveArgs),
    Providers(commands::providers::ProvidersArgs),
    Inspect(commands::inspect::InspectArgs),
    Register(commands::register::RegisterArgs),
    Profile(commands::profile::ProfileArgs),
    Whoami(commands::whoami::WhoamiArgs),
    Doctor(commands::doctor::DoctorArgs),
    Audit(commands::audit::AuditArgs),
    Completions(commands::completions::CompletionsArgs),
}

/// The arguments as they were given, for deciding how a usage error is to be shown.
pub(crate) fn raw() -> Vec<OsString> {
    std::env::args_os().skip(1).collect()
}
