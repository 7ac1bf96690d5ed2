use authkeep_testkit::oauth_server::{Client, ClientGrant, Pkce, ServerOptions, Switch};
use authkeep_testkit::plain_http::{Answer, Request};
use serde_json::json;

use crate::client::{Session, VERIFIER, basic, text};

#[test]
fn a_login_ends_with_tokens_that_open_the_api() {
    let session = Session::start(ServerOptions::default());
    let tokens = session.log_in();
    assert_eq!(
        (&tokens["token_type"], &tokens["expires_in"]),
        (&json!("Bearer"), &json!(3600))
    );
    assert_eq!(tokens["scope"], "read");
    let access_token = text(&tokens, "access_token");
    assert!(access_token.starts_with("cnry_") && text(&tokens, "refresh_token").len() == 37);
    let me = session.me(access_token);
    assert_eq!((me.status, me.json()), (200, json!({ "login": "ada" })));
    assert!(session.server.token_is_active(access_token));
    assert_eq!(session.server.count("/token"), 1);
    // Everything secret is known to the scanner's list: a code and two tokens.
    let secrets = session.server.secrets();
    assert!(secrets.len() == 3 && secrets.iter().any(|secret| secret == access_token));
}

#[test]
fn the_api_is_closed_without_a_good_token() {
    let session = Session::start(ServerOptions::default());
    let url = format!("{}/api/me", session.server.url());
    let answer = Request::get(&url).send().unwrap();
    assert_eq!(
        (answer.status, answer.header("WWW-Authenticate").is_some()),
        (401, true)
    );
    assert_eq!(
        session.me("cnry_00000000000000000000000000000000").status,
        401
    );
    let tokens = session.log_in();
    assert_eq!(session.me(text(&tokens, "refresh_token")).status, 401);
    session.server.expire_access_tokens();
    assert_eq!(session.me(text(&tokens, "access_token")).status, 401);
    assert!(
        session
            .server
            .token_is_active(text(&tokens, "refresh_token"))
    );
}

#[test]
fn a_verifier_that_does_not_match_is_refused() {
    let session = Session::start(ServerOptions::default());
    for verifier in ["", "x", &VERIFIER[1..], &VERIFIER.to_lowercase()] {
        let answer = session.redeem(&session.code(&[]), verifier);
        assert_eq!(
            (answer.status, text(&answer.json(), "error")),
            (400, "invalid_grant")
        );
    }
    // The negative control: with the check off the same wrong verifier gets tokens.
    session.server.set(Switch::Pkce(Pkce::Unchecked));
    assert_eq!(session.redeem(&session.code(&[]), "x").status, 200);
}

#[test]
fn plain_challenges_work_where_they_are_all_there_is() {
    let session = Session::start(ServerOptions {
        pkce: Pkce::PlainOnly,
        ..Default::default()
    });
    let plain = [
        ("code_challenge", VERIFIER),
        ("code_challenge_method", "plain"),
    ];
    assert_eq!(session.redeem(&session.code(&plain), "x").status, 400);
    assert_eq!(session.redeem(&session.code(&plain), VERIFIER).status, 200);
}

#[test]
fn a_code_works_once_and_its_replay_kills_what_it_made() {
    let session = Session::start(ServerOptions::default());
    let code = session.code(&[]);
    let tokens = session.redeem(&code, VERIFIER).json();
    assert!(
        session
            .server
            .token_is_active(text(&tokens, "access_token"))
    );
    let replay = session.redeem(&code, VERIFIER);
    assert_eq!(
        (replay.status, text(&replay.json(), "error")),
        (400, "invalid_grant")
    );
    assert!(
        !session
            .server
            .token_is_active(text(&tokens, "access_token"))
    );
    assert!(
        !session
            .server
            .token_is_active(text(&tokens, "refresh_token"))
    );
}

#[test]
fn a_code_is_bound_to_its_client_and_redirect_uri() {
    let clients = vec![Client::public("test-client"), Client::public("other")];
    let session = Session::start(ServerOptions {
        clients,
        ..Default::default()
    });
    let code = session.code(&[]);
    let uri = session.listener.uri();
    let redeem = |client: &str, uri: &str| {
        session.token(&[
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("code", &code),
            ("redirect_uri", uri),
            ("code_verifier", VERIFIER),
        ])
    };
    assert_eq!(
        text(&redeem("other", &uri).json(), "error"),
        "invalid_grant"
    );
    assert_eq!(
        text(&redeem("test-client", &format!("{uri}2")).json(), "error"),
        "invalid_grant"
    );
    assert_eq!(redeem("test-client", &uri).status, 200);
}

#[test]
fn each_client_authenticates_in_its_own_way_and_no_other() {
    let secret = "s3cr:et/+ %&=~";
    let encoded = "s3cr%3Aet%2F%2B+%25%26%3D%7E";
    let session = Session::start(ServerOptions {
        clients: vec![
            Client::public("public"),
            Client::basic("basic", secret),
            Client::post("post", secret),
        ],
        ..Default::default()
    });
    let url = format!("{}/token", session.server.url());
    let ask = |client: &str, header: Option<String>, fields: &[(&str, &str)]| -> Answer {
        let refresh_token = session.server.grant(client).refresh_token;
        let mut all = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", &*refresh_token),
        ];
        all.extend(fields);
        let mut request = Request::form(&url, &all);
        if let Some(header) = header {
            request = request.header("authorization", &header);
        }
        request.send().unwrap()
    };
    let id_and_secret = |id| vec![("client_id", id), ("client_secret", secret)];
    assert_eq!(ask("public", None, &[("client_id", "public")]).status, 200);
    assert_eq!(ask("basic", Some(basic("basic", encoded)), &[]).status, 200);
    assert_eq!(ask("post", None, &id_and_secret("post")).status, 200);

    let unencoded = ask("basic", Some(basic("basic", secret)), &[]);
    assert_eq!(
        (unencoded.status, text(&unencoded.json(), "error")),
        (401, "invalid_client")
    );
    assert_eq!(ask("basic", Some(basic("basic", "wrong")), &[]).status, 401);
    assert_eq!(ask("basic", None, &id_and_secret("basic")).status, 401);
    assert_eq!(ask("post", Some(basic("post", encoded)), &[]).status, 401);
    assert_eq!(ask("post", None, &[("client_id", "post")]).status, 401);
    assert_eq!(ask("public", None, &id_and_secret("public")).status, 401);
    assert_eq!(ask("public", None, &[]).status, 401);
    let both = ask(
        "basic",
        Some(basic("basic", encoded)),
        &id_and_secret("basic"),
    );
    assert_eq!(
        (both.status, text(&both.json(), "error")),
        (400, "invalid_request")
    );
}

#[test]
fn malformed_requests_and_foreign_grants_are_named() {
    let session = Session::start(ServerOptions::default());
    let id = ("client_id", "test-client");
    let twice = session.token(&[id, ("grant_type", "refresh_token"), id]);
    assert_eq!(text(&twice.json(), "error"), "invalid_request");
    let password = session.token(&[id, ("grant_type", "password")]);
    assert_eq!(text(&password.json(), "error"), "unsupported_grant_type");
    let url = format!("{}/token", session.server.url());
    let document = json!({ "grant_type": "refresh_token" });
    assert_eq!(Request::json(&url, &document).send().unwrap().status, 400);
    assert_eq!(Request::get(&url).send().unwrap().status, 405);
    let statuses: Vec<Option<u16>> = session
        .server
        .log()
        .iter()
        .map(|seen| seen.status)
        .collect();
    assert_eq!(statuses, [Some(400), Some(400), Some(400), Some(405)]);
}

#[test]
fn a_token_without_an_end_has_no_lifetime_in_its_answer() {
    let session = Session::start(ServerOptions {
        access_token_ttl: None,
        ..Default::default()
    });
    let tokens = session.log_in();
    assert!(tokens.get("expires_in").is_none());
    session.server.set(Switch::AccessTokenTtl(Some(0)));
    let tokens = session.log_in();
    assert_eq!(tokens["expires_in"], 0);
    assert!(
        !session
            .server
            .token_is_active(text(&tokens, "access_token"))
    );
}

#[test]
fn a_definition_names_this_server_alone() {
    let clients = vec![Client::basic("acme-app", "secret-secret")];
    let session = Session::start(ServerOptions {
        clients,
        ..Default::default()
    });
    let url = session.server.url();
    let definition = session.server.definition("acme.dev");
    assert_eq!(definition["schema_version"], 2);
    assert_eq!(definition["local"], true);
    assert_eq!(
        definition["hosts"],
        json!([url.trim_start_matches("http://")])
    );
    assert_eq!(definition["oauth"]["token_url"], format!("{url}/token"));
    assert_eq!(definition["oauth"]["client_auth"], "basic");
    assert_eq!(definition["oauth"]["public_client"], false);
    assert_eq!(
        definition["env"],
        json!({ "ACME_DEV_ACCESS_TOKEN": "{token}" })
    );
    assert!(!definition.to_string().contains("secret-secret"));
}

#[test]
fn a_client_gets_a_token_of_its_own_by_the_grant_that_is_on() {
    let grant = ClientGrant::vendor("account_credentials", &[("account_id", "a1")]);
    let session = Session::start(ServerOptions {
        clients: vec![Client::basic("robot", "s"), Client::public("app")],
        client_grant: Some(grant),
        ..Default::default()
    });
    let url = format!("{}/token", session.server.url());
    let ask = |header: Option<String>, form: &[(&str, &str)]| {
        let mut request = Request::form(&url, form);
        if let Some(header) = header {
            request = request.header("authorization", &header);
        }
        request.send().unwrap()
    };
    let robot = || Some(basic("robot", "s"));
    let good = [("grant_type", "account_credentials"), ("account_id", "a1")];
    let answer = ask(robot(), &good);
    assert_eq!(answer.status, 200);
    let tokens = answer.json();
    assert!(tokens.get("refresh_token").is_none());
    assert!(
        session
            .server
            .token_is_active(text(&tokens, "access_token"))
    );
    for (header, form, error) in [
        (
            robot(),
            vec![good[0], ("account_id", "a2")],
            "invalid_request",
        ),
        (
            robot(),
            vec![("grant_type", "client_credentials"), good[1]],
            "unsupported_grant_type",
        ),
        (Some(basic("robot", "x")), good.to_vec(), "invalid_client"),
        (
            None,
            [&good[..], &[("client_id", "app")]].concat(),
            "unauthorized_client",
        ),
    ] {
        assert_eq!(text(&ask(header, &form).json(), "error"), error);
    }
}
