//! Requests that one service alone wants in this way: TikTok's hexadecimal challenge, eBay's name for a redirect URI,
//! Apollo's page behind a fragment, Postiz' devices without a client, Google Ads' second secret, the client id in each
//! request to Twitch and Etsy, and how Stripe, Square and Zoho are told that a login is over.

use std::sync::{Arc, Mutex};

use authkeep_testkit::canary::canary;
use authkeep_testkit::home::run;
use authkeep_testkit::message::{Received, Reply};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::issuer::{Issuer, is_client_by_body, refused, value};
use super::{Abroad, CLIENT, is_client_by_basic};

#[derive(Debug, Default)]
struct Odd {
    issuer: Issuer,
    challenge: String,
    seen: Vec<Value>,
}

fn odd(hosts: &[&str], answer: fn(&mut Odd, &Received) -> Reply) -> (Abroad, Arc<Mutex<Odd>>) {
    let abroad = Abroad::new();
    let odd = abroad.house(hosts, Odd::default(), answer);
    (abroad, odd)
}

impl Odd {
    fn tiktok(&mut self, request: &Received) -> Reply {
        match (&*request.host, &*request.path) {
            ("www.tiktok.com", "/v2/auth/authorize/") => {
                let hex =
                    |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
                self.challenge = request
                    .parameter("code_challenge")
                    .unwrap_or_default()
                    .to_owned();
                let right = hex(&self.challenge)
                    && request.parameter("code_challenge_method") == Some("S256")
                    && request.parameter("client_key") == Some(CLIENT[0])
                    && request.parameter("client_id").is_none();
                if right {
                    self.issuer.agrees(request)
                } else {
                    Reply::page(400, "no")
                }
            }
            ("open.tiktokapis.com", "/v2/oauth/token/") => {
                let verifier = value(request, "code_verifier").unwrap_or_default();
                let hash = Sha256::digest(verifier.as_bytes());
                let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
                let client = request.field("client_key") == Some(CLIENT[0])
                    && request.field("client_secret") == Some(CLIENT[1])
                    && request.field("client_id").is_none();
                let proved = hash == self.challenge || value(request, "code").is_none();
                if client && proved && self.issuer.redeems(request) {
                    let mut tokens = self.issuer.tokens();
                    tokens["scope"] = json!("user.info.basic,video.list");
                    tokens["refresh_expires_in"] = json!(31_536_000);
                    return Reply::json(200, &tokens);
                }
                // It says no with status 200.
                Reply::json(
                    200,
                    &json!({"error": "invalid_grant", "error_description": "no"}),
                )
            }
            ("open.tiktokapis.com", "/v2/user/info/") if self.issuer.is_bearer(request) => {
                Reply::json(200, &json!({"data": {"user": {"display_name": "Ada"}}}))
            }
            _ => Reply::json(401, &json!({})),
        }
    }

    fn ebay(&mut self, request: &Received) -> Reply {
        match (&*request.host, &*request.path) {
            ("auth.ebay.com", "/oauth2/authorize")
                if request.parameter("redirect_uri") == Some("Ada-Acme-PRD-1") =>
            {
                let accepted = "https://localhost:27149/callback/api.ebay.com";
                let state = request.parameter("state").unwrap_or_default();
                drop(self.issuer.agrees(request));
                let code = self.issuer.issued.last().unwrap();
                Reply::redirect(
                    302,
                    &format!("{accepted}?state={state}&code={code}&expires_in=299"),
                )
            }
            ("api.ebay.com", "/identity/v1/oauth2/token")
                if is_client_by_basic(request) && self.issuer.redeems(request) =>
            {
                Reply::json(200, &self.issuer.tokens())
            }
            _ => refused("invalid_request"),
        }
    }

    fn apollo(&mut self, request: &Received) -> Reply {
        match (&*request.host, &*request.path) {
            // What a page's own script does with the fragment: the server has not seen it.
            ("app.apollo.io", "/#/oauth/authorize") => self.issuer.agrees(request),
            ("app.apollo.io", "/api/v1/oauth/token") => {
                let json = request.header("content-type") == Some("application/json");
                if json && is_client_by_body(request) && self.issuer.redeems(request) {
                    return Reply::json(200, &self.issuer.tokens());
                }
                refused("invalid_grant")
            }
            _ => Reply::json(
                200,
                &json!({"is_logged_in": self.issuer.is_bearer(request)}),
            ),
        }
    }

    fn postiz(&mut self, request: &Received) -> Reply {
        let json = request.json();
        self.seen.push(json.clone());
        let anonymous = request.header("authorization").is_none()
            && json.is_object()
            && json
                .as_object()
                .unwrap()
                .keys()
                .all(|key| !key.starts_with("client"));
        match (&*request.host, &*request.path) {
            ("cli-auth.postiz.com", "/device/code") if anonymous => {
                self.challenge = self.issuer.secret();
                Reply::json(
                    200,
                    &json!({
                        "device_code": self.challenge, "user_code": "ABCD-1234", "expires_in": 60, "interval": 1,
                        "verification_uri": "https://cli-auth.postiz.com/device",
                    }),
                )
            }
            ("cli-auth.postiz.com", "/device/token") if anonymous => {
                if json["device_code"] != self.challenge.as_str() {
                    return refused("invalid_grant");
                }
                if self.seen.len() < 3 {
                    return refused("authorization_pending");
                }
                self.issuer.access = self.issuer.secret();
                Reply::json(200, &json!({"access_token": self.issuer.access}))
            }
            ("api.postiz.com", _)
                if request.header("authorization") == Some(&self.issuer.access) =>
            {
                Reply::json(200, &json!([]))
            }
            _ => Reply::json(401, &json!({})),
        }
    }

    fn google(&mut self, request: &Received) -> Reply {
        match (&*request.host, &*request.path) {
            ("accounts.google.com", _) => self.issuer.agrees(request),
            ("oauth2.googleapis.com", "/token") if is_client_by_body(request) => {
                if self.issuer.redeems(request) {
                    return Reply::json(200, &self.issuer.tokens());
                }
                refused("invalid_grant")
            }
            ("openidconnect.googleapis.com", _) if self.issuer.is_bearer(request) => {
                Reply::json(200, &json!({"email": "ada@example.com"}))
            }
            ("googleads.googleapis.com", _) if self.issuer.is_bearer(request) => {
                let developer = request.header("developer-token") == Some(&self.challenge);
                let manager = request.header("login-customer-id") == Some("1234567890");
                Reply::json(if developer && manager { 200 } else { 403 }, &json!({}))
            }
            _ => Reply::json(401, &json!({})),
        }
    }

    /// Twitch and Etsy: no request without the client's id.
    fn named(&mut self, request: &Received) -> Reply {
        if request.parameter("response_type").is_some() {
            return self.issuer.agrees(request);
        }
        if request.path.ends_with("/token") {
            let client = request.field("client_id") == Some(CLIENT[0]);
            if client && self.issuer.redeems(request) {
                return Reply::json(200, &self.issuer.tokens());
            }
            return refused("invalid_grant");
        }
        let header = if request.host.ends_with("twitch.tv") {
            "client-id"
        } else {
            "x-api-key"
        };
        let named = request.header(header) == Some(CLIENT[0]);
        match (self.issuer.is_bearer(request), named) {
            (true, true) => Reply::json(200, &json!({"data": [{"login": CLIENT[0]}]})),
            _ => Reply::json(401, &json!({})),
        }
    }

    /// Slack, where it gives a token of the person's and none of a bot's.
    fn slack(&mut self, request: &Received) -> Reply {
        match &*request.path {
            "/oauth/v2/authorize" => {
                let scopes = request.parameter("user_scope");
                let right = scopes == Some("channels:read,channels:history,users:read")
                    && request.parameter("scope").is_none();
                if right {
                    self.issuer.agrees(request)
                } else {
                    Reply::page(400, "no")
                }
            }
            "/api/oauth.v2.access" if is_client_by_basic(request) => {
                let by_code = request.field("code").is_some();
                if !self.issuer.redeems(request) {
                    return Reply::json(200, &json!({"ok": false, "error": "invalid_code"}));
                }
                let mut tokens = self.issuer.tokens();
                tokens["token_type"] = json!("user");
                tokens["scope"] = json!("channels:read channels:history, users:read");
                tokens["expires_in"] = json!(0);
                let nested = json!({"ok": true, "app_id": "A1", "authed_user": tokens, "team": {"id": "T1"}});
                tokens["ok"] = json!(true);
                Reply::json(200, if by_code { &nested } else { &tokens })
            }
            _ => Reply::json(
                200,
                &json!({"ok": self.issuer.is_bearer(request), "team": "Acme"}),
            ),
        }
    }

    fn ending(&mut self, request: &Received) -> Reply {
        let path = format!("{}{}", request.host, request.path);
        match &*path {
            "connect.stripe.com/oauth/authorize"
            | "connect.squareup.com/oauth2/authorize"
            | "accounts.zoho.com/oauth/v2/auth" => self.issuer.agrees(request),
            "connect.stripe.com/oauth/token"
            | "connect.squareup.com/oauth2/token"
            | "accounts.zoho.com/oauth/v2/token" => {
                if !is_client_by_body(request) || !self.issuer.redeems(request) {
                    return refused("invalid_grant");
                }
                let mut tokens = self.issuer.tokens();
                tokens["stripe_user_id"] = json!("acct_1");
                Reply::json(200, &tokens)
            }
            "connect.stripe.com/oauth/deauthorize" => {
                let right = is_client_by_body(request)
                    && request.form.len() == 3
                    && request.field("stripe_user_id") == Some("acct_1");
                if right {
                    self.ended()
                } else {
                    refused("invalid_request")
                }
            }
            "connect.squareup.com/oauth2/revoke" => {
                let right = request.header("authorization")
                    == Some(&format!("Client {}", CLIENT[1]))
                    && request.json()
                        == json!({"client_id": CLIENT[0], "access_token": self.issuer.access});
                if right {
                    self.ended()
                } else {
                    refused("invalid_request")
                }
            }
            "accounts.zoho.com/oauth/v2/token/revoke" => {
                let token = [("token".to_owned(), self.issuer.refresh.clone())];
                let right = request.form == token && request.header("authorization").is_none();
                if right {
                    self.ended()
                } else {
                    refused("invalid_request")
                }
            }
            _ => Reply::json(200, &json!({})),
        }
    }

    fn ended(&mut self) -> Reply {
        self.seen.push(json!("ended"));
        Reply::json(200, &json!({}))
    }
}

#[test]
fn tiktok_gets_its_challenge_in_hexadecimal_and_calls_the_client_a_key() {
    let (abroad, tiktok) = odd(&["www.tiktok.com", "open.tiktokapis.com"], Odd::tiktok);
    let output = abroad.login("tiktok", &[]);
    assert_eq!(output.code, 0, "{output:?}");
    let (_, details) = abroad.product.json(&["get", "tiktok"]);
    assert_eq!(
        details["scopes"],
        json!(["user.info.basic", "video.list"]),
        "{details}"
    );
    assert_eq!(abroad.run(&["refresh", "tiktok"]).code, 0);
    assert_eq!(
        abroad.secret("tiktok", "token"),
        tiktok.lock().unwrap().issuer.access
    );
    // The control: the standard's own way of writing it is refused.
    let (abroad, _) = odd(&["www.tiktok.com", "open.tiktokapis.com"], Odd::tiktok);
    abroad.redefine("tiktok", |definition| {
        definition["oauth"]["pkce"] = json!(true)
    });
    assert_ne!(abroad.login("tiktok", &["--timeout", "2"]).code, 0);
}

#[test]
fn ebay_gets_the_name_of_a_redirect_and_the_person_pastes() {
    let (abroad, ebay) = odd(&["auth.ebay.com", "api.ebay.com"], Odd::ebay);
    let seen = abroad.login_pasted("ebay", "--param ru_name=Ada-Acme-PRD-1");
    assert!(seen.contains("Logged in to ebay"), "{seen}");
    assert_eq!(abroad.run(&["refresh", "ebay"]).code, 0);
    assert_eq!(
        abroad.secret("ebay", "token"),
        ebay.lock().unwrap().issuer.access
    );
    let (abroad, _) = odd(&["auth.ebay.com", "api.ebay.com"], Odd::ebay);
    let seen = abroad.login_pasted("ebay", "");
    assert!(seen.contains("needs `ru_name`"), "{seen}");
}

#[test]
fn apollos_page_behind_a_fragment_is_opened_with_all_that_it_needs() {
    let (abroad, apollo) = odd(&["app.apollo.io", "api.apollo.io"], Odd::apollo);
    let seen = abroad.login_pasted("apollo", "--flow authorization_code");
    let page = "https://app.apollo.io/#/oauth/authorize?response_type=code&client_id=";
    assert!(seen.contains(page), "{seen}");
    assert!(seen.contains("Logged in to apollo"), "{seen}");
    let token = abroad.secret("apollo", "token");
    assert_eq!(token, apollo.lock().unwrap().issuer.access);
    assert_eq!(abroad.run(&["refresh", "apollo"]).code, 0);
}

#[test]
fn postiz_knows_a_device_by_its_code_alone() {
    let (abroad, postiz) = odd(&["cli-auth.postiz.com", "api.postiz.com"], Odd::postiz);
    let output = abroad.run(&["login", "postiz", "--flow", "device_code", "--no-input"]);
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.stderr.contains("ABCD-1234"), "{output:?}");
    let seen = postiz.lock().unwrap().seen.clone();
    assert!(
        seen.iter().all(|body| body.get("client_id").is_none()),
        "{seen:?}"
    );
    let asked = abroad.ask("postiz", &["https://api.postiz.com/public/v1/integrations"]);
    assert_eq!(asked.code, 0, "{asked:?}");
}

#[test]
fn google_ads_gets_its_second_secret_in_a_header_and_nowhere_else() {
    let hosts = [
        "accounts.google.com",
        "oauth2.googleapis.com",
        "openidconnect.googleapis.com",
        "googleads.googleapis.com",
        "www.googleapis.com",
    ];
    let (abroad, google) = odd(&hosts, Odd::google);
    let developer = canary();
    google.lock().unwrap().challenge.clone_from(&developer);
    let login = |more: &[&str], developer: Option<&str>| {
        let mut login = abroad.command(&[&["login", "google-ads", "--no-input"], more].concat());
        login
            .env("GOOGLE_CLIENT_ID", CLIENT[0])
            .env("GOOGLE_CLIENT_SECRET", CLIENT[1]);
        if let Some(developer) = developer {
            login.env("GOOGLE_ADS_DEVELOPER_TOKEN", developer);
        }
        run(&mut login)
    };
    let output = login(&[], None);
    assert_ne!(output.code, 0, "{output:?}");
    assert!(
        output.stderr.contains("GOOGLE_ADS_DEVELOPER_TOKEN"),
        "{output:?}"
    );
    // Not on a command line, where others can read it.
    let output = login(&["--param", &format!("developer_token={developer}")], None);
    assert_eq!(output.code, 2, "{output:?}");
    assert!(output.stderr.contains("is a secret"), "{output:?}");

    let manager = ["--param", "login_customer_id=1234567890"];
    let output = login(&manager, Some(&developer));
    assert_eq!(output.code, 0, "{output:?}");
    let url = "https://googleads.googleapis.com/v20/customers:listAccessibleCustomers";
    assert_eq!(abroad.ask("google-ads", &[url]).code, 0);
    assert_eq!(abroad.secret("google-ads", "developer_token"), developer);
    // A program behind the sidecar has a placeholder of it.
    let script = "test -n \"$GOOGLE_ADS_DEVELOPER_TOKEN\" && env";
    let program = [
        "run",
        "--quiet",
        "--provider",
        "google-ads",
        "--",
        "sh",
        "-c",
        script,
    ];
    let output = abroad.run(&program);
    assert_eq!(output.code, 0, "{output:?}");
    assert!(!output.stdout.contains(&developer), "{output:?}");
    let shown = abroad.run(&["list", "--json"]).stdout + &abroad.run(&["get", "google-ads"]).stdout;
    assert!(!shown.contains(&developer));
    for (path, bytes) in abroad.product.files() {
        let found = bytes
            .windows(developer.len())
            .any(|some| some == developer.as_bytes());
        assert!(!found, "{}", path.display());
    }
    let got = abroad.world.hosts_that_got(&[developer]);
    assert_eq!(
        got,
        ["googleads.googleapis.com", "openidconnect.googleapis.com"]
    );
}

#[test]
fn twitch_and_etsy_get_the_client_id_with_every_request() {
    let (abroad, _) = odd(&["id.twitch.tv", "api.twitch.tv"], Odd::named);
    let output = abroad.login("twitch", &["--flow", "authorization_code"]);
    assert_eq!(output.code, 0, "{output:?}");
    // The account's name is what it is, though it looks like the client's id: that one is no secret.
    let asked = abroad.ask("twitch", &["https://api.twitch.tv/helix/users"]);
    assert!(asked.stdout.contains(CLIENT[0]), "{asked:?}");

    let hosts = ["www.etsy.com", "api.etsy.com", "openapi.etsy.com"];
    let (abroad, _) = odd(&hosts, Odd::named);
    let seen = abroad.login_pasted("etsy", "");
    assert!(seen.contains("Logged in to etsy"), "{seen}");
    let asked = abroad.ask(
        "etsy",
        &["https://openapi.etsy.com/v3/application/users/me"],
    );
    assert_eq!(asked.code, 0, "{asked:?}");
}

#[test]
fn stripe_square_and_zoho_are_told_of_the_end_in_their_own_words() {
    let hosts = [
        "connect.stripe.com",
        "api.stripe.com",
        "connect.squareup.com",
        "accounts.zoho.com",
    ];
    for provider in ["stripe", "square", "zoho"] {
        let (abroad, ending) = odd(&hosts, Odd::ending);
        let output = abroad.login(provider, &["--flow", "authorization_code"]);
        assert_eq!(output.code, 0, "{output:?}");
        let (code, ended) = abroad.product.json(&["inspect", provider]);
        assert_eq!(code, 0, "{ended}");
        let output = abroad.run(&["logout", provider, "--json"]);
        assert_eq!(output.code, 0, "{output:?}");
        let told: Value = serde_json::from_str(&output.stdout).unwrap();
        assert_eq!(told["ended"][0]["remote"], "revoked", "{provider}: {told}");
        assert_eq!(ending.lock().unwrap().seen, [json!("ended")], "{provider}");
    }
}

#[test]
fn a_users_token_of_slack_lies_deeper_at_first_and_at_the_top_when_renewed() {
    let (abroad, slack) = odd(&["slack.com"], Odd::slack);
    let seen = abroad.login_pasted("slack-user", "");
    assert!(seen.contains("Logged in to slack-user"), "{seen}");
    let first = abroad.secret("slack-user", "token");
    assert_eq!(first, slack.lock().unwrap().issuer.access);
    let (_, details) = abroad.product.json(&["get", "slack-user"]);
    let scopes = json!(["channels:read", "channels:history", "users:read"]);
    assert_eq!(details["scopes"], scopes, "{details}");
    // No seconds at all are not an hour.
    assert_eq!(details["expires_at"], Value::Null, "{details}");
    assert_eq!(abroad.run(&["refresh", "slack-user"]).code, 0);
    let now = abroad.secret("slack-user", "token");
    assert_ne!(now, first);
    assert_eq!(now, slack.lock().unwrap().issuer.access);
}
