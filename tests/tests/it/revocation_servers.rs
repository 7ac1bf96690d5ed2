//! Eight servers that answer a revocation each in its own way (RFC 7009): what they are told, what becomes of the login
//! here, and what the person and the audit log hear of it.

use authkeep_testkit::canary::{Scanner, canary};
use authkeep_testkit::home::run;
use authkeep_testkit::oauth_server::{Client, OAuthServer, Scripted, Seen, ServerOptions};
use authkeep_testkit::plain_http::Request;
use authkeep_tests::Consent;
use serde_json::{Value, json};

use crate::acme::Acme;

fn says(status: u16, kind: &str, body: &str) -> Scripted {
    Scripted::Status {
        status,
        headers: vec![("content-type".to_owned(), kind.to_owned())],
        body: body.as_bytes().to_vec(),
    }
}

/// A client that authenticates by Basic, and somebody logged in with it.
fn connected(secret: &str) -> Acme {
    let acme = Acme::with(ServerOptions {
        clients: vec![Client::basic("test-client", secret)],
        ..ServerOptions::default()
    });
    let arguments = ["login", "acme", "--client-id", "test-client"];
    let mut login = acme
        .product
        .command_with_browser(Consent::Approve, &arguments);
    let output = run(login.env("ACME_CLIENT_SECRET", secret));
    assert_eq!(output.code, 0, "{output:?}");
    acme
}

/// The tokens of the stored login, the refresh token first.
fn tokens(acme: &Acme) -> [String; 2] {
    let record = acme.record().unwrap();
    ["refresh_token", "access_token"].map(|name| record[name].as_str().unwrap().to_owned())
}

fn revocations(acme: &Acme) -> Vec<Seen> {
    let mut log = acme.server.log();
    log.retain(|seen| seen.path == "/revoke");
    log
}

#[test]
fn eight_servers_and_no_local_copy_left() {
    let elsewhere = OAuthServer::start(ServerOptions::default());
    let redirect = Scripted::Redirect(307, format!("{}/revoke", elsewhere.url()));
    let json = "application/json";
    let servers = [
        ("revokes both", None, "revoked"),
        ("knows neither", None, "revoked"),
        (
            "revokes only the other kind",
            Some(says(400, json, r#"{"error": "unsupported_token_type"}"#)),
            "failed",
        ),
        (
            "turns the client away",
            Some(says(401, json, r#"{"error": "invalid_client"}"#)),
            "failed",
        ),
        ("is out of order", Some(says(503, json, "")), "failed"),
        ("hangs up", Some(Scripted::Drop), "failed"),
        ("sends elsewhere", Some(redirect), "failed"),
        (
            "shows a page",
            Some(says(404, "text/html", "<html>Not here</html>")),
            "failed",
        ),
    ];
    let (count, secret) = (servers.len(), canary());
    let mut left = 0;
    for (what, fault, expected) in servers {
        let acme = connected(&secret);
        let tokens = tokens(&acme);
        if what == "knows neither" {
            acme.server.revoke_everything();
        }
        if let Some(fault) = fault {
            acme.server.script("/revoke", vec![fault.clone(), fault]);
        }
        let output = acme.product.run(&["logout", "acme", "--json"]);
        let (code, outcome) = match expected {
            "revoked" => (0, "ok"),
            _ => (1, "not_revoked"),
        };
        assert_eq!(output.code, code, "{what}: {output:?}");
        let ended: Value = serde_json::from_str(&output.stdout).unwrap();
        let ended = &ended["ended"][0];
        assert_eq!(ended["remote"], expected, "{what}: {ended}");
        assert_eq!(ended["why"].is_string(), expected == "failed", "{what}");

        // It was told both, the refresh token first, each time by the client itself.
        let told = revocations(&acme);
        assert_eq!(told.len(), 2, "{what}");
        for ((seen, token), hint) in told
            .iter()
            .zip(&tokens)
            .zip(["refresh_token", "access_token"])
        {
            assert_eq!(seen.field("token"), Some(&**token), "{what}");
            assert_eq!(seen.field("token_type_hint"), Some(hint), "{what}");
            let basic = seen.header("authorization").unwrap_or_default();
            assert!(basic.starts_with("Basic "), "{what}: {seen:?}");
        }
        // Here nothing is left of it, whatever came of that.
        left += usize::from(acme.record().is_some() || acme.is_connected());
        let log = acme.product.json(&["audit", "log"]).1;
        let entries = log["entries"].as_array().unwrap();
        let entry = entries
            .iter()
            .find(|entry| entry["action"] == "logout")
            .unwrap();
        assert_eq!(entry["outcome"], outcome, "{what}: {entry}");
        assert_eq!(entry["details"]["remote"], expected, "{what}: {entry}");
        let said = format!("{output:?}{log}");
        let secrets = [&tokens[0], &tokens[1], &secret];
        assert_eq!(Scanner::new(&secrets).scan(said.as_bytes()), [], "{what}");
        if expected == "revoked" {
            for token in &tokens {
                assert!(!acme.server.token_is_active(token), "{what}");
            }
        }
    }
    assert_eq!(elsewhere.log().len(), 0, "a redirect was followed");
    println!("figure: revocation, {count} servers, {left} local copies left");
    assert_eq!((count, left), (8, 0));
}

#[test]
fn a_definition_that_forgets_how_does_not_make_a_logout_look_complete() {
    let acme = connected(&canary());
    let mut definition = acme.server.definition("acme");
    let oauth = definition["oauth"].as_object_mut().unwrap();
    oauth.remove("revocation_url");
    acme.product.home().write_definition(&definition);
    let output = acme.product.run(&["logout", "acme"]);
    assert_eq!(output.code, 1, "{output:?}");
    assert!(output.stdout.contains("no longer says how"), "{output:?}");
    assert!(acme.record().is_none());
    // The negative control: a login that was made with that definition has nothing to be revoked.
    let arguments = ["login", "acme", "--client-id", "test-client", "--no-input"];
    let mut login = acme
        .product
        .command_with_browser(Consent::Approve, &arguments);
    let output = run(&mut login);
    assert_eq!(output.code, 0, "{output:?}");
    let ended = acme.product.json(&["logout", "acme"]);
    assert_eq!(ended.0, 0);
    assert_eq!(ended.1["ended"][0]["remote"], "not_offered");
}

#[test]
fn the_access_token_alone_and_no_client_would_leave_the_login_alive() {
    // The negative control: what many programs send.
    let acme = connected(&canary());
    let [refresh_token, access_token] = tokens(&acme);
    let url = format!("{}/revoke", acme.server.url());
    let answer = Request::form(&url, &[("token", &access_token)])
        .send()
        .unwrap();
    assert_eq!(answer.status, 401);
    assert!(acme.server.token_is_active(&refresh_token));
    assert!(acme.server.token_is_active(&access_token));
    assert_eq!(acme.product.run(&["logout", "acme"]).code, 0);
    assert!(!acme.server.token_is_active(&refresh_token));
}

#[test]
fn all_logins_of_a_provider_end_in_the_same_way() {
    for command in ["revoke", "remove"] {
        let acme = connected(&canary());
        let fault = says(503, "text/html", "<html>");
        acme.server.script("/revoke", vec![fault.clone(), fault]);
        let output = acme.product.run(&[command, "acme", "--json"]);
        assert_eq!(output.code, 1, "{command}: {output:?}");
        assert!(acme.record().is_none(), "{command}");
        assert_eq!(revocations(&acme).len(), 2, "{command}");
        let log = acme.product.json(&["audit", "log"]).1;
        let failed = |entry: &Value| entry["outcome"] == json!("not_revoked");
        assert!(
            log["entries"].as_array().unwrap().iter().any(failed),
            "{log}"
        );
    }
}
