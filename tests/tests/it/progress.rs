//! A person who waits for a server is told so: by every command that asks one, and only if it takes long.

use authkeep_testkit::home::run;
use authkeep_testkit::oauth_server::{Client, ClientGrant, Scripted, ServerOptions};
use authkeep_tests::Consent;
use serde_json::json;

use crate::acme::Acme;

/// Longer than the moment after which something is said.
const SLOW: u64 = 1200;

/// What `arguments` say on stderr where the first answer at `path` takes that many milliseconds.
fn said(acme: &Acme, path: &str, milliseconds: u64, arguments: &[&str]) -> String {
    acme.server
        .script(path, vec![Scripted::Delay(milliseconds)]);
    let output = run(&mut acme.product.command(arguments));
    assert_eq!(output.code, 0, "{arguments:?}: {output:?}");
    output.stderr
}

#[test]
fn each_command_that_waits_for_a_server_says_for_what() {
    let acme = Acme::connected();
    let token = "Waiting for acme to give a token …";
    let end = "Waiting for acme to revoke the login …";
    // The negative control: a server that answers at once is not spoken of.
    assert_eq!(said(&acme, "/token", 0, &["refresh", "acme"]), "");
    for arguments in [&["refresh", "--all"][..], &["get", "acme", "--refresh"]] {
        let said = said(&acme, "/token", SLOW, arguments);
        assert!(said.contains(token), "{arguments:?}: {said}");
    }
    // A program that reads stdout as JSON finds nothing else there; `--quiet` is quiet.
    let quiet = said(&acme, "/token", SLOW, &["refresh", "acme", "--quiet"]);
    assert_eq!(quiet, "");
    for arguments in [["logout", "acme"], ["revoke", "acme"]] {
        let output = acme.login(Consent::Approve, &["--force"]);
        assert_eq!(output.code, 0, "{output:?}");
        let said = said(&acme, "/revoke", SLOW, &arguments);
        assert!(said.contains(end), "{arguments:?}: {said}");
    }
}

#[test]
fn a_token_without_a_person_is_waited_for_aloud_too() {
    let secret = "a secret that nobody keeps";
    let acme = Acme::with(ServerOptions {
        clients: vec![Client::basic("robot", secret)],
        client_grant: Some(ClientGrant::standard()),
        ..ServerOptions::default()
    });
    let mut definition = acme.server.definition("acme");
    definition["flows"] = json!(["client_credentials"]);
    acme.product.home().write_definition(&definition);
    let with_client = |arguments: &[&str]| {
        let mut command = acme.product.command(arguments);
        command
            .env("ACME_CLIENT_ID", "robot")
            .env("ACME_CLIENT_SECRET", secret);
        let output = run(&mut command);
        assert_eq!(output.code, 0, "{output:?}");
        output.stderr
    };
    let said = with_client(&["login", "acme", "--no-input"]);
    assert!(
        said.contains("Asking Test provider acme for a token …"),
        "{said}"
    );
    with_client(&["revoke", "acme"]);
    let slow = vec![Scripted::Delay(SLOW)];
    acme.server.script("/token", slow);
    let said = with_client(&["auth", "acme"]);
    assert!(
        said.contains("Waiting for acme to give a token …"),
        "{said}"
    );
}
