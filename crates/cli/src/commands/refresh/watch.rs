//! Renewing ahead of expiry, for as long as it runs.
//!
//! Each look reads the vault anew, so logins come and go without a word to the watch, and nothing that goes wrong in
//! one look outlives it. It ends by a signal, or when nobody reads what it writes.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use authkeep_core::{Broker, Clock as _, ProfileName, SystemClock, Timestamp};
use tokio::task::{JoinError, JoinSet};

use super::RefreshArgs;
use super::event::{Event, Failure, What};
use super::hook::{HookCommand, LIMIT, Occasion};
use super::journal::Journal;
use super::login::{Id, Login, Selection};
use super::planner::Planner;
use super::table;
use super::vault::Vault;
use crate::commands::missing::defined;
use crate::context::{Context, OnInterrupt, block_on, entropy};
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::logging;
use crate::output::{Done, Live, Output};

/// The clock on the wall is looked at so often: a machine that slept is noticed by it.
const SLICE: Duration = Duration::from_secs(3);
/// The same while people look at the times.
const LIVE_SLICE: Duration = Duration::from_secs(1);

pub(super) fn run(
    context: &Context,
    output: &Output,
    args: &RefreshArgs,
) -> Result<Done, CommandError> {
    let mut vault = Vault::new(context);
    let selection = selection(context, &mut vault, args)?;
    // What is wrong from the start is an error; what goes wrong later is told and tried again.
    let logins = vault.read(&selection, SystemClock.now())?;
    let home = context.home()?;
    let profile = context.profile(home.as_ref())?;
    let mut watch = Watch {
        output,
        vault,
        selection,
        hook: args.hook.clone(),
        journal: Journal::new(context.profile_to_name(home.as_ref())?),
        planner: Planner::new(seed()?),
        profile,
        attempts: JoinSet::new(),
        hooks: JoinSet::new(),
        // A log between the drawings would tear the table apart.
        live: output
            .live()
            .filter(|_| !logging::is_on_stderr(&context.global)),
        logins: Vec::new(),
        hook_trouble: None,
    };
    output.say(&format!(
        "Keeping {} fresh in profile {}. Ctrl-C ends it.",
        match logins.len() {
            1 => "1 login".to_owned(),
            n => format!("{n} logins"),
        },
        watch.profile,
    ));
    match block_on(OnInterrupt::Leave, watch.forever()) {
        Ok(()) => Ok(Done::Ended(ExitCode::Ok)),
        Err(error) if error.exit_code() == ExitCode::Interrupted => {
            Ok(Done::Ended(ExitCode::Interrupted))
        }
        Err(error) => Err(error),
    }
}

/// Which logins are meant. A name that nothing is known by is an error at once.
fn selection(
    context: &Context,
    vault: &mut Vault<'_>,
    args: &RefreshArgs,
) -> Result<Selection, CommandError> {
    let Some(provider) = &args.provider else {
        return Ok(Selection::default());
    };
    let home = context.home()?;
    let canonical = match vault.broker()? {
        None => defined(context, provider)?.name,
        Some(broker) => {
            broker.require_known(provider)?;
            match context.registry(home.as_ref()).find(provider) {
                Ok(Some(found)) => found.definition.name,
                // A login without a readable definition is known by the name that it has.
                Ok(None) | Err(_) => provider.clone(),
            }
        }
    };
    Ok(Selection {
        provider: Some(canonical),
        connection: args.connection.clone(),
    })
}

fn seed() -> Result<u64, CommandError> {
    let mut bytes = [0; 8];
    entropy(&mut bytes).map_err(|error| {
        CommandError::caused(ExitCode::Other, "entropy", &error)
            .hint("the operating system gave no random bytes; try again")
    })?;
    Ok(u64::from_le_bytes(bytes))
}

struct Watch<'a> {
    output: &'a Output,
    vault: Vault<'a>,
    selection: Selection,
    profile: ProfileName,
    hook: Option<HookCommand>,
    journal: Journal,
    planner: Planner,
    attempts: JoinSet<Attempt>,
    hooks: JoinSet<(Id, Result<(), String>)>,
    live: Option<Live>,
    /// As they were at the last look that succeeded.
    logins: Vec<Login>,
    /// What the last hook that failed said, for the live table.
    hook_trouble: Option<String>,
}

/// An attempt that has ended: the login as it was before, and what came of it.
type Attempt = (Login, Result<(), Failure>);

impl Watch<'_> {
    /// Returns when nobody reads any more.
    async fn forever(&mut self) -> Result<(), CommandError> {
        let mut ended = Vec::new();
        loop {
            match self.look(std::mem::take(&mut ended)) {
                Ok(pause) => {
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        Some(attempt) = self.attempts.join_next() => ended.extend(joined(attempt)),
                        Some(hook) = self.hooks.join_next() => {
                            if let Some((id, result)) = joined(hook)
                                && let Err(error) = self.hook_ended(id, result)
                            {
                                return closed(&error);
                            }
                        }
                    }
                }
                Err(error) => return closed(&error),
            }
        }
    }

    /// Reads the vault, tells what is new, starts what is due, and says for how long there is nothing to do.
    fn look(&mut self, ended: Vec<Attempt>) -> io::Result<Duration> {
        let now = SystemClock.now();
        let broker = self.read(now)?;
        for (before, result) in ended {
            let id = before.id.clone();
            let replaced = |login: &Login| login.id == id && !login.has_same_token(&before);
            let why = match result {
                // Where it failed, somebody else may have had more luck meanwhile.
                Err(why) if !self.logins.iter().any(replaced) => why,
                _ => {
                    self.planner.succeeded(&id);
                    continue;
                }
            };
            let failures = self.planner.failed(now, &id);
            if let Some(what) = self.journal.attempt_failed(&id, why, failures) {
                self.tell(now, Some(id), what)?;
            }
        }
        let slice = if self.live.is_some() {
            LIVE_SLICE
        } else {
            SLICE
        };
        let mut pause = slice;
        if let Some(broker) = broker {
            let plan = self.planner.plan(now, slice, &self.logins);
            for (id, lead) in plan.renew {
                if let Some(login) = self.logins.iter().find(|login| login.id == id) {
                    self.attempts
                        .spawn(attempt(broker.clone(), login.clone(), lead));
                }
            }
            pause = plan.look_again;
        }
        self.draw(now)?;
        Ok(pause)
    }

    /// What the vault holds now. Without it the last look's logins are still shown, and nothing is renewed.
    fn read(&mut self, now: Timestamp) -> io::Result<Option<Broker>> {
        let read = self.vault.read(&self.selection, now);
        match read.and_then(|logins| Ok((logins, self.vault.broker()?))) {
            Ok((logins, broker)) => {
                for (id, what) in self.journal.look(&logins) {
                    self.tell(now, id, what)?;
                }
                self.logins = logins;
                Ok(broker)
            }
            Err(error) => {
                if let Some(what) = self.journal.vault_failed(error.into()) {
                    self.tell(now, None, what)?;
                }
                Ok(None)
            }
        }
    }

    fn tell(&mut self, at: Timestamp, id: Option<Id>, what: What) -> io::Result<()> {
        if let (Some(hook), Some(id), What::NeedsLogin { why, command }) = (&self.hook, &id, &what)
        {
            let occasion = Occasion {
                id: id.clone(),
                profile: self.profile.clone(),
                message: why.message.clone(),
                command: command.clone(),
            };
            // What a hook says would tear the table apart.
            let stderr = if self.live.is_some() {
                Stdio::null()
            } else {
                Stdio::inherit()
            };
            let hook = hook.clone();
            self.hooks.spawn(async move {
                let result = hook.run(&occasion, stderr, LIMIT).await;
                (occasion.id, result)
            });
        }
        if self.live.is_some() {
            return Ok(()); // The table shows how things are.
        }
        self.output.line(&Event { at, id, what })
    }

    fn hook_ended(&mut self, id: Id, result: Result<(), String>) -> io::Result<()> {
        let Err(message) = result else {
            self.hook_trouble = None;
            return Ok(());
        };
        self.hook_trouble = Some(format!("{id}: {message}"));
        self.tell(SystemClock.now(), Some(id), What::HookFailed { message })
    }

    fn draw(&mut self, now: Timestamp) -> io::Result<()> {
        let Some(live) = &mut self.live else {
            return Ok(());
        };
        let trouble = self.hook_trouble.as_deref();
        let text = table::text(now, &self.logins, &self.journal, &self.planner, trouble);
        self.output.redraw(live, &text)
    }
}

/// Has the core renew one login. What it leaves as it was counts as a failure.
async fn attempt(broker: Broker, before: Login, lead: Duration) -> Attempt {
    let result = match broker.resolve(&before.id.target(), Some(lead)).await {
        Ok(connection) => {
            let now = Login::of(&connection, broker.now());
            if now.has_same_token(&before) {
                Err(Failure::of(&now))
            } else {
                Ok(())
            }
        }
        Err(error) => Err(CommandError::from(error).into()),
    };
    (before, result)
}

/// What a task returned. A panic in it is one here.
fn joined<T>(outcome: Result<T, JoinError>) -> Option<T> {
    match outcome {
        Ok(value) => Some(value),
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => None,
        },
    }
}

/// A reader that has seen enough ends the watch, and is no error.
fn closed(error: &io::Error) -> Result<(), CommandError> {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Ok(());
    }
    Err(CommandError::new(
        ExitCode::Other,
        "output",
        format!("cannot write the output: {error}"),
    )
    .hint("check where standard output goes"))
}
