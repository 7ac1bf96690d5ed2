//! Logins without a person, end to end: a client that asks for itself, by the standard's grant and by a vendor's.

use std::time::Instant;

use authkeep_testkit::canary::canary;
use authkeep_testkit::home::run;
use authkeep_testkit::oauth_server::{Client, ClientGrant, OAuthServer, ServerOptions};
use authkeep_tests::{OidcClient, OidcOptions, Product, all_at_once, rounds};
use serde_json::json;

use crate::acme::Acme;
use crate::openid::OpenId;

/// A server like Zoom's: Basic authentication, a grant with a name of its own, and an account.
fn vendor(secret: &str) -> Acme {
    let server = OAuthServer::start(ServerOptions {
        clients: vec![Client::basic("robot", secret)],
        client_grant: Some(ClientGrant::vendor(
            "account_credentials",
            &[("account_id", "acc-1")],
        )),
        ..ServerOptions::default()
    });
    let mut definition = server.definition("acme");
    definition["flows"] = json!(["authorization_code", "client_credentials"]);
    definition["params"] = json!({"account_id": {"label": "Account id", "optional": true}});
    definition["oauth"]["client_credentials"] = json!({
        "params": {"grant_type": "account_credentials", "account_id": "{account_id}"},
        "scopes": []
    });
    definition["oauth"]["client_env"]["account_id"] = json!("ACME_ACCOUNT_ID");
    let product = Product::new();
    product.home().write_definition(&definition);
    Acme { server, product }
}

const LOGIN: [&str; 6] = [
    "login",
    "acme",
    "--flow",
    "client_credentials",
    "--no-input",
    "--json",
];

#[test]
fn a_vendors_grant_from_the_environment_to_the_program() {
    let secret = canary();
    let acme = vendor(&secret);
    let variables = [
        ("ACME_CLIENT_ID", "robot"),
        ("ACME_CLIENT_SECRET", secret.as_str()),
        ("ACME_ACCOUNT_ID", "acc-1"),
    ];
    // Each one that is missing is named, and nothing is stored or sent.
    for (missing, _) in variables {
        let mut login = acme.product.command(&LOGIN);
        login.envs(variables.into_iter().filter(|(name, _)| *name != missing));
        let output = run(&mut login);
        assert_eq!(output.code, 5, "{output:?}");
        assert!(
            output.stdout.contains(&format!("set {missing} and")),
            "{output:?}"
        );
    }
    assert_eq!(acme.server.count("/token"), 0);
    assert!(!acme.is_connected());

    let output = run(acme.product.command(&LOGIN).envs(variables));
    assert_eq!(output.code, 0, "{output:?}");
    let login: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(login["refreshable"], true);

    // From here on without the environment.
    let token = acme.product.secret("acme", "token");
    assert!(acme.server.token_is_active(&token));
    acme.expire();
    assert_eq!(acme.details()["status"], "connected");
    let program = [
        "run",
        "--env",
        "--provider",
        "acme",
        "--",
        "sh",
        "-c",
        "printf %s $ACME_ACCESS_TOKEN",
    ];
    let renewed = acme.product.run(&program);
    assert_eq!(renewed.code, 0, "{renewed:?}");
    assert_ne!(renewed.stdout, token);
    assert!(acme.server.token_is_active(&renewed.stdout));
    assert_eq!(acme.server.count("/token"), 2);
    // Neither the client's secret nor a token can be read from the disk.
    for (path, bytes) in acme.product.files() {
        let found = acme.server.secrets();
        let found = found
            .iter()
            .find(|s| bytes.windows(s.len()).any(|w| w == s.as_bytes()));
        assert_eq!(found, None, "{}", path.display());
    }
    let output = acme.product.run(&["logout", "acme"]);
    assert_eq!(output.code, 0, "{output:?}");
    assert!(!acme.server.token_is_active(&renewed.stdout));
    assert!(!acme.is_connected());
}

#[test]
fn a_client_that_is_no_longer_right_is_an_error_that_says_what_to_do() {
    let secret = canary();
    let acme = vendor(&secret);
    let input = |secret: &str| json!({"client_id": "robot", "client_secret": secret}).to_string();
    let login = |secret: &str, more: &[&str]| {
        let mut arguments = vec!["login", "acme", "--flow", "client_credentials"];
        arguments.extend(["--with-token", "--param", "account_id=acc-1"]);
        arguments.extend(more);
        acme.product.run_with_input(&arguments, &input(secret))
    };
    let output = login("wrong", &[]);
    assert_eq!(output.code, 4, "{output:?}");
    assert!(output.stderr.contains("--reset"), "{output:?}");
    assert_eq!(login(&secret, &[]).code, 0);

    // Its secret is changed there, which nobody here is told.
    let mut record = acme.record().unwrap();
    record["client"]["client_secret"] = json!("rotated-away");
    acme.put(&record);
    acme.expire();
    let output = run(&mut acme.get());
    assert_eq!(output.code, 6, "{output:?}");
    assert!(
        output.stderr.contains("authkeep login acme --reset"),
        "{output:?}"
    );
    assert_eq!(acme.details()["status"], "connected");
    assert_eq!(login(&secret, &["--reset"]).code, 0);
    assert_eq!(run(&mut acme.get()).code, 0);
}

#[test]
fn a_crowd_of_processes_asks_once_for_each_expiry() {
    let secret = canary();
    let acme = vendor(&secret);
    let mut login = acme.product.command(&LOGIN);
    login.envs([
        ("ACME_CLIENT_ID", "robot"),
        ("ACME_CLIENT_SECRET", secret.as_str()),
        ("ACME_ACCOUNT_ID", "acc-1"),
    ]);
    assert_eq!(run(&mut login).code, 0);
    let (size, expiries) = (rounds(16, 64), rounds(4, 50));
    let secrets = acme.server.secrets().len();
    let start = Instant::now();
    for expiry in 0..expiries {
        acme.expire();
        let mut printed: Vec<_> = all_at_once((0..size).map(|_| acme.get()))
            .into_iter()
            .map(|get| {
                assert_eq!(get.code, 0, "{get:?}");
                get.stdout
            })
            .collect();
        printed.dedup();
        assert_eq!(printed.len(), 1, "expiry {expiry}: {printed:?}");
        assert!(acme.server.token_is_active(&printed[0]));
    }
    acme.wait_until_quiet();
    let asked = acme.server.count("/token") - 1;
    let issued = acme.server.secrets().len() - secrets;
    println!(
        "figure: client credentials, {size} processes, {expiries} expiries: {asked} requests, {issued} tokens, {:.1} s",
        start.elapsed().as_secs_f64()
    );
    assert_eq!((asked, issued), (expiries as usize, expiries as usize));
    acme.assert_sound();
}

#[test]
fn without_locks_the_same_crowd_asks_more_often() {
    // The negative control of the count: the same library, and locks that lock nothing.
    let secret = canary();
    let acme = vendor(&secret);
    let mut login = acme.product.command(&LOGIN);
    login.envs([
        ("ACME_CLIENT_ID", "robot"),
        ("ACME_CLIENT_SECRET", secret.as_str()),
        ("ACME_ACCOUNT_ID", "acc-1"),
    ]);
    assert_eq!(run(&mut login).code, 0);
    acme.answers_late(100, 1_000);
    acme.expire();
    let arguments = ["resolve", "16", "without-lock"];
    let ended = all_at_once((0..4).map(|_| acme.embedder(&arguments)));
    let asked = acme.server.count("/token") - 1;
    println!("figure: client credentials, 64 callers without locks: {asked} requests");
    assert!(asked > 1, "{ended:?}");
}

#[test]
fn a_client_gets_its_own_token_at_the_openid_provider() {
    let openid = OpenId::new(&OidcOptions::default(), OidcClient::ConfBasic);
    let mut definition = openid.provider.definition("acme", OidcClient::ConfBasic);
    definition["flows"] = json!(["client_credentials"]);
    definition["oauth"]["scopes"] = json!(["api:read"]);
    for (client, auth, secret) in [
        ("m2m-basic", "basic", "m2m-secret-0123456789abcdef"),
        ("m2m-post", "body", "m2m-post-secret-0123456789abcdef"),
    ] {
        definition["oauth"]["client_auth"] = json!(auth);
        openid.product.home().write_definition(&definition);
        let mut login = openid
            .product
            .command(&["login", "acme", "--no-input", "--reset"]);
        login
            .env("ACME_CLIENT_ID", client)
            .env("ACME_CLIENT_SECRET", secret);
        let output = run(&mut login);
        assert_eq!(output.code, 0, "{client}: {output:?}");
        let token = openid.product.secret("acme", "token");
        let answer = openid.api(&token);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["client_id"], client);
        assert_eq!(answer.json()["scope"], "api:read");
        let output = openid.product.run(&["refresh", "acme"]);
        assert_eq!(output.code, 0, "{output:?}");
        let renewed = openid.product.secret("acme", "token");
        assert_ne!(renewed, token);
        assert_eq!(openid.api(&renewed).status, 200);
    }
    // The negative control: a client that may not.
    let mut login = openid
        .product
        .command(&["login", "acme", "--no-input", "--reset"]);
    login
        .env("ACME_CLIENT_ID", "conf-basic")
        .env("ACME_CLIENT_SECRET", "s3cr:et/+ %&=~");
    let output = run(&mut login);
    assert_eq!(output.code, 4, "{output:?}");
}
