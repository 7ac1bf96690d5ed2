//! `authkeep refresh`: renews logins, once or for as long as it runs.
//!
//! How a token is renewed is the core's business; here is only which logins are meant, when it is their turn, and
//! what is shown of it.

mod event;
mod hook;
mod journal;
mod lead;
mod login;
mod once;
mod planner;
mod table;
mod unit;
mod vault;
mod watch;

use authkeep_core::ConnectionName;
use authkeep_registry::ProviderName;
use clap::{ArgGroup, Args};

use self::hook::HookCommand;
use self::unit::UnitKind;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output::{Done, Output};

/// Renew logins now, or keep renewing them ahead of their expiry.
///
/// Every command that hands out a token renews it first if it is about to run out, so nobody has to refresh by
/// hand. `--watch` does it ahead of them: no program ever waits for a renewal, and a login that needs a person is
/// noticed before a program meets it.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("standing").args(["watch", "unit"]).multiple(true),
    after_help = "Examples:\n  \
        authkeep refresh github\n  \
        authkeep refresh --all\n  \
        authkeep refresh --watch\n  \
        authkeep refresh --watch --hook 'notify-send authkeep \"a login needs you\"'\n  \
        authkeep refresh --unit systemd"
)]
pub(crate) struct RefreshArgs {
    /// The provider. With --watch, all of its connections unless one is named.
    provider: Option<ProviderName>,

    /// Which of its connections.
    #[arg(
        long,
        value_name = "NAME",
        requires = "provider",
        conflicts_with = "all"
    )]
    connection: Option<ConnectionName>,

    /// Every login of the profile that can be renewed.
    #[arg(long, conflicts_with = "provider")]
    all: bool,

    /// Keep renewing ahead of expiry until interrupted; all logins unless a provider is named.
    #[arg(long)]
    watch: bool,

    /// Run this once for each login that comes to need a person. Its words are split as a shell does, without a
    /// shell; AUTHKEEP_PROVIDER, AUTHKEEP_CONNECTION, AUTHKEEP_MESSAGE and AUTHKEEP_COMMAND say more.
    #[arg(long, value_name = "COMMAND", value_parser = hook::parse, requires = "standing")]
    hook: Option<HookCommand>,

    /// Print a user service that runs `authkeep refresh --watch` with these flags, instead of running it.
    #[arg(long, value_name = "KIND", value_enum)]
    unit: Option<UnitKind>,
}

pub(crate) fn run(
    context: &Context,
    output: &Output,
    args: &RefreshArgs,
) -> Result<Done, CommandError> {
    match args.unit {
        Some(kind) => unit::run(context, args, kind),
        None if args.watch => watch::run(context, output, args),
        None if args.all || args.provider.is_some() => once::run(context, output, args),
        None => Err(CommandError::new(
            ExitCode::Usage,
            "usage",
            "nothing says which login to renew",
        )
        .hint("`authkeep refresh PROVIDER` renews one, `authkeep refresh --all` every one")
        .hint("`authkeep refresh --watch` keeps all of them fresh until you end it")),
    }
}
