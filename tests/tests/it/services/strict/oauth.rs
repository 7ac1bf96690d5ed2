//! The endpoints at which a login is made, renewed and ended.

use authkeep_testkit::message::{Received, Reply};
use authkeep_testkit::world::agreed;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::account::Code;
use super::expected::{Pairs, body, once, same};
use super::resource::plant;
use super::{Account, Verdict};

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

impl Account {
    /// Whether a request to `url` can be of this account, though nothing in it says so.
    pub(super) fn expects(&self, url: &str) -> bool {
        let anonymous = ["/oauth/registration_url", "/oauth/device_authorization_url"];
        let is_there = |pointer: &&str| self.address(pointer).is_some_and(|known| known == url);
        self.flow != "api_key" && (anonymous.iter().any(is_there) || self.is_metadata(url))
    }

    pub(super) fn judge(&mut self, request: &Received, url: &str) -> Verdict {
        let is = |account: &Self, pointer: &str| {
            let address = account.address(pointer);
            account.flow != "api_key" && address.is_some_and(|address| address == url)
        };
        if self.is_metadata(url) {
            return Ok(("metadata", Reply::json(200, &self.metadata())));
        }
        if is(self, "/oauth/registration_url") {
            return self.registered(request);
        }
        if is(self, "/oauth/device_authorization_url") && request.method == "POST" {
            return self.device(request);
        }
        if is(self, "/oauth/upgrade/url") && request.parameter("grant_type").is_some() {
            return self.exchanged(request, "upgrade");
        }
        if is(self, "/oauth/refresh/url") {
            return self.exchanged(request, "refresh");
        }
        let method = self.facts["oauth"]["revocation"]["method"]
            .as_str()
            .unwrap_or("POST");
        let is_revocation = is(self, "/oauth/revocation/url") || is(self, "/oauth/revocation_url");
        if is_revocation && request.method == method {
            return self.revoked(request);
        }
        if is(self, "/oauth/token_url") && request.method == "POST" {
            return self.token(request);
        }
        // A page may be at the address of an endpoint.
        let page = self.facts["oauth"]["authorization_url"].as_str();
        if page == Some(url)
            && request.method == "GET"
            && request.parameter("redirect_uri").is_some()
        {
            return self.authorize(request);
        }
        if self.flow == "api_key" && self.address("/api_key/exchange/url").as_deref() == Some(url) {
            return self.key_login(request);
        }
        match self.resource(request, url) {
            Some(verdict) => verdict,
            None => Err("the service has nothing there".to_owned()),
        }
    }

    fn is_metadata(&self, url: &str) -> bool {
        let issuer = self.facts["oauth"]["issuer"].as_str();
        let is_of = |issuer: &str| {
            let issuer = issuer.trim_end_matches('/');
            url.strip_prefix(issuer)
                .is_some_and(|rest| rest.starts_with("/.well-known/"))
        };
        self.flow != "api_key" && issuer.is_some_and(is_of)
    }

    fn metadata(&self) -> Value {
        let oauth = &self.facts["oauth"];
        json!({
            "issuer": oauth["issuer"],
            "authorization_endpoint": oauth["authorization_url"],
            "token_endpoint": oauth["token_url"],
            "registration_endpoint": oauth["registration_url"],
            "code_challenge_methods_supported": ["S256"],
            "response_types_supported": ["code"],
            "token_endpoint_auth_methods_supported": ["none"],
        })
    }

    fn registered(&self, request: &Received) -> Verdict {
        let wish = request.json();
        let redirects = wish["redirect_uris"].as_array().map_or(0, Vec::len);
        if redirects != 1 || wish["token_endpoint_auth_method"] != "none" {
            return Err(format!(
                "no public client with one redirect address: {wish}"
            ));
        }
        let mut answer = wish;
        answer["client_id"] = json!(self.client_id);
        Ok(("registration", Reply::json(201, &answer)))
    }

    fn authorize(&mut self, request: &Received) -> Verdict {
        let oauth = &self.facts["oauth"];
        let got = once(&request.query)?;
        let mut expected = self.all_rendered(&oauth["authorization_params"]);
        let id = oauth["client_id_param"].as_str().unwrap_or("client_id");
        expected.insert(id.to_owned(), self.client_id.clone());
        expected.insert("response_type".to_owned(), "code".to_owned());
        expected.extend(self.scope(oauth["scope_param"].as_str(), &oauth["scopes"]));
        if let Some(resource) = oauth["resource"].as_str() {
            expected.insert("resource".to_owned(), resource.to_owned());
        }
        // These are the client's to choose.
        let mut chosen = vec!["state", "redirect_uri"];
        let with_pkce = oauth["pkce"] != false;
        if with_pkce {
            expected.insert("code_challenge_method".to_owned(), "S256".to_owned());
            chosen.push("code_challenge");
        }
        for name in chosen {
            let value = got.get(name).filter(|value| value.len() > 15);
            let value = value.ok_or_else(|| format!("`{name}` is missing or too short"))?;
            expected.insert(name.to_owned(), value.clone());
        }
        same("authorization request", &expected, &got)?;
        let redirect_uri = &got["redirect_uri"];
        let accepted: &[&str] = match oauth["redirect"].as_str() {
            Some("https") => &["https://localhost:27149/callback"],
            Some("exact") => &[
                "http://127.0.0.1:27149/callback",
                "https://localhost:27149/callback",
            ],
            // Nothing is documented that the other kinds would contradict.
            _ => &[
                "http://127.0.0.1:",
                "http://localhost:",
                "https://localhost:27149/callback",
            ],
        };
        let is_named = oauth["redirect_uri"]
            .as_str()
            .is_some_and(|name| name == redirect_uri);
        if !is_named && !accepted.iter().any(|start| redirect_uri.starts_with(start)) {
            return Err(format!("the service does not redirect to {redirect_uri}"));
        }
        let (redirect_uri, challenge) = (redirect_uri.clone(), got.get("code_challenge").cloned());
        let value = self.give();
        let mut sent_back = request.clone();
        if is_named {
            // The service knows the address itself.
            let address = "https://localhost:27149/callback";
            let redirects = sent_back.query.iter_mut();
            let redirects = redirects.filter(|(name, _)| name == "redirect_uri");
            redirects.for_each(|(_, name)| address.clone_into(name));
        }
        let mut reply = agreed(&sent_back, &value);
        for (_, captured) in self.facts["captured"].as_object().into_iter().flatten() {
            let from = captured["from"].as_str().unwrap_or_default();
            if let Some(name) = from.strip_prefix("callback:") {
                let value = captured["value"].as_str().unwrap_or_default();
                let (_, location) = &mut reply.headers[0];
                location.push_str(&format!("&{name}={value}"));
            }
        }
        self.code = Some(Code {
            value,
            redirect_uri,
            challenge,
        });
        Ok(("authorize", reply))
    }

    fn scope(&self, param: Option<&str>, scopes: &Value) -> Option<(String, String)> {
        let scopes = scopes.as_array().into_iter().flatten();
        let scopes: Vec<&str> = scopes.filter_map(Value::as_str).collect();
        let separator = self.facts["oauth"]["scope_separator"]
            .as_str()
            .unwrap_or(" ");
        let name = param.unwrap_or("scope").to_owned();
        (!scopes.is_empty()).then(|| (name, scopes.join(separator)))
    }

    /// What the client has to prove itself with, besides what is in `expected`: a header, or more parameters.
    fn client(&self, request: &Received, how: &str, expected: &mut Pairs) -> Result<(), String> {
        let id = self.facts["oauth"]["client_id_param"]
            .as_str()
            .unwrap_or("client_id");
        let header = request.header("authorization");
        match how {
            "basic" if !self.client_secret.is_empty() => {
                let client = request.basic_client();
                let expected = (self.client_id.clone(), self.client_secret.clone());
                return match client == Some(expected) {
                    true => Ok(()),
                    false => Err(format!("the client has to come by Basic: {header:?}")),
                };
            }
            "bearer" => {
                return match request.bearer() == Some(&self.access) {
                    true => Ok(()),
                    false => Err(format!("the token has to come as a bearer: {header:?}")),
                };
            }
            "nothing" => {}
            _ => {
                expected.insert(id.to_owned(), self.client_id.clone());
                if how != "none" && !self.client_secret.is_empty() {
                    expected.insert("client_secret".to_owned(), self.client_secret.clone());
                }
            }
        }
        match header {
            None => Ok(()),
            Some(header) => Err(format!("no header is expected, and there is `{header}`")),
        }
    }

    fn way(&self) -> &str {
        self.facts["oauth"]["client_auth"]
            .as_str()
            .unwrap_or("body")
    }

    fn device(&mut self, request: &Received) -> Verdict {
        let oauth = &self.facts["oauth"];
        let device = &oauth["device"];
        let got = body(request, device["request"].as_str().unwrap_or("form"))?;
        let param = device["scope_param"]
            .as_str()
            .or(oauth["scope_param"].as_str());
        let mut expected = Pairs::new();
        expected.extend(self.scope(param, &oauth["scopes"]));
        if oauth["anonymous"] != true {
            self.client(request, self.way(), &mut expected)?;
            expected.insert("client_id".to_owned(), self.client_id.clone());
        }
        same("device request", &expected, &got)?;
        self.device_code = self.give();
        self.pending = true;
        let host = &request.host;
        let answer = json!({
            "device_code": self.device_code, "user_code": "WDJB-MJHT", "expires_in": 600, "interval": 1,
            "verification_uri": format!("https://{host}/device"),
        });
        Ok(("device", Reply::json(200, &answer)))
    }

    fn token(&mut self, request: &Received) -> Verdict {
        let oauth = &self.facts["oauth"];
        let accept = request.header("accept").unwrap_or_default();
        if !accept.contains("application/json") {
            return Err(format!("`accept` has to have JSON: {accept}"));
        }
        if request
            .header("user-agent")
            .is_none_or(|agent| !agent.starts_with("authkeep/"))
        {
            return Err("no user agent".to_owned());
        }
        let format = match (&oauth["token_format"], &oauth["device"]["request"]) {
            (Value::String(format), _) => format,
            (_, Value::String(format)) if self.flow == "device_code" => format,
            _ => "form",
        };
        let got = body(request, format)?;
        let mut expected = self.all_rendered(&oauth["token_params"]);
        if oauth["anonymous"] != true {
            self.client(request, self.way(), &mut expected)?;
        }
        if let Some(resource) = oauth["resource"].as_str() {
            expected.insert("resource".to_owned(), resource.to_owned());
        }
        let mut insert =
            |name: &str, value: &str| expected.insert(name.to_owned(), value.to_owned());
        let grant = got.get("grant_type").map_or("", String::as_str);
        let what = match (grant, &self.code) {
            ("authorization_code", Some(code)) if self.flow == "authorization_code" => {
                insert("grant_type", grant);
                insert("code", &code.value);
                insert("redirect_uri", &code.redirect_uri);
                if let Some(challenge) = &code.challenge {
                    let verifier = got.get("code_verifier").map_or("", String::as_str);
                    if !fits(verifier, challenge, &oauth["pkce"]) {
                        return Err("the verifier does not fit the challenge".to_owned());
                    }
                    insert("code_verifier", verifier);
                }
                "token"
            }
            ("refresh_token", _) if !self.refresh.is_empty() => {
                insert("grant_type", grant);
                insert("refresh_token", &self.refresh);
                expected.extend(self.all_rendered(&oauth["refresh"]["params"]));
                "refresh"
            }
            (DEVICE, _) if self.flow == "device_code" => {
                insert("grant_type", grant);
                insert("device_code", &self.device_code);
                "token"
            }
            ("", _) if self.flow == "device_code" && oauth["anonymous"] == true => {
                insert("device_code", &self.device_code);
                "token"
            }
            _ if self.flow == "client_credentials" => {
                insert("grant_type", "client_credentials");
                let section = &oauth["client_credentials"];
                let scopes = section.get("scopes").unwrap_or(&oauth["scopes"]);
                expected.extend(self.scope(oauth["scope_param"].as_str(), scopes));
                expected.extend(self.all_rendered(&section["params"]));
                "token"
            }
            _ => return Err(format!("nothing was given that `{grant}` could redeem")),
        };
        same("token request", &expected, &got)?;
        self.code = None;
        if std::mem::take(&mut self.pending) {
            // Some say so with a status that stands for success.
            let status = if self.provider == "github" { 200 } else { 400 };
            return Ok(("pending", Reply::error(status, "authorization_pending", "")));
        }
        Ok((what, Reply::json(200, &self.tokens(what))))
    }

    /// A fresh answer of the token endpoint.
    fn tokens(&mut self, what: &str) -> Value {
        self.access = self.give();
        let oauth = self.facts["oauth"].clone();
        let mut tokens = json!({ "access_token": self.access, "token_type": "bearer" });
        let is_final = oauth["upgrade"].is_object() && what == "token";
        if !self.quirk("no-expiry") && !self.quirk("missing-expires-in") {
            tokens["expires_in"] = json!(if is_final { 600 } else { 86400 });
        }
        let has_none = [
            "no-refresh-token",
            "refresh-by-access-token",
            "token-upgrade",
        ];
        if self.flow != "client_credentials" && !has_none.iter().any(|quirk| self.quirk(quirk)) {
            // Where renewals have an address of their own, the token stays the same.
            if !oauth["refresh"]["url"].is_string() || self.refresh.is_empty() {
                self.refresh = self.give();
                tokens["refresh_token"] = json!(self.refresh);
            }
        }
        let mut answer = json!({});
        match oauth["token_path"].as_str() {
            Some(path) if what == "token" => plant(&mut answer, path, &tokens),
            _ => answer = tokens,
        }
        for (_, captured) in self.facts["captured"].as_object().into_iter().flatten() {
            let from = captured["from"].as_str().unwrap_or_default();
            if let Some(pointer) = from.strip_prefix("token:") {
                plant(&mut answer, pointer, &captured["value"]);
            }
        }
        answer
    }

    /// A request that the service has besides the token endpoint.
    fn exchanged(&mut self, request: &Received, what: &'static str) -> Verdict {
        let section = self.facts["oauth"][what].clone();
        let method = section["method"].as_str().unwrap_or("POST");
        if request.method != method {
            return Err(format!("the method has to be {method}"));
        }
        let mut expected = self.all_rendered(&section["params"]);
        let got = if method == "GET" {
            once(&request.query)?
        } else {
            let way = section["auth"].as_str().unwrap_or(self.way()).to_owned();
            self.client(request, &way, &mut expected)?;
            if section.get("params").is_none() {
                expected.insert("grant_type".to_owned(), "refresh_token".to_owned());
                expected.insert("refresh_token".to_owned(), self.refresh.clone());
            }
            body(request, section["format"].as_str().unwrap_or("form"))?
        };
        same(what, &expected, &got)?;
        Ok((what, Reply::json(200, &self.tokens(what))))
    }

    fn revoked(&self, request: &Received) -> Verdict {
        let oauth = &self.facts["oauth"];
        let revocation = &oauth["revocation"];
        let format = revocation["format"].as_str().unwrap_or("form");
        let mut expected = self.all_rendered(&revocation["params"]);
        let way = match (revocation["auth"].as_str(), &revocation["params"]) {
            (Some("none"), _) => "nothing",
            (Some(auth), _) => auth,
            (None, _) => self.way(),
        };
        for (name, value) in self.all_rendered(&revocation["headers"]) {
            if request.header(&name.to_lowercase()) != Some(&value) {
                return Err(format!("`{name}` has to be `{value}`"));
            }
        }
        if !revocation["headers"]["Authorization"].is_string() {
            self.client(request, way, &mut expected)?;
        }
        let mut got = match (&*request.method, format) {
            ("GET", _) => once(&request.query)?,
            ("DELETE", "form") if request.body.is_empty() => once(&request.query)?,
            _ => body(request, format)?,
        };
        if !expected.contains_key("token") && revocation.get("params").is_none() && format != "none"
        {
            let token = got.remove("token").unwrap_or_default();
            got.remove("token_type_hint");
            if token.is_empty() || ![&self.access, &self.refresh].contains(&&token) {
                return Err("the token is not one of this login".to_owned());
            }
        }
        same("revocation", &expected, &got)?;
        Ok(("revocation", Reply::json(200, &json!({ "ok": true }))))
    }

    fn key_login(&mut self, request: &Received) -> Verdict {
        let exchange = self.facts["api_key"]["exchange"].clone();
        let mut expected = Pairs::new();
        for (name, value) in exchange["params"].as_object().into_iter().flatten() {
            let mut text = value.as_str().unwrap_or_default().to_owned();
            for (field, value) in &self.fields {
                text = text.replace(&format!("{{{field}}}"), value);
            }
            expected.insert(name.clone(), text);
        }
        let got = body(request, exchange["format"].as_str().unwrap_or("form"))?;
        same("exchange", &expected, &got)?;
        self.access = self.give();
        let mut answer = json!({});
        let path = exchange["token_path"].as_str().unwrap_or("/access_token");
        plant(&mut answer, path, &json!(self.access));
        Ok(("exchange", Reply::json(200, &answer)))
    }
}

/// RFC 7636 section 4.6, or its variant with hexadecimal digits.
fn fits(verifier: &str, challenge: &str, pkce: &Value) -> bool {
    let hash = Sha256::digest(verifier);
    let made = match pkce.as_str() {
        Some("hex") => hash.iter().map(|byte| format!("{byte:02x}")).collect(),
        _ => URL_SAFE_NO_PAD.encode(hash),
    };
    verifier.len() >= 43 && made == challenge
}
