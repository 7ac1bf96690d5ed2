//! Notion: the client by Basic, token requests and revocations in JSON, no scopes, and a version in every request.

use std::sync::{Arc, Mutex};

use authkeep_testkit::canary::canary;
use authkeep_testkit::message::{Received, Reply};
use authkeep_testkit::world::agreed;
use serde_json::{Value, json};

use super::{Abroad, CLIENT, is_client_by_basic};

#[derive(Debug, Default)]
struct Workspace {
    code: String,
    access: String,
    refresh: String,
    redirect: String,
}

impl Workspace {
    fn answer(&mut self, request: &Received) -> Reply {
        let is_json = request.header("content-type") == Some("application/json");
        let body = request.json();
        match (&*request.method, &*request.path) {
            ("GET", "/v1/oauth/authorize") => self.authorize(request),
            ("POST", "/v1/oauth/token" | "/v1/oauth/revoke") if !is_client_by_basic(request) => {
                Reply::error(401, "invalid_client", "")
            }
            ("POST", "/v1/oauth/token") if is_json => self.token(&body),
            ("POST", "/v1/oauth/revoke") if is_json && body == json!({ "token": self.access }) => {
                self.access.clear();
                Reply::json(200, &json!({}))
            }
            ("GET", "/v1/users/me") => {
                let is_known = request.bearer() == Some(&self.access);
                // Without a version the API answers 400 (missing_version).
                if is_known && request.header("notion-version") == Some("2022-06-28") {
                    Reply::json(200, &json!({ "bot": { "workspace_name": "Notes" } }))
                } else {
                    Reply::json(
                        400,
                        &json!({ "object": "error", "code": "missing_version" }),
                    )
                }
            }
            _ => Reply::json(
                400,
                &json!({ "object": "error", "code": "invalid_request_url" }),
            ),
        }
    }

    fn authorize(&mut self, request: &Received) -> Reply {
        let mut names: Vec<&str> = request.query.iter().map(|(name, _)| &**name).collect();
        names.sort_unstable();
        let known = [
            "client_id",
            "owner",
            "redirect_uri",
            "response_type",
            "state",
        ];
        self.redirect = request
            .parameter("redirect_uri")
            .unwrap_or_default()
            .to_owned();
        let is_right = names == known
            && request.parameter("owner") == Some("user")
            && request.parameter("client_id") == Some(CLIENT[0])
            && self.redirect == "http://127.0.0.1:27149/callback/api.notion.com";
        if !is_right {
            return Reply::page(400, "invalid request");
        }
        self.code = canary();
        agreed(request, &self.code)
    }

    fn token(&mut self, body: &Value) -> Reply {
        let by_code = json!({
            "grant_type": "authorization_code", "code": self.code, "redirect_uri": self.redirect,
        });
        let by_refresh = json!({ "grant_type": "refresh_token", "refresh_token": self.refresh });
        if *body != by_code && *body != by_refresh {
            return Reply::error(400, "invalid_grant", "");
        }
        (self.code, self.access, self.refresh) = (canary(), canary(), canary());
        Reply::json(
            200,
            &json!({
                "access_token": self.access, "token_type": "bearer", "refresh_token": self.refresh,
                "bot_id": "b", "workspace_name": "Notes", "workspace_id": "w", "duplicated_template_id": null,
            }),
        )
    }
}

fn notion() -> (Abroad, Arc<Mutex<Workspace>>) {
    let abroad = Abroad::new();
    let workspace = abroad.house(&["api.notion.com"], Workspace::default(), Workspace::answer);
    (abroad, workspace)
}

#[test]
fn notion_from_login_to_logout() {
    let (abroad, workspace) = notion();
    let output = abroad.login("notion", &[]);
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.stdout.contains("as Notes"), "{output:?}");
    let access = abroad.secret("notion", "token");
    assert_eq!(access, workspace.lock().unwrap().access);

    let me = ["https://api.notion.com/v1/users/me"];
    let said = abroad.ask("notion", &me);
    assert!(said.stdout.contains("Notes"), "{said:?}");

    // Its refresh tokens are spent by their first use.
    for _ in 0..2 {
        let output = abroad.run(&["refresh", "notion"]);
        assert_eq!(output.code, 0, "{output:?}");
    }
    let renewed = abroad.secret("notion", "token");
    assert_ne!(renewed, access);
    assert_eq!(abroad.run(&["logout", "notion"]).code, 0);
    assert_eq!(workspace.lock().unwrap().access, "");
    let secrets = [access, renewed, CLIENT[1].to_owned()];
    assert_eq!(abroad.world.hosts_that_got(&secrets), ["api.notion.com"]);
    assert!(abroad.world.strangers().is_empty());
}

#[test]
fn a_request_that_is_not_as_notion_wants_it_is_refused() {
    // The negative control: the same server, and a definition that is wrong in one point at a time.
    for (pointer, wrong) in [
        ("/oauth/client_auth", json!("body")),
        ("/oauth/token_format", json!("form")),
        ("/oauth/authorization_params", json!({})),
        ("/oauth/pkce", json!(true)),
        ("/oauth/redirect", json!("loopback")),
        ("/oauth/scopes", json!(["read"])),
    ] {
        let (abroad, _) = notion();
        abroad.redefine("notion", |definition| {
            *definition.pointer_mut(pointer).unwrap() = wrong;
        });
        let output = abroad.login("notion", &["--timeout", "2s"]);
        assert_ne!(output.code, 0, "{pointer}: {output:?}");
    }
    let (abroad, _) = notion();
    abroad.redefine("notion", |definition| definition["headers"] = json!({}));
    assert_eq!(abroad.login("notion", &[]).code, 0);
    let said = abroad.ask("notion", &["https://api.notion.com/v1/users/me"]);
    assert!(said.stdout.contains("missing_version"), "{said:?}");
}
