//! Every way a command line can fail, with the words for people and the shape for programs. Logins and renewals
//! that fail are in `cli_login_refusals`, a vault that cannot be used is in `cli_store`.

use std::fs;

use authkeep_testkit::canary::canary;
use authkeep_testkit::home::run;
use authkeep_tests::Product;
use serde_json::json;

use crate::acme::Acme;
use crate::refusal::{check, refused};

#[test]
fn a_provider_that_does_not_exist_has_neighbours() {
    let product = Product::new();
    for command in [
        &["get", "opnai"][..],
        &["login", "opnai"],
        &["logout", "opnai"],
        &["revoke", "opnai"],
        &["remove", "opnai"],
        &["inspect", "opnai"],
        &["export", "opnai"],
        &["run", "--env", "--provider", "opnai", "--", "true"],
    ] {
        let (human, json) = match command.split_last().filter(|_| command[0] == "run") {
            Some(_) => {
                let arguments = [
                    "--json",
                    "run",
                    "--env",
                    "--provider",
                    "opnai",
                    "--",
                    "true",
                ];
                (product.run(command), product.run(&arguments))
            }
            None => {
                let mut with_json = command.to_vec();
                with_json.push("--json");
                (product.run(command), product.run(&with_json))
            }
        };
        let said = check(&human, &json, 3, "provider_not_found");
        assert!(said.contains("there is no provider `opnai`"), "{said}");
        assert!(said.contains("did you mean openai?"), "{said}");
        assert!(said.contains("authkeep providers"), "{said}");
    }
    assert!(
        !product.home().authkeep_home().exists(),
        "a typing error made a home"
    );
    // The same once there is a vault.
    assert_eq!(product.run(&["init"]).code, 0);
    refused(&product, &["get", "opnai"], 3, "provider_not_found");
    refused(&product, &["remove", "opnai"], 3, "provider_not_found");
}

#[test]
fn nothing_stored_names_the_command_and_the_variable() {
    let product = Product::new();
    for _ in 0..2 {
        for command in ["get", "export"] {
            let said = refused(&product, &[command, "openai"], 5, "credential_missing");
            assert!(said.contains("authkeep login openai"), "{said}");
            assert!(said.contains("OPENAI_API_KEY"), "{said}");
        }
        assert_eq!(product.run(&["init"]).code, 0);
    }
    refused(&product, &["logout", "openai"], 5, "not_logged_in");
    let said = refused(
        &product,
        &["login", "openai", "--no-input"],
        5,
        "value_needed",
    );
    assert!(said.contains("set OPENAI_API_KEY"), "{said}");
    let said = refused(
        &product,
        &["login", "github", "--no-input"],
        5,
        "value_needed",
    );
    // All that is missing at once, so that nobody has to come back for the next.
    assert!(
        said.contains("set GITHUB_CLIENT_ID, and GITHUB_CLIENT_SECRET and run it again"),
        "{said}"
    );
    assert!(said.contains("are needed"), "{said}");
    let acme = Acme::confidential(&canary());
    let arguments = ["login", "acme", "--client-id", "test-client", "--no-input"];
    let said = refused(&acme.product, &arguments, 5, "value_needed");
    assert!(said.contains("set ACME_CLIENT_SECRET"), "{said}");
    assert_eq!(acme.server.count("/authorize"), 0);
}

#[test]
fn a_field_that_is_secret_or_unknown() {
    let acme = Acme::connected();
    let product = &acme.product;
    let token = product.secret("acme", "token");
    for field in ["token", "access_token", "refresh_token"] {
        let output = product.run(&["get", "acme", "--field", field]);
        assert_ne!(output.code, 0, "{output:?}");
    }
    let said = refused(
        product,
        &["get", "acme", "--field", "token"],
        2,
        "secret_field",
    );
    assert!(said.contains("--show-secret"), "{said}");
    assert!(!said.contains(&token));
    let said = refused(
        product,
        &["get", "acme", "--field", "nope"],
        5,
        "unknown_field",
    );
    assert!(said.contains("expires_at"), "{said}");
    // A refresh token is never handed out, not even when asked for by name.
    let output = product.run(&["get", "acme", "--field", "refresh_token", "--show-secret"]);
    assert_eq!((output.code, &*output.stdout), (5, ""), "{output:?}");
}

#[test]
fn a_connection_that_is_not_there_and_one_too_many() {
    let product = Product::new();
    let login = |name: &str| {
        let output = product.run_with_input(
            &["login", "openai", "--connection", name, "--with-token"],
            "sk-cnry_11111111111111111111111111111111",
        );
        assert_eq!(output.code, 0, "{output:?}");
    };
    login("work");
    // One only: it is meant, whatever its name.
    assert_eq!(product.run(&["get", "openai"]).code, 0);
    let said = refused(
        &product,
        &["get", "openai", "--connection", "home"],
        9,
        "connection_not_found",
    );
    assert!(said.contains("it has: work"), "{said}");
    login("home");
    let said = refused(&product, &["get", "openai"], 9, "connection_ambiguous");
    assert!(said.contains("home, work"), "{said}");
    assert_eq!(
        product.run(&["get", "openai", "--connection", "home"]).code,
        0
    );
    assert_eq!(
        product
            .run(&["run", "--env", "--provider", "openai=home", "--", "true"])
            .code,
        0
    );
    login("default");
    assert_eq!(product.json(&["get", "openai"]).1["connection"], "default");
}

#[test]
fn a_definition_that_cannot_be_used() {
    let product = Product::new();
    let file = product.home().home().join("bad.json");
    fs::write(
        &file,
        json!({
            "schema_version": 2, "name": "bad", "display_name": "Bad", "flows": ["nope"],
            "hosts": ["x.example"], "surprise": 1,
        })
        .to_string(),
    )
    .unwrap();
    let path = file.to_str().unwrap();
    let said = refused(&product, &["register", path], 1, "definition");
    for part in [
        path,
        "`flows[0]`",
        "`nope`",
        "`surprise`",
        "nothing was registered",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    refused(
        &product,
        &["register", "/no/such/file"],
        1,
        "definition_file",
    );
    fs::write(&file, "{").unwrap();
    refused(&product, &["register", path], 1, "definition");

    let acme = Acme::new();
    fs::write(&file, acme.server.definition("openai").to_string()).unwrap();
    let said = refused(&product, &["register", path], 1, "definition_exists");
    assert!(said.contains("--force"), "{said}");

    // One that the user has broken by hand: its own commands say so, all others work.
    product
        .home()
        .write_definition(&json!({ "name": "mine", "flows": 7 }));
    let said = refused(&product, &["inspect", "mine"], 1, "definition");
    assert!(
        said.contains("mine.json") && said.contains("`flows`"),
        "{said}"
    );
    refused(&product, &["login", "mine"], 1, "definition");
    assert_eq!(product.run(&["inspect", "openai"]).code, 0);
    let (code, providers) = product.json(&["providers"]);
    assert_eq!(
        (code, providers["broken"].as_array().unwrap().len()),
        (0, 1),
        "{providers}"
    );
    let (code, report) = product.json(&["doctor"]);
    assert_eq!((code, &report["ok"]), (1, &json!(false)), "{report}");
}

#[test]
fn a_command_line_that_makes_no_sense() {
    let product = Product::new();
    for arguments in [
        &[][..],
        &["frobnicate"],
        &["get"],
        &["get", "a b"],
        &["get", "../etc/passwd"],
        &["get", "openai", "--show-secret"],
        &["get", "openai", "--min-ttl", "soon"],
        &["--profile", "a/b", "list"],
        &["login", "openai", "--flow", "magic"],
        &["login", "openai", "--param", "no-equals-sign"],
        &["export", "--format", "yaml"],
        &["completions", "tcsh"],
        &["run", "--env"],
        &["run", "--env", "--provider", "=", "--", "true"],
        &["audit", "log", "--limit", "-1"],
        &["profile", "create", ""],
    ] {
        let human = product.run(arguments);
        assert_eq!(
            (human.code, &*human.stdout),
            (2, ""),
            "{arguments:?}: {human:?}"
        );
        assert!(!human.stderr.is_empty(), "{arguments:?}");
        let json = run(product.command(&["--json"]).args(arguments));
        check(&human, &json, 2, "usage");
    }
    // After `--` the words are the program's.
    let output = product.run(&["run", "--", "/no/such/program", "--json"]);
    assert!(output.stderr.contains("error: "), "{output:?}");
    let profile = run(product.command(&["list"]).env("AUTHKEEP_PROFILE", "a b"));
    let json = run(product
        .command(&["list", "--json"])
        .env("AUTHKEEP_PROFILE", "a b"));
    check(&profile, &json, 2, "profile_name");
    let human = run(product.command(&["list"]).env("AUTHKEEP_LOG", "a=b=c"));
    let json = run(product
        .command(&["list", "--json"])
        .env("AUTHKEEP_LOG", "a=b=c"));
    check(&human, &json, 2, "log_filter");
    refused(
        &product,
        &["list", "--log-file", "/no/such/folder/x"],
        1,
        "log_file",
    );
    let human = run(product
        .command(&["list"])
        .env_remove("AUTHKEEP_HOME")
        .env_remove("HOME"));
    let json = run(product
        .command(&["list", "--json"])
        .env_remove("AUTHKEEP_HOME")
        .env_remove("HOME"));
    check(&human, &json, 7, "no_home");
}
