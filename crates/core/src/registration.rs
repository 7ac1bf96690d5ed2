//! What is kept of a client that an authorization server has registered for this user (RFC 7591).
//!
//! A registration belongs to the server that made it and to one redirect URI. It is never used at another server, and
//! never with another redirect URI: then a new one is made.

use std::collections::BTreeMap;

use authkeep_flows::{ClientAuth, RegisteredClient};
use authkeep_registry::OAuthEndpoints;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::Timestamp;
use crate::record::expose;

/// The part of a client's record that a person could not have entered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Registration {
    /// The server that made it: issuer and endpoints, one a line.
    server: String,
    redirect_uri: String,
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
        redirect_uri: &Url,
    ) -> Self {
        Self {
            server: server(oauth),
            redirect_uri: redirect_uri.to_string(),
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
        Url::parse(&self.redirect_uri).ok()
    }

    /// Whether its secret has ended by `now`, or will before a login can be over.
    pub(crate) fn has_expired(&self, now: Timestamp) -> bool {
        const A_LOGIN: i64 = 600;
        self.secret_expires_at
            .is_some_and(|at| at <= now.as_second().saturating_add(A_LOGIN))
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
