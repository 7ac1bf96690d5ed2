//! Connections that stop being HTTP: WebSocket (RFC 6455) and the like.
//!
//! The handshake is a request like any other. Once the server has agreed, bytes are copied both ways until one side ends,
//! and neither connection is ever used for HTTP again. HTTP/2 is not reached this way: its requests would not be seen.

use std::sync::{Arc, Mutex, PoisonError};

use http::Response;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

/// Where a request leaves what becomes of its connection afterwards.
#[derive(Debug, Clone, Default)]
pub(crate) struct Afterwards(Arc<Mutex<Option<Switched>>>);

/// Both ends of a connection that is no HTTP any more.
#[derive(Debug)]
pub(crate) struct Switched {
    client: OnUpgrade,
    server: OnUpgrade,
}

impl Switched {
    /// Both ends, once the server has agreed.
    pub(crate) fn new<B>(client: OnUpgrade, response: &mut Response<B>) -> Self {
        Self {
            client,
            server: hyper::upgrade::on(response),
        }
    }
}

impl Afterwards {
    pub(crate) fn leave(&self, switched: Switched) {
        *self.place() = Some(switched);
    }

    /// Copies bytes until an end, if there is anything to do.
    pub(crate) async fn finish(&self) {
        let Some(Switched { client, server }) = self.place().take() else {
            return;
        };
        match tokio::try_join!(client, server) {
            Ok((client, server)) => {
                let (mut client, mut server) = (TokioIo::new(client), TokioIo::new(server));
                if let Err(error) = copy_bidirectional(&mut client, &mut server).await {
                    tracing::debug!(%error, "the upgraded connection ended");
                }
            }
            Err(error) => tracing::debug!(%error, "the connection could not be upgraded"),
        }
    }

    fn place(&self) -> std::sync::MutexGuard<'_, Option<Switched>> {
        // It holds a whole value or none, whatever happened to others.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
