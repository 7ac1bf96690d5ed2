//! What every failure must look like, to people and to programs.

use authkeep_testkit::home::{Output, run};
use authkeep_tests::{Product, document};
use serde_json::Value;

/// The codes that are documented; nothing ends with another.
pub(crate) const EXIT_CODES: [i32; 14] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 126, 127, 130];

/// Checks one failure in both forms and returns what people read.
pub(crate) fn refused(product: &Product, arguments: &[&str], code: i32, kind: &str) -> String {
    let human = product.run(arguments);
    let json = run(product.command(arguments).arg("--json"));
    check(&human, &json, code, kind)
}

/// The same for two outputs, one of people's form and one of `--json`.
pub(crate) fn check(human: &Output, json: &Output, code: i32, kind: &str) -> String {
    assert_eq!(human.code, code, "{human:?}");
    assert_eq!(human.stdout, "", "data where there is none: {human:?}");
    if kind != "usage" {
        assert!(human.stderr.contains("error: "), "{human:?}");
        assert!(human.stderr.contains("\nhint: "), "no hint: {human:?}");
    }
    assert_eq!(json.code, code, "{json:?}");
    let value = document(json);
    assert_eq!(keys(&value), "error hint message", "{value}");
    assert_eq!(value["error"], kind, "{value}");
    for part in ["hint", "message"] {
        assert!(
            value[part].as_str().is_some_and(|text| !text.is_empty()),
            "{value}"
        );
    }
    human.stderr.clone()
}

/// The names of an object, sorted, for pinning a shape.
pub(crate) fn keys(value: &Value) -> String {
    let object = value
        .as_object()
        .unwrap_or_else(|| panic!("no object: {value}"));
    object
        .keys()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(" ")
}
