//! A host of the sidecar's own, for programs that want to know whether they get through to it and trust its certificates.

use bytes::Bytes;
use http::{HeaderValue, Response, header};

use crate::body::Answer;
use crate::gate::Admission;

/// The name, under a domain that is never registered (RFC 6761 section 6.4).
pub const PROBE_HOST: &str = "probe.authkeep.invalid";

/// The answer to any request there: that it is the sidecar, and how it knew the client.
pub(crate) fn answer(admission: Admission) -> Response<Answer> {
    let body = serde_json::json!({
        "sidecar": "authkeep",
        "proxy_authentication": admission.as_str(),
    });
    let mut response = Response::new(Answer::given(Bytes::from(format!("{body}\n"))));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}
