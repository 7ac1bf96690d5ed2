//! What the browser brings back to the redirect URI (RFC 6749 §4.1.2, RFC 9207).
//!
//! The listener is open to every page and program on the machine. Until a request proves with
//! the login's state that it answers this login, it is nobody's, and it must not end the login.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use url::form_urlencoded;

use crate::foreign_text::{clean, visible_part};
use crate::secret::AuthorizationCode;
use crate::state::State;

/// Longer queries are not read at all, in bytes.
const MAX_QUERY: usize = 8 * 1024;

/// What a login knows about the callback it waits for.
#[derive(Debug)]
pub struct ExpectedCallback<'a> {
    /// The state that was sent.
    pub state: &'a State,
    /// The authorization server's issuer, where it is known.
    pub issuer: Option<&'a str>,
    /// What to do about the `iss` parameter.
    pub iss_rule: IssRule,
}

/// How strictly the `iss` parameter is judged (RFC 9207 §2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssRule {
    /// Not at all: the server is known to send something else there.
    Ignore,
    /// A known issuer must not be contradicted; absence is fine.
    CompareIfPresent,
    /// It must be there and be right, as the server's metadata promised. Without a known issuer
    /// nothing is right.
    Required,
}

/// The verdict on one request to the redirect URI.
#[derive(Debug)]
pub enum Callback {
    /// The login went through: exchange the code.
    Code(Granted),
    /// The server or the person said no: end the login and say so.
    Denied(AuthorizationError),
    /// The right state with the wrong issuer: another server was put in this one's place. End
    /// the login and send the code nowhere.
    WrongIssuer(WrongIssuer),
    /// Not an answer to this login: reply 400 and go on waiting.
    NotOurs(NotOurs),
}

/// The code, and what came with it.
pub struct Granted {
    /// The code, good for one exchange.
    pub code: AuthorizationCode,
    /// Parameters that no standard knows, such as the company that somebody has chosen. They are foreign text. One that
    /// occurs twice is left out.
    pub params: BTreeMap<String, String>,
}

/// The parameters are named, not shown.
impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Granted")
            .field("code", &self.code)
            .field("params", &self.params.len())
            .finish()
    }
}

/// The server's refusal (RFC 6749 §4.1.2.1), cleaned for display but still foreign.
#[derive(Debug, PartialEq, Eq)]
pub struct AuthorizationError {
    /// The code, such as `access_denied`.
    pub error: String,
    /// The server's explanation.
    pub description: Option<String>,
    /// Where the server explains more. Not checked: show it, do not open it.
    pub uri: Option<String>,
}

/// Which issuer came instead of the expected one.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the callback names the wrong authorization server")]
pub struct WrongIssuer {
    /// The issuer that the login was started with.
    pub expected: Option<String>,
    /// What the callback said, cleaned; `None` where it said nothing.
    pub found: Option<String>,
}

/// Why a request is not the awaited callback. Fit for a log; tells a browser nothing useful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotOurs {
    /// The query is longer than any real one.
    #[error("the query is too long")]
    TooLong,
    /// One of `code`, `state`, `iss` and `error` occurs twice (RFC 6749 §3.1 forbids it), and
    /// choosing between them would be guessing.
    #[error("a parameter occurs twice")]
    Duplicated,
    /// No state.
    #[error("the state is missing")]
    StateMissing,
    /// Another login's state, or nobody's.
    #[error("the state is not the one that was sent")]
    StateMismatch,
    /// Both a code and an error, or neither.
    #[error("there is not exactly one of a code and an error")]
    NoResult,
    /// The code has characters that no code may have (RFC 6749 appendix A.11).
    #[error("the code has illegal characters")]
    IllegalCode,
}

/// Judges the query of one request to the redirect URI, without its question mark.
///
/// The state is looked at before anything else is believed, an error included: otherwise any web
/// page could end a login by sending the browser to the listener.
pub fn read_callback(query: &str, expected: &ExpectedCallback<'_>) -> Callback {
    match Parameters::read(query, expected.state) {
        Ok(parameters) => parameters.judge(expected),
        Err(reason) => Callback::NotOurs(reason),
    }
}

/// The parameters of a callback whose state was right. An empty one counts as absent.
struct Parameters<'a> {
    code: Option<Cow<'a, str>>,
    error: Option<Cow<'a, str>>,
    description: Option<Cow<'a, str>>,
    uri: Option<Cow<'a, str>>,
    iss: Option<Cow<'a, str>>,
    others: BTreeMap<String, Option<String>>,
}

impl<'a> Parameters<'a> {
    fn read(query: &'a str, state: &State) -> Result<Self, NotOurs> {
        if query.len() > MAX_QUERY {
            return Err(NotOurs::TooLong);
        }
        let [mut code, mut error, mut iss, mut candidate] = [const { None }; 4];
        let [mut description, mut uri] = [const { None }; 2];
        let mut others = BTreeMap::new();
        // Names are compared as decoded, so that `st%61te` counts as a second state.
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let slot = match &*name {
                "code" => &mut code,
                "error" => &mut error,
                "iss" => &mut iss,
                "state" => &mut candidate,
                "error_description" => {
                    description = Some(value);
                    continue;
                }
                "error_uri" => {
                    uri = Some(value);
                    continue;
                }
                _ => {
                    let again = others.contains_key(&*name);
                    let value = (!again).then(|| value.into_owned());
                    others.insert(name.into_owned(), value);
                    continue;
                }
            };
            if slot.replace(value).is_some() {
                return Err(NotOurs::Duplicated);
            }
        }
        let candidate = candidate.ok_or(NotOurs::StateMissing)?;
        if !state.matches(&candidate) {
            return Err(NotOurs::StateMismatch);
        }
        let present = |value: &Cow<'_, str>| !value.is_empty();
        Ok(Self {
            code: code.filter(present),
            error: error.filter(present),
            description: description.filter(present),
            uri: uri.filter(present),
            iss: iss.filter(present),
            others,
        })
    }

    fn judge(self, expected: &ExpectedCallback<'_>) -> Callback {
        if let Some(wrong) = self.wrong_issuer(expected) {
            return Callback::WrongIssuer(wrong);
        }
        match (self.code, self.error) {
            (Some(code), None) if is_code(&code) => {
                let others = self.others.into_iter();
                Callback::Code(Granted {
                    code: AuthorizationCode::new(code.as_ref()),
                    params: others
                        .filter_map(|(name, value)| Some((name, value?)))
                        .collect(),
                })
            }
            (Some(_), None) => Callback::NotOurs(NotOurs::IllegalCode),
            (None, Some(error)) => Callback::Denied(AuthorizationError {
                error: clean(&error),
                description: self.description.as_deref().map(clean),
                uri: self.uri.as_deref().map(visible_part),
            }),
            (Some(_), Some(_)) | (None, None) => Callback::NotOurs(NotOurs::NoResult),
        }
    }

    /// Compares character by character, without normalising (RFC 9207 §2.4).
    fn wrong_issuer(&self, expected: &ExpectedCallback<'_>) -> Option<WrongIssuer> {
        let right = match (expected.iss_rule, expected.issuer, self.iss.as_deref()) {
            (IssRule::Ignore, _, _) | (IssRule::CompareIfPresent, _, None) => true,
            (IssRule::CompareIfPresent, None, Some(_)) => true,
            (IssRule::Required, None, _) | (IssRule::Required, _, None) => false,
            (_, Some(known), Some(found)) => known == found,
        };
        (!right).then(|| WrongIssuer {
            expected: expected.issuer.map(str::to_owned),
            found: self.iss.as_deref().map(visible_part),
        })
    }
}

/// Printable ASCII, space included: what RFC 6749 appendix A.11 allows.
fn is_code(code: &str) -> bool {
    code.bytes().all(|b| matches!(b, 0x20..=0x7e))
}

#[cfg(test)]
mod tests;
