//! What comes back from the browser, by the listener or by a person who pastes: without the state it is nobody's.

#![no_main]

use authkeep_flows::{
    BareCode, Callback, ExpectedCallback, IssRule, State, read_callback, read_pasted,
};
use authkeep_fuzz::is_plain;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&rule, text)) = data.split_first() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let rules = [
        IssRule::Ignore,
        IssRule::CompareIfPresent,
        IssRule::Required,
    ];
    let state = State::from_entropy([7; 32]);
    let expected = ExpectedCallback {
        state: &state,
        issuer: Some("https://as.test"),
        iss_rule: rules[usize::from(rule) % rules.len()],
    };
    let ours = text.replace("{state}", state.expose());
    look(&read_callback(&ours, &expected), &ours, &state);
    if let Ok(pasted) = read_pasted(&ours, &expected, BareCode::Refused) {
        look(&pasted, &ours, &state);
    }
    if let Ok(Callback::Code(granted)) = read_pasted(&ours, &expected, BareCode::Accepted) {
        assert!(is_plain(granted.code.expose()));
    }
});

fn look(verdict: &Callback, text: &str, state: &State) {
    let is_ours = match verdict {
        Callback::NotOurs(_) => return,
        Callback::Code(granted) => is_plain(granted.code.expose()),
        Callback::Denied(denied) => {
            let texts = [
                Some(&denied.error),
                denied.description.as_ref(),
                denied.uri.as_ref(),
            ];
            !texts
                .into_iter()
                .flatten()
                .any(|text| text.chars().any(char::is_control))
        }
        Callback::WrongIssuer(wrong) => {
            let found = wrong.found.as_deref().unwrap_or_default();
            !found.chars().any(char::is_control)
        }
    };
    assert!(is_ours, "{verdict:?}");
    // It may be written with escapes, but it is there.
    let has = |text: &str| text.contains(state.expose());
    let mut decoded = url::form_urlencoded::parse(text.as_bytes());
    assert!(
        has(text) || decoded.any(|(name, value)| has(&name) || has(&value)),
        "{text:?}"
    );
}
