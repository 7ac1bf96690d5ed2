//! The signature that a program has put on a request itself: in the `Authorization` header, or in the query (a presigned
//! URL). It is read for what it names; whether it is right does not matter here.

use std::borrow::Cow;

use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use url::form_urlencoded;

use super::key::{ALGORITHM, TERMINATOR};
use crate::{Code, Refusal};

/// What a request says about who sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presented {
    /// Nothing.
    Nothing,
    /// It is signed.
    Signed(Signed),
    /// It has a credential of another kind.
    Other,
}

/// What a signature names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The access key id.
    pub key_id: String,
    /// The region.
    pub region: String,
    /// The service.
    pub service: String,
    /// The headers that it is about.
    pub headers: Vec<HeaderName>,
    /// Whether it stands in the query.
    pub is_presigned: bool,
    /// Whether it is one for several regions (SigV4A), which only the holder of another kind of key can make.
    pub is_asymmetric: bool,
}

/// The parameters of a presigned URL that are about its signature.
const PARAMETERS: [&str; 7] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
    "X-Amz-Security-Token",
];
/// The parameters of one that is presigned with Signature Version 2, the first of which tells it from others.
const PARAMETERS_2: [&str; 3] = ["AWSAccessKeyId", "Signature", "Expires"];

impl Presented {
    /// Reads a request.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] where there are several signatures, or one that cannot be read.
    pub fn read(parts: &Parts) -> Result<Self, Refusal> {
        let mut values = parts.headers.get_all(AUTHORIZATION).iter();
        let (header, second) = (values.next(), values.next());
        let query = parts.uri.query().unwrap_or_default();
        let is_in_query = is_presigned(query);
        match header {
            Some(_) if second.is_some() || is_in_query => Err(Refusal::new(
                Code::BadRequest,
                "the request has several signatures or credentials",
            )),
            Some(header) => in_header(header),
            None if is_in_query => in_query(query),
            None if parameter(query, PARAMETERS_2[0])?.is_some() => Ok(Self::Other),
            None => Ok(Self::Nothing),
        }
    }
}

/// Whether a query has a signature in it.
fn is_presigned(query: &str) -> bool {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.any(|(name, _)| {
        ["X-Amz-Signature", "X-Amz-Credential", "X-Amz-Algorithm"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
    })
}

fn in_header(header: &HeaderValue) -> Result<Presented, Refusal> {
    let Ok(text) = header.to_str() else {
        return Ok(Presented::Other);
    };
    let Some((algorithm, rest)) = text.trim_ascii().split_once(' ') else {
        return Ok(Presented::Other);
    };
    if algorithm != ALGORITHM && !is_asymmetric(algorithm) {
        return Ok(Presented::Other);
    }
    let (mut credential, mut headers, mut signature) = (None, None, None);
    for part in rest.split(',') {
        let (name, value) = part.trim_ascii().split_once('=').ok_or_else(unreadable)?;
        let place = match name {
            "Credential" => &mut credential,
            "SignedHeaders" => &mut headers,
            "Signature" => &mut signature,
            _ => return Err(unreadable()),
        };
        if place.replace(value).is_some() {
            return Err(unreadable());
        }
    }
    let (Some(credential), Some(headers), Some(_)) = (credential, headers, signature) else {
        return Err(unreadable());
    };
    Signed::read(algorithm, credential, headers).map(Presented::Signed)
}

fn in_query(query: &str) -> Result<Presented, Refusal> {
    let [algorithm, credential, headers] =
        ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-SignedHeaders"]
            .map(|name| parameter(query, name)?.ok_or_else(unreadable));
    let algorithm = algorithm?;
    if algorithm != ALGORITHM && !is_asymmetric(&algorithm) {
        return Err(unreadable());
    }
    let signed = Signed::read(&algorithm, &credential?, &headers?)?;
    Ok(Presented::Signed(Signed {
        is_presigned: true,
        ..signed
    }))
}

/// The value of a parameter, which may be there once.
fn parameter<'a>(query: &'a str, name: &str) -> Result<Option<Cow<'a, str>>, Refusal> {
    let pairs = form_urlencoded::parse(query.as_bytes());
    let mut found = pairs.filter(|(found, _)| found.eq_ignore_ascii_case(name));
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(unreadable()),
        (found, None) => Ok(found.map(|(_, value)| value)),
    }
}

/// A query without what is about its signature.
pub(super) fn without_signature(query: &str) -> String {
    let is_of_2 = matches!(parameter(query, PARAMETERS_2[0]), Ok(Some(_)));
    let of_2 = PARAMETERS_2.iter().filter(|_| is_of_2);
    let about: Vec<&str> = PARAMETERS.iter().chain(of_2).copied().collect();
    let pairs = query.split('&').filter(|pair| {
        let name = form_urlencoded::parse(pair.as_bytes()).next();
        name.is_none_or(|(name, _)| !about.iter().any(|known| name.eq_ignore_ascii_case(known)))
    });
    let pairs: Vec<&str> = pairs.collect();
    pairs.join("&")
}

impl Signed {
    fn read(algorithm: &str, credential: &str, headers: &str) -> Result<Self, Refusal> {
        let is_asymmetric = is_asymmetric(algorithm);
        // From the end: what the name of a key may be is not known, and what follows it is.
        let mut parts = credential.rsplit('/');
        let (end, service) = (parts.next(), parts.next());
        let region = match is_asymmetric {
            true => Some("*"),
            false => parts.next(),
        };
        let (Some(TERMINATOR), Some(service), Some(region), Some(day)) =
            (end, service, region, parts.next())
        else {
            return Err(unreadable());
        };
        let key_id: Vec<&str> = parts.rev().collect();
        let is_day = day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit());
        let is_region = is_asymmetric || is_word(region);
        if key_id.is_empty() || !is_day || !is_word(service) || !is_region {
            return Err(unreadable());
        }
        let headers: Result<Vec<HeaderName>, _> = headers
            .split(';')
            .map(|name| HeaderName::from_bytes(name.as_bytes()))
            .collect();
        Ok(Self {
            key_id: key_id.join("/"),
            region: region.to_owned(),
            service: service.to_owned(),
            headers: headers.map_err(|_| unreadable())?,
            is_presigned: false,
            is_asymmetric,
        })
    }
}

/// Signature Version 4A: a signature of elliptic curves, good in several regions.
fn is_asymmetric(algorithm: &str) -> bool {
    algorithm.starts_with("AWS4-ECDSA-")
}

/// Whether it may be the name of a region or a service.
fn is_word(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn unreadable() -> Refusal {
    Refusal::new(
        Code::BadRequest,
        "the signature of the request cannot be read",
    )
}
