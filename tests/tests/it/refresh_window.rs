//! How long a login hangs by one process: from the arrival of the request at the server, which rotates the token
//! at once, until the vault's file has the new one.

use std::fs;
use std::path::{Path, PathBuf};
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
            loop {
                // On a busy machine the first look may be the last.
                let is_last = stopped.load(Ordering::Relaxed);
                let now = look();
                if now != last {
                    (last, changed) = (now, Some(Instant::now()));
                }
                if is_last {
                    return changed;
                }
                thread::yield_now();
            }
        });
        Self { stop, thread }
    }

    fn stop(self) -> Option<Instant> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// What the product's own log says of it: `in_doubt_us` of the last refresh that it tells of.
fn told(log: &Path) -> Duration {
    let text = fs::read_to_string(log).unwrap();
    let figure = text.rsplit_once("in_doubt_us=").unwrap().1;
    let digits: String = figure.chars().take_while(char::is_ascii_digit).collect();
    Duration::from_micros(digits.parse().unwrap())
}

/// The widths of the window in so many refreshes, the smallest first: as they were seen from outside, and as the
/// product tells them.
fn windows(acme: &Acme, count: u32) -> (Vec<Duration>, Vec<Duration>) {
    let home = acme.product.home().authkeep_home();
    // While somebody has the vault open, whoever closes it writes nothing more to its log.
    let _open = open_vault(&home);
    let log = acme.product.home().tmp().join("log");
    let (mut seen, mut told): (Vec<_>, Vec<_>) = (0..count)
        .map(|_| {
            acme.expire();
            let watch = Watch::start(home.join("profiles/default/store.db-wal"));
            let mut get = acme.get();
            get.args(["-v", "--log-file"]).arg(&log);
            let get = ended(started(get));
            let saved = watch.stop().unwrap();
            assert!(acme.is_live(&get), "{get:?}");
            let arrived = acme.refreshes().last().unwrap().arrived;
            (saved - arrived, told(&log))
        })
        .unzip();
    seen.sort();
    told.sort();
    (seen, told)
}

#[test]
fn the_window_is_as_wide_as_the_answer_takes() {
    let acme = Acme::connected();
    let (seen, told) = windows(&acme, rounds(8, 200));
    println!(
        "figure: from the request's arrival to the saved record, {} times: {}",
        seen.len(),
        percentiles(&seen)
    );
    println!(
        "figure: from before the request to after the save, by the log: {}",
        percentiles(&told)
    );
    // The control: an answer that takes 200 ms is seen to make it wider by that.
    const LATE: Duration = Duration::from_millis(200);
    assert!(seen[seen.len() / 2] < LATE, "{seen:?}");
    acme.answers_late(200, 1);
    let (seen, told) = windows(&acme, 1);
    assert!(seen[0] >= LATE && told[0] >= LATE, "{seen:?} {told:?}");
}

fn percentiles(sorted: &[Duration]) -> String {
    let at = |percent: usize| sorted[(sorted.len() - 1) * percent / 100];
    let (median, most) = (at(50), at(100));
    format!("median {median:?}, 95 % {:?}, most {most:?}", at(95))
}
