//! Forged callbacks: none ends the login, none is taken for the real one.

use authkeep_flows::{Callback, ExpectedCallback, IssRule, State, read_callback};
use url::form_urlencoded;

use crate::canary::canary;
use crate::random::Random;

const FORGERIES: usize = 10_000;

/// The kinds of forgery, each made from the real query and its state.
const KINDS: usize = 18;

fn forge(kind: usize, real: &str, state: &str, random: &mut Random) -> String {
    let other = State::from_entropy(random.bytes()).expose().to_owned();
    let number = random.next();
    match kind {
        0 => format!("code=c{number}"),
        1 => format!("code=c{number}&state="),
        2 => format!("code=c{number}&state={other}"),
        3 => {
            let end_of_state = real.find(state).unwrap() + state.len();
            real[..random.below(end_of_state)].to_owned()
        }
        4 => real.replace(state, &state[..random.below(state.len())]),
        5 => real.replace(state, &state[1 + random.below(state.len() - 1)..]),
        6 => real.replace(state, &flip_case(state, random)),
        7 => format!("{real}&state={state}"),
        8 => format!("state={other}&{real}"),
        9 => format!("{real}&code=c{number}"),
        10 => format!("error=access_denied&x={number}"),
        11 => format!("error=server_error&error_description=d{number}&state={other}"),
        12 => real.replace(state, &format!("{state}{state}")),
        13 => real.replace(
            "state=",
            random.pick(&["State=", "STATE=", "state[]=", "%20state="]),
        ),
        14 => real.replace(
            state,
            &format!(
                "{state}{}",
                random.pick(&["%00", "+", "%0A", "=", "%C0%80", "\u{200b}"])
            ),
        ),
        15 => format!("{real}&st%61te={}", random.pick(&[state, other.as_str()])),
        16 => format!("{real}&error=access_denied&error=access_denied"),
        _ => format!("code=c{number}&redirect=https://evil.test/?state={state}"),
    }
}

fn flip_case(state: &str, random: &mut Random) -> String {
    let mut bytes = state.as_bytes().to_vec();
    loop {
        let at = random.below(bytes.len());
        if bytes[at].is_ascii_alphabetic() {
            bytes[at] ^= 0x20;
            return String::from_utf8(bytes).unwrap();
        }
    }
}

/// A login with its real callback, and the forgeries that come before it.
fn corpus() -> (State, String, Vec<(usize, String)>) {
    let mut random = Random::new(4);
    let state = State::from_entropy(random.bytes());
    let real = format!(
        "code={}&state={}&iss=https://as.test",
        canary(1),
        state.expose()
    );
    let forgeries = (0..FORGERIES)
        .map(|n| {
            (
                n % KINDS,
                forge(n % KINDS, &real, state.expose(), &mut random),
            )
        })
        .collect();
    (state, real, forgeries)
}

#[test]
fn ten_thousand_forgeries_and_then_the_real_one() {
    let (state, real, forgeries) = corpus();
    for iss_rule in [
        IssRule::Ignore,
        IssRule::CompareIfPresent,
        IssRule::Required,
    ] {
        let expected = ExpectedCallback {
            state: &state,
            issuer: Some("https://as.test"),
            iss_rule,
        };
        let mut ignored = 0;
        for (kind, query) in &forgeries {
            let verdict = read_callback(query, &expected);
            assert!(
                matches!(verdict, Callback::NotOurs(_)),
                "kind {kind}: {query}"
            );
            ignored += 1;
        }
        let Callback::Code(granted) = read_callback(&real, &expected) else {
            panic!("the real callback was not taken");
        };
        assert_eq!(granted.code.expose(), canary(1));
        println!("{iss_rule:?}: {ignored} forgeries ignored, 1 real callback taken");
    }
}

/// The control: readers without one of the defences each fall for a part of the same corpus.
#[test]
fn careless_readers_fall_for_the_forgeries() {
    let (state, _, forgeries) = corpus();
    let state = state.expose();
    let first = |query: &str, wanted: &str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.into_owned())
    };
    let fooled = |careless: &dyn Fn(&str) -> bool| {
        forgeries
            .iter()
            .filter(|(_, query)| careless(query))
            .count()
    };
    let searches_the_query = fooled(&|query| query.contains(state));
    let ignores_case =
        fooled(&|query| first(query, "state").is_some_and(|s| s.eq_ignore_ascii_case(state)));
    let accepts_a_prefix =
        fooled(&|query| first(query, "state").is_some_and(|s| state.starts_with(&s)));
    let takes_the_first_of_two = fooled(&|query| first(query, "state").is_some_and(|s| s == state));
    let aborts_on_any_error = fooled(&|query| first(query, "error").is_some());
    let table = [
        ("searches the query", searches_the_query),
        ("ignores case", ignores_case),
        ("accepts a prefix", accepts_a_prefix),
        ("takes the first of two", takes_the_first_of_two),
        ("aborts on any error", aborts_on_any_error),
    ];
    for (careless, fooled) in table {
        println!("a reader that {careless}: {fooled} of {FORGERIES}");
        assert!(fooled >= FORGERIES / KINDS, "{careless}: {fooled}");
    }
}
