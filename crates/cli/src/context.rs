//! What a command works with, assembled on demand: home, profile, broker, runtime. Nothing with a verb of
//! its own lives here.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use authkeep_audit::AuditLog;
use authkeep_core::{Broker, BrokerParts, Home, ProfileName, ReqwestClient, SystemClock};
use authkeep_registry::Registry;
use authkeep_vault::{EntropyError, SqliteStore};
use tokio::runtime::{Builder, Runtime};

use crate::args::GlobalArgs;
use crate::env;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::process::{self, Umask};
use crate::refresher::DetachedRefresher;

/// The wiring of one invocation.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) global: GlobalArgs,
    pub(crate) umask: Umask,
}

impl Context {
    pub(crate) fn new(global: GlobalArgs, umask: Umask) -> Self {
        Self { global, umask }
    }

    /// Where the home is, whether or not it exists.
    pub(crate) fn home_path(&self) -> Result<PathBuf, CommandError> {
        env::authkeep_home().ok_or_else(|| {
            CommandError::new(
                ExitCode::StoreUnavailable,
                "no_home",
                "there is no home directory: neither AUTHKEEP_HOME nor HOME is set",
            )
            .hint("set AUTHKEEP_HOME to a folder of your own")
        })
    }

    /// The home, if there is one.
    pub(crate) fn home(&self) -> Result<Option<Home>, CommandError> {
        let home = Home::open(&self.home_path()?)?;
        Ok(home.map(|home| home.allowing(env::file_systems())))
    }

    /// The home, made if it is missing.
    pub(crate) fn home_or_new(&self) -> Result<Home, CommandError> {
        Ok(Home::open_or_create(&self.home_path()?)?.allowing(env::file_systems()))
    }

    /// The provider definitions, the user's own among them where there is a home.
    pub(crate) fn registry(&self, home: Option<&Home>) -> Registry {
        Registry::new(home.map(Home::providers))
    }

    /// The profile in force: `--profile`, `AUTHKEEP_PROFILE`, the home's default.
    pub(crate) fn profile(&self, home: Option<&Home>) -> Result<ProfileName, CommandError> {
        if let Some(name) = self.named_profile()? {
            return Ok(name);
        }
        Ok(default_profile(home))
    }

    /// The profile in force, where a command that names none may mean another.
    pub(crate) fn profile_to_name(
        &self,
        home: Option<&Home>,
    ) -> Result<Option<ProfileName>, CommandError> {
        let profile = self.profile(home)?;
        Ok((profile != default_profile(home)).then_some(profile))
    }

    fn named_profile(&self) -> Result<Option<ProfileName>, CommandError> {
        if self.global.profile.is_some() {
            return Ok(self.global.profile.clone());
        }
        env::profile()
            .map(|name| name.parse())
            .transpose()
            .map_err(|error| {
                CommandError::caused(ExitCode::Usage, "profile_name", &error)
                    .hint("correct AUTHKEEP_PROFILE")
            })
    }

    /// The broker of the profile in force, if anything was ever stored there. A profile that was named must
    /// exist; the default one may not have been made yet.
    pub(crate) fn broker(&self) -> Result<Option<Broker>, CommandError> {
        let Some(home) = self.home()? else {
            return Ok(None);
        };
        let profile = self.profile(Some(&home))?;
        if !SqliteStore::exists(&home.profile(&profile)) {
            if self.named_profile()?.is_some() {
                home.require(&profile)?;
            }
            return Ok(None);
        }
        let store = home.open_vault(&profile, entropy)?;
        Ok(Some(self.assemble(&home, profile, store)))
    }

    /// The broker of the profile in force, home and vault made if they are missing. A profile that was named
    /// must exist, so that a typing error does not make one.
    pub(crate) fn broker_or_new(&self) -> Result<Broker, CommandError> {
        let home = self.home_or_new()?;
        let profile = self.profile(Some(&home))?;
        if self.named_profile()?.is_some() && profile != home.config().default_profile {
            home.require(&profile)?;
        }
        let store = home.open_or_create_vault(&profile, entropy)?;
        Ok(self.assemble(&home, profile, store))
    }

    /// A broker on an open vault. What it refreshes is done by a process of its own.
    pub(crate) fn assemble(&self, home: &Home, profile: ProfileName, store: SqliteStore) -> Broker {
        let broker = Broker::new(BrokerParts {
            profile,
            registry: Arc::new(self.registry(Some(home))),
            store: Arc::new(store),
            audit: Arc::new(AuditLog::new(home.audit_log())),
            clock: Arc::new(SystemClock),
            entropy,
            http: Arc::new(ReqwestClient::new(env::proxy())),
        })
        .with_environment(env::environment())
        .with_runner(Arc::new(DetachedRefresher::new(home, &self.global)));
        if process::is_the_first() {
            return broker.with_impatience(None);
        }
        broker
    }
}

/// The profile that is meant where none is named.
fn default_profile(home: Option<&Home>) -> ProfileName {
    let chosen = home.map(|home| home.config().default_profile.clone());
    chosen.unwrap_or_default()
}

/// The operating system's random bytes.
pub(crate) fn entropy(bytes: &mut [u8]) -> Result<(), EntropyError> {
    getrandom::fill(bytes).map_err(|error| EntropyError::new(error.to_string()))
}

/// What Ctrl-C, a hang-up or a polite kill does to work that is under way.
#[derive(Debug, Clone, Copy)]
pub(crate) enum OnInterrupt<'a> {
    /// Drop it: nothing of it is stored. For work that waits for a person.
    Drop,
    /// Leave it: what was begun is in the hands of a process of its own.
    Leave,
    /// Finish what the broker is in the middle of, and end at the second signal: between a server's rotation of a
    /// token and its being saved, the login hangs by this process.
    Finish(&'a Broker),
}

/// Runs async work on a runtime that exists for this work only.
pub(crate) fn block_on<T>(
    on_interrupt: OnInterrupt<'_>,
    work: impl Future<Output = Result<T, CommandError>>,
) -> Result<T, CommandError> {
    let runtime = runtime()?;
    let interrupted = || CommandError::new(ExitCode::Interrupted, "interrupted", "interrupted");
    let outcome = runtime.block_on(async {
        // Heard from before the work begins: it may hide what is typed, and must be there to show it again.
        let mut signals = Signals::listen();
        let mut work = std::pin::pin!(work);
        tokio::select! {
            biased;
            outcome = &mut work => return outcome,
            () = signals.next() => {}
        }
        if matches!(on_interrupt, OnInterrupt::Finish(broker) if broker.is_in_transaction()) {
            tokio::select! {
                biased;
                outcome = &mut work => {
                    outcome?;
                    return Err(interrupted().hint("what was under way was finished and saved"));
                }
                () = signals.next() => {}
            }
        }
        Err(interrupted().hint(match on_interrupt {
            OnInterrupt::Leave => "a refresh that was begun goes on by itself and will be saved",
            _ => "what was not finished is not stored; run the command again",
        }))
    });
    // A thread that still waits for another process's lock must not hold up the end of this one.
    runtime.shutdown_background();
    outcome
}

/// Runs async work that no polite signal stops.
pub(crate) fn to_the_end<T>(work: impl Future<Output = T>) -> Result<T, CommandError> {
    let runtime = runtime()?;
    let outcome = runtime.block_on(async {
        let mut signals = Signals::listen();
        let deaf = async {
            loop {
                signals.next().await;
            }
        };
        tokio::select! {
            biased;
            never = deaf => never,
            outcome = work => outcome,
        }
    });
    runtime.shutdown_background();
    Ok(outcome)
}

fn runtime() -> Result<Runtime, CommandError> {
    built(&mut Builder::new_current_thread())
}

/// A runtime for work that is never done: as many threads as there are processors, up to four.
pub(crate) fn workers() -> Result<Runtime, CommandError> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    built(Builder::new_multi_thread().worker_threads(processors.min(4)))
}

fn built(builder: &mut Builder) -> Result<Runtime, CommandError> {
    builder.enable_all().build().map_err(|error| {
        CommandError::caused(ExitCode::Other, "runtime", &error)
            .hint("check the limits on processes and open files")
    })
}

/// The signals that ask the process to end. Where they cannot be listened for, they end it by themselves.
#[cfg(unix)]
struct Signals(Vec<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Signals {
    /// From now on they no longer end the process. Those that it was told to ignore stay ignored.
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
        ];
        let heard = kinds
            .into_iter()
            .filter(|kind| !process::is_ignored(kind.as_raw_value()));
        Self(heard.filter_map(|kind| signal(kind).ok()).collect())
    }

    /// Waits for one of them.
    async fn next(&mut self) {
        use std::task::Poll;
        std::future::poll_fn(|context| {
            let mut heard = self.0.iter_mut();
            match heard.any(|signal| signal.poll_recv(context).is_ready()) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> Self {
        Self
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}

/// A path for messages.
pub(crate) fn shown(path: &Path) -> String {
    path.display().to_string()
}
