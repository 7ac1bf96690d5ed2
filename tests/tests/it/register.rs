//! Definitions from files, standard input and the network: what is shown, asked and kept.

use std::fs;

use authkeep_testkit::message::Reply;
use serde_json::{Value, json};

use crate::services::Abroad;
use crate::terminal::Terminal;

fn acme() -> Value {
    json!({
        "schema_version": 2, "name": "acme", "display_name": "Acme", "flows": ["authorization_code"], "hosts": ["api.acme.example"],
        "oauth": { "authorization_url": "https://acme.example/authorize", "token_url": "https://acme.example/token" },
    })
}

const ADDRESS: &str = "https://files.example/acme.json";

fn published(text: String) -> Abroad {
    let abroad = Abroad::new();
    abroad
        .world
        .serve("files.example", move |request| match &*request.path {
            "/acme.json" => Reply {
                body: text.clone().into_bytes(),
                ..Reply::json(200, &json!({}))
            },
            "/moved.json" => Reply::redirect(302, "https://other.example/acme.json"),
            "/page" => Reply::page(200, "<p>a page</p>"),
            "/huge.json" => Reply {
                body: vec![b' '; 2 << 20],
                ..Reply::json(200, &json!({}))
            },
            _ => Reply::json(404, &json!({})),
        });
    abroad
        .world
        .serve("other.example", |_| Reply::json(200, &acme()));
    abroad
}

fn on_a_terminal(abroad: &Abroad, arguments: &str) -> Terminal {
    let mut variables = String::new();
    for (name, value) in abroad.world.variables() {
        variables.push_str(&format!(" {name}='{value}'"));
    }
    Terminal::with(&abroad.product, &variables, arguments)
}

fn is_known(abroad: &Abroad) -> bool {
    abroad.product.json(&["inspect", "acme"]).0 == 0
}

#[test]
fn a_published_definition_is_trusted_only_by_somebody_who_saw_where_it_leads() {
    let abroad = published(acme().to_string());
    let mut terminal = on_a_terminal(&abroad, &format!("register {ADDRESS}"));
    terminal.until("Type yes to trust them: ");
    for place in ["https://acme.example/token", "api.acme.example"] {
        assert!(terminal.seen.contains(place), "{}", terminal.seen);
    }
    terminal.types("no\r");
    terminal.ends(130);
    assert!(!is_known(&abroad));

    let mut terminal = on_a_terminal(&abroad, &format!("register {ADDRESS}"));
    terminal.until("Type yes to trust them: ");
    terminal.types("yes\r");
    terminal.ends(0);
    let stored = abroad
        .product
        .home()
        .authkeep_home()
        .join("providers/acme.json");
    let stored: Value = serde_json::from_str(&fs::read_to_string(stored).unwrap()).unwrap();
    assert_eq!(stored["x-source"]["url"], ADDRESS);
    let digest = stored["x-source"]["sha256"].as_str().unwrap();
    assert_eq!(digest.len(), 64, "{digest}");

    // A second time it is refused before anybody is asked, and never replaced silently.
    let refused = abroad.run(&["register", ADDRESS, "--yes"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("already registered"), "{refused:?}");
    assert!(!refused.stderr.contains("will be trusted"), "{refused:?}");
}

/// A key that lies in the environment would go to whoever names its variable.
#[test]
fn the_variables_that_it_reads_are_told_before_anybody_agrees() {
    let abroad = published(
        json!({
            "schema_version": 2, "name": "acme", "display_name": "Acme", "flows": ["api_key"], "hosts": ["api.acme.example"],
            "api_key": {"headers": {"Authorization": "Bearer {token}"}}, "env": {"GITHUB_TOKEN": "{token}"},
        })
        .to_string(),
    );
    let refused = abroad.run(&["register", ADDRESS]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("GITHUB_TOKEN"), "{refused:?}");
}

#[test]
fn without_a_person_the_word_is_given_beforehand_or_not_at_all() {
    let abroad = published(acme().to_string());
    let refused = abroad.run(&["register", ADDRESS]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("--yes"), "{refused:?}");
    assert!(!is_known(&abroad));
    let registered = abroad.run(&["register", ADDRESS, "--yes"]);
    assert_eq!(registered.code, 0, "{registered:?}");
    assert!(is_known(&abroad));
}

#[test]
fn what_differs_from_the_bundled_definition_is_marked() {
    let mut definition = acme();
    definition["name"] = json!("openai");
    definition["hosts"] = json!(["api.openai.com", "api.evil.example"]);
    let abroad = published(definition.to_string());
    let refused = abroad.run(&["register", ADDRESS, "--yes"]);
    assert!(
        refused
            .stderr
            .contains("would take the place of the bundled"),
        "{refused:?}"
    );
    let replaced = abroad.run(&["register", ADDRESS, "--yes", "--force"]);
    assert_eq!(replaced.code, 0, "{replaced:?}");
    let line = |text: &str| {
        replaced
            .stderr
            .lines()
            .find(|line| line.contains(text))
            .unwrap()
    };
    assert!(line("api.evil.example").contains("NEW"), "{replaced:?}");
    assert!(!line("api.openai.com").contains("NEW"), "{replaced:?}");
}

#[test]
fn only_the_file_itself_over_https_is_taken() {
    let abroad = published(acme().to_string());
    for (address, code, why) in [
        ("http://files.example/acme.json", 2, "must be https"),
        ("https://user@files.example/acme.json", 2, "user name"),
        ("https://10.0.0.1/acme.json", 2, "private"),
        ("file:///etc/passwd", 2, "https"),
        ("https://files.example/moved.json", 1, "redirects to"),
        ("https://files.example/page", 1, "a web page"),
        ("https://files.example/huge.json", 10, "more than"),
        ("https://files.example/nothing.json", 1, "status 404"),
        ("https://nowhere.example/acme.json", 10, "nowhere.example"),
    ] {
        let output = abroad.run(&["register", address, "--yes"]);
        assert_eq!(output.code, code, "{address}: {output:?}");
        assert!(output.stderr.contains(why), "{address}: {output:?}");
        assert!(!is_known(&abroad), "{address}");
    }
    // The redirect was not followed.
    assert!(
        abroad
            .world
            .seen()
            .iter()
            .all(|request| request.host == "files.example")
    );
}

#[test]
fn faults_are_named_with_field_and_line() {
    let abroad = published(String::new());
    let text = "{\"schema_version\": 2, \"name\": \"acme\",\n\"display_name\": \"A\",\n \"flows\": [\"api_key\"],\n\n\
                \"hosts\": [\"api.acme.example\",\n  7], \"api_key\": {\"haeders\": {}}}";
    let refused = abroad.given(&["register", "-"], text);
    assert_eq!(refused.code, 1, "{refused:?}");
    for part in [
        "`hosts[1]` (line 6)",
        "`api_key.haeders` (line 6)",
        "did you mean `headers`",
        "standard input",
    ] {
        assert!(refused.stderr.contains(part), "{part}: {refused:?}");
    }
    let registered = abroad.given(&["register", "-"], &acme().to_string());
    assert_eq!(registered.code, 0, "{registered:?}");
}

#[test]
fn another_tools_file_is_converted_and_the_differences_are_said() {
    let abroad = published(String::new());
    let theirs = r#"// Widgets
        {"schema_version": 1, "name": "widgets", "display_name": "Widgets", "auth_type": "api_key", "flow": "api_key",
         "api_url": "regex:.*widgets.*", "api_key": {"header_name": "X-Key", "header_prefix": ""}}"#;
    let registered = abroad.given(&["register", "-"], theirs);
    assert_eq!(registered.code, 0, "{registered:?}");
    for part in [
        "in authsome's words",
        "widgets.evil.example",
        "*.widgets.com",
    ] {
        let said = format!("{}{}", registered.stderr, registered.stdout);
        assert!(said.contains(part), "{part}: {said}");
    }
    let logged_in = abroad.given(&["login", "widgets", "--with-token"], "k");
    assert_eq!(logged_in.code, 0, "{logged_in:?}");
}
