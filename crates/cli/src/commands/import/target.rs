//! Where an import goes: a profile's vault, or in a rehearsal a stand-in for one that is not there yet.

use std::sync::Arc;

use authkeep_audit::AuditLog;
use authkeep_core::import::ImportMode;
use authkeep_core::{Broker, BrokerParts, Home, ProfileName, ReqwestClient, SystemClock};
use authkeep_vault::SqliteStore;
use tempfile::TempDir;

use crate::context::{Context, entropy};
use crate::env;
use crate::error::CommandError;
use crate::exit_code::ExitCode;

/// A broker to import with.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) broker: Broker,
    /// What the stand-in is kept in; removed with it.
    _folder: Option<TempDir>,
}

impl Target {
    /// The target for `profile`, which is made if it is missing; without one the profile in force.
    pub(crate) fn of(
        context: &Context,
        profile: Option<&ProfileName>,
        mode: ImportMode,
    ) -> Result<Self, CommandError> {
        if mode == ImportMode::Rehearse {
            return Self::to_rehearse(context, profile);
        }
        let broker = match profile {
            None => context.broker_or_new()?,
            Some(profile) => {
                let home = context.home_or_new()?;
                let store = home.open_or_create_vault(profile, entropy)?;
                context.assemble(&home, profile.clone(), store)
            }
        };
        Ok(Self {
            broker,
            _folder: None,
        })
    }

    fn to_rehearse(context: &Context, profile: Option<&ProfileName>) -> Result<Self, CommandError> {
        let home = context.home()?;
        let profile = match profile {
            Some(profile) => profile.clone(),
            None => context.profile(home.as_ref())?,
        };
        if let Some(home) = &home {
            if SqliteStore::exists(&home.profile(&profile)) {
                let store = home.open_vault(&profile, entropy)?;
                return Ok(Self {
                    broker: context.assemble(home, profile, store),
                    _folder: None,
                });
            }
            if context.global.profile.as_ref() == Some(&profile) {
                home.require(&profile)?;
            }
        }
        let folder = scratch_folder()?;
        let stand_in =
            Home::open_or_create(&folder.path().join("home"))?.allowing(env::file_systems());
        let store = stand_in.open_or_create_vault(&profile, entropy)?;
        let broker = Broker::new(BrokerParts {
            profile,
            registry: Arc::new(context.registry(home.as_ref())),
            store: Arc::new(store),
            audit: Arc::new(AuditLog::new(stand_in.audit_log())),
            clock: Arc::new(SystemClock),
            entropy,
            http: Arc::new(ReqwestClient::new(env::proxy())),
        });
        Ok(Self {
            broker,
            _folder: Some(folder),
        })
    }
}

/// A folder of our own that is gone at the end.
pub(super) fn scratch_folder() -> Result<TempDir, CommandError> {
    let made = env::runtime_folders().into_iter().find_map(|parent| {
        let mut builder = tempfile::Builder::new();
        builder.prefix("authkeep-import-").tempdir_in(parent).ok()
    });
    made.ok_or_else(|| {
        CommandError::new(
            ExitCode::Other,
            "no_scratch",
            "there is no place for temporary files",
        )
        .hint("set TMPDIR to a folder that can be written to")
    })
}
