//! The sum, over all stages of this process, of what came to those that no credential is for: the server that no login
//! is for, and whoever listens without TLS.

use std::sync::Mutex;

/// What one stage, or all of them, saw.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Seen {
    /// Bytes that came to the wrong parties and were looked through.
    pub(super) bytes: usize,
    /// Requests to the wrong server.
    pub(super) requests: usize,
    /// Secrets in them.
    pub(super) found: usize,
    /// Secrets that came to the server that they are for.
    pub(super) delivered: usize,
}

static SUM: Mutex<(usize, Seen)> = Mutex::new((
    0,
    Seen {
        bytes: 0,
        requests: 0,
        found: 0,
        delivered: 0,
    },
));

/// Adds a stage, and says what there is by now: the last `sum:` of a run is that of all of it.
#[expect(
    clippy::print_stdout,
    reason = "the figure is for whoever runs the tests with --nocapture"
)]
pub(super) fn add(stage: Seen) {
    let mut sum = SUM.lock().unwrap();
    let (stages, seen) = &mut *sum;
    *stages += 1;
    seen.bytes += stage.bytes;
    seen.requests += stage.requests;
    seen.found += stage.found;
    seen.delivered += stage.delivered;
    let Seen {
        bytes,
        requests,
        found,
        delivered,
    } = *seen;
    println!(
        "sum: {stages} stages so far: {bytes} bytes and {requests} requests at parties that no credential is for, \
         canaries in them: {found}; at the servers that they are for: {delivered}"
    );
}
