//! Finding a provider: lists, filters, names that are nearly right, what is one's own.

use authkeep_tests::Product;
use serde_json::{Value, json};

fn names(listed: &Value) -> Vec<&str> {
    let providers = listed["providers"].as_array().unwrap();
    providers
        .iter()
        .map(|each| each["provider"].as_str().unwrap())
        .collect()
}

#[test]
fn a_list_is_narrowed_by_words_category_and_flow() {
    let product = Product::new();
    let list = |arguments: &[&str]| product.json(&[&["providers"], arguments].concat()).1;
    let all = list(&[]);
    assert!(names(&all).len() >= 12);
    // The alias, the name that people read, and words in any order.
    assert_eq!(
        names(&list(&["--search", "microsoft-graph"])),
        ["microsoft"]
    );
    assert!(names(&list(&["--search", "GRAPH microsoft"])).contains(&"microsoft"));
    for found in list(&["--category", "LLM", "--flow", "api_key"])["providers"]
        .as_array()
        .unwrap()
    {
        assert_eq!(found["category"], "llm");
        assert!(
            found["flows"]
                .as_array()
                .unwrap()
                .contains(&json!("api_key"))
        );
    }
    assert!(names(&list(&["--flow", "device_code"])).len() < names(&all).len());
    assert!(names(&list(&["--search", "nothing like it"])).is_empty());

    let (code, refused) = product.json(&["providers", "--category", "kitchen"]);
    assert_eq!((code, &refused["error"]), (2, &json!("unknown_category")));
    assert!(
        refused["hint"].as_str().unwrap().contains("monitoring"),
        "{refused}"
    );
    let refused = product.run(&["providers", "--flow", "magic"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("device_code"), "{refused:?}");

    // For people: by category, and how many on stderr.
    let shown = product.run(&["providers", "--category", "monitoring"]);
    assert!(shown.stdout.starts_with("monitoring ("), "{shown:?}");
    assert!(shown.stderr.contains(" providers; "), "{shown:?}");
    assert_eq!(product.run(&["providers", "--quiet"]).stderr, "");
}

#[test]
fn every_command_that_takes_a_provider_knows_what_was_meant() {
    let product = Product::new();
    for (typed, arguments) in [
        ("gihtub", "get gihtub"),
        ("gihtub", "auth gihtub"),
        ("gihtub", "refresh gihtub"),
        ("gihtub", "logout gihtub"),
        ("gihtub", "revoke gihtub"),
        ("gihtub", "remove gihtub"),
        ("gihtub", "use gihtub work"),
        ("gihtub", "inspect gihtub"),
        ("gihtub", "login gihtub"),
        ("gihtub", "export gihtub"),
        ("gihtub", "run --provider gihtub -- true"),
        ("gihtub", "run --env --provider gihtub -- true"),
        ("Git-Hub", "inspect Git-Hub"),
    ] {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let output = product.run(&arguments);
        assert_eq!(output.code, 3, "{arguments:?}: {output:?}");
        assert!(
            output.stderr.contains("did you mean github?"),
            "{typed}: {output:?}"
        );
    }
    // Nothing is guessed where nothing is near.
    let output = product.run(&["inspect", "xyzzyx"]);
    assert!(!output.stderr.contains("did you mean"), "{output:?}");
}

#[test]
fn what_takes_the_place_of_a_bundled_one_is_marked_everywhere() {
    let product = Product::new();
    let definition = json!({
        "schema_version": 2, "name": "openai", "display_name": "OpenAI", "category": "llm", "flows": ["api_key"],
        "hosts": ["api.openai.com", "api.evil.example"], "api_key": {},
    });
    product.home().write_definition(&definition);
    let inspected = product.run(&["inspect", "openai"]).stdout;
    let line = |text: &str| {
        inspected
            .lines()
            .find(|line| line.contains(text))
            .unwrap()
            .to_owned()
    };
    assert!(line("api.evil.example").ends_with("NEW"), "{inspected}");
    assert!(!line("api.openai.com").contains("NEW"), "{inspected}");
    assert!(
        inspected.contains("takes the place of the bundled definition"),
        "{inspected}"
    );
    let (_, inspected) = product.json(&["inspect", "openai"]);
    assert_eq!(
        inspected["new_places"],
        json!([{ "role": "host", "place": "api.evil.example" }])
    );
    let doctor = product.run(&["doctor"]).stdout;
    assert!(
        doctor.contains("unlike that one it goes to api.evil.example"),
        "{doctor}"
    );
    let line = |arguments: &[&str]| {
        let shown = product.run(arguments).stdout;
        shown
            .lines()
            .find(|line| line.trim_start().starts_with("openai"))
            .unwrap()
            .to_owned()
    };
    assert!(line(&["providers"]).contains("your own, in place of the bundled one"));
    assert!(line(&["list"]).contains("user-overrides-bundled"));
    // The bundled ones that nothing is stored for are counted, and listed where that is asked for.
    let (list, all) = (product.run(&["list"]), product.run(&["list", "--all"]));
    assert!(!list.stdout.contains("github") && list.stderr.contains("other providers"));
    assert!(all.stdout.contains("github") && all.stderr.is_empty());
    // The negative control: the bundled ones are not marked.
    assert!(!product.run(&["inspect", "github"]).stdout.contains("NEW"));
}

#[test]
fn inspect_says_how_to_set_up_what_is_asked_for_and_what_is_read() {
    let product = Product::new();
    let shown = product.run(&["inspect", "datadog"]).stdout;
    for part in [
        "To set it up for api_key:",
        "  1. ",
        "https://app.datadoghq.com/",
        "login reads   ",
        "exports       ",
        "sent to       api.datadoghq.com",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let (_, value) = product.json(&["inspect", "github"]);
    let steps = value["setup"][0]["steps"].as_array().unwrap();
    assert!(
        steps.len() >= 3 && steps[0]["link"].as_str().unwrap().starts_with("https://"),
        "{value}"
    );
    let asked = value["asks"].as_array().unwrap();
    let secret = asked
        .iter()
        .find(|asked| asked["name"] == "client_secret")
        .unwrap();
    assert_eq!(
        (&secret["secret"], &secret["kind"]),
        (&json!(true), &json!("client"))
    );
}
