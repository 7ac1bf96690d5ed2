//! GitHub: a revocation by DELETE, devices that are told to wait with status 200, Git by Basic where the API has a
//! bearer, and Enterprise servers.

use authkeep_testkit::canary::canary;
use authkeep_testkit::message::Reply;
use authkeep_testkit::world::agreed;
use serde_json::json;

use super::every::{facts, story, told};
use super::strict::Account;
use super::{Abroad, first};

#[test]
fn from_login_to_logout() {
    let seen = told("github", "authorization_code");
    let token = first(&seen, "POST", "https://github.com/login/oauth/access_token");
    // Without it the answer is a form.
    assert_eq!(token.header("accept"), Some("application/json"));
    let used = first(&seen, "GET", "https://api.github.com/sweep")
        .bearer()
        .unwrap();
    let git = first(&seen, "GET", "https://github.com/sweep")
        .basic()
        .unwrap();
    assert_eq!(git, ("x-access-token".to_owned(), used.to_owned()));

    let revocation = seen
        .iter()
        .find(|request| request.method == "DELETE")
        .unwrap();
    let (id, secret) = revocation.basic_client().unwrap();
    assert_eq!(revocation.host, "api.github.com");
    assert_eq!(revocation.path, format!("/applications/{id}/token"));
    assert!(!secret.is_empty());
    assert!(
        revocation.json()["access_token"]
            .as_str()
            .unwrap()
            .starts_with("cnry_")
    );
}

#[test]
fn a_device_waits_though_the_status_says_success() {
    let seen = told("github", "device_code");
    let polls = seen
        .iter()
        .filter(|request| request.path == "/login/oauth/access_token");
    assert_eq!(
        polls
            .filter(|poll| poll.field("device_code").is_some())
            .count(),
        2
    );
}

#[test]
fn an_enterprise_server_has_all_of_it_and_the_public_one_nothing() {
    let mut account = Account::new("github", "authorization_code", &facts()["github"]);
    let text = account.facts.to_string();
    let text = text.replace("https://github.com", "https://git.example.org");
    let text = text.replace("https://api.github.com", "https://git.example.org/api/v3");
    account.facts = serde_json::from_str(&text).unwrap();
    account.facts["hosts"] = json!([
        { "url": "https://git.example.org/api/v3/sweep" },
        { "url": "https://git.example.org/sweep", "basic": ["x-access-token", "{token}"] },
    ]);
    let base = [
        "--base-url",
        "https://git.example.org",
        "--param",
        "api_url=https://git.example.org/api/v3",
    ];
    account.more = base.map(str::to_owned).into();
    let seen = story(account);
    assert!(
        seen.iter().all(|request| request.host == "git.example.org"),
        "{seen:?}"
    );
}

#[test]
fn a_token_is_read_from_a_form_as_well() {
    let (abroad, token) = (Abroad::new(), canary());
    let given = token.clone();
    abroad
        .world
        .serve("github.com", move |request| match &*request.path {
            "/login/oauth/authorize" => agreed(request, &canary()),
            _ => {
                let mut reply = Reply::page(200, "");
                reply.headers[0].1 = "application/x-www-form-urlencoded".to_owned();
                reply.body =
                    format!("access_token={given}&scope=repo%2Cuser&token_type=bearer").into();
                reply
            }
        });
    abroad.world.serve("api.github.com", |_| {
        Reply::json(200, &json!({ "login": "ada" }))
    });
    let output = abroad.login("github", &[]);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(abroad.secret("github", "token"), token);
    let (_, details) = abroad.product.json(&["get", "github"]);
    assert_eq!(details["scopes"], json!(["repo", "user"]), "{details}");
}
