//! The connections to a port on loopback, for a callback or a form: how many, for how long, and who makes room for whom.
//!
//! The browser comes once, and anything on the machine may come before it, as often as it likes and without
//! saying a word. So when all places are taken the oldest connection goes, but not before it has had a fair
//! moment to speak: otherwise a burst would throw the browser out before its request was looked at.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

/// Open connections at once. All others wait in the system's queue.
const MAX_CONNECTIONS: usize = 32;
/// How long a connection keeps its place when others are waiting. A browser on this machine sends its request
/// together with the connection.
const TURN: Duration = Duration::from_millis(25);

/// Serves all that comes, until it is aborted.
pub(in crate::login) async fn accept<Serving>(
    listener: TcpListener,
    serve: impl Fn(TcpStream) -> Serving,
) where
    Serving: Future<Output = ()> + Send + 'static,
{
    let mut connections = Connections::default();
    loop {
        connections.make_room().await;
        match listener.accept().await {
            Ok((stream, _)) => connections.admit(serve(stream)),
            // Out of descriptors, say: the next moment may be better, and spinning would not help.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// The open connections. They end with it.
#[derive(Default)]
struct Connections {
    open: JoinSet<()>,
    oldest_first: VecDeque<(Instant, AbortHandle)>,
}

impl Connections {
    fn admit(&mut self, serving: impl Future<Output = ()> + Send + 'static) {
        let handle = self.open.spawn(serving);
        self.oldest_first.push_back((Instant::now(), handle));
    }

    /// Returns once there is a free place: at once, or when a connection ends, or when the oldest had its turn.
    async fn make_room(&mut self) {
        while self.open.try_join_next().is_some() {}
        self.oldest_first
            .retain(|(_, handle)| !handle.is_finished());
        while self.open.len() >= MAX_CONNECTIONS {
            let Some((since, oldest)) = self.oldest_first.pop_front() else {
                return;
            };
            let ended = tokio::time::timeout_at(since + TURN, self.open.join_next()).await;
            if ended.is_err() {
                oldest.abort();
                self.open.join_next().await;
            } else if !oldest.is_finished() {
                self.oldest_first.push_front((since, oldest));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    async fn with_idle(count: usize) -> Connections {
        let mut connections = Connections::default();
        for _ in 0..count {
            connections.make_room().await;
            connections.admit(pending());
        }
        connections
    }

    #[tokio::test]
    async fn the_oldest_makes_room_and_there_are_never_more_than_the_places() {
        let mut connections = with_idle(10 * MAX_CONNECTIONS).await;
        assert_eq!(connections.open.len(), MAX_CONNECTIONS);
        connections.make_room().await;
        assert_eq!(connections.open.len(), MAX_CONNECTIONS - 1);
    }

    #[tokio::test]
    async fn nobody_is_thrown_out_before_its_turn_is_over() {
        let mut connections = with_idle(MAX_CONNECTIONS).await;
        let oldest = connections.oldest_first[0].clone();
        connections.make_room().await;
        assert!(oldest.0.elapsed() >= TURN && oldest.1.is_finished());
    }

    #[tokio::test]
    async fn a_place_that_becomes_free_is_taken_without_throwing_anybody_out() {
        let mut connections = with_idle(MAX_CONNECTIONS - 1).await;
        connections.admit(async {});
        connections.make_room().await;
        assert_eq!(connections.open.len(), MAX_CONNECTIONS - 1);
        let idle = connections.oldest_first.iter().take(MAX_CONNECTIONS - 1);
        assert!(
            idle.map(|(_, handle)| handle)
                .all(|handle| !handle.is_finished())
        );
    }

    #[tokio::test]
    async fn they_end_with_the_listener() {
        let connections = with_idle(3).await;
        let handles: Vec<_> = connections
            .oldest_first
            .iter()
            .map(|(_, handle)| handle.clone())
            .collect();
        drop(connections);
        tokio::task::yield_now().await;
        assert!(handles.iter().all(AbortHandle::is_finished));
    }
}
