//! How long a login hangs by one process: from the arrival of the request at the server, which rotates the token
//! at once, until the vault's file has the new one.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use authkeep_tests::{ended, open_vault, rounds, started};

use crate::acme::Acme;

/// Looks at a file over and over, and notes when it was last seen to change.
struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Option<Instant>>,
}

impl Watch {
    fn start(file: PathBuf) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let look = move || {
            let metadata = fs::metadata(&file).ok()?;
            Some((metadata.len(), metadata.modified().ok()?))
        };
        let mut last = look();
        let thread = thread::spawn(move || {
            let mut changed = None;
            while !stopped.load(Ordering::Relaxed) {
                let now = look();
                if now != last {
                    (last, changed) = (now, Some(Instant::now()));
                }
                thread::yield_now();
            }
            changed
        });
        Self { stop, thread }
    }

    fn stop(self) -> Option<Instant> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// The width of the window in each of so many refreshes, the smallest first.
fn windows(acme: &Acme, count: u32) -> Vec<Duration> {
    let home = acme.product.home().authkeep_home();
    // While somebody has the vault open, whoever closes it writes nothing more to its log.
    let _open = open_vault(&home);
    let mut widths: Vec<Duration> = (0..count)
        .map(|_| {
            acme.expire();
            let watch = Watch::start(home.join("profiles/default/store.db-wal"));
            let get = ended(started(acme.get()));
            let saved = watch.stop().unwrap();
            assert!(acme.is_live(&get), "{get:?}");
            saved - acme.refreshes().last().unwrap().arrived
        })
        .collect();
    widths.sort();
    widths
}

#[test]
fn the_window_is_as_wide_as_the_answer_takes() {
    let acme = Acme::connected();
    let widths = windows(&acme, rounds(8, 200));
    let at = |percent: usize| widths[(widths.len() - 1) * percent / 100];
    println!(
        "figure: from the request's arrival to the saved record, {} times: median {:?}, 95 % {:?}, most {:?}",
        widths.len(),
        at(50),
        at(95),
        at(100)
    );
    // The control: an answer that takes 200 ms is seen to make it wider by that.
    acme.answers_late(200, 1);
    let late = windows(&acme, 1)[0];
    assert!(late >= Duration::from_millis(200), "{late:?}");
    assert!(at(50) < Duration::from_millis(200), "{widths:?}");
}
