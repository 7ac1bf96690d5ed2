//! The pages as they are seen: light and dark, wide and narrow, by eye, by keyboard and by screen reader.

use std::fs;

use authkeep_testkit::browser::{Person, follow};
use authkeep_testkit::home::TestHome;
use authkeep_testkit::plain_http::Request;
use authkeep_tests::{Browser, BrowserVisit};
use serde_json::{Value, json};

use crate::acme::Acme;
use crate::form::{Asking, product};

/// Visits `url`, takes the steps of `plan`, and looks around after each. Returns what was seen, and how many
/// pictures were taken.
fn look(url: &str, plan: &Value) -> (BrowserVisit, usize) {
    let shots = TestHome::new();
    let folder = shots.home().join("shots");
    let visit = Browser::chromium()
        .with(
            "FB_SCRIPT",
            concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/form/look.mjs"),
        )
        .with("FB_SHOTS", folder.to_str().unwrap())
        .with("LOOK_PLAN", &plan.to_string())
        .with("LOOK_CONTROL", "1")
        .visit(url);
    assert_eq!(visit.code, 0, "{visit:#?}");
    let pictures = fs::read_dir(&folder).unwrap().flatten();
    let pictures = pictures.filter(|file| file.metadata().unwrap().len() > 3_000);
    (visit, pictures.count())
}

fn looks<'a>(visit: &'a BrowserVisit, name: &str) -> Vec<&'a Value> {
    let looks = visit.steps.iter();
    let looks = looks.filter(|step| step["step"] == "look" && step["name"] == name);
    let looks: Vec<_> = looks.collect();
    assert_eq!(
        looks.len(),
        4,
        "light and dark, wide and narrow: {visit:#?}"
    );
    looks
}

fn is_well(look: &Value) -> bool {
    look["contrast"].as_f64().unwrap() >= 4.5
        && look["edges"].as_f64().unwrap() >= 3.0
        && look["unlabelled"] == 0
        && look["undescribed"] == 0
        && look["low"].as_f64().unwrap() >= 24.0
        && look["wide"] == 0
        && look["lang"] == "en"
        && look["headings"].as_array().unwrap().len() == 1
}

/// Checks all looks at one page, and returns the lowest contrast of its text.
fn check(visit: &BrowserVisit, name: &str) -> f64 {
    let looks = looks(visit, name);
    for look in &looks {
        assert!(is_well(look), "{name}: {look:#}");
        assert_eq!(look["scripts"], 0);
    }
    let grounds =
        |dark: bool| looks.iter().find(|look| look["dark"] == dark).unwrap()["ground"].clone();
    assert_ne!(grounds(true), grounds(false), "{name}: dark is dark");
    let contrasts = looks.iter().filter_map(|look| look["contrast"].as_f64());
    contrasts.fold(21.0, f64::min)
}

fn order(visit: &BrowserVisit, name: &str) -> Vec<String> {
    let step = visit
        .steps
        .iter()
        .find(|step| step["step"] == "keyboard" && step["name"] == name);
    let order = step.unwrap()["order"].as_array().unwrap();
    assert!(
        order.iter().all(|at| at["ring"].as_f64().unwrap() >= 2.0),
        "{order:?}"
    );
    order
        .iter()
        .map(|at| at["name"].as_str().unwrap().to_owned())
        .collect()
}

fn fails_the_control(visit: &BrowserVisit) {
    for look in looks(visit, "control") {
        assert!(!is_well(look), "{look:#}");
        assert!(look["contrast"].as_f64().unwrap() < 4.5 && look["edges"].as_f64().unwrap() < 3.0);
        assert_eq!(
            (&look["unlabelled"], &look["undescribed"]),
            (&json!(1), &json!(1))
        );
    }
}

#[test]
fn the_form_for_a_key_is_easy_to_see_and_to_use() {
    let product = product();
    let mut command = product.command(&["login", "keyed"]);
    let mut asking = Asking::start(&mut command);
    let plan = json!([
        {"name": "fresh"},
        {"name": "odd", "fill": {"field0": "wrong"}},
        {"name": "missing", "fill": {"field0": "", "field1": "eu"}, "press": "button"},
        {"name": "received", "fill": {"field0": "cnry_aa"}, "press": "button"},
    ]);
    let (visit, pictures) = look(&asking.address(), &plan);
    let contrast = ["fresh", "odd", "missing", "received"].map(|name| check(&visit, name));
    assert_eq!(order(&visit, "fresh"), ["a", "field0", "field1", "button"]);
    // A value that looks odd is remarked upon while it is there, and only then.
    assert!(looks(&visit, "fresh").iter().all(|look| look["odd"] == 0));
    assert!(looks(&visit, "odd").iter().all(|look| look["odd"] == 1));
    for look in looks(&visit, "missing") {
        assert_eq!(look["alerts"], json!(["Still missing: Keyed API key."]));
        assert_eq!(look["values"], json!(["", ""]), "nothing is shown again");
    }
    for look in looks(&visit, "received") {
        assert_eq!(look["headings"], json!(["Back to the terminal"]));
        assert_eq!(look["url"], "/received");
    }
    fails_the_control(&visit);
    assert!(pictures >= 20, "{pictures}");
    let output = asking.end();
    assert_eq!(output.code, 0, "{output:?}");
    println!(
        "figure: {pictures} pictures; lowest contrast of text {contrast:.1?}, of the control below 4.5"
    );
}

#[test]
fn the_form_for_a_client_and_the_pages_after_a_login_are_as_well() {
    let acme = Acme::confidential("cnry_cc");
    let mut command = acme.product.command(&["login", "acme"]);
    let mut asking = Asking::start(&mut command);
    let plan = json!([
        {"name": "client"},
        {"name": "received", "fill": {"field0": "test-client", "field1": "cnry_cc", "scopes": "read"}, "press": "button"},
    ]);
    let (visit, _) = look(&asking.address(), &plan);
    check(&visit, "client");
    check(&visit, "received");
    assert_eq!(
        order(&visit, "client"),
        ["redirect", "field0", "field1", "scopes", "button"]
    );
    for look in looks(&visit, "client") {
        let values = look["values"].as_array().unwrap();
        let redirect = values[0].as_str().unwrap();
        assert!(
            redirect.starts_with("http://127.0.0.1/callback/127.0.0.1-"),
            "to be copied: {redirect}"
        );
        assert!(!values[3].as_str().unwrap().is_empty(), "to be edited");
    }
    // The login goes on, with the scopes as they were edited.
    let address = asking.address();
    assert!(
        address.contains("scope=read&") || address.ends_with("scope=read"),
        "{address}"
    );
    let redirect = url::Url::parse(&address).unwrap();
    let redirect = redirect
        .query_pairs()
        .find(|(name, _)| name == "redirect_uri");
    let callback = url::Url::parse(&redirect.unwrap().1).unwrap();
    for (page, heading) in [
        ("received", "Back to the terminal"),
        ("denied", "Access was not granted"),
        (
            "callback",
            "This is not the answer to the login in progress",
        ),
    ] {
        let url = match page {
            "callback" => callback.to_string(),
            _ => callback.join(&format!("/{page}")).unwrap().to_string(),
        };
        assert!(Request::get(&url).send().is_ok());
        let (visit, _) = look(&url, &json!([{ "name": page }]));
        check(&visit, page);
        assert_eq!(looks(&visit, page)[0]["headings"], json!([heading]));
    }
    assert_eq!(follow(&address, Person::Approve).unwrap().status(), 200);
    let output = asking.end();
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(acme.details()["scopes"], json!(["read"]));
}
