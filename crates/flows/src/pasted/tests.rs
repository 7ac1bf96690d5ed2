use super::*;
use crate::callback::IssRule;
use crate::state::State;

fn judge(text: &str, bare_code: BareCode) -> Result<String, NotPasted> {
    let state = State::from_entropy([7; 32]);
    let expected = ExpectedCallback {
        state: &state,
        issuer: Some("https://as.test"),
        iss_rule: IssRule::CompareIfPresent,
    };
    let text = text.replace("STATE", state.expose());
    read_pasted(&text, &expected, bare_code).map(|callback| match callback {
        // EXPOSE: compared in a test.
        Callback::Code(granted) => granted.code.expose().to_owned(),
        Callback::Denied(denied) => format!("denied: {}", denied.error),
        other => format!("{other:?}"),
    })
}

#[test]
fn an_address_counts_with_the_right_state_whatever_is_around_it() {
    for text in [
        "https://localhost:27149/callback?code=a%2Fb&state=STATE",
        "  <http://127.0.0.1:1/callback?state=STATE&code=a/b#frag>\n",
        "localhost:27149/callback?code=a/b&state=STATE",
        "?code=a/b&state=STATE",
        "code=a/b&state=STATE",
        "\"app://done?code=a/b&state=STATE&iss=https://as.test\"",
        "a/b#STATE",
    ] {
        for bare_code in [BareCode::Accepted, BareCode::Refused] {
            assert_eq!(judge(text, bare_code).as_deref(), Ok("a/b"), "{text}");
        }
    }
    let denied = judge(
        "https://x/?error=access_denied&state=STATE",
        BareCode::Refused,
    );
    assert_eq!(denied.as_deref(), Ok("denied: access_denied"));
    let wrong = judge(
        "https://x/?code=c&state=STATE&iss=https://evil.test",
        BareCode::Refused,
    );
    assert!(wrong.is_ok_and(|text| text.starts_with("WrongIssuer")));
}

#[test]
fn a_code_alone_counts_with_pkce_only() {
    for (text, code) in [
        ("4/0AX-y_z", "4/0AX-y_z"),
        (" 4%2F0AX+y= ", "4/0AX+y="),
        ("a&b", "a&b"),
        ("x", "x"),
    ] {
        assert_eq!(
            judge(text, BareCode::Accepted).as_deref(),
            Ok(code),
            "{text}"
        );
        assert_eq!(
            judge(text, BareCode::Refused),
            Err(NotPasted::BareCode),
            "{text}"
        );
    }
}

#[test]
fn all_else_is_refused_and_named() {
    let long = "c".repeat(MAX_CODE + 1);
    let table = [
        (" \n\t", NotPasted::Empty),
        ("https://as.test/authorize", NotPasted::NoResult),
        (
            "https://as.test/authorize?client_id=x&state=STATE",
            NotPasted::NoResult,
        ),
        ("https://x/?code=a", NotPasted::OtherLogin),
        ("https://x/?code=a&state=other", NotPasted::OtherLogin),
        ("https://x/?error=access_denied", NotPasted::OtherLogin),
        ("code=a&state=STATE&state=STATE", NotPasted::Unreadable),
        ("https://x/?code=a%0a&state=STATE", NotPasted::Unreadable),
        ("a#other", NotPasted::OtherLogin),
        ("no idea", NotPasted::NotACode),
        ("c\u{fc}", NotPasted::NotACode),
        ("a%0Ab", NotPasted::NotACode),
        (&long, NotPasted::NotACode),
    ];
    for (text, why) in table {
        assert_eq!(judge(text, BareCode::Accepted), Err(why), "{text}");
    }
}

#[test]
fn any_bytes_are_judged_without_a_panic() {
    let pieces = [
        "?", "#", "&", "=", "%", "%2", "%ff", "code", "state", "STATE", "\u{0}", "é", "+", "://",
        " ",
    ];
    let mut let_in = 0;
    for seed in 0..20_000_usize {
        let text: String = (0..6)
            .map(|at| pieces[(seed.wrapping_mul(0x9e37_79b9) >> (5 * at)) % pieces.len()])
            .collect();
        // Without PKCE, nothing counts that does not hold the state.
        let judged = judge(&text, BareCode::Refused);
        assert!(judged.is_err() || text.contains("STATE"), "{text}");
        // The negative control: with it, some texts do.
        let judged = judge(&text, BareCode::Accepted);
        let_in += usize::from(judged.is_ok() && !text.contains("STATE"));
    }
    assert!(let_in > 0);
}
