//! What a person pastes in place of the callback: the address that the browser ended at, or the code alone.
//!
//! It is judged as the callback is. A code alone has no state that could be compared; there, PKCE takes its place: a
//! code that was issued to anybody else's login does not fit this login's verifier (RFC 9700 §2.1.1).

use std::collections::BTreeMap;

use secrecy::zeroize::Zeroizing;
use url::form_urlencoded;

use crate::callback::{Callback, ExpectedCallback, Granted, NotOurs, read_callback};
use crate::secret::AuthorizationCode;

/// Longer than any code in use, in bytes.
const MAX_CODE: usize = 4 * 1024;

/// Whether a code may come without the state that belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BareCode {
    /// The login uses PKCE.
    Accepted,
    /// Nothing but the state guards the login.
    Refused,
}

/// Why a pasted text is not the answer to this login. The login goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotPasted {
    /// Nothing but white space.
    #[error("nothing was pasted")]
    Empty,
    /// An address, but not one that a login ends at.
    #[error("this address has no code: paste the one that the browser shows at the end")]
    NoResult,
    /// An address with another state, or with none.
    #[error("this address belongs to another login")]
    OtherLogin,
    /// An address that cannot be read in one way only.
    #[error("this address cannot be read")]
    Unreadable,
    /// A code without a state, in a login without PKCE.
    #[error("a code alone cannot be checked here: paste the whole address")]
    BareCode,
    /// Neither of both.
    #[error("this is neither an address nor a code")]
    NotACode,
}

/// Judges a pasted text.
///
/// # Errors
///
/// [`NotPasted`] where it does not answer this login; the next text may.
pub fn read_pasted(
    text: &str,
    expected: &ExpectedCallback<'_>,
    bare_code: BareCode,
) -> Result<Callback, NotPasted> {
    // Chat programs put addresses into these.
    let text =
        text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\''));
    if text.is_empty() {
        return Err(NotPasted::Empty);
    }
    if let Some(query) = query(text) {
        return judged(read_callback(query, expected));
    }
    // Some services show the code with the state behind it.
    if let Some((code, state)) = text.split_once('#') {
        let mut query =
            form_urlencoded::Serializer::new(String::with_capacity(3 * text.len() + 12));
        let query = query.append_pair("code", code).append_pair("state", state);
        return judged(read_callback(&Zeroizing::new(query.finish()), expected));
    }
    if text.contains("://") {
        return Err(NotPasted::NoResult);
    }
    let code = decoded(text);
    if code.len() > MAX_CODE || !code.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(NotPasted::NotACode);
    }
    match bare_code {
        BareCode::Accepted => Ok(Callback::Code(Granted {
            code: AuthorizationCode::new(code.as_str()),
            params: BTreeMap::new(),
        })),
        BareCode::Refused => Err(NotPasted::BareCode),
    }
}

/// The query of an address, or the text itself where only the query was copied.
fn query(text: &str) -> Option<&str> {
    let query = match text.split_once('?') {
        Some((_, query)) => query,
        None if text.starts_with("code=") || text.starts_with("state=") => text,
        None => return None,
    };
    Some(query.split('#').next().unwrap_or_default())
}

fn judged(callback: Callback) -> Result<Callback, NotPasted> {
    match callback {
        Callback::NotOurs(why) => Err(match why {
            NotOurs::StateMissing | NotOurs::StateMismatch => NotPasted::OtherLogin,
            NotOurs::NoResult => NotPasted::NoResult,
            NotOurs::TooLong | NotOurs::Duplicated | NotOurs::IllegalCode => NotPasted::Unreadable,
        }),
        answer => Ok(answer),
    }
}

/// The code as it is, where it was cut out of an address: there, some characters are written as `%2F`.
fn decoded(text: &str) -> Zeroizing<String> {
    let escaped = Zeroizing::new(text.replace('+', "%2B").replace('&', "%26"));
    let mut decoded = Zeroizing::new(String::with_capacity(text.len()));
    for (name, _) in form_urlencoded::parse(escaped.replace('=', "%3D").as_bytes()) {
        decoded.push_str(&name);
    }
    decoded
}

#[cfg(test)]
mod tests;
