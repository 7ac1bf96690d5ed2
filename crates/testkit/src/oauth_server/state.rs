//! What the server's thread and the test's handle share.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::authorize::AuthorizationRequest;
use super::device::Devices;
use super::grants::Grants;
use super::options::ServerOptions;
use super::script::Scripted;
use super::seen::Seen;
use crate::message::Received;

/// Locks are held for one synchronous step each, never across an await.
pub(super) struct Shared {
    pub(super) url: String,
    state: Mutex<State>,
    log: Mutex<Vec<Seen>>,
    scripts: Mutex<HashMap<String, VecDeque<Scripted>>>,
}

pub(super) struct State {
    pub(super) options: ServerOptions,
    pub(super) grants: Grants,
    pub(super) devices: Devices,
    /// Consent pages shown and not yet answered, by the id in their form.
    pub(super) pending: HashMap<String, AuthorizationRequest>,
}

impl Shared {
    pub(super) fn new(url: String, options: ServerOptions) -> Self {
        let state = State {
            options,
            grants: Grants::default(),
            devices: Devices::default(),
            pending: HashMap::new(),
        };
        Self {
            url,
            state: Mutex::new(state),
            log: Mutex::default(),
            scripts: Mutex::default(),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn log(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn scripts(&self) -> MutexGuard<'_, HashMap<String, VecDeque<Scripted>>> {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the request to the log and takes the fault it shall meet, if any.
    pub(super) fn arrived(&self, received: &Received) -> (usize, Option<Scripted>) {
        let mut log = self.log();
        log.push(Seen::of(received));
        let fault = self
            .scripts()
            .get_mut(&received.path)
            .and_then(VecDeque::pop_front);
        (log.len() - 1, fault)
    }

    pub(super) fn answered(&self, index: usize, status: u16) {
        self.log()[index].status = Some(status);
    }
}
