//! The chain: what is saved, the client in the environment, an API key in the environment; and what would help.

use std::process::Command;

use authkeep_testkit::canary::canary;
use authkeep_testkit::home::run;
use authkeep_testkit::oauth_server::{Client, ClientGrant, ServerOptions};
use authkeep_tests::{Product, all_at_once, document, rounds};
use serde_json::{Value, json};

use crate::acme::Acme;
use crate::refresh_world::GET;
use crate::refusal::keys;

/// A provider that has it all: a browser login, a client of its own, an API key.
fn acme(secret: &str) -> Acme {
    let acme = Acme::with(ServerOptions {
        clients: vec![Client::basic("robot", secret)],
        client_grant: Some(ClientGrant::standard()),
        ..ServerOptions::default()
    });
    let mut definition = acme.server.definition("acme");
    definition["flows"] = json!(["authorization_code", "client_credentials", "api_key"]);
    definition["api_key"] = json!({"headers": {"X-Key": "{token}"}});
    definition["env"] = json!({"ACME_API_KEY": "{token}"});
    acme.product.home().write_definition(&definition);
    acme
}

fn with_client(mut command: Command, secret: &str) -> Command {
    command
        .env("ACME_CLIENT_ID", "robot")
        .env("ACME_CLIENT_SECRET", secret);
    command
}

fn auth(acme: &Acme, variables: &[(&str, &str)]) -> (i32, Value) {
    let mut command = acme.product.command(&["auth", "acme", "--json"]);
    let output = run(command.envs(variables.iter().copied()));
    (output.code, document(&output))
}

#[test]
fn the_first_way_that_is_open_wins_and_is_named() {
    let (secret, key) = (canary(), canary());
    let acme = acme(&secret);
    let client = [
        ("ACME_CLIENT_ID", "robot"),
        ("ACME_CLIENT_SECRET", secret.as_str()),
    ];
    let api_key = [("ACME_API_KEY", key.as_str())];
    let both = [&client[..], &api_key[..]].concat();

    // Nothing at all, and nothing is made by asking.
    let (code, error) = auth(&acme, &[]);
    assert_eq!(
        (code, &error["error"]),
        (5, &json!("credential_missing")),
        "{error}"
    );
    let hints = error["hint"].to_string();
    for name in [
        "ACME_CLIENT_ID, and ACME_CLIENT_SECRET",
        "or set ACME_API_KEY",
    ] {
        assert!(hints.contains(name), "{hints}");
    }
    // Half a client: what is still missing is named, and only that.
    let hints = auth(&acme, &client[..1]).1["hint"].to_string();
    assert!(
        hints.contains("set ACME_CLIENT_SECRET") && !hints.contains("ACME_CLIENT_ID"),
        "{hints}"
    );

    let (code, ready) = auth(&acme, &api_key);
    assert_eq!((code, &ready["method"]), (0, &json!("api_key")), "{ready}");
    assert_eq!(
        keys(&ready),
        "auth connection expires_at method provider refreshable status"
    );
    assert!(
        !acme.is_connected(),
        "a key of the environment is not saved"
    );
    let mut get = acme.get();
    assert_eq!(run(get.envs(api_key)).stdout.trim(), key);

    let (code, ready) = auth(&acme, &both);
    assert_eq!(
        (code, &ready["method"]),
        (0, &json!("client_credentials")),
        "{ready}"
    );
    assert_eq!(ready["connection"], "environment");
    let (code, ready) = auth(&acme, &both);
    assert_eq!(
        (code, &ready["method"]),
        (0, &json!("saved_token")),
        "{ready}"
    );
    assert_eq!(acme.server.count("/token"), 1);
    // What was bought is saved with the client that bought it.
    let (_, ready) = auth(&acme, &[]);
    assert_eq!(ready["method"], "saved_token");
    let text = acme.product.run(&["auth", "acme"]).stdout;
    assert!(
        text.contains("acme is ready: the saved login (environment)"),
        "{text}"
    );

    let output = acme.product.run(&["auth", "acme", "--logout"]);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(auth(&acme, &[]).0, 5);
}

#[test]
fn a_client_that_is_turned_away_is_passed_by_or_reported() {
    let (secret, key) = (canary(), canary());
    let acme = acme(&secret);
    let wrong = [("ACME_CLIENT_ID", "robot"), ("ACME_CLIENT_SECRET", "wrong")];
    let (code, error) = auth(&acme, &wrong);
    assert_eq!(
        (code, &error["error"]),
        (4, &json!("invalid_client")),
        "{error}"
    );
    assert!(
        error["hint"].to_string().contains("ACME_API_KEY"),
        "{error}"
    );
    let (code, ready) = auth(&acme, &[&wrong[..], &[("ACME_API_KEY", &key)]].concat());
    assert_eq!((code, &ready["method"]), (0, &json!("api_key")));
}

#[test]
fn another_client_in_the_environment_gets_a_token_of_its_own() {
    let (secret, other) = (canary(), canary());
    let mut options = ServerOptions {
        clients: vec![
            Client::basic("robot", &secret),
            Client::basic("other", &other),
        ],
        client_grant: Some(ClientGrant::standard()),
        ..ServerOptions::default()
    };
    options.scopes = vec!["read".to_owned()];
    let acme = Acme::with(options);
    let first = run(&mut with_client(acme.get(), &secret));
    let again = run(&mut with_client(acme.get(), &secret));
    assert_eq!((first.code, &first.stdout), (0, &again.stdout), "{first:?}");
    let mut get = acme.get();
    get.env("ACME_CLIENT_ID", "other")
        .env("ACME_CLIENT_SECRET", &other);
    let theirs = run(&mut get);
    assert_eq!(theirs.code, 0, "{theirs:?}");
    assert_ne!(theirs.stdout, first.stdout);
    assert_eq!(acme.server.count("/token"), 2);
    // A connection that is named is what is saved under that name, or nothing.
    let mut named = acme.product.command(&GET);
    named.args(["--connection", "default"]);
    assert_eq!(run(&mut with_client(named, &secret)).code, 9);
}

#[test]
fn a_crowd_that_starts_from_nothing_buys_one_token() {
    let secret = canary();
    let acme = acme(&secret);
    // The vault stands: what many processes make of a home that does not is another test's.
    assert_eq!(acme.product.run(&["init"]).code, 0);
    let size = rounds(12, 64);
    let ended = all_at_once((0..size).map(|_| with_client(acme.get(), &secret)));
    let mut tokens: Vec<_> = ended
        .into_iter()
        .map(|get| {
            assert_eq!(get.code, 0, "{get:?}");
            get.stdout
        })
        .collect();
    tokens.dedup();
    println!(
        "figure: {size} processes from nothing: {} requests",
        acme.server.count("/token")
    );
    assert_eq!((tokens.len(), acme.server.count("/token")), (1, 1));
}

#[test]
fn the_services_and_what_each_would_use() {
    let key = canary();
    let product = Product::new();
    let (code, list) = product.json(&["auth"]);
    assert_eq!((code, keys(&list)), (0, "services".to_owned()));
    let service = |list: &Value, name: &str| {
        let services = list["services"].as_array().unwrap();
        services
            .iter()
            .find(|service| service["provider"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(
        keys(&service(&list, "openai")),
        "connection environment method provider"
    );
    // Each service that can do without a person names its variables: the whole table.
    let needs =
        |name: &str, way: usize| service(&list, name)["environment"][way]["missing"].to_string();
    for (name, way, missing) in [
        ("openai", 0, r#"[["OPENAI_API_KEY"]]"#),
        (
            "zoom",
            0,
            r#"[["ZOOM_CLIENT_ID"],["ZOOM_CLIENT_SECRET"],["ZOOM_ACCOUNT_ID"]]"#,
        ),
        (
            "microsoft",
            0,
            r#"[["MICROSOFT_CLIENT_ID"],["MICROSOFT_CLIENT_SECRET"]]"#,
        ),
        (
            "github",
            0,
            r#"[["GITHUB_TOKEN","GH_TOKEN","GITHUB_ACCESS_TOKEN"]]"#,
        ),
    ] {
        let found = needs(name, way).replace(char::is_whitespace, "");
        let mut found: Vec<_> = found.split(',').map(str::to_owned).collect();
        let mut wanted: Vec<_> = missing.split(',').map(str::to_owned).collect();
        for names in [&mut found, &mut wanted] {
            names
                .iter_mut()
                .for_each(|name| name.retain(|c| c.is_ascii_alphabetic() || c == '_'));
            names.sort();
        }
        assert_eq!(found, wanted, "{name}");
        // And so does the error.
        let error = product.json(&["auth", name]);
        assert_eq!(error.0, 5);
        for variable in wanted {
            assert!(
                error.1["hint"].to_string().contains(&variable),
                "{name}: {}",
                error.1
            );
        }
    }
    assert_eq!(service(&list, "openai")["method"], "login");
    assert!(
        !product.home().authkeep_home().exists(),
        "looking made nothing"
    );

    let mut listing = product.command(&["auth", "--json"]);
    let list = document(&run(listing.env("OPENAI_API_KEY", &key)));
    assert_eq!(service(&list, "openai")["method"], "api_key");
    assert!(!list.to_string().contains(&key));
    let text = product.run(&["auth"]).stdout;
    assert!(text.contains("or set OPENAI_API_KEY"), "{text}");
}
