//! An OAuth 2 authorization server with a protected API, in process, on a loopback port.
//!
//! It is the real protocol over real HTTP: consent page, PKCE, single-use codes, rotating refresh
//! tokens with reuse detection, revocation, introspection, metadata. It runs on a thread of its
//! own, so that synchronous tests and spawned binaries can use it alike. What a misbehaving server
//! or network does is [scripted](OAuthServer::script). It has no TLS, and keeps everything in memory.

mod api;
mod authorize;
mod body;
mod client_authentication;
mod definition;
mod device;
mod grants;
mod key_login;
mod listen;
mod metadata;
mod options;
mod register;
mod resource;
mod revoke;
mod script;
mod seen;
mod state;
mod token;

use std::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

pub use options::{
    Client, ClientAuth, ClientGrant, DevicePolls, IssParam, Pkce, Rotation, ServerOptions, Switch,
};
pub use script::{Framing, Scripted};
pub use seen::Seen;

use state::Shared;

/// A running server; stops when dropped.
pub struct OAuthServer {
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Tokens handed out without a login; see [`OAuthServer::grant`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Granted {
    /// A live access token.
    pub access_token: String,
    /// The refresh token of the same family.
    pub refresh_token: String,
}

impl OAuthServer {
    /// Starts a server on a free port of 127.0.0.1; it answers when this returns.
    ///
    /// Panics when it cannot listen.
    #[must_use]
    pub fn start(options: ServerOptions) -> Self {
        let (shared, stop, thread) = listen::start(options);
        Self {
            shared,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end. It is also the issuer.
    #[must_use]
    pub fn url(&self) -> String {
        self.shared.url.clone()
    }

    /// A provider definition (schema version 2) for this server under `name`: local, authorization
    /// code with the first client's way of authenticating, `/api/me` as whoami, and
    /// `<NAME>_ACCESS_TOKEN` in the environment. The client itself is read from
    /// `<NAME>_CLIENT_ID` and `<NAME>_CLIENT_SECRET`.
    #[must_use]
    pub fn definition(&self, name: &str) -> serde_json::Value {
        let options = &self.shared.state().options;
        definition::definition(&self.shared.url, name, options)
    }

    /// The same definition with the device code flow in second place.
    #[must_use]
    pub fn device_definition(&self, name: &str) -> serde_json::Value {
        let mut definition = self.definition(name);
        definition["flows"] = serde_json::json!(["authorization_code", "device_code"]);
        definition["oauth"]["device_authorization_url"] =
            format!("{}/device_authorization", self.shared.url).into();
        definition
    }

    /// The same definition with nothing but the issuer in place of the endpoints.
    #[must_use]
    pub fn issuer_definition(&self, name: &str) -> serde_json::Value {
        let mut definition = self.definition(name);
        if let Some(oauth) = definition["oauth"].as_object_mut() {
            oauth.retain(|field, _| !field.ends_with("_url"));
        }
        if let Some(path) = &self.shared.state().options.resource {
            definition["oauth"]["resource"] = format!("{}{path}", self.shared.url).into();
        }
        definition
    }

    /// Every request so far, in order of arrival, secrets included.
    #[must_use]
    pub fn log(&self) -> Vec<Seen> {
        self.shared.log().clone()
    }

    /// How many requests asked for `path`, failed and scripted ones included.
    #[must_use]
    pub fn count(&self, path: &str) -> usize {
        self.shared
            .log()
            .iter()
            .filter(|seen| seen.path == path)
            .count()
    }

    /// Whether an access or refresh token issued here would be accepted now.
    #[must_use]
    pub fn token_is_active(&self, token: &str) -> bool {
        self.shared.state().grants.is_active(token)
    }

    /// Every secret issued so far (codes, device codes, access and refresh tokens) and every client secret: what
    /// to give to a [`Scanner`](crate::canary::Scanner).
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let state = self.shared.state();
        let clients = state
            .options
            .clients
            .iter()
            .flat_map(|client| [&client.secret, &client.registration_token])
            .flatten()
            .cloned();
        let devices = state.devices.secrets();
        let granted = state.grants.secrets().into_iter();
        granted.chain(devices).chain(clients).collect()
    }

    /// Makes every access token issued so far expired. Refresh tokens stay as they are.
    pub fn expire_access_tokens(&self) {
        self.shared.state().grants.expire_access_tokens();
    }

    /// What the person does on the provider's own page: takes every access away, so that all
    /// tokens are dead and the next refresh answers `invalid_grant`.
    pub fn revoke_everything(&self) {
        self.shared.state().grants.revoke_everything();
    }

    /// Hands out a token pair for `client_id` with all scopes, as if a person had logged in.
    ///
    /// Panics when there is no such client.
    #[must_use]
    pub fn grant(&self, client_id: &str) -> Granted {
        let mut state = self.shared.state();
        let client = state
            .options
            .client(client_id)
            .expect("a registered client");
        let (client_id, scope) = (client.id.clone(), state.options.scopes.join(" "));
        let ttl = state.options.access_token_ttl;
        let family = state.grants.new_family(&client_id, &scope);
        let access_token = state.grants.issue_access_token(family, ttl);
        Granted {
            access_token,
            refresh_token: state.grants.issue_refresh_token(family),
        }
    }

    /// Changes how the server behaves from now on.
    pub fn set(&self, switch: Switch) {
        self.shared.state().options.set(switch);
    }

    /// The next requests to `path` meet these faults, one each, after any scripted before; then
    /// the server behaves again.
    pub fn script(&self, path: &str, faults: Vec<Scripted>) {
        self.shared
            .scripts()
            .entry(path.to_owned())
            .or_default()
            .extend(faults);
    }
}

impl Drop for OAuthServer {
    fn drop(&mut self) {
        // Both fail only when the server's thread has ended on its own.
        let told = self.stop.take().map(|stop| stop.send(()));
        if let (Some(Ok(())), Some(thread)) = (told, self.thread.take()) {
            drop(thread.join());
        }
    }
}

impl fmt::Debug for OAuthServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthServer")
            .field("url", &self.shared.url)
            .finish_non_exhaustive()
    }
}
