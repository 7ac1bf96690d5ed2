//! What a client says to the proxy itself: CONNECT, or a request for an `http` address. Nothing is done for it before it
//! has shown that it may use the sidecar.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use tokio::net::TcpStream;

use crate::authority::Authority;
use crate::body::Answer;
use crate::dial::Scope;
use crate::gate::Admission;
use crate::plaintext;
use crate::probe::PROBE_HOST;
use crate::refusal::{Code, Refusal};
use crate::sidecar::{Shared, Unmatched};

/// Where a request leaves what becomes of its connection afterwards.
pub(crate) type Next = Arc<Mutex<Option<(OnUpgrade, Tunnel)>>>;

/// What the inside of a CONNECT is.
#[derive(Debug)]
pub(crate) enum Tunnel {
    /// A host of a login: it is looked at.
    Intercepted(Authority, Admission),
    /// Any other: the connection to it stands.
    Blind(TcpStream),
}

/// Answers a client of the proxy.
pub(crate) async fn answer(
    shared: &Arc<Shared>,
    peer: SocketAddr,
    request: Request<Incoming>,
    next: &Next,
) -> Response<Answer> {
    let answered = async {
        let admission = shared.gate.admit(request.headers(), peer, shared.address);
        let admission = admission.await?;
        if request.method() != Method::CONNECT {
            return plaintext::forward(shared, request).await;
        }
        connect(shared, request, admission, next).await
    };
    answered.await.unwrap_or_else(|refusal| {
        let mut response = shared.refuse(refusal, None);
        // What else the client had to say over this connection is not waited for.
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
        response
    })
}

async fn connect(
    shared: &Arc<Shared>,
    mut request: Request<Incoming>,
    admission: Admission,
    next: &Next,
) -> Result<Response<Answer>, Refusal> {
    let target = request
        .uri()
        .authority()
        .map_or("", |authority| authority.as_str());
    let authority = Authority::from_connect(target).map_err(|error| {
        Refusal::new(Code::BadRequest, format!("the target of CONNECT: {error}"))
    })?;
    let is_probe = authority.host() == PROBE_HOST;
    let tunnel = if is_probe || shared.routes.intercepts(&authority) {
        Tunnel::Intercepted(authority, admission)
    } else if shared.unmatched == Unmatched::Refuse {
        return Err(unmatched(&authority));
    } else {
        let stream = shared
            .upstreams
            .dialer
            .dial(&authority, Scope::Unseen)
            .await?;
        shared.tally.tunnelled();
        Tunnel::Blind(stream)
    };
    let client = hyper::upgrade::on(&mut request);
    *next.lock().unwrap_or_else(PoisonError::into_inner) = Some((client, tunnel));
    Ok(Response::new(Answer::given(Bytes::new())))
}

/// The refusal of a host that no login of the run is for.
pub(crate) fn unmatched(authority: &Authority) -> Refusal {
    let message = format!("no login of this run is for {authority}, and other hosts are refused");
    Refusal::new(Code::Unmatched, message)
        .hint("start the program without `--deny-unmatched`, or log in to the service first")
}
