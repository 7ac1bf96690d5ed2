//! What `list` and `get` say of a login that is not well: what happened, and what to do.

use authkeep_testkit::oauth_server::Scripted;
use serde_json::Value;

use crate::acme::Acme;
use crate::refusal::keys;

fn problem(acme: &Acme) -> Value {
    let (code, list) = acme.product.json(&["list", "--connected"]);
    assert_eq!(code, 0, "{list}");
    let problem = list["providers"][0]["connections"][0]["problem"].clone();
    assert_eq!(acme.details()["problem"], problem);
    problem
}

fn listing(acme: &Acme) -> String {
    let output = acme.product.run(&["list", "--connected"]);
    assert_eq!(output.code, 0, "{output:?}");
    output.stdout
}

#[test]
fn a_failed_refresh_is_told_with_its_cause_until_one_succeeds() {
    let acme = Acme::connected();
    assert!(problem(&acme).is_null());
    assert!(!listing(&acme).contains("acme ("));

    let busy = Scripted::Status {
        status: 503,
        headers: Vec::new(),
        body: Vec::new(),
    };
    acme.server.script("/token", vec![busy; 3]);
    assert_eq!(acme.product.run(&["get", "acme", "--refresh"]).code, 10);
    let problem_now = problem(&acme);
    assert_eq!(keys(&problem_now), "at error hint message");
    assert_eq!(problem_now["error"], "unavailable");
    let said = listing(&acme);
    assert!(said.contains("acme (default): "), "{said}");
    assert!(said.contains("status 503"), "{said}");
    assert!(said.contains("the login is kept"), "{said}");
    assert!(said.contains("connected"), "the token still works: {said}");

    // The server is well again. The command waits out the rest that it left it.
    assert_eq!(acme.product.run(&["get", "acme", "--refresh"]).code, 0);
    assert!(problem(&acme).is_null());
    let said = listing(&acme);
    assert!(said.contains("s ago"), "when it was last renewed: {said}");
    assert!(!said.contains("acme ("), "{said}");
}

#[test]
fn a_login_that_needs_a_person_names_the_command() {
    let acme = Acme::connected();
    acme.server.revoke_everything();
    assert_eq!(acme.product.run(&["get", "acme", "--refresh"]).code, 4);
    assert_eq!(problem(&acme)["error"], "refused");
    let said = listing(&acme);
    assert!(said.contains("reauth_required"), "{said}");
    assert!(said.contains("run `authkeep login acme`"), "{said}");
    let said = acme.product.run(&["get", "acme"]).stdout;
    assert!(said.contains("run `authkeep login acme`"), "{said}");
}
