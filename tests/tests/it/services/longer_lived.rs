//! Tokens that become longer lived ones, and that are renewed in a way of the vendor's own: Facebook, Instagram and Threads
//! trade the first token for one of 60 days, Instagram and Threads renew that one with itself, Figma has an address of its
//! own for it, Basecamp a parameter.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use authkeep_testkit::message::{Received, Reply};
use authkeep_tests::{age, open_vault};
use serde_json::{Value, json};

use super::issuer::{Issuer, is_client_by_body, refused, value};
use super::{Abroad, CLIENT, is_client_by_basic};

/// A service of Meta's, which differ in words only.
#[derive(Debug, Default)]
struct Meta {
    issuer: Issuer,
    authorize: &'static str,
    token: &'static str,
    upgrade: &'static str,
    /// What an upgrade has to say.
    upgrade_query: Vec<(&'static str, &'static str)>,
    /// Which parameter of it carries the first token.
    short: &'static str,
    refresh: &'static str,
    grant: &'static str,
    short_lived: String,
    upgrades: usize,
    refreshes: usize,
    revoked: bool,
    /// What the next refresh is answered with.
    trouble: Option<u16>,
}

impl Meta {
    fn answer(&mut self, request: &Received) -> Reply {
        let path = format!("{}{}", request.host, request.path);
        if path == self.authorize {
            return self.issuer.agrees(request);
        }
        if request.method == "POST" && path == self.token {
            if !is_client_by_body(request) || !self.issuer.redeems(request) {
                return refused("invalid_grant");
            }
            self.short_lived = self.issuer.secret();
            return Reply::json(
                200,
                &json!({"access_token": self.short_lived, "token_type": "bearer", "expires_in": 3600}),
            );
        }
        if request.method == "GET" && path == self.upgrade && self.refreshes == 0 {
            let mut query: Vec<(&str, &str)> = self.upgrade_query.clone();
            query.push((self.short, &self.short_lived));
            if !is_query(request, query) || request.header("authorization").is_some() {
                return oauth_exception();
            }
            self.upgrades += 1;
            return self.long_lived();
        }
        if request.method == "GET" && path == self.refresh {
            let token = self.issuer.access.clone();
            if !is_query(
                request,
                vec![("grant_type", self.grant), ("access_token", &token)],
            ) {
                return oauth_exception();
            }
            if let Some(status) = self.trouble.take() {
                return Reply::json(
                    status,
                    &json!({"error": {"type": "OAuthException", "code": 190}}),
                );
            }
            self.refreshes += 1;
            return self.long_lived();
        }
        let by_query = request.parameter("access_token") == Some(&self.issuer.access);
        if by_query || self.issuer.is_bearer(request) {
            self.revoked |= request.method == "DELETE" && request.path.ends_with("/me/permissions");
            return Reply::json(
                200,
                &json!({"name": "Ada", "username": "ada", "success": true}),
            );
        }
        oauth_exception()
    }

    fn long_lived(&mut self) -> Reply {
        self.issuer.access = self.issuer.secret();
        Reply::json(
            200,
            &json!({"access_token": self.issuer.access, "token_type": "bearer", "expires_in": 5_183_944}),
        )
    }
}

fn is_query(request: &Received, mut expected: Vec<(&str, &str)>) -> bool {
    let mut found: Vec<(&str, &str)> = (request.query.iter())
        .map(|(name, value)| (&**name, &**value))
        .collect();
    found.sort_unstable();
    expected.sort_unstable();
    found == expected && request.body.is_empty()
}

fn oauth_exception() -> Reply {
    Reply::json(
        400,
        &json!({"error": {"message": "no", "type": "OAuthException", "code": 190}}),
    )
}

fn facebook() -> Meta {
    Meta {
        authorize: "www.facebook.com/v25.0/dialog/oauth",
        token: "graph.facebook.com/v25.0/oauth/access_token",
        upgrade: "graph.facebook.com/v25.0/oauth/access_token",
        upgrade_query: vec![
            ("grant_type", "fb_exchange_token"),
            ("client_id", CLIENT[0]),
            ("client_secret", CLIENT[1]),
        ],
        short: "fb_exchange_token",
        ..Meta::default()
    }
}

fn instagram() -> Meta {
    Meta {
        authorize: "www.instagram.com/oauth/authorize",
        token: "api.instagram.com/oauth/access_token",
        upgrade: "graph.instagram.com/access_token",
        upgrade_query: vec![
            ("grant_type", "ig_exchange_token"),
            ("client_secret", CLIENT[1]),
        ],
        short: "access_token",
        refresh: "graph.instagram.com/refresh_access_token",
        grant: "ig_refresh_token",
        ..Meta::default()
    }
}

fn threads() -> Meta {
    Meta {
        authorize: "threads.net/oauth/authorize",
        token: "graph.threads.net/oauth/access_token",
        upgrade: "graph.threads.net/access_token",
        upgrade_query: vec![
            ("grant_type", "th_exchange_token"),
            ("client_secret", CLIENT[1]),
        ],
        short: "access_token",
        refresh: "graph.threads.net/refresh_access_token",
        grant: "th_refresh_token",
        ..Meta::default()
    }
}

const META: [&str; 7] = [
    "www.facebook.com",
    "graph.facebook.com",
    "www.instagram.com",
    "api.instagram.com",
    "graph.instagram.com",
    "threads.net",
    "graph.threads.net",
];

fn logged_in(provider: &str, meta: Meta) -> (Abroad, Arc<Mutex<Meta>>) {
    let abroad = Abroad::new();
    let meta = abroad.house(&META, meta, Meta::answer);
    let seen = abroad.login_pasted(provider, "");
    assert!(seen.contains(&format!("Logged in to {provider}")), "{seen}");
    (abroad, meta)
}

fn details(abroad: &Abroad, provider: &str) -> Value {
    abroad.product.json(&["get", provider]).1
}

fn older(abroad: &Abroad, provider: &str, days: u64) {
    let vault = open_vault(&abroad.product.home().authkeep_home());
    age(&vault, provider, Duration::from_secs(days * 24 * 3600));
}

#[test]
fn facebook_trades_its_token_for_one_of_sixty_days_and_has_no_other() {
    let (abroad, meta) = logged_in("facebook", facebook());
    let known = meta.lock().unwrap();
    assert_eq!(known.upgrades, 1);
    let (short, long) = (known.short_lived.clone(), known.issuer.access.clone());
    drop(known);
    assert_eq!(abroad.secret("facebook", "token"), long);
    let told = details(&abroad, "facebook");
    assert!(
        told["seconds_left"].as_u64().unwrap() > 59 * 24 * 3600,
        "{told}"
    );
    assert_eq!(told["refreshable"], false, "{told}");
    let url = "https://graph.facebook.com/v25.0/me";
    assert_eq!(abroad.ask("facebook", &[url]).code, 0);
    assert_eq!(abroad.run(&["logout", "facebook"]).code, 0);
    assert!(meta.lock().unwrap().revoked);
    let got = abroad
        .world
        .hosts_that_got(&[short, long, CLIENT[1].to_owned()]);
    assert_eq!(got, ["graph.facebook.com"]);
}

#[test]
fn nobody_is_logged_in_if_the_trade_fails() {
    let wrong = Meta {
        upgrade_query: vec![("grant_type", "another")],
        ..facebook()
    };
    let abroad = Abroad::new();
    let meta = abroad.house(&META, wrong, Meta::answer);
    let seen = abroad.login_pasted("facebook", "");
    assert!(seen.contains("did not issue a token"), "{seen}");
    assert!(!seen.contains(CLIENT[1]) && !seen.contains(&meta.lock().unwrap().short_lived));
    assert_ne!(abroad.product.json(&["get", "facebook"]).0, 0);
}

#[test]
fn tokens_of_instagram_and_threads_renew_themselves_as_long_as_they_are_good() {
    for (provider, service) in [("instagram", instagram()), ("threads", threads())] {
        let (abroad, meta) = logged_in(provider, service);
        let token = || abroad.secret(provider, "token");
        let first = token();
        assert_eq!(meta.lock().unwrap().upgrades, 1, "{provider}");
        assert_eq!(details(&abroad, provider)["refreshable"], true);
        // Not before half of its life is over …
        older(&abroad, provider, 29);
        assert_eq!(token(), first);
        // … and if it cannot be renewed then, it is still good.
        older(&abroad, provider, 2);
        meta.lock().unwrap().trouble = Some(500);
        assert_eq!(token(), first);
        meta.lock().unwrap().trouble = Some(400);
        let refused = abroad.run(&["refresh", provider]);
        assert_ne!(refused.code, 0, "{refused:?}");
        assert_eq!(token(), first);
        let output = abroad.run(&["refresh", provider]);
        assert_eq!(output.code, 0, "{output:?}");
        let second = token();
        assert_ne!(second, first);
        assert_eq!(second, meta.lock().unwrap().issuer.access);
        // What has run out does not renew itself.
        let refreshes = meta.lock().unwrap().refreshes;
        older(&abroad, provider, 61);
        let output = abroad.run(&["get", provider, "--field", "token", "--show-secret"]);
        assert_ne!(output.code, 0, "{output:?}");
        assert_eq!(details(&abroad, provider)["status"], "expired");
        assert_ne!(abroad.run(&["refresh", provider]).code, 0);
        assert_eq!(meta.lock().unwrap().refreshes, refreshes);

        let mut secrets = meta.lock().unwrap().issuer.issued.clone();
        secrets.push(CLIENT[1].to_owned());
        let own = if provider == "threads" {
            ".net"
        } else {
            "instagram.com"
        };
        let got = abroad.world.hosts_that_got(&secrets);
        assert!(got.iter().all(|host| host.ends_with(own)), "{got:?}");
    }
}

#[test]
fn no_log_tells_the_address_that_carries_the_secrets() {
    let (abroad, meta) = logged_in("threads", threads());
    let mut refresh = abroad.command(&["refresh", "threads", "-vv"]);
    let output = authkeep_testkit::home::run(
        refresh
            .env("AUTHKEEP_LOG", "trace")
            .env("RUST_LOG", "trace"),
    );
    assert_eq!(output.code, 0, "{output:?}");
    let known = meta.lock().unwrap();
    let said = format!("{}{}", output.stdout, output.stderr);
    for secret in known
        .issuer
        .issued
        .iter()
        .map(String::as_str)
        .chain([CLIENT[1]])
    {
        assert!(!said.contains(secret), "{said}");
    }
}

#[derive(Debug, Default)]
struct Renewing {
    issuer: Issuer,
}

impl Renewing {
    fn figma(&mut self, request: &Received) -> Reply {
        match (&*request.host, &*request.path) {
            ("www.figma.com", "/oauth") => self.issuer.agrees(request),
            ("api.figma.com", "/v1/oauth/token") => {
                let by_code = value(request, "code").is_some();
                if by_code && is_client_by_basic(request) && self.issuer.redeems(request) {
                    return Reply::json(200, &self.issuer.tokens());
                }
                refused("invalid_request")
            }
            ("api.figma.com", "/v1/oauth/refresh") => {
                let refresh = value(request, "refresh_token");
                if is_client_by_basic(request) && refresh == Some(self.issuer.refresh.clone()) {
                    self.issuer.access = self.issuer.secret();
                    // The refresh token stays the same and is not repeated.
                    return Reply::json(
                        200,
                        &json!({"access_token": self.issuer.access, "expires_in": 7_776_000}),
                    );
                }
                refused("invalid_grant")
            }
            _ if self.issuer.is_bearer(request) => Reply::json(200, &json!({"email": "ada"})),
            _ => Reply::json(403, &json!({})),
        }
    }

    fn basecamp(&mut self, request: &Received) -> Reply {
        let typed = value(request, "type");
        match &*request.path {
            "/authorization/new" if request.parameter("type") == Some("web_server") => {
                self.issuer.agrees(request)
            }
            "/authorization/token" if is_client_by_body(request) => {
                let wanted = match value(request, "code") {
                    Some(_) => "web_server",
                    None => "refresh",
                };
                if typed.as_deref() == Some(wanted) && self.issuer.redeems(request) {
                    return Reply::json(200, &self.issuer.tokens());
                }
                refused("invalid_request")
            }
            "/authorization.json" if self.issuer.is_bearer(request) => Reply::json(
                200,
                &json!({"identity": {"email_address": "ada"}, "accounts": [{"id": 1}]}),
            ),
            _ => Reply::json(403, &json!({})),
        }
    }
}

#[test]
fn figma_renews_at_an_address_of_its_own() {
    let abroad = Abroad::new();
    let hosts = ["www.figma.com", "api.figma.com"];
    let figma = abroad.house(&hosts, Renewing::default(), Renewing::figma);
    let output = abroad.login("figma", &["--flow", "authorization_code"]);
    assert_eq!(output.code, 0, "{output:?}");
    let first = abroad.secret("figma", "token");
    // Twice: the refresh token is kept though no answer repeats it.
    for _ in 0..2 {
        let output = abroad.run(&["refresh", "figma"]);
        assert_eq!(output.code, 0, "{output:?}");
    }
    let now = abroad.secret("figma", "token");
    assert_ne!(now, first);
    assert_eq!(now, figma.lock().unwrap().issuer.access);
    // A definition that names another address later gets nothing.
    abroad.redefine("figma", |definition| {
        definition["oauth"]["refresh"]["url"] = json!("https://api.figma.com/v1/comments");
    });
    let output = abroad.run(&["refresh", "figma"]);
    assert_ne!(output.code, 0, "{output:?}");
    assert!(
        abroad
            .world
            .seen_at("api.figma.com", "/v1/comments")
            .is_empty()
    );
}

#[test]
fn basecamp_wants_to_be_told_that_it_is_a_refresh() {
    let abroad = Abroad::new();
    let hosts = ["launchpad.37signals.com"];
    let basecamp = abroad.house(&hosts, Renewing::default(), Renewing::basecamp);
    let output = abroad.login("basecamp", &[]);
    assert_eq!(output.code, 0, "{output:?}");
    let output = abroad.run(&["refresh", "basecamp"]);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(
        abroad.secret("basecamp", "token"),
        basecamp.lock().unwrap().issuer.access
    );
}
