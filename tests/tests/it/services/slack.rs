//! Slack: scopes with commas, the client by Basic, a redirect that has to be https, a revocation by bearer, and errors
//! that come with status 200, at the token endpoint and at a renewal too.

use std::sync::{Arc, Mutex};

use authkeep_testkit::canary::canary;
use authkeep_testkit::message::{Received, Reply};
use authkeep_testkit::world::agreed;
use serde_json::{Value, json};

use super::{Abroad, CLIENT, is_client_by_basic};

/// What the workspace knows.
#[derive(Debug, Default)]
struct Workspace {
    code: String,
    access: String,
    refresh: String,
    /// What the next token request is answered with, in place of a token.
    trouble: Option<&'static str>,
}

fn not_ok(error: &str) -> Reply {
    Reply::json(200, &json!({ "ok": false, "error": error }))
}

impl Workspace {
    fn answer(&mut self, request: &Received) -> Reply {
        match (&*request.method, &*request.path) {
            ("GET", "/oauth/v2/authorize") => self.authorize(request),
            ("POST", "/api/oauth.v2.access") => self.token(request),
            ("POST", "/api/auth.revoke") if request.body.is_empty() => {
                let was = std::mem::take(&mut self.access);
                match request.bearer() {
                    Some(token) if token == was => {
                        Reply::json(200, &json!({ "ok": true, "revoked": true }))
                    }
                    _ => not_ok("invalid_auth"),
                }
            }
            ("POST", "/api/auth.test" | "/api/chat.postMessage") => match request.bearer() {
                Some(token) if token == self.access => Reply::json(
                    200,
                    &json!({ "ok": true, "team": "Analytical Engines", "user": "ada" }),
                ),
                _ => not_ok("invalid_auth"),
            },
            _ => Reply::json(404, &json!({ "ok": false, "error": "unknown_method" })),
        }
    }

    fn authorize(&mut self, request: &Received) -> Reply {
        let redirect = request.parameter("redirect_uri").unwrap_or_default();
        let is_right = redirect == "https://localhost:27149/callback/slack.com"
            && request.parameter("client_id") == Some(CLIENT[0])
            && request.parameter("response_type") == Some("code")
            && request.parameter("scope") == Some("channels:read,chat:write")
            && request.parameter("code_challenge").is_none();
        if !is_right {
            return Reply::page(400, "invalid request");
        }
        self.code = canary();
        agreed(request, &self.code)
    }

    fn token(&mut self, request: &Received) -> Reply {
        if !is_client_by_basic(request) {
            return not_ok("bad_client_secret");
        }
        if let Some(trouble) = self.trouble.take() {
            return not_ok(trouble);
        }
        match request.field("grant_type") {
            Some("authorization_code") if request.field("code") == Some(&self.code) => {}
            Some("refresh_token") if request.field("refresh_token") == Some(&self.refresh) => {}
            _ => return not_ok("invalid_code"),
        }
        (self.code, self.access, self.refresh) = (canary(), canary(), canary());
        let mut answer = json!({
            "ok": true, "access_token": self.access, "token_type": "bot", "scope": "channels:read,chat:write",
            "expires_in": 43200, "refresh_token": self.refresh, "app_id": "A1",
            "team": { "name": "Analytical Engines", "id": "T1" },
        });
        if request.field("grant_type") == Some("authorization_code") {
            answer["authed_user"] = json!({ "id": "U1" });
        }
        Reply::json(200, &answer)
    }
}

fn slack() -> (Abroad, Arc<Mutex<Workspace>>) {
    let abroad = Abroad::new();
    let workspace = abroad.house(&["slack.com"], Workspace::default(), Workspace::answer);
    (abroad, workspace)
}

#[test]
fn slack_from_login_to_logout() {
    let (abroad, workspace) = slack();
    let seen = abroad.login_pasted("slack", "");
    assert!(
        seen.contains("Logged in to slack (default) as Analytical Engines."),
        "{seen}"
    );
    let (access, refresh) = {
        let known = workspace.lock().unwrap();
        (known.access.clone(), known.refresh.clone())
    };
    assert_eq!(abroad.secret("slack", "token"), access);
    let (_, details) = abroad.product.json(&["get", "slack"]);
    assert_eq!(
        details["scopes"],
        json!(["channels:read", "chat:write"]),
        "{details}"
    );

    let post = ["-d", "text=hello", "https://slack.com/api/chat.postMessage"];
    let said = abroad.ask("slack", &post);
    let said: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(said["ok"], true, "{said}");

    let output = abroad.run(&["refresh", "slack"]);
    assert_eq!(output.code, 0, "{output:?}");
    let renewed = workspace.lock().unwrap().access.clone();
    assert_ne!(renewed, access);
    assert_eq!(abroad.secret("slack", "token"), renewed);

    let output = abroad.run(&["logout", "slack"]);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(workspace.lock().unwrap().access, "");
    let secrets = [access, refresh, renewed];
    assert_eq!(abroad.world.hosts_that_got(&secrets), ["slack.com"]);
    assert!(abroad.world.strangers().is_empty());
}

#[test]
fn an_error_with_status_200_is_an_error() {
    let (abroad, workspace) = slack();
    workspace.lock().unwrap().trouble = Some("invalid_code");
    let seen = abroad.login_pasted("slack", "");
    assert!(
        seen.contains("invalid_code") && !seen.contains("Logged in"),
        "{seen}"
    );
    assert_ne!(abroad.run(&["get", "slack"]).code, 0);

    let seen = abroad.login_pasted("slack", "");
    assert!(seen.contains("Logged in"), "{seen}");
    let access = abroad.secret("slack", "token");
    workspace.lock().unwrap().trouble = Some("internal_error");
    let output = abroad.run(&["refresh", "slack"]);
    assert_ne!(output.code, 0, "{output:?}");
    assert!(output.stderr.contains("internal_error"), "{output:?}");
    // What was there is there still, and the next renewal works.
    assert_eq!(abroad.secret("slack", "token"), access);
    assert_eq!(abroad.run(&["refresh", "slack"]).code, 0);
    assert_ne!(abroad.secret("slack", "token"), access);
}

#[test]
fn a_client_that_does_not_authenticate_as_slack_wants_is_refused() {
    // The negative control: the same server, and a definition that is wrong in one point at a time.
    for (field, wrong) in [
        ("client_auth", json!("body")),
        ("scope_separator", json!(" ")),
        ("pkce", json!(true)),
    ] {
        let (abroad, _) = slack();
        abroad.redefine("slack", |definition| definition["oauth"][field] = wrong);
        let seen = abroad.login_pasted("slack", "");
        assert!(!seen.contains("Logged in"), "{field}: {seen}");
    }
}
