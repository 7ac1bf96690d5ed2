//! Requests that the login's key signs: what is signed again, what is left as it is, and the bodies that have to be read
//! first.

use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{Request, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;

use super::{Exchange, Plan};
use crate::body::{Outgoing, Sent};
use crate::credential_source::Live;
use crate::hygiene;
use crate::lingering::Lingering;
use crate::link::Link;
use crate::refusal::{Code, Refusal};
use crate::routes::Route;
use crate::sign::{self, Chunks, Payload, Signing};
use crate::trailers::Trailed;

impl Exchange {
    /// How the request is to be signed, where its route is one that signs. A request with a credential of its own gets
    /// none of ours: nothing is `chosen` for it any more.
    pub(super) fn signing(
        &self,
        chosen: &mut Option<(&Route, Live)>,
        parts: &Parts,
    ) -> Result<Option<Box<Signing>>, Refusal> {
        let Some((route, live)) = chosen else {
            return Ok(None);
        };
        if route.injection.sign.is_none() {
            return Ok(None);
        }
        let (host, account) = (self.authority.host(), &route.account);
        let placeholders = &self.shared.placeholders;
        let signing = Signing::of(parts, host, account, &live.credential, placeholders)?;
        if signing.is_none() {
            *chosen = None;
        }
        Ok(signing.map(Box::new))
    }

    /// The request as it goes to the server, signed.
    pub(super) async fn signed<'a>(
        &self,
        link: &Link,
        (route, live): (&'a Route, Live),
        signing: &Signing,
        mut parts: Parts,
        body: Lingering,
    ) -> Result<(Request<Outgoing>, Plan<'a>), Refusal> {
        hygiene::clean(&mut parts)?;
        let may_switch = parts.headers.contains_key(header::UPGRADE);
        let body = Trailed::new(body, route.own_headers());
        signing.strip(&mut parts)?;
        let payload = signing.payload(&parts.headers)?;
        let mut secrets = self.inject(&mut parts, route, &live)?;
        parts.headers.insert(header::HOST, self.host.clone());
        let (payload, body) = match payload {
            Payload::Hash => {
                let bytes = whole(body).await?;
                // It has been sent to here already.
                parts.headers.remove(header::EXPECT);
                (sign::hash(&bytes), Body::Sent(Outgoing::given(bytes)))
            }
            Payload::Declared(text) => (text, Body::Sent(Outgoing::Streamed(body))),
            Payload::Pieces(text) => (text, Body::Pieces(body)),
        };
        let now = self.shared.clock.now();
        let signature = signing.sign(&mut parts, &payload, &live.credential, now)?;
        // Whoever could learn it could send the request again.
        secrets.push(signature.text.clone().into());
        let body = match body {
            Body::Sent(body) => body,
            Body::Pieces(body) => {
                Outgoing::Signed(Chunks::new(body, signature.key, signature.text))
            }
        };
        let plan = Plan {
            may_switch,
            secrets: Some(secrets),
            again: None,
        };
        Ok((self.outgoing(parts, body, link)?, plan))
    }
}

enum Body {
    Sent(Outgoing),
    Pieces(Sent),
}

/// All of a body, which has to be known before its head can be signed.
async fn whole(mut body: Sent) -> Result<Bytes, Refusal> {
    let mut bytes = BytesMut::new();
    if body.size_hint().lower() > sign::MOST as u64 {
        return Err(too_large());
    }
    while let Some(frame) = body.frame().await {
        let broken = |_| Refusal::new(Code::BadRequest, "the body of the request broke off");
        // Nothing can be signed of trailers.
        if let Ok(data) = frame.map_err(broken)?.into_data() {
            if bytes.len() + data.len() > sign::MOST {
                return Err(too_large());
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes.freeze())
}

fn too_large() -> Refusal {
    sign::unsignable("the body has more than 16 MiB, and its hash is not in the request")
        .hint("have the program send the SHA-256 of the body in the header `x-amz-content-sha256`")
}
