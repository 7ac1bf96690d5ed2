//! Damaged definitions are refused or read, and nothing ever panics.

use std::collections::BTreeMap;

use authkeep_registry::{Definition, HostPattern, Template};

const SAMPLE: &str = include_str!("../../providers/slack.json");

#[test]
fn every_prefix_of_a_definition_is_refused() {
    let whole = SAMPLE.trim_end();
    for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        assert!(
            Definition::from_json("cut.json", &whole[..end]).is_err(),
            "{end}"
        );
    }
    assert!(Definition::from_json("whole.json", whole).is_ok());
}

#[test]
fn a_damaged_byte_never_panics_and_never_weakens_a_url() {
    let (mut read, mut refused) = (0, 0);
    for at in 0..SAMPLE.len() {
        for damage in *b"{}\"@#/ 0" {
            let mut bytes = SAMPLE.as_bytes().to_vec();
            bytes[at] = damage;
            let Ok(text) = String::from_utf8(bytes) else {
                continue;
            };
            let Ok(definition) = Definition::from_json("damaged.json", &text) else {
                refused += 1;
                continue;
            };
            read += 1;
            if let Ok(provider) = definition.bind(&BTreeMap::new()) {
                for origin in provider.origins() {
                    assert!(
                        origin.starts_with("https://") && !origin.contains('@'),
                        "{origin}"
                    );
                }
            }
        }
    }
    println!("damaged definitions: {refused} refused, {read} read");
    assert!(refused > 1000 && read > 100, "{refused} {read}");
}

#[test]
fn small_parsers_take_any_text() {
    let alphabet = [
        "{", "}", "a", "*", ".", ":", "/", "[", "]", "@", "%", "\u{e9}", "1", "",
    ];
    let mut accepted = 0;
    for code in 0..alphabet.len().pow(4) {
        let letters =
            (0..4u32).map(|place| alphabet[code / alphabet.len().pow(place) % alphabet.len()]);
        let text: String = letters.collect();
        if let Ok(template) = Template::parse(&text) {
            assert_eq!(Template::parse(template.as_str()), Ok(template));
        }
        if let Ok(pattern) = HostPattern::parse(&text) {
            accepted += 1;
            assert_eq!(
                HostPattern::parse(&pattern.to_string()),
                Ok(pattern),
                "{text}"
            );
        }
    }
    assert!(accepted > 100, "{accepted}");
}
