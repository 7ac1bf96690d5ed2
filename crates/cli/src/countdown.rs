//! While a login waits for a person: one line that says for how long still, redrawn each second where that is possible.

use std::sync::Mutex;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::output::Output;

/// The line, or nothing.
#[derive(Debug, Default)]
pub(crate) struct Countdown(Mutex<Option<Ticking>>);

/// A thread that draws until its channel is closed.
#[derive(Debug)]
struct Ticking {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Countdown {
    /// Says that `what` goes on, for `patience` at most. Where nobody would see it move, it is said once.
    pub(crate) fn start(&self, output: &Output, what: String, patience: Duration) {
        self.stop();
        if !output.has_status_line() {
            let most = in_words(patience);
            output.say(&format!("{what} (up to {most}; Ctrl-C cancels) …"));
            return;
        }
        let (stop, stopped) = mpsc::channel();
        let output = output.clone();
        let thread = thread::spawn(move || {
            let ends = Instant::now() + patience;
            let mut drawn = 0;
            loop {
                let left = ends.saturating_duration_since(Instant::now());
                let line = format!("{what} ({} left; Ctrl-C cancels) …", clock(left));
                drawn = output.draw_status(&line, drawn);
                match stopped.recv_timeout(Duration::from_secs(1)) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            output.clear_status(drawn);
        });
        let ticking = Ticking {
            stop: Some(stop),
            thread: Some(thread),
        };
        *self.lock() = Some(ticking);
    }

    /// Takes the line away.
    pub(crate) fn stop(&self) {
        let ticking = self.lock().take();
        drop(ticking);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Ticking>> {
        // Nothing that holds it can panic halfway.
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The line is gone when this returns. A thread that panicked has drawn its last one.
            drop(thread.join());
        }
    }
}

/// `4:07`, or `1:00:00`.
fn clock(left: Duration) -> String {
    let seconds = left.as_secs();
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    match minutes / 60 {
        0 => format!("{minutes}:{seconds:02}"),
        hours => format!("{hours}:{:02}:{seconds:02}", minutes % 60),
    }
}

fn in_words(patience: Duration) -> String {
    match patience.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_at_a_glance() {
        let clocks = [0, 7, 60, 247, 3_599, 3_600, 86_399].map(|s| clock(Duration::from_secs(s)));
        assert_eq!(
            clocks,
            [
                "0:00", "0:07", "1:00", "4:07", "59:59", "1:00:00", "23:59:59"
            ]
        );
        let words = [5, 90, 120, 300, 899].map(|s| in_words(Duration::from_secs(s)));
        assert_eq!(words, ["5 s", "90 s", "2 min", "5 min", "15 min"]);
    }
}
