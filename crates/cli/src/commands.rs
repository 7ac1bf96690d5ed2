//! The table of subcommands: one file each, holding its arguments, its function and its view.

mod agreement;
mod at_once;
pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod completions;
mod condition;
pub(crate) mod doctor;
mod ending;
pub(crate) mod export;
pub(crate) mod get;
mod handout;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod inspect;
pub(crate) mod launch;
pub(crate) mod list;
pub(crate) mod login;
pub(crate) mod logout;
mod missing;
pub(crate) mod profile;
pub(crate) mod provider;
pub(crate) mod providers;
pub(crate) mod redeem;
pub(crate) mod refresh;
pub(crate) mod register;
pub(crate) mod remove;
mod resolving;
pub(crate) mod revoke;
pub(crate) mod run;
pub(crate) mod setup;
pub(crate) mod use_connection;
mod waiting;
pub(crate) mod whoami;

use crate::args::Command;
use crate::context::Context;
use crate::error::CommandError;
use crate::output::{Done, Output};

/// Runs one subcommand.
pub(crate) fn run(
    context: &Context,
    output: &Output,
    command: &Command,
) -> Result<Done, CommandError> {
    match command {
        Command::Init(args) => init::run(context, args),
        Command::Login(args) => login::run(context, output, args),
        Command::Auth(args) => auth::run(context, output, args),
        Command::List(args) => list::run(context, output, args),
        Command::Get(args) => get::run(context, output, args),
        Command::Export(args) => export::run(context, output, args),
        Command::Run(args) => run::run(context, output, args),
        Command::Refresh(args) => refresh::run(context, output, args),
        Command::Logout(args) => logout::run(context, output, args),
        Command::Revoke(args) => revoke::run(context, output, args),
        Command::Remove(args) => remove::run(context, output, args),
        Command::Use(args) => use_connection::run(context, args),
        Command::Providers(args) => providers::run(context, output, args),
        Command::Redeem(args) => redeem::run(context, args),
        Command::Launch(args) => launch::run(context, args),
        Command::Inspect(args) => inspect::run(context, args),
        Command::Register(args) => register::run(context, output, args),
        Command::Import(args) => import::run(context, output, args),
        Command::Setup(args) => setup::run(context, output, args),
        Command::Provider(args) => provider::run(context, output, args),
        Command::Profile(args) => profile::run(context, output, args),
        Command::Whoami(args) => whoami::run(context, args),
        Command::Doctor(args) => doctor::run(context, args),
        Command::Audit(args) => audit::run(context, args),
        Command::Completions(args) => completions::run(context, args),
    }
}
