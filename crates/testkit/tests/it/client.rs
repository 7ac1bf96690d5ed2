//! A minimal OAuth client: what the server is tested with.

use authkeep_testkit::browser::{Person, Visit, follow};
use authkeep_testkit::callback::CallbackListener;
use authkeep_testkit::oauth_server::{OAuthServer, ServerOptions};
use authkeep_testkit::plain_http::{Answer, Request};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use url::Url;

/// The verifier of RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// A running server and a client with its listener.
pub(crate) struct Session {
    pub(crate) server: OAuthServer,
    pub(crate) listener: CallbackListener,
}

impl Session {
    pub(crate) fn start(options: ServerOptions) -> Self {
        Self {
            server: OAuthServer::start(options),
            listener: CallbackListener::start(),
        }
    }

    /// The authorization URL; `changes` replace parameters, or drop those set to nothing.
    pub(crate) fn authorization_url(&self, changes: &[(&str, &str)]) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let uri = self.listener.uri();
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", "test-client"),
            ("redirect_uri", &uri),
            ("scope", "read"),
            ("state", "state-1"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        for change in changes {
            parameters.retain(|(name, _)| name != &change.0);
            if !change.1.is_empty() {
                parameters.push(*change);
            }
        }
        let mut url = Url::parse(&self.server.url())
            .unwrap()
            .join("/authorize")
            .unwrap();
        url.query_pairs_mut().extend_pairs(parameters);
        url.into()
    }

    pub(crate) fn visit(&self, changes: &[(&str, &str)], person: Person) -> Visit {
        follow(&self.authorization_url(changes), person).unwrap()
    }

    /// Logs in and returns the code.
    pub(crate) fn code(&self, changes: &[(&str, &str)]) -> String {
        let visit = self.visit(changes, Person::Approve);
        assert_eq!(visit.status(), 200, "{}", visit.body());
        self.listener.arrived_with("code").unwrap()
    }

    pub(crate) fn token(&self, fields: &[(&str, &str)]) -> Answer {
        Request::form(&format!("{}/token", self.server.url()), fields)
            .send()
            .unwrap()
    }

    pub(crate) fn redeem(&self, code: &str, verifier: &str) -> Answer {
        let uri = self.listener.uri();
        self.token(&[
            ("grant_type", "authorization_code"),
            ("client_id", "test-client"),
            ("code", code),
            ("redirect_uri", &uri),
            ("code_verifier", verifier),
        ])
    }

    pub(crate) fn refresh(&self, refresh_token: &str) -> Answer {
        self.token(&[
            ("grant_type", "refresh_token"),
            ("client_id", "test-client"),
            ("refresh_token", refresh_token),
        ])
    }

    /// A whole login: the token answer as JSON.
    pub(crate) fn log_in(&self) -> Value {
        let answer = self.redeem(&self.code(&[]), VERIFIER);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    pub(crate) fn me(&self, token: &str) -> Answer {
        Request::get(&format!("{}/api/me", self.server.url()))
            .header("authorization", &format!("Bearer {token}"))
            .send()
            .unwrap()
    }
}

pub(crate) fn text<'a>(document: &'a Value, name: &str) -> &'a str {
    document[name]
        .as_str()
        .unwrap_or_else(|| panic!("no `{name}` in {document}"))
}

pub(crate) fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}
