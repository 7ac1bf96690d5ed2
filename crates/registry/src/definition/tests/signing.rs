//! Keys that sign, and where they alone may go.

use super::*;

/// A definition that signs, with a merge patch laid over it.
fn cloud(patch: Value) -> Result<Definition, DefinitionError> {
    let mut cloud = json!({
        "schema_version": 2,
        "name": "acme",
        "display_name": "Acme",
        "flows": ["api_key"],
        "hosts": ["*.amazonaws.com"],
        "api_key": {
            "fields": [{"name": "access_key_id", "secret": false}, {"name": "token"}],
            "sign": "aws_sigv4",
        },
    });
    let (Some(map), Value::Object(patch)) = (cloud.as_object_mut(), patch) else {
        panic!("definitions and patches are objects");
    };
    document::merge(map, patch);
    Definition::from_json("acme.json", &cloud.to_string())
}

#[test]
fn a_key_that_signs_is_put_into_nothing() {
    let definition = cloud(json!({})).expect("reads");
    let key = definition.api_key.expect("has a key");
    assert_eq!(key.injection.sign, Some(Signing::AwsSigV4));
    assert_eq!(key.injection.templates().count(), 0);
}

#[test]
fn only_what_signs_may_go_to_every_host_of_a_cloud() {
    let oauth =
        json!({"authorization_url": "https://a.example/a", "token_url": "https://a.example/t"});
    for (patch, what) in [
        (
            json!({"api_key": {"sign": null, "headers": {"X": "{token}"}}}),
            "a header",
        ),
        (json!({"api_key": {"sign": null}}), "a bearer"),
        (
            json!({"oauth": oauth, "flows": ["api_key", "authorization_code"]}),
            "OAuth beside it",
        ),
        (
            json!({"hosts": [{"host": "*.amazonaws.com", "headers": {"X": "{token}"}}]}),
            "a host with an injection of its own",
        ),
        (
            json!({"hosts": ["*.amazonaws.com.cn"], "api_key": {"sign": null}}),
            "another partition",
        ),
    ] {
        let error = cloud(patch).expect_err(what).to_string();
        assert!(error.contains("unrelated owners"), "{what}: {error}");
    }
}
