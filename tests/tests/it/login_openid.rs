//! Login, use, renewal and logout at an OpenID provider that is nobody's code here, in a real browser.

use authkeep_testkit::home::run;
use authkeep_tests::{BrowserAction, OidcClient, OidcOptions, Product, wait_until};
use serde_json::{Value, json};

use crate::openid::OpenId;

#[test]
fn a_public_client_logs_in_uses_its_token_and_ends_it_there() {
    let openid = OpenId::new(&OidcOptions::default(), OidcClient::PublicNative);
    let output = openid.login(BrowserAction::Approve, ("public-native", None), &["--json"]);
    assert_eq!(output.code, 0, "{output:?}");
    let login: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(login["outcome"], "logged_in");
    assert_eq!(login["refreshable"], true);
    assert_eq!(openid.token_requests("authorization_code"), 1);

    let (code, details) = openid.product.json(&["get", "acme"]);
    assert_eq!(code, 0);
    assert_eq!(details["status"], "connected");
    assert_eq!(details["client_id"], "public-native");
    assert_eq!(details["scopes"], json!(["openid", "profile", "email"]));
    assert!(
        details["seconds_left"].as_u64().unwrap() > 3_500,
        "{details}"
    );

    let token = openid.product.secret("acme", "token");
    assert!(
        !details.to_string().contains(&token),
        "a secret among the metadata"
    );
    let answer = openid.api(&token);
    assert_eq!(
        (answer.status, &answer.json()["sub"]),
        (200, &json!("alice"))
    );

    // Served from the vault, with nothing asked of the provider.
    openid.provider.forget_events();
    assert_eq!(openid.product.secret("acme", "access_token"), token);
    assert_eq!(openid.provider.events().len(), 0);

    a_program_gets_the_credential(&openid, &token);
    a_dead_provider_does_not_take_a_valid_token_away(&openid, &token);
    the_login_ends_there_and_here(&openid, &token);
}

/// The program calls the API with what is in its environment, and with nothing else.
fn a_program_gets_the_credential(openid: &OpenId, token: &str) {
    let program = "import os, sys, urllib.request\n\
                   request = urllib.request.Request(sys.argv[1])\n\
                   request.add_header('Authorization', 'Bearer ' + os.environ['ACME_ACCESS_TOKEN'])\n\
                   print(urllib.request.urlopen(request).read().decode())\n\
                   sys.exit(42)";
    let url = format!("{}/api/anything", openid.provider.issuer());
    let output = run(openid
        .product
        .command(&[
            "run",
            "--env",
            "--provider",
            "acme",
            "--",
            "python3",
            "-c",
            program,
        ])
        .arg(&url));
    assert_eq!(output.code, 42, "{output:?}");
    let answer: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(answer["sub"], "alice");
    assert_eq!(openid.provider.count("api.ok"), 1);
    assert!(!output.stdout.contains(token));

    // The negative control: without the product the same program is turned away.
    let python = std::path::Path::new("python3");
    let alone = run(openid
        .product
        .home()
        .command(python)
        .args(["-c", program])
        .arg(&url));
    assert!(alone.stderr.contains("ACME_ACCESS_TOKEN"), "{alone:?}");
}

/// A cut connection and an HTML page: the renewal that was asked for fails, and the token that still lives is
/// handed out all the same.
fn a_dead_provider_does_not_take_a_valid_token_away(openid: &OpenId, token: &str) {
    for mode in ["drop", "garbage"] {
        openid.provider.forget_events();
        openid
            .provider
            .fault(&json!({ "path": "/token", "mode": mode }));
        let failed = openid.product.run(&["get", "acme", "--refresh"]);
        assert!([6, 10].contains(&failed.code), "{mode}: {failed:?}");
        assert_eq!(openid.product.secret("acme", "token"), token, "{mode}");
        assert_eq!(openid.provider.count("fault"), 1, "{mode}");
    }
    // With the provider well again the same command renews it: the refusals above were not for want of trying.
    let output = openid.product.run(&["get", "acme", "--refresh"]);
    assert_eq!(output.code, 0, "{output:?}");
    assert_ne!(openid.product.secret("acme", "token"), token);
}

fn the_login_ends_there_and_here(openid: &OpenId, first_token: &str) {
    let token = openid.product.secret("acme", "token");
    assert_ne!(token, first_token);
    assert!(openid.provider.token_is_active(&token));
    openid.provider.forget_events();
    let (code, ended) = openid.product.json(&["logout", "acme"]);
    assert_eq!(
        (code, &ended["ended"][0]["remote"]),
        (0, &json!("revoked")),
        "{ended}"
    );
    assert!(!openid.provider.token_is_active(&token));
    assert_eq!(openid.api(&token).status, 401);
    assert!(
        openid.provider.count("refresh_token.destroyed") > 0,
        "{:#?}",
        openid.provider.events()
    );
    assert_eq!(openid.product.json(&["get", "acme"]).0, 5);
}

#[test]
fn an_expired_token_is_renewed_once_and_the_rotated_one_is_kept() {
    let options = OidcOptions {
        access_token_ttl: 2,
        ..OidcOptions::default()
    };
    let openid = OpenId::new(&options, OidcClient::ConfBasic);
    let client = (OidcClient::ConfBasic.id(), OidcClient::ConfBasic.secret());
    let output = openid.login(BrowserAction::Approve, client, &[]);
    assert_eq!(output.code, 0, "{output:?}");

    let mut tokens = vec![openid.product.secret("acme", "token")];
    for _ in 0..2 {
        wait_until_expired(&openid.product);
        assert_eq!(openid.api(tokens.last().unwrap()).status, 401);
        openid.provider.forget_events();
        let renewed = openid.product.secret("acme", "token");
        assert_eq!(openid.token_requests("refresh_token"), 1);
        assert_eq!(openid.provider.count("grant.success"), 1);
        assert_eq!(openid.provider.count("refresh_token.consumed"), 1);
        assert_eq!(openid.api(&renewed).status, 200);
        assert!(!tokens.contains(&renewed));
        tokens.push(renewed);
    }
    // Each refresh redeemed a refresh token of its own: at this server the second use of one kills the grant.

    // Past its end, with the provider gone, there is nothing to hand out: try again later.
    wait_until_expired(&openid.product);
    openid
        .provider
        .fault(&json!({ "path": "/token", "mode": "drop" }));
    let arguments = ["get", "acme", "--field", "token", "--show-secret"];
    let (code, error) = openid.product.json(&arguments);
    assert_eq!(
        (code, &error["error"]),
        (10, &json!("unavailable")),
        "{error}"
    );

    let OpenId { provider, product } = openid;
    drop(provider);
    let (code, error) = product.json(&arguments);
    assert_eq!(
        (code, &error["error"]),
        (10, &json!("unavailable")),
        "{error}"
    );
    // Logging out still works here, and says that it did not work there.
    let (code, ended) = product.json(&["logout", "acme"]);
    assert_eq!(
        (code, &ended["ended"][0]["remote"]),
        (1, &json!("failed")),
        "{ended}"
    );
    assert_eq!(product.json(&["get", "acme"]).0, 5);
}

/// The token's end is not waited for with a clock of our own: the product says when it has come.
fn wait_until_expired(product: &Product) {
    wait_until("the token has run out", || {
        product
            .run(&["list", "--connected"])
            .stdout
            .contains("renews on use")
    });
}
