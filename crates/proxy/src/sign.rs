//! Signs requests with a key that never leaves: Signature Version 4 of Amazon Web Services.
//!
//! The program has placeholders, and signs with them; what it has signed says what it wants to be signed: which headers,
//! for which region and service, at what moment. That is signed again, with the key of the login. A request that is not
//! signed at all is signed for what its host's name says. One that has a credential which is not of this run is none of
//! the sidecar's business: it is the program's own, or a stranger's presigned URL.
//!
//! A signature is good for one host: the one that the request is sent to.

mod canonical;
mod chunks;
mod key;
mod place;
mod presented;

use authkeep_core::{Credential, Timestamp};
use http::header::{AUTHORIZATION, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Uri};
use secrecy::{ExposeSecret, SecretString};

pub use self::canonical::{Canonical, Paths, in_one_way, signed_headers};
pub(crate) use self::chunks::Chunks;
pub use self::key::{Scope, SigningKey, hash};
pub use self::place::Place;
pub use self::presented::{Presented, Signed};
use crate::{Account, Code, Placeholders, Refusal};

/// The largest body that is read to be signed, and the largest piece of one that is signed in pieces: 16 MiB.
pub(crate) const MOST: usize = 16 * 1024 * 1024;
/// How far the program's clock and this one may be apart: no key is derived for more than a day.
const MOST_APART: i64 = 24 * 60 * 60;

const KEY_ID: &str = "access_key_id";
const SECRET: &str = "token";
const SESSION: &str = "session_token";
/// The fields that no answer may repeat.
pub(crate) const SECRETS: [&str; 2] = [SECRET, SESSION];

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const PAYLOAD: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
/// The headers that the sender has no say in.
pub(crate) static OWN_HEADERS: [HeaderName; 2] = [AUTHORIZATION, SECURITY_TOKEN];

const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// What is to be signed, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    place: Place,
    /// What the sender has signed.
    headers: Vec<HeaderName>,
    is_presigned: bool,
}

/// What a signature says about the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// This: a hash, or that it is not signed.
    Declared(String),
    /// That its pieces are signed one by one; the word for that.
    Pieces(String),
    /// Its hash, for which it has to be read.
    Hash,
}

/// A signature, and the key that it was made with.
#[derive(Debug)]
pub struct Signature {
    /// In hexadecimal digits.
    pub text: String,
    /// For the pieces of a body.
    pub key: SigningKey,
}

impl Signing {
    /// How a request to `host` is to be signed for `account`; `None` where it has a credential that is none of ours, and
    /// stays as it is.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] where it cannot be told what is wanted, or what is wanted is not done.
    pub fn of(
        parts: &Parts,
        host: &str,
        account: &Account,
        credential: &Credential,
        placeholders: &Placeholders,
    ) -> Result<Option<Self>, Refusal> {
        let place = Place::of(host);
        let has_placeholder = placeholders.find(parts)?.is_some();
        let signed = match Presented::read(parts)? {
            Presented::Signed(signed) => signed,
            Presented::Other if !has_placeholder => return Ok(None),
            // A placeholder says whom the request is meant for, in whatever way it is sent.
            unsigned @ (Presented::Other | Presented::Nothing) => {
                let place = place.ok_or_else(|| {
                    unsignable(format!(
                        "the name `{host}` does not say which region and service to sign for"
                    ))
                    .hint("let the program sign the request: the sidecar signs it again with the real key")
                })?;
                return Ok(Some(Self {
                    place,
                    headers: Vec::new(),
                    // With Signature Version 2; what stands in the `Authorization` header is replaced anyway.
                    is_presigned: unsigned == Presented::Other
                        && !parts.headers.contains_key(AUTHORIZATION),
                }));
            }
        };
        let is_real = |real: &SecretString| {
            // EXPOSE: compared with what the program has sent; it is the part of the key that is no secret.
            real.expose_secret() == signed.key_id
        };
        if !placeholders.stands_for(&signed.key_id, account)
            && !credential.field(KEY_ID).is_ok_and(is_real)
        {
            if has_placeholder {
                let message = format!(
                    "the request is signed with another key than the one of `{account}`, whose placeholder it carries"
                );
                return Err(Refusal::new(Code::Denied, message)
                    .hint("give the program all of its AWS variables from one login"));
            }
            return Ok(None);
        }
        if signed.is_asymmetric {
            return Err(
                unsignable("the request is signed for several regions at once (SigV4A)")
                    .hint("use an endpoint of one region"),
            );
        }
        if let Some(place) = place.filter(Place::is_strangers)
            && place.service != signed.service
        {
            let message = format!(
                "a signature for `{}` is not sent to {host}, where a program of a stranger may answer",
                signed.service
            );
            return Err(
                Refusal::new(Code::Denied, message).hint(format!("sign for `{}`", place.service))
            );
        }
        Ok(Some(Self {
            place: Place {
                region: signed.region,
                service: signed.service,
            },
            headers: signed.headers,
            is_presigned: signed.is_presigned,
        }))
    }

    /// Takes the sender's signature out of the query. The one in a header is replaced.
    pub fn strip(&self, parts: &mut Parts) -> Result<(), Refusal> {
        if !self.is_presigned {
            return Ok(());
        }
        let query = parts.uri.query().unwrap_or_default();
        let query = presented::without_signature(query);
        let path = parts.uri.path().to_owned();
        parts.uri = with_target(&parts.uri, &path, &query)?;
        Ok(())
    }

    /// What the signature is to say about the body.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] where the request asks for what is not done.
    pub fn payload(&self, headers: &HeaderMap) -> Result<Payload, Refusal> {
        let Some(value) = only(headers, &PAYLOAD)? else {
            return Ok(match self.is_s3() {
                true => Payload::Declared(UNSIGNED.to_owned()),
                false => Payload::Hash,
            });
        };
        let is_hash = value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
        match value {
            UNSIGNED | "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => {
                Ok(Payload::Declared(value.to_owned()))
            }
            _ if is_hash => Ok(Payload::Declared(value.to_owned())),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" | "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => {
                Ok(Payload::Pieces(value.to_owned()))
            }
            _ => Err(
                unsignable("the body is signed in a way that is not done here (`x-amz-content-sha256`)")
                    .hint("have the program send `UNSIGNED-PAYLOAD` or the SHA-256 of the body there; event streams in both directions do not go through the sidecar"),
            ),
        }
    }

    /// Signs a request that is complete but for its signature, `Host` included: the headers of the login that go with it
    /// are put in, and its target is written in the one way that is signed.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] where the moment that the request names cannot be signed for, or the login is not complete.
    pub fn sign(
        &self,
        parts: &mut Parts,
        payload: &str,
        credential: &Credential,
        now: Timestamp,
    ) -> Result<Signature, Refusal> {
        let moment = self.moment(&parts.headers, now)?;
        let (Ok(key_id), Ok(secret)) = (credential.field(KEY_ID), credential.field(SECRET)) else {
            return Err(unwritable());
        };
        let text = |text: &str| HeaderValue::from_str(text).map_err(|_| unwritable());
        parts.headers.insert(DATE, text(&moment)?);
        if self.is_s3() {
            parts.headers.insert(PAYLOAD, text(payload)?);
        }
        if let Ok(session) = credential.field(SESSION) {
            // EXPOSE: into the request that carries it.
            let mut session = text(session.expose_secret())?;
            session.set_sensitive(true);
            parts.headers.insert(SECURITY_TOKEN, session);
        }
        let paths = match self.is_s3() {
            true => Paths::AsSent,
            false => Paths::EncodedAgain,
        };
        let query = parts.uri.query().unwrap_or_default();
        let (path, query) = in_one_way(parts.uri.path(), query, paths);
        parts.uri = with_target(&parts.uri, &path, &query)?;
        let signed = signed_headers(&parts.headers, &self.headers);
        let canonical = Canonical {
            method: parts.method.as_str(),
            path: &path,
            query: &query,
            headers: &parts.headers,
            signed: &signed,
            payload,
            paths,
        };
        let Place { region, service } = self.place.clone();
        let scope = Scope {
            moment,
            region,
            service,
        };
        let key = SigningKey::derive(secret, scope);
        let signature = key.sign_request(&canonical.to_bytes());
        // EXPOSE: into the request that it is the name of the key of; it is no secret.
        let key_id = key_id.expose_secret();
        let mut value = text(&format!(
            "{} Credential={key_id}/{}, SignedHeaders={}, Signature={signature}",
            key::ALGORITHM,
            key.scope(),
            canonical::names(&signed),
        ))?;
        value.set_sensitive(true);
        parts.headers.insert(AUTHORIZATION, value);
        Ok(Signature {
            text: signature,
            key,
        })
    }

    fn is_s3(&self) -> bool {
        self.place.service.starts_with("s3")
    }

    /// The moment as the sender names it, so that a program may correct its clock; else now.
    fn moment(&self, headers: &HeaderMap, now: Timestamp) -> Result<String, Refusal> {
        const FORM: &str = "%Y%m%dT%H%M%SZ";
        let named = only(headers, &DATE)?.filter(|_| !self.is_presigned);
        let Some(named) = named else {
            return Ok(now.strftime(FORM).to_string());
        };
        let at = Timestamp::strptime("%Y%m%dT%H%M%SZ%z", format!("{named}+0000"));
        let is_near = |at: &Timestamp| (at.as_second() - now.as_second()).abs() <= MOST_APART;
        // Written again, so that no other spelling of it is taken for another day.
        let at = at
            .ok()
            .filter(is_near)
            .map(|at| at.strftime(FORM).to_string());
        at.filter(|at| at == named).ok_or_else(|| {
            unsignable("the request is signed for another day (`x-amz-date`)")
                .hint("set the clock, or send no `x-amz-date`")
        })
    }
}

/// The value of a header that may be there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let unreadable = || {
        Refusal::new(
            Code::BadRequest,
            format!("the header `{name}` cannot be read"),
        )
    };
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| unreadable()),
        (Some(_), Some(_)) => Err(unreadable()),
    }
}

fn with_target(uri: &Uri, path: &str, query: &str) -> Result<Uri, Refusal> {
    let mut parts = uri.clone().into_parts();
    let target = match query {
        "" => path.parse(),
        query => format!("{path}?{query}").parse(),
    };
    parts.path_and_query = Some(target.map_err(|_| unwritable())?);
    Uri::from_parts(parts).map_err(|_| unwritable())
}

/// A request that is not signed, for this reason.
pub(crate) fn unsignable(message: impl Into<String>) -> Refusal {
    Refusal::new(Code::Unsignable, message)
}

fn unwritable() -> Refusal {
    unsignable("the signature cannot be written into the request")
}

#[cfg(test)]
mod tests;
