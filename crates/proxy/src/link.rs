//! The connection to a server that one connection of a client leads to.
//!
//! It belongs to that client connection and to one authority, and is shared with nobody: no request of another client, or
//! for another name of the same server, ever comes this way. When the server closes it, the next request opens another.

use std::sync::{Arc, Mutex, PoisonError};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};

use crate::alpn::{Offer, Protocol};
use crate::authority::Authority;
use crate::body::Outgoing;
use crate::dial::Scope;
use crate::refusal::{Code, Refusal};
use crate::upstream::{ServerStream, Upstreams};

/// The most that the head of an answer may take.
pub(crate) const HEAD: u32 = 64 * 1024;

/// The most that is read ahead of either side, and held for it. More would make no download faster.
pub(crate) const BUFFER: usize = 128 * 1024;

/// A connection to a server, made anew when it is gone.
#[derive(Debug)]
pub(crate) struct Link {
    upstreams: Arc<Upstreams>,
    authority: Authority,
    scope: Scope,
    protocol: Protocol,
    sender: Mutex<Option<Sender>>,
}

#[derive(Debug)]
enum Sender {
    Http1(http1::SendRequest<Outgoing>),
    Http2(http2::SendRequest<Outgoing>),
}

impl Link {
    /// Connects, and lets the server choose from `offer`.
    pub(crate) async fn connect(
        upstreams: Arc<Upstreams>,
        authority: Authority,
        scope: Scope,
        offer: Offer,
    ) -> Result<Self, Refusal> {
        let (stream, protocol) = upstreams.connect(&authority, scope, offer).await?;
        let sender = handshake(stream, protocol).await;
        let sender = sender.map_err(|error| broken(&authority, &error))?;
        Ok(Self {
            upstreams,
            authority,
            scope,
            protocol,
            sender: Mutex::new(Some(sender)),
        })
    }

    /// What is spoken on it.
    pub(crate) fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Sends a request and waits for the head of the answer.
    pub(crate) async fn send(
        &self,
        mut request: Request<Outgoing>,
    ) -> Result<Response<Incoming>, Refusal> {
        let mut was_renewed = false;
        loop {
            let sender = match self.take().await {
                Some(sender) => sender,
                None => {
                    was_renewed = true;
                    // Rare, and large: the future of every request would be as large.
                    Box::pin(self.again()).await?
                }
            };
            let failed = match self.exchange(sender, request).await {
                Ok(response) => return Ok(response),
                Err(failed) => failed,
            };
            let (error, unsent) = failed;
            match unsent {
                // The server has closed a connection that was idle: nothing of the request was sent.
                Some(unsent) if !was_renewed => request = unsent,
                _ => return Err(broken(&self.authority, &error)),
            }
        }
    }

    async fn exchange(
        &self,
        sender: Sender,
        request: Request<Outgoing>,
    ) -> Result<Response<Incoming>, (hyper::Error, Option<Request<Outgoing>>)> {
        let parts = |mut failed: TrySendError<Request<Outgoing>>| {
            let unsent = failed.take_message();
            (failed.into_error(), unsent)
        };
        match sender {
            Sender::Http1(mut sender) => {
                let answer = sender.try_send_request(request);
                self.put(Sender::Http1(sender));
                answer.await.map_err(parts)
            }
            Sender::Http2(mut sender) => sender.try_send_request(request).await.map_err(parts),
        }
    }

    /// The sender, if its connection stands. On HTTP/1.1 it is taken, as requests follow one another there; and what is
    /// left of the last exchange is waited for.
    async fn take(&self) -> Option<Sender> {
        let taken = {
            let mut place = self.place();
            match place.as_ref()? {
                Sender::Http1(_) => place.take()?,
                Sender::Http2(sender) => Sender::Http2(sender.clone()),
            }
        };
        match taken {
            Sender::Http1(mut sender) => {
                sender.ready().await.ok()?;
                Some(Sender::Http1(sender))
            }
            Sender::Http2(mut sender) => {
                sender.ready().await.ok()?;
                Some(Sender::Http2(sender))
            }
        }
    }

    fn put(&self, sender: Sender) {
        *self.place() = Some(sender);
    }

    async fn again(&self) -> Result<Sender, Refusal> {
        let offer = Offer::only(self.protocol);
        let connected = self.upstreams.connect(&self.authority, self.scope, offer);
        let (stream, protocol) = connected.await?;
        if protocol.is_http2() != self.protocol.is_http2() {
            return Err(Refusal::new(
                Code::UpstreamUnreachable,
                format!(
                    "{} speaks another version of HTTP than before",
                    self.authority
                ),
            )
            .hint("open a new connection"));
        }
        let sender = handshake(stream, protocol).await;
        let sender = sender.map_err(|error| broken(&self.authority, &error))?;
        if let Sender::Http2(sender) = &sender {
            self.put(Sender::Http2(sender.clone()));
        }
        Ok(sender)
    }

    fn place(&self) -> std::sync::MutexGuard<'_, Option<Sender>> {
        // It holds a whole sender or none, whatever happened to others.
        self.sender.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn handshake(stream: ServerStream, protocol: Protocol) -> Result<Sender, hyper::Error> {
    let io = TokioIo::new(stream);
    if protocol.is_http2() {
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_header_list_size(HEAD)
            .handshake(io)
            .await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "the connection to the server ended");
            }
        });
        return Ok(Sender::Http2(sender));
    }
    let (sender, connection) = http1::Builder::new()
        .max_buf_size(BUFFER)
        .handshake(io)
        .await?;
    tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "the connection to the server ended");
        }
    });
    Ok(Sender::Http1(sender))
}

fn broken(authority: &Authority, error: &hyper::Error) -> Refusal {
    Refusal::new(
        Code::UpstreamUnreachable,
        format!("{authority} did not answer properly: {error}"),
    )
}
