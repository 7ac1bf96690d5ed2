use super::*;

const STATE: [u8; 32] = [7; 32];

fn read_with(query: &str, issuer: Option<&str>, iss_rule: IssRule) -> Callback {
    let state = State::from_entropy(STATE);
    let query = query.replace("{state}", state.expose());
    let expected = ExpectedCallback {
        state: &state,
        issuer,
        iss_rule,
    };
    read_callback(&query, &expected)
}

fn read(query: &str) -> Callback {
    read_with(query, None, IssRule::CompareIfPresent)
}

#[test]
fn a_code_is_decoded() {
    let Callback::Code(granted) = read("code=4%2F0Ab+c&state={state}&session_state=x&hd=a&hd=b")
    else {
        panic!("expected a code");
    };
    assert_eq!(granted.code.expose(), "4/0Ab c");
    // What occurs twice is nobody's to choose.
    let params: Vec<_> = granted.params.into_iter().collect();
    assert_eq!(params, [("session_state".to_owned(), "x".to_owned())]);
}

#[test]
fn what_is_not_ours_says_why() {
    let long = format!("code=c&state={{state}}&x={}", "a".repeat(8 * 1024));
    let table = [
        ("", NotOurs::StateMissing),
        ("code=c", NotOurs::StateMissing),
        ("error=access_denied", NotOurs::StateMissing),
        ("code=c&State={state}", NotOurs::StateMissing),
        ("code=c&state=", NotOurs::StateMismatch),
        ("code=c&state={state}%00", NotOurs::StateMismatch),
        ("code=c&state=+{state}", NotOurs::StateMismatch),
        ("error=access_denied&state=x", NotOurs::StateMismatch),
        ("code=c&state={state}&state={state}", NotOurs::Duplicated),
        ("code=c&state={state}&st%61te=x", NotOurs::Duplicated),
        ("code=c&code=d&state={state}", NotOurs::Duplicated),
        ("error=a&error=a&state={state}", NotOurs::Duplicated),
        ("code=c&iss=a&iss=a&state={state}", NotOurs::Duplicated),
        ("code=c&error=e&state={state}", NotOurs::NoResult),
        ("state={state}", NotOurs::NoResult),
        ("code=&state={state}", NotOurs::NoResult),
        ("code=a%0D%0Ab&state={state}", NotOurs::IllegalCode),
        ("code=%C3%A9&state={state}", NotOurs::IllegalCode),
        ("code=%FF&state={state}", NotOurs::IllegalCode),
        (&long, NotOurs::TooLong),
    ];
    for (query, expected) in table {
        let Callback::NotOurs(reason) = read(query) else {
            panic!("accepted: {query}");
        };
        assert_eq!(reason, expected, "{query}");
    }
}

#[test]
fn a_refusal_is_cleaned() {
    let query = "error=access_denied&error_description=no%1B%5B2J+way%0A&error_uri=https%3A%2F%2Fas.test%2Fwhy&state={state}";
    let Callback::Denied(denied) = read(query) else {
        panic!("expected a refusal");
    };
    let expected = AuthorizationError {
        error: "access_denied".to_owned(),
        description: Some("no[2J way".to_owned()),
        uri: Some("https://as.test/why".to_owned()),
    };
    assert_eq!(denied, expected);
}

#[test]
fn the_issuer_is_compared_by_rule() {
    use IssRule::{CompareIfPresent, Ignore, Required};
    let ours = Some("https://as.test");
    let table = [
        ("", ours, CompareIfPresent, true),
        ("", None, CompareIfPresent, true),
        ("&iss=https://as.test", ours, CompareIfPresent, true),
        ("&iss=https://evil.test", None, CompareIfPresent, true),
        ("&iss=https://evil.test", ours, CompareIfPresent, false),
        ("&iss=https://as.test/", ours, CompareIfPresent, false),
        ("&iss=https://AS.test", ours, CompareIfPresent, false),
        ("&iss=https%3A%2F%2Fas.test", ours, Required, true),
        ("", ours, Required, false),
        ("&iss=", ours, Required, false),
        ("&iss=https://as.test", None, Required, false),
        ("&iss=https://evil.test", ours, Ignore, true),
    ];
    for (iss, issuer, rule, accepted) in table {
        for result in ["code=c", "error=e"] {
            let verdict = read_with(&format!("{result}&state={{state}}{iss}"), issuer, rule);
            let refused = matches!(verdict, Callback::WrongIssuer(_));
            assert_eq!(!refused, accepted, "{result} {iss} {issuer:?} {rule:?}");
        }
    }
}

#[test]
fn a_wrong_issuer_without_the_state_does_not_abort() {
    let verdict = read_with(
        "code=c&state=x&iss=https://evil.test",
        Some("https://as.test"),
        IssRule::Required,
    );
    assert!(matches!(verdict, Callback::NotOurs(NotOurs::StateMismatch)));
}
