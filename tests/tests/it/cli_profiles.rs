//! Profiles: what is in one is not in another.

use authkeep_testkit::canary::canary;
use authkeep_testkit::home::run;
use authkeep_tests::Product;
use serde_json::json;

use crate::refusal::{check, refused};

#[test]
fn each_profile_has_its_own_credentials() {
    let product = Product::new();
    let login = |profile: &str, key: &str| {
        let output = product.run_with_input(
            &["--profile", profile, "login", "openai", "--with-token"],
            key,
        );
        assert_eq!(output.code, 0, "{output:?}");
    };
    let token = |profile: &str| {
        let output = product.run(&[
            "--profile",
            profile,
            "get",
            "openai",
            "--field",
            "token",
            "--show-secret",
        ]);
        (output.code, output.stdout.trim().to_owned())
    };
    let (first, second) = (canary(), canary());
    assert_eq!(product.run(&["init"]).code, 0);
    let (code, created) = product.json(&["profile", "create", "work"]);
    assert_eq!(
        (code, created),
        (
            0,
            json!({ "profile": "work", "is": "created", "changed": true })
        )
    );
    assert_eq!(
        product.json(&["profile", "create", "work"]).1["changed"],
        false
    );
    login("default", &first);
    assert_eq!(token("work").0, 5, "it shows through");
    login("work", &second);
    assert_eq!(
        (token("default").1, token("work").1),
        (first.clone(), second.clone())
    );

    // By variable, by option, by default; the option wins.
    let by = |variable: &str, arguments: &[&str]| {
        let output = run(product.command(arguments).env("AUTHKEEP_PROFILE", variable));
        output.stdout.trim().to_owned()
    };
    let get = ["get", "openai", "--field", "token", "--show-secret"];
    assert_eq!(by("work", &get), second);
    let with_option = [&["--profile", "default"][..], &get].concat();
    assert_eq!(by("work", &with_option), first);
    assert_eq!(product.json(&["profile", "use", "work"]).0, 0);
    assert_eq!(product.secret("openai", "token"), second);
    assert_eq!(
        product.json(&["profile", "list"]).1,
        json!({ "profiles": ["default", "work"], "in_force": "work" })
    );

    // Deleting one leaves the other.
    let said = refused(
        &product,
        &["profile", "delete", "work", "--yes"],
        2,
        "profile_in_use",
    );
    assert!(said.contains("authkeep profile use"), "{said}");
    let said = refused(
        &product,
        &["profile", "delete", "default"],
        2,
        "not_confirmed",
    );
    assert!(said.contains("--yes"), "{said}");
    assert_eq!(token("default").1, first);
    assert_eq!(
        product.json(&["profile", "delete", "default", "--yes"]).0,
        0
    );
    assert_eq!(product.secret("openai", "token"), second);
    let folder = product.home().authkeep_home().join("profiles");
    let left: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["work"]);
}

#[test]
fn a_profile_that_does_not_exist_is_not_made_by_a_typing_error() {
    let product = Product::new();
    assert_eq!(product.run(&["init"]).code, 0);
    for command in [
        &["list"][..],
        &["get", "openai"],
        &["login", "openai", "--no-input"],
        &["whoami"],
    ] {
        let arguments = [&["--profile", "wrok"], command].concat();
        let said = refused(&product, &arguments, 1, "profile_not_found");
        assert!(said.contains("there are: default"), "{said}");
        assert!(said.contains("authkeep profile create wrok"), "{said}");
        let variable = |more: &[&str]| {
            run(product
                .command(command)
                .args(more)
                .env("AUTHKEEP_PROFILE", "wrok"))
        };
        check(
            &variable(&[]),
            &variable(&["--json"]),
            1,
            "profile_not_found",
        );
    }
    refused(
        &product,
        &["profile", "use", "wrok"],
        1,
        "profile_not_found",
    );
    refused(
        &product,
        &["profile", "delete", "wrok", "--yes"],
        1,
        "profile_not_found",
    );
    assert!(
        !product
            .home()
            .authkeep_home()
            .join("profiles/wrok")
            .exists()
    );
}
