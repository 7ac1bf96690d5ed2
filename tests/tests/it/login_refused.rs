//! Logins that the real OpenID provider does not grant: nothing of them is stored.

use authkeep_tests::{BrowserAction, OidcClient, OidcOptions};
use serde_json::{Value, json};

use crate::openid::OpenId;
use crate::refusal::keys;

#[test]
fn a_login_that_is_not_granted_leaves_nothing_behind() {
    let openid = OpenId::new(&OidcOptions::default(), OidcClient::ConfPost);
    let client = (OidcClient::ConfPost.id(), OidcClient::ConfPost.secret());
    let refused = |action, client, more: &[&str], code: i32, kind: &str| {
        let mut arguments = vec!["--json"];
        arguments.extend(more);
        let output = openid.login(action, client, &arguments);
        assert_eq!(output.code, code, "{kind}: {output:?}");
        let error: Value = serde_json::from_str(&output.stdout).unwrap();
        assert_eq!(keys(&error), "error hint message");
        assert_eq!(error["error"], kind, "{error}");
        assert_ne!(error["hint"], "", "{error}");
        let (_, list) = openid.product.json(&["list", "--connected"]);
        assert_eq!(list["providers"], json!([]), "{kind}: something was stored");
        assert_eq!(openid.product.json(&["get", "acme"]).0, 5, "{kind}");
        error
    };

    refused(BrowserAction::Deny, client, &[], 4, "denied");
    assert_eq!(openid.token_requests("authorization_code"), 0);

    // The provider shows a page of its own and sends nobody back.
    let unknown = ("no-such-client", client.1);
    refused(
        BrowserAction::Open,
        unknown,
        &["--timeout", "3s"],
        4,
        "timed_out",
    );
    assert_eq!(openid.token_requests("authorization_code"), 0);

    let wrong = (client.0, Some("cnry_00000000000000000000000000000000"));
    let error = refused(BrowserAction::Approve, wrong, &[], 4, "invalid_client");
    assert_eq!(openid.token_requests("authorization_code"), 1);
    assert!(
        error["hint"].as_str().unwrap().contains("secret"),
        "{error}"
    );

    openid.provider.fault(&json!({
        "path": "/token", "mode": "drop", "grant_type": "authorization_code",
    }));
    refused(BrowserAction::Approve, client, &[], 10, "unavailable");

    // The same command with everything in order: the refusals were the provider's.
    let output = openid.login(BrowserAction::Approve, client, &[]);
    assert_eq!(output.code, 0, "{output:?}");
    let token = openid.product.secret("acme", "token");
    assert_eq!(openid.api(&token).status, 200);
}
