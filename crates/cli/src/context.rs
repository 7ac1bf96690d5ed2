//! What a command works with, assembled on demand: home, profile, broker, runtime. Nothing with a verb of
//! its own lives here.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use authkeep_audit::AuditLog;
use authkeep_core::{Broker, BrokerParts, Home, ProfileName, ReqwestClient, SystemClock};
use authkeep_registry::Registry;
use authkeep_vault::{EntropyError, SqliteStore};

use crate::args::GlobalArgs;
use crate::env;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::process::Umask;

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
        Ok(Home::open(&self.home_path()?)?)
    }

    /// The home, made if it is missing.
    pub(crate) fn home_or_new(&self) -> Result<Home, CommandError> {
        Ok(Home::open_or_create(&self.home_path()?)?)
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
        Ok(home
            .map(|home| home.config().default_profile.clone())
            .unwrap_or_default())
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

    fn assemble(&self, home: &Home, profile: ProfileName, store: SqliteStore) -> Broker {
        Broker::new(BrokerParts {
            profile,
            registry: Arc::new(self.registry(Some(home))),
            store: Arc::new(store),
            audit: Arc::new(AuditLog::new(home.audit_log())),
            clock: Arc::new(SystemClock),
            entropy,
            http: Arc::new(ReqwestClient::new(env::proxy())),
        })
    }
}

/// The operating system's random bytes.
pub(crate) fn entropy(bytes: &mut [u8]) -> Result<(), EntropyError> {
    getrandom::fill(bytes).map_err(|error| EntropyError::new(error.to_string()))
}

/// Runs async work on a runtime that exists for this work only. Ctrl-C drops the work: what it had not
/// finished is not stored.
///
/// The work is polled before Ctrl-C is listened for: a prompt blocks in that first step, and there the signal
/// shall end the process as it always does.
pub(crate) fn block_on<T>(
    work: impl Future<Output = Result<T, CommandError>>,
) -> Result<T, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            CommandError::caused(ExitCode::Other, "runtime", &error)
                .hint("check the limits on processes and open files")
        })?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            biased;
            outcome = work => outcome,
            interrupted = tokio::signal::ctrl_c() => Err(match interrupted {
                Ok(()) => CommandError::new(ExitCode::Interrupted, "interrupted", "interrupted")
                    .hint("what was not finished is not stored; run the command again"),
                Err(error) => CommandError::caused(ExitCode::Other, "signals", &error)
                    .hint("try again"),
            }),
        }
    });
    // A thread that still waits for another process's lock must not hold up the end of this one.
    runtime.shutdown_background();
    outcome
}

/// A path for messages.
pub(crate) fn shown(path: &Path) -> String {
    path.display().to_string()
}
