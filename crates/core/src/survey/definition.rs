//! What a survey found, as a definition of the user's own.

use authkeep_flows::metadata::ServerMetadata;
use authkeep_registry::{HostPattern, ProviderName};
use serde_json::{Map, Value, json};
use url::{Position, Url};

use super::Survey;

/// Scopes that are asked for at most. A server that knows more has not said which of them are needed.
const MOST_SCOPES: usize = 50;

impl Survey {
    /// The definition, by the name that it is to have: issuer and resource, and the hosts that may get the token. The
    /// endpoints are left to the issuer. It still has to be read by the registry like any other.
    pub fn definition(&self, name: &ProviderName) -> Value {
        let mut oauth = Map::new();
        let mut put = |field: &str, value| oauth.insert(field.to_owned(), value);
        put("issuer", self.issuer().into());
        if let Some(resource) = self.resource() {
            put("resource", resource.into());
        }
        put("scopes", self.scopes().into());
        let (client_auth, public_client) = client_auth(&self.server);
        put("client_auth", client_auth.into());
        put("public_client", public_client.into());
        let mut definition = json!({
            "schema_version": 2,
            "name": name.as_str(),
            "display_name": self.address.host(),
            "flows": self.flows(),
            "hosts": [self.covered()],
            "oauth": oauth,
            "env": { variable(name): "{token}" },
        });
        if self.address.is_local() {
            definition["local"] = true.into();
        }
        definition
    }

    fn flows(&self) -> Vec<&'static str> {
        let mut flows = vec!["authorization_code"];
        if self.server.device_authorization_endpoint.is_some() {
            flows.push("device_code");
        }
        flows
    }

    /// Where the token may be sent: to the resource, or else to the host that gave it.
    fn covered(&self) -> String {
        let of = self.resource().unwrap_or(self.issuer());
        let url = Url::parse(of).unwrap_or_else(|_| self.address.url.clone());
        let mut host = url[Position::BeforeHost..Position::AfterPort].to_owned();
        if url.scheme() == "http" && url.port().is_none() {
            host.push_str(":80");
        }
        let with_path = format!("{host}{}", url.path().trim_end_matches('/'));
        match HostPattern::parse(&with_path) {
            Ok(_) => with_path,
            Err(_) => host,
        }
    }

    /// What the resource needs by its own word, else what it knows. Of an issuer alone nobody knows what its tokens are for:
    /// then who one is will do. A token that can be renewed is asked for where that takes a scope.
    fn scopes(&self) -> Vec<String> {
        let offered = self.server.scopes.as_deref().unwrap_or_default();
        let known = self
            .resource
            .as_ref()
            .map(|resource| &resource.scopes_supported);
        let mut scopes = match known {
            Some(_) if !self.needed_scopes.is_empty() => self.needed_scopes.clone(),
            Some(known) => known.clone().unwrap_or_default(),
            None => offered
                .iter()
                .filter(|scope| *scope == OPENID)
                .cloned()
                .collect(),
        };
        scopes.retain(|scope| is_scope(scope));
        scopes.dedup();
        scopes.truncate(MOST_SCOPES);
        let renewable = offered.iter().any(|scope| scope == OFFLINE);
        if renewable && !scopes.iter().any(|scope| scope == OFFLINE) {
            scopes.push(OFFLINE.to_owned());
        }
        scopes
    }
}

const OPENID: &str = "openid";
const OFFLINE: &str = "offline_access";

/// How a client authenticates, and whether it has to: a native application does without a secret where it may.
fn client_auth(server: &ServerMetadata) -> (&'static str, bool) {
    // What a server means that does not say (RFC 8414 §2).
    let Some(methods) = &server.token_endpoint_auth_methods else {
        return ("basic", false);
    };
    let offers = |method: &str| methods.iter().any(|offered| offered == method);
    let auth = if offers("client_secret_basic") {
        "basic"
    } else if offers("client_secret_post") {
        "body"
    } else {
        "none"
    };
    (auth, offers("none") || auth == "none")
}

/// RFC 6749 §3.3, and no longer than any real one.
fn is_scope(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
    !text.is_empty() && text.len() <= 200 && text.bytes().all(allowed)
}

/// The variable that the token is handed out in.
fn variable(name: &ProviderName) -> String {
    let name = name.as_str().to_ascii_uppercase();
    let stem = name.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    let first = if stem.starts_with(|c: char| c.is_ascii_digit()) {
        "_"
    } else {
        ""
    };
    format!("{first}{stem}_ACCESS_TOKEN")
}
