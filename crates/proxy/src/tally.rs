//! What a run amounted to: the figures that are shown at its end.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{Account, Code};

/// Counts requests. It sees no secret and no address.
#[derive(Debug, Default)]
pub struct Tally {
    accounts: Mutex<BTreeMap<Account, Counts>>,
    refused: AtomicU64,
    reasons: Mutex<BTreeMap<Code, u64>>,
    passed: AtomicU64,
    tunnels: AtomicU64,
    minted: AtomicU64,
    probed: AtomicU64,
}

/// The figures of one login.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that went out with its credential.
    pub injected: u64,
    /// Requests that were meant for it and were answered with a refusal.
    pub refused: u64,
}

impl Tally {
    /// The figures by login; logins that nothing was asked for are not among them.
    pub fn accounts(&self) -> BTreeMap<Account, Counts> {
        whole(&self.accounts).clone()
    }

    /// How often something was refused, with a login or without, by the reason.
    pub fn reasons(&self) -> BTreeMap<Code, u64> {
        whole(&self.reasons).clone()
    }

    /// Requests and tunnels that were refused without a login to count them for.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Requests to hosts of a login that went out without a credential: to a provider's own endpoints, or where no
    /// login is for that path.
    pub fn passed(&self) -> u64 {
        self.passed.load(Ordering::Relaxed)
    }

    /// Tunnels to other hosts, and requests over plain http.
    pub fn tunnels(&self) -> u64 {
        self.tunnels.load(Ordering::Relaxed)
    }

    /// Certificates that were made for hosts.
    pub fn minted(&self) -> u64 {
        self.minted.load(Ordering::Relaxed)
    }

    /// Requests to the sidecar's own host ([`PROBE_HOST`](crate::PROBE_HOST)).
    pub fn probed(&self) -> u64 {
        self.probed.load(Ordering::Relaxed)
    }

    pub(crate) fn injected(&self, account: &Account) {
        self.count(account, |counts| counts.injected += 1);
    }

    pub(crate) fn refuse(&self, account: Option<&Account>, code: Code) {
        *whole(&self.reasons).entry(code).or_default() += 1;
        match account {
            Some(account) => self.count(account, |counts| counts.refused += 1),
            None => add(&self.refused),
        }
    }

    pub(crate) fn passed_on(&self) {
        add(&self.passed);
    }

    pub(crate) fn tunnelled(&self) {
        add(&self.tunnels);
    }

    pub(crate) fn certificate(&self) {
        add(&self.minted);
    }

    pub(crate) fn probe(&self) {
        add(&self.probed);
    }

    fn count(&self, account: &Account, step: impl FnOnce(&mut Counts)) {
        let mut accounts = whole(&self.accounts);
        match accounts.get_mut(account) {
            Some(counts) => step(counts),
            None => step(accounts.entry(account.clone()).or_default()),
        }
    }
}

/// A count is whole after each step, so a panic elsewhere spoils nothing.
fn whole<T>(counts: &Mutex<T>) -> MutexGuard<'_, T> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
