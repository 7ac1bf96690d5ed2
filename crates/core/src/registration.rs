//! What is kept of a client that an authorization server has registered for this user (RFC 7591).
//!
//! A registration belongs to the server that made it and to one way of logging in, and each has its slot. It is never
//! used at another server, and never with another redirect URI: then a new one is made.

use std::collections::BTreeMap;

use authkeep_flows::{ClientAuth, RegisteredClient, RegistrationToken};
use authkeep_registry::{Flow, OAuthEndpoints};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::Timestamp;
use crate::hex::hex;
use crate::record::expose;

/// The part of a client's record that a person could not have entered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Registration {
    /// Where it is kept among those of its provider.
    #[serde(default, skip_serializing_if = "Slot::is_first")]
    pub(crate) slot: Slot,
    /// The server that made it: issuer and endpoints, one a line.
    server: String,
    /// Absent where no browser comes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<String>,
    auth: Auth,
    /// In seconds since 1970, as the server counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret_expires_at: Option<i64>,
    #[serde(
        default,
        serialize_with = "expose",
        skip_serializing_if = "Option::is_none"
    )]
    access_token: Option<SecretString>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    management: Option<String>,
    /// What a newer version keeps besides; it survives a rewrite.
    #[serde(flatten)]
    unknown: BTreeMap<String, Value>,
}

/// How the server wants the client to authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Auth {
    Basic,
    Body,
    None,
}

impl Registration {
    pub(crate) fn new(
        client: &RegisteredClient,
        oauth: &OAuthEndpoints,
        slot: Slot,
        redirect_uri: Option<&Url>,
    ) -> Self {
        Self {
            slot,
            server: server(oauth),
            redirect_uri: redirect_uri.map(Url::to_string),
            auth: match client.auth {
                ClientAuth::Basic => Auth::Basic,
                ClientAuth::Post => Auth::Body,
                // No client is registered with a key of its own.
                ClientAuth::None | ClientAuth::PrivateKeyJwt => Auth::None,
            },
            secret_expires_at: client.secret_expires_at,
            access_token: client.token.as_ref().map(|token| token.as_secret().clone()),
            management: client.management.clone(),
            unknown: BTreeMap::new(),
        }
    }

    pub(crate) fn auth(&self) -> ClientAuth {
        match self.auth {
            Auth::Basic => ClientAuth::Basic,
            Auth::Body => ClientAuth::Post,
            Auth::None => ClientAuth::None,
        }
    }

    /// Whether the same server made it, as far as it can be told apart from others.
    pub(crate) fn is_of(&self, oauth: &OAuthEndpoints) -> bool {
        self.server == server(oauth)
    }

    /// Where the browser has to come back to.
    pub(crate) fn redirect_uri(&self) -> Option<Url> {
        Url::parse(self.redirect_uri.as_deref()?).ok()
    }

    /// Where the server says that it can be looked up, and what opens that place. It has to be a place of the server's
    /// own: what an answer says of any other is not followed.
    pub(crate) fn management(&self, oauth: &OAuthEndpoints) -> Option<(Url, RegistrationToken)> {
        let place = Url::parse(self.management.as_deref()?).ok()?;
        let own = oauth.registration_url.as_ref()?;
        let token = self.access_token.clone()?;
        (place.origin() == own.origin()).then(|| (place, RegistrationToken::new(token)))
    }

    /// Takes over what the server has changed, as a look at the registration shows it (RFC 7592 §2.1).
    pub(crate) fn update(&mut self, client: &RegisteredClient) {
        if client.secret.is_some() {
            self.secret_expires_at = client.secret_expires_at;
        }
        if let Some(token) = &client.token {
            self.access_token = Some(token.as_secret().clone());
        }
    }

    /// Whether its secret has ended by `now`, or will before a login can be over.
    pub(crate) fn has_expired(&self, now: Timestamp) -> bool {
        const A_LOGIN: i64 = 600;
        self.secret_expires_at
            .is_some_and(|at| at <= now.as_second().saturating_add(A_LOGIN))
    }
}

/// The place of one registration among those of a provider: each server and each way of logging in has its own.
///
/// The first is empty. There, registrations were kept before they had slots.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Slot(String);

impl Slot {
    /// For logins by `flow` at the server of `oauth`.
    pub(crate) fn of(oauth: &OAuthEndpoints, flow: Flow) -> Self {
        let way = match flow {
            Flow::AuthorizationCode => oauth.redirect.as_str(),
            flow => flow.as_str(),
        };
        let digest = Sha256::digest(format!("{way}\n{}", server(oauth)));
        Self(hex(&digest[..16]))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn is_first(&self) -> bool {
        self.0.is_empty()
    }
}

fn server(oauth: &OAuthEndpoints) -> String {
    let url = |url: &Option<Url>| url.as_ref().map(Url::to_string).unwrap_or_default();
    [
        oauth.issuer.clone().unwrap_or_default(),
        url(&oauth.authorization_url),
        url(&oauth.token_url),
        url(&oauth.registration_url),
    ]
    .join("\n")
}
