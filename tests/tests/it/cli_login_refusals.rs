//! Logins that nobody grants and tokens that nobody renews.

use authkeep_testkit::canary::canary;
use authkeep_testkit::home::run;
use authkeep_testkit::oauth_server::Scripted;
use authkeep_tests::{Consent, Product, wait_until};
use serde_json::json;

use crate::acme::Acme;
use crate::refusal::{check, refused};

#[test]
fn a_login_that_cannot_begin() {
    let acme = Acme::new();
    let product = &acme.product;
    let arguments = ["login", "acme", "--client-id", "test-client"];
    // No display, no BROWSER, no terminal: nobody would ever see the address.
    let said = refused(product, &arguments, 4, "no_browser");
    assert!(
        said.contains("BROWSER") && said.contains("--browser none"),
        "{said}"
    );

    let broken = |more: &[&str]| {
        let mut all = arguments.to_vec();
        all.extend(more);
        refused(product, &all, 4, "no_browser")
    };
    assert!(broken(&["--browser", "/no/such/browser"]).contains("/no/such/browser"));
    assert!(broken(&["--browser", "false"]).contains("exit status: 1"));
    assert!(broken(&["--browser", "'unclosed"]).contains("quotes"));

    let said = refused(
        product,
        &["login", "acme", "--flow", "api_key"],
        2,
        "flow_not_available",
    );
    assert!(said.contains("--flow authorization_code"), "{said}");
    let said = refused(
        product,
        &["login", "gitlab", "--base-url", "ftp://x"],
        2,
        "parameter",
    );
    assert!(said.contains("https"), "{said}");
    refused(
        product,
        &["login", "openai", "--param", "a=b"],
        2,
        "parameter",
    );
    assert_eq!(acme.server.log().len(), 0);
}

#[test]
fn a_key_that_cannot_be_used() {
    let product = Product::new();
    let secret = canary();
    let attempt = |input: &str, kind: &str| {
        let arguments = ["login", "openai", "--with-token"];
        let human = product.run_with_input(&arguments, input);
        let json = product.run_with_input(&[&arguments[..], &["--json"]].concat(), input);
        let said = check(&human, &json, 2, kind);
        assert!(
            !said.contains(&secret) && !json.stdout.contains(&secret),
            "{said}"
        );
    };
    attempt("", "stdin");
    attempt("  \n", "stdin");
    attempt(&format!("{{\"token\": [\"{secret}\"]}}"), "stdin");
    attempt(&format!("{secret}\nsecond line"), "unusable_value");
    attempt(&format!("{secret}\u{1b}[2J"), "unusable_value");
    attempt(&format!("{{\"nope\": \"{secret}\"}}"), "unusable_value");
    attempt(&secret.repeat(2_000), "stdin");
    attempt(&secret.repeat(500), "unusable_value");
    assert_eq!(
        product.json(&["list", "--connected"]).1["providers"],
        json!([])
    );
}

#[test]
fn a_login_that_the_server_or_the_person_refuses() {
    let acme = Acme::new();
    let outcome = |consent, more: &[&str], code, kind: &str| {
        let human = acme.login(consent, more);
        let json = acme.login(consent, &[more, &["--json"]].concat());
        // The steps are told to people; the failure is the last of it.
        let said = check(&human, &json, code, kind);
        assert!(!acme.is_connected());
        said
    };
    outcome(Consent::Deny, &[], 4, "denied");
    let said = outcome(Consent::Ignore, &["--timeout", "1s"], 4, "timed_out");
    assert!(
        said.contains("within 1s") && said.contains("--timeout"),
        "{said}"
    );
    let script = |fault: Scripted| acme.server.script("/token", vec![fault.clone(), fault]);
    script(Scripted::Drop);
    outcome(Consent::Approve, &[], 10, "unavailable");
    script(Scripted::Garbage(b"<html>hello".to_vec()));
    outcome(Consent::Approve, &[], 4, "no_token");
    script(Scripted::Redirect(307, "http://127.0.0.1:9/".to_owned()));
    outcome(Consent::Approve, &[], 4, "no_token");
    // The negative control: without a fault the same command logs in.
    assert_eq!(acme.login(Consent::Approve, &[]).code, 0);
    assert!(acme.is_connected());
}

#[test]
fn a_wrong_client_secret_is_not_kept() {
    let acme = Acme::confidential(&canary());
    let login = |secret: &str, more: &[&str]| {
        let mut command = acme.product.command_with_browser(
            Consent::Approve,
            &["login", "acme", "--client-id", "test-client"],
        );
        run(command.args(more).env("ACME_CLIENT_SECRET", secret))
    };
    let (wrong, right) = (canary(), acme.server.secrets().pop().unwrap());
    let said = check(
        &login(&wrong, &[]),
        &login(&wrong, &["--json"]),
        4,
        "invalid_client",
    );
    assert!(!said.contains(&wrong), "{said}");
    assert!(!acme.is_connected());
    assert_eq!(login(&right, &[]).code, 0);
}

#[test]
fn a_refresh_that_fails() {
    let acme = Acme::new();
    let arguments = ["get", "acme", "--refresh"];
    let outcome = |fault: Scripted, code, kind| {
        let [human, json] =
            [&arguments[..], &["get", "acme", "--refresh", "--json"]].map(|arguments| {
                // A login that has seen no trouble yet: after a failure the server is left alone for a while.
                assert_eq!(acme.login(Consent::Approve, &["--force"]).code, 0);
                let tries = if kind == "unavailable" { 3 } else { 1 };
                acme.server.script("/token", vec![fault.clone(); tries]);
                acme.product.run(arguments)
            });
        check(&human, &json, code, kind)
    };
    let status = |status, body: &str| Scripted::Status {
        status,
        headers: vec![("content-type".into(), "application/json".into())],
        body: body.into(),
    };
    outcome(status(503, "{}"), 10, "unavailable");
    outcome(status(429, "{}"), 10, "unavailable");
    let said = outcome(
        status(401, r#"{"error":"invalid_client"}"#),
        6,
        "invalid_client",
    );
    assert!(said.contains("--reset"), "{said}");
    outcome(status(400, r#"{"error":"invalid_scope"}"#), 6, "rejected");
    outcome(status(200, r#"{"hello":"world"}"#), 6, "malformed_response");
    // The login is still good: it was the server's trouble.
    assert_eq!(acme.product.run(&arguments).code, 0);
    assert!(
        acme.server
            .token_is_active(&acme.product.secret("acme", "token"))
    );

    acme.server.revoke_everything();
    let first = acme.product.run(&arguments);
    assert_eq!(first.code, 4, "{first:?}");
    let said = refused(&acme.product, &arguments, 4, "reauth_required");
    assert!(said.contains("run `authkeep login acme`"), "{said}");
}

#[test]
fn an_expired_login_without_a_refresh_token_wants_a_person() {
    let acme = Acme::new();
    acme.server.script(
        "/token",
        vec![Scripted::Garbage(
            format!(
                "{{\"access_token\":\"{}\",\"token_type\":\"Bearer\",\"expires_in\":1}}",
                canary()
            )
            .into(),
        )],
    );
    assert_eq!(acme.login(Consent::Approve, &[]).code, 0);
    wait_until("it has run out", || acme.details()["status"] == "expired");
    let said = refused(
        &acme.product,
        &["get", "acme", "--field", "token", "--show-secret"],
        4,
        "expired",
    );
    assert!(said.contains("authkeep login acme"), "{said}");
    refused(&acme.product, &["export", "acme"], 4, "expired");
    // Looking at it is no failure.
    assert_eq!(acme.product.run(&["get", "acme"]).code, 0);
    // With all that are connected, it is left out and named.
    let output = acme.product.run(&["export"]);
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.stderr.contains("acme is left out"), "{output:?}");
}
