use std::fs;
use std::path::Path;

use authkeep_testkit::browser::{Person, fake_open, follow};
use authkeep_testkit::home::{Output, TestHome, run};
use authkeep_testkit::oauth_server::{Scripted, ServerOptions};

use crate::client::Session;

/// Launches the program as a product would, with a URL as its only argument.
fn launch(home: &TestHome, person: Option<&str>, url: &str) -> Output {
    let mut command = home.command(&fake_open());
    command.env("FAKE_OPEN_LOG", log(home)).arg(url);
    if let Some(person) = person {
        command.env("FAKE_OPEN_PERSON", person);
    }
    run(&mut command)
}

fn log(home: &TestHome) -> std::path::PathBuf {
    home.root().join("opened.jsonl")
}

#[test]
fn the_program_notes_every_launch_and_does_what_the_person_would() {
    assert_eq!(fake_open(), Path::new(env!("CARGO_BIN_EXE_fake-open")));
    let session = Session::start(ServerOptions::default());
    let home = TestHome::new();
    let url = session.authorization_url(&[]);
    assert_eq!(launch(&home, Some("approve"), &url).code, 0);
    assert!(session.listener.arrived_with("code").is_some());
    assert_eq!(launch(&home, Some("deny"), &url).code, 0);
    assert_eq!(
        session.listener.arrived_with("error").as_deref(),
        Some("access_denied")
    );
    let requests = session.server.log().len();
    assert_eq!(launch(&home, Some("ignore"), &url).code, 0);
    assert_eq!(launch(&home, None, "javascript:alert(1)").code, 0);
    assert_eq!(
        session.server.log().len(),
        requests,
        "no page is opened just to be noted"
    );

    let text = fs::read_to_string(log(&home)).unwrap();
    let opened: Vec<String> = text
        .lines()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["argv"].as_array().unwrap().len(), 2);
            line["argv"][1].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(opened, [&*url, &*url, &*url, "javascript:alert(1)"]);
}

#[test]
fn the_program_fails_where_the_visit_fails() {
    let session = Session::start(ServerOptions::default());
    let home = TestHome::new();
    let unknown = session.authorization_url(&[("client_id", "stranger")]);
    assert_eq!(launch(&home, Some("approve"), &unknown).code, 1);
    assert_eq!(
        launch(&home, Some("approve"), "http://127.0.0.1:1/").code,
        1
    );
    let output = launch(&home, Some("approve"), "https://example.test/");
    assert_eq!(output.code, 1);
    assert!(
        output.stderr.contains("no plain http URL"),
        "{}",
        output.stderr
    );
    assert_eq!(launch(&home, Some("dance"), "http://127.0.0.1:1/").code, 2);
}

#[test]
fn an_endless_chain_of_redirects_is_left() {
    let session = Session::start(ServerOptions::default());
    let url = format!("{}/api/me", session.server.url());
    session.server.script(
        "/api/me",
        vec![Scripted::Redirect(302, "/api/me".into()); 20],
    );
    let error = follow(&url, Person::Approve).unwrap_err();
    assert!(error.to_string().contains("redirects"), "{error}");
    assert_eq!(session.server.count("/api/me"), 11);
}
