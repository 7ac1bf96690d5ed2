//! What the tests of refreshes do with `acme`: let its token run out, ask for it, and look at what came of it.

use std::ops::Range;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use authkeep_testkit::oauth_server::{Scripted, Seen};
use authkeep_tests::{
    Ended, ended, expire, open_vault, processes_of, put_record, started, stored_record, wait_until,
};
use serde_json::{Map, Value};

use crate::acme::Acme;

/// What a caller of `get` wants.
pub(crate) const GET: [&str; 5] = ["get", "acme", "--field", "token", "--show-secret"];

impl Acme {
    /// The stored token has run out, there as well as here. A refresh under way is over.
    pub(crate) fn expire(&self) {
        expire(&open_vault(&self.product.home().authkeep_home()));
        self.server.expire_access_tokens();
    }

    /// `get` for the secret itself.
    pub(crate) fn get(&self) -> Command {
        self.product.command(&GET)
    }

    /// The same by the program that has the library in it.
    pub(crate) fn embedder(&self, arguments: &[&str]) -> Command {
        let program = std::path::Path::new(env!("CARGO_BIN_EXE_embedder"));
        let mut command = self.product.home().command(program);
        command.args(arguments);
        command
    }

    /// The refresh requests so far.
    pub(crate) fn refreshes(&self) -> Vec<Seen> {
        let mut log = self.server.log();
        log.retain(|seen| seen.field("grant_type") == Some("refresh_token"));
        log
    }

    /// The refresh requests so far, and how many of them were granted.
    pub(crate) fn asked_and_granted(&self) -> (usize, usize) {
        let refreshes = self.refreshes();
        let granted = refreshes.iter().filter(|seen| seen.status == Some(200));
        (refreshes.len(), granted.count())
    }

    /// The next token requests are acted upon at once and answered so many milliseconds later: the server has
    /// rotated the token and nobody else knows it yet.
    pub(crate) fn answers_late(&self, milliseconds: u64, requests: u32) {
        let late = vec![Scripted::Late(milliseconds); requests as usize];
        self.server.script("/token", late);
    }

    /// Whether that is a token which works at the server.
    pub(crate) fn is_live(&self, ended: &Ended) -> bool {
        ended.code == 0 && self.server.token_is_active(&ended.stdout)
    }

    /// How long a refresh takes that nobody disturbs.
    pub(crate) fn usual_refresh(&self) -> Duration {
        let mut took = [(); 3].map(|()| {
            self.expire();
            let start = Instant::now();
            let get = ended(started(self.get()));
            assert!(self.is_live(&get), "{get:?}");
            start.elapsed()
        });
        took.sort();
        took[1]
    }

    /// The stored record, if there is one.
    pub(crate) fn record(&self) -> Option<Map<String, Value>> {
        stored_record(&open_vault(&self.product.home().authkeep_home()))
    }

    /// Puts a record in place of the stored one.
    pub(crate) fn put(&self, record: &Map<String, Value>) {
        put_record(&open_vault(&self.product.home().authkeep_home()), record);
    }

    /// Waits until no process works in this home any more.
    pub(crate) fn wait_until_quiet(&self) {
        let home = self.product.home().authkeep_home();
        wait_until("every process of this home has ended", || {
            processes_of(&home).is_empty()
        });
    }

    /// Fails unless everything stored is whole.
    pub(crate) fn assert_sound(&self) {
        let (code, report) = self.product.json(&["doctor"]);
        assert_eq!((code, &report["ok"]), (0, &true.into()), "{report:#}");
    }
}

/// Shares so many rounds out among threads, each of which has a home of its own.
pub(crate) fn in_parts<T: Send>(
    rounds: u32,
    parts: u32,
    work: impl Fn(Range<u32>) -> T + Sync,
) -> Vec<T> {
    let (each, work) = (rounds.div_ceil(parts), &work);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..parts)
            .map(|part| part * each..rounds.min((part + 1) * each))
            .map(|rounds| scope.spawn(move || work(rounds)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}
