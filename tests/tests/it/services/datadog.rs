//! Datadog: two keys in two headers, and a host for each site, where the keys of another do not work.

use authkeep_testkit::canary::canary;
use authkeep_testkit::message::{Received, Reply};
use serde_json::json;

use super::Abroad;

/// A site that knows one pair of keys.
fn site(api_key: String, app_key: String) -> impl Fn(&Received) -> Reply + Send + Sync + 'static {
    move |request| {
        let is_known = request.header("dd-api-key") == Some(&api_key);
        let may_read = request.header("dd-application-key") == Some(&app_key);
        let has_other = request.header("authorization").is_some() || !request.query.is_empty();
        match &*request.path {
            "/api/v1/validate" if is_known && !has_other => {
                Reply::json(200, &json!({ "valid": true }))
            }
            "/api/v1/dashboard" if is_known && may_read && !has_other => {
                Reply::json(200, &json!({ "dashboards": [] }))
            }
            _ => Reply::json(403, &json!({ "errors": ["Forbidden"] })),
        }
    }
}

#[test]
fn two_keys_go_to_their_site_and_no_other() {
    let keys = [canary(), canary()];
    let abroad = Abroad::new();
    for host in ["api.datadoghq.com", "api.us5.datadoghq.com"] {
        abroad
            .world
            .serve(host, site(keys[0].clone(), keys[1].clone()));
    }
    let given = json!({ "token": keys[0], "app_key": keys[1] }).to_string();
    let login = [
        "login",
        "datadog",
        "--with-token",
        "--param",
        "site=us5.datadoghq.com",
    ];
    let output = abroad.given(&login, &given);
    assert_eq!(output.code, 0, "{output:?}");

    let output = abroad.ask(
        "datadog",
        &["https://api.us5.datadoghq.com/api/v1/dashboard"],
    );
    assert_eq!(output.stdout, r#"{"dashboards":[]}"#, "{output:?}");
    // The other site is no host of this login: the request goes there bare, and gets nothing.
    let output = abroad.ask("datadog", &["https://api.datadoghq.com/api/v1/dashboard"]);
    assert_ne!(output.code, 0, "{output:?}");
    assert_eq!(
        abroad.world.hosts_that_got(&keys),
        ["api.us5.datadoghq.com"]
    );
    assert!(abroad.world.strangers().is_empty());
}

#[test]
fn a_site_is_one_of_datadogs() {
    let abroad = Abroad::new();
    for site in [
        "datadoghq.com.example.org",
        "example.org/datadoghq.com",
        "x@datadoghq.com",
    ] {
        let login = [
            "login",
            "datadog",
            "--with-token",
            "--param",
            &format!("site={site}"),
        ];
        let output = abroad.given(&login, &json!({ "token": canary() }).to_string());
        assert_ne!(output.code, 0, "{site}: {output:?}");
    }
    assert!(abroad.world.seen().is_empty() && abroad.world.strangers().is_empty());
}
