//! `authkeep redeem`: the detached helper. It is started by `refresher.rs` and is no command for people.

use std::io::{self, Write};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use authkeep_core::{Broker, RefreshOrder};
use authkeep_vault::{GivenKey, MasterKey};
use clap::Args;
use serde_json::Value;

use crate::args;
use crate::context::{Context, to_the_end};
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output::{Done, View};
use crate::process;
use crate::refresher::{Answer, not_finished, receive};

/// Renew one login. Started by authkeep itself; use `authkeep get --refresh` or `authkeep refresh`.
#[derive(Debug, Args)]
#[command(hide = true)]
pub(crate) struct RedeemArgs {
    /// Do the work; without it, start another process that does.
    #[arg(long, hide = true)]
    apart: bool,
}

/// The longest that a helper lives: its patience for the lock, the server's time, and a while for the save. Whatever
/// holds it up longer will not let go, and its lock is needed.
pub(crate) const LIFE: Duration = Duration::from_secs(120);
/// The longest that it waits for the lock, whatever it is told.
const LONGEST_PATIENCE: Duration = Duration::from_secs(45);

pub(crate) fn run(context: &Context, args: &RedeemArgs) -> Result<Done, CommandError> {
    if !args.apart {
        return stand_apart();
    }
    process::end_after(LIFE);
    // From here on there is the master key in this process.
    process::be_opaque();
    let Some((key, order)) = receive() else {
        return Err(CommandError::new(
            ExitCode::Usage,
            "no_order",
            "this command is started by authkeep itself, and got no order",
        )
        .hint("use `authkeep refresh PROVIDER`"));
    };
    let order = RefreshOrder {
        patience: order.patience.min(LONGEST_PATIENCE),
        ..order
    };
    let answer = match broker(context, key) {
        Ok(broker) => carried_out(&broker, &order),
        Err(error) => Err(not_finished(&order, error.message())),
    };
    Ok(Done::view(Report(answer)))
}

/// Leaves the caller behind before anything is read: its session, the files that it has open, and its being the
/// parent, who would find a child that it never started. Whoever kills the caller's group before this has killed
/// nothing that was begun.
fn stand_apart() -> Result<Done, CommandError> {
    process::leave_the_session();
    process::leave_no_core();
    process::share_no_files();
    let started = process::this_program().and_then(|program| {
        let mut command = Command::new(program);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::arg0(&mut command, "authkeep");
        command.args(args::raw()).arg("--apart").spawn()
    });
    match started {
        Ok(_) => Ok(Done::Ended(ExitCode::Ok)),
        Err(error) => Err(CommandError::caused(
            ExitCode::TryAgain,
            "not_started",
            &error,
        )),
    }
}

fn broker(context: &Context, key: MasterKey) -> Result<Broker, CommandError> {
    let home = context
        .home()?
        .ok_or_else(|| CommandError::new(ExitCode::StoreUnavailable, "home", "the home is gone"))?;
    let profile = context.profile(Some(&home))?;
    let key = Arc::new(GivenKey::new(key));
    let store = home.open_vault_with(key, &profile, crate::context::entropy)?;
    Ok(context.assemble(&home, profile, store))
}

fn carried_out(broker: &Broker, order: &RefreshOrder) -> Answer {
    to_the_end(broker.carry_out(order))
        .unwrap_or_else(|error| Err(not_finished(order, error.message())))
}

struct Report(Answer);

impl View for Report {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", self.json())
    }

    fn json(&self) -> Value {
        serde_json::to_value(&self.0).unwrap_or_default()
    }
}
