//! What scripted authorization servers have in common: a consent, a code that is good once, and tokens.

use authkeep_testkit::canary::canary;
use authkeep_testkit::message::{Received, Reply};
use authkeep_testkit::world::agreed;
use serde_json::{Value, json};

use super::CLIENT;

/// What one remembers of its only login.
#[derive(Debug, Default)]
pub(crate) struct Issuer {
    pub(crate) access: String,
    pub(crate) refresh: String,
    code: String,
    redirect: String,
    /// Every code and token that it has given out.
    pub(crate) issued: Vec<String>,
}

impl Issuer {
    /// The person agrees.
    pub(crate) fn agrees(&mut self, request: &Received) -> Reply {
        self.code = self.secret();
        self.redirect = request
            .parameter("redirect_uri")
            .unwrap_or_default()
            .to_owned();
        agreed(request, &self.code)
    }

    /// Whether the request has the code of the last consent, or the last refresh token. Both are spent by it.
    pub(crate) fn redeems(&mut self, request: &Received) -> bool {
        let is = |name, expected: &str| value(request, name).as_deref() == Some(expected);
        let by_code = is("grant_type", "authorization_code")
            && is("code", &self.code)
            && is("redirect_uri", &self.redirect);
        let by_token = is("grant_type", "refresh_token") && is("refresh_token", &self.refresh);
        if by_code || by_token {
            (self.code, self.refresh) = (self.secret(), self.secret());
        }
        by_code || by_token
    }

    /// A new pair of tokens.
    pub(crate) fn tokens(&mut self) -> Value {
        (self.access, self.refresh) = (self.secret(), self.secret());
        json!({
            "access_token": self.access, "refresh_token": self.refresh, "token_type": "Bearer", "expires_in": 3600,
        })
    }

    pub(crate) fn is_bearer(&self, request: &Received) -> bool {
        request.bearer() == Some(&self.access) && !self.access.is_empty()
    }

    pub(crate) fn secret(&mut self) -> String {
        let secret = canary();
        self.issued.push(secret.clone());
        secret
    }
}

/// A parameter of the body, which is a form or JSON.
pub(crate) fn value(request: &Received, name: &str) -> Option<String> {
    let json = request.json();
    let field = request.field(name).or(json[name].as_str());
    field.map(str::to_owned)
}

/// Whether [`CLIENT`] sent it, with its secret in the body and nowhere else.
pub(crate) fn is_client_by_body(request: &Received) -> bool {
    let is = |name, expected: &str| value(request, name).as_deref() == Some(expected);
    request.header("authorization").is_none()
        && is("client_id", CLIENT[0])
        && is("client_secret", CLIENT[1])
}

pub(crate) fn refused(error: &str) -> Reply {
    Reply::error(400, error, "")
}
