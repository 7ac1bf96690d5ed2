//! A hostile page in the very browser that has the form open.

use authkeep_testkit::canary::canary;
use authkeep_testkit::careless_form::{CarelessForm, Pace};
use authkeep_tests::{Browser, BrowserVisit};
use serde_json::Value;

use crate::form::{Asking, product};

const NAME: &str = "rebound.example.test";

fn attack(target: &str, value: &str) -> BrowserVisit {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/form/attack.mjs");
    let own = CarelessForm::at(Pace::Together, "Win a prize");
    let visit = Browser::chromium()
        .with("FB_LOCAL_HOSTS", NAME)
        .with("FB_SCRIPT", script)
        .with("ATTACK_TARGET", target)
        .with("ATTACK_OWN", &format!("http://{}/", own.address()))
        .with("ATTACK_NAME", NAME)
        .with("ATTACK_FIELD", "field0")
        .with("ATTACK_VALUE", value)
        .visit(target);
    assert_eq!(visit.code, 0, "{visit:#?}");
    visit
}

fn step<'a>(visit: &'a BrowserVisit, name: &str) -> &'a Value {
    let found = visit.steps.iter().find(|step| step["step"] == name);
    found.unwrap_or_else(|| panic!("no `{name}`: {visit:#?}"))
}

/// The ways in which the page got at the form.
fn ways_in(visit: &BrowserVisit) -> Vec<String> {
    let results = step(visit, "attacked")["results"].as_object().unwrap();
    assert!(results.len() >= 13, "{results:?}");
    let hits = results.iter().filter(|(_, hit)| **hit == Value::Bool(true));
    hits.map(|(way, _)| way.clone()).collect()
}

#[test]
fn a_hostile_page_neither_sends_nor_sees_the_form() {
    let product = product();
    let mut command = product.command(&["login", "keyed"]);
    let mut asking = Asking::start(&mut command);
    let key = canary();
    let visit = attack(&asking.address(), &key);
    assert_eq!(ways_in(&visit), Vec::<String>::new(), "{visit:#?}");
    assert_eq!(step(&visit, "rebound")["status"], 421);
    let output = asking.end();
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(
        product.secret("keyed", "token"),
        key,
        "and not a forged one"
    );

    // The control: the same page against a form without defences.
    let careless = CarelessForm::at(Pace::Together, "Acme");
    let visit = attack(&format!("http://{}/", careless.address()), &key);
    let ways = ways_in(&visit);
    for way in ["form", "framed", "rebound", "rebound-post", "popup"] {
        assert!(ways.iter().any(|found| found == way), "{way}: {ways:?}");
    }
    let accepted = careless.accepted();
    let forged = accepted
        .iter()
        .filter(|body| body.contains("forged"))
        .count();
    assert!(forged >= 5, "{accepted:?}");
    println!(
        "figure: a hostile page in the same browser: 0 values accepted, 0 pages framed or read; against a careless \
         form {forged} values accepted, and {} ways in",
        ways.len()
    );
}
