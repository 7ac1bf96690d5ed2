use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::*;
use crate::client::ClientAuth;
use crate::token_request::BodyFormat;

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn authorization(expires_in: u64, interval: u64) -> DeviceAuthorization {
    DeviceAuthorization {
        device_code: DeviceCode::new("d"),
        user_code: "A".to_owned(),
        verification_uri: "https://as.test/".to_owned(),
        verification_uri_complete: None,
        expires_in: seconds(expires_in),
        interval: seconds(interval),
    }
}

/// The waits before each poll, where each is answered at once; then how it ended, if it did.
fn waits(
    authorization: &DeviceAuthorization,
    patience: Option<u64>,
    answers: impl IntoIterator<Item = DeviceAnswer>,
) -> (Vec<u64>, String) {
    let mut step = DevicePolling::begin(authorization, patience.map(seconds));
    let mut answers = answers.into_iter();
    let (mut waits, mut elapsed) = (Vec::new(), Duration::ZERO);
    while let DeviceStep::Ask { wait, polling } = step {
        waits.push(wait.as_secs());
        let Some(answer) = answers.next() else {
            return (waits, "goes on".to_owned());
        };
        elapsed += wait;
        step = polling.after(answer, elapsed);
    }
    let end = match step {
        DeviceStep::Granted(_) => "granted".to_owned(),
        DeviceStep::Ended(end) => format!("{end:?}"),
        DeviceStep::Ask { .. } => unreachable!("the loop has ended"),
    };
    (waits, end)
}

use DeviceAnswer::{NoAnswer, Pending};

fn slow_down(interval: Option<u64>) -> DeviceAnswer {
    DeviceAnswer::SlowDown {
        interval: interval.map(seconds),
    }
}

fn unavailable(status: u16, retry_after: Option<u64>) -> DeviceAnswer {
    DeviceAnswer::Unavailable {
        status,
        retry_after: retry_after.map(seconds),
    }
}

#[test]
fn slow_down_is_kept() {
    let table = [
        (vec![Pending, Pending], vec![5, 5, 5]),
        (
            vec![slow_down(None), Pending, slow_down(None), Pending],
            vec![5, 10, 10, 15, 15],
        ),
        (vec![slow_down(Some(30)), Pending], vec![5, 30, 30]),
        // A server that names less than the rule is not followed down.
        (vec![slow_down(Some(1)), Pending], vec![5, 10, 10]),
        (
            vec![NoAnswer, NoAnswer, Pending, NoAnswer],
            vec![5, 10, 20, 5, 10],
        ),
        (
            vec![NoAnswer, NoAnswer, NoAnswer, NoAnswer, NoAnswer],
            vec![5, 10, 20, 40, 60, 60],
        ),
        (
            vec![unavailable(503, None), unavailable(503, Some(33))],
            vec![5, 10, 33],
        ),
        (vec![unavailable(429, None), Pending], vec![5, 20, 10]),
        (vec![unavailable(503, Some(0)), Pending], vec![5, 10, 5]),
    ];
    for (answers, expected) in table {
        let told = format!("{answers:?}");
        let (waits, end) = waits(&authorization(900, 5), None, answers);
        assert_eq!((waits, end.as_str()), (expected, "goes on"), "{told}");
    }
}

#[test]
fn it_ends_in_time() {
    let forever = || std::iter::repeat_with(|| Pending);
    let ends = |expires, interval, patience| {
        let (waits, end) = waits(&authorization(expires, interval), patience, forever());
        (waits.len(), end)
    };
    assert_eq!(ends(900, 5, None), (180, "Expired".to_owned()));
    assert_eq!(ends(900, 5, Some(60)), (12, "OutOfPatience".to_owned()));
    assert_eq!(ends(60, 5, Some(900)), (12, "Expired".to_owned()));
    // One poll is sent even by the most impatient, unless the code is dead by then.
    assert_eq!(ends(900, 5, Some(0)), (1, "OutOfPatience".to_owned()));
    assert_eq!(ends(4, 5, None), (0, "Expired".to_owned()));
    let hurried = [slow_down(Some(u64::MAX))];
    let (count, end) = waits(&authorization(900, 5), None, hurried);
    assert_eq!((count.len(), end.as_str()), (1, "Expired"));
}

#[test]
fn the_answers_are_told_apart() {
    let read = |status, headers: &[(&str, &str)], body: &str| {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let response = HttpResponse::new(status, headers, body.into());
        let answer = read_device_token_response(
            &response,
            &TokenResponseRules::default(),
            SystemTime::UNIX_EPOCH,
        );
        format!("{answer:?}")
    };
    let pending = r#"{"error":"authorization_pending","error_description":"wait"}"#;
    let table = [
        (400, pending, "Pending"),
        (200, pending, "Pending"),
        (428, pending, "Pending"),
        (200, "error=authorization_pending&error_uri=x", "Pending"),
        (
            400,
            r#"{"error":"slow_down"}"#,
            "SlowDown { interval: None }",
        ),
        (
            200,
            r#"{"error":"slow_down","interval":10}"#,
            "SlowDown { interval: Some(10s) }",
        ),
        (
            400,
            r#"{"error":"access_denied"}"#,
            "Denied { error: \"access_denied\", description: None }",
        ),
        (
            400,
            r#"{"error":"authorization_declined"}"#,
            "Denied { error: \"authorization_declined\", description: None }",
        ),
        (400, r#"{"error":"expired_token"}"#, "Expired"),
        (
            503,
            pending,
            "Unavailable { status: 503, retry_after: None }",
        ),
        (
            200,
            "<html>",
            "Unavailable { status: 200, retry_after: None }",
        ),
    ];
    for (status, body, expected) in table {
        assert_eq!(read(status, &[], body), expected, "{status} {body}");
    }
    let late = read(429, &[("retry-after", "7")], pending);
    assert_eq!(late, "Unavailable { status: 429, retry_after: Some(7s) }");
    for (status, body) in [
        (400, r#"{"error":"invalid_grant"}"#),
        (401, r#"{"error":"invalid_client"}"#),
        (302, pending),
        (400, "nonsense"),
        (200, r#"{"access_token":"a b"}"#),
        (200, "{}"),
    ] {
        let answer = read(status, &[], body);
        assert!(answer.starts_with("Failed("), "{status} {body}: {answer}");
    }
    let granted = read(200, &[], r#"{"access_token":"t","token_type":"bearer"}"#);
    assert!(granted.starts_with("Granted("), "{granted}");
}

#[test]
fn the_request_is_that_of_the_rfc() {
    let endpoint = TokenEndpoint {
        url: "https://as.test/token".parse().expect("test URL"),
        format: BodyFormat::Form,
        params: vec![("device_code".to_owned(), "evil".to_owned())],
    };
    let client = Client {
        id: "1406020730".to_owned(),
        secret: None,
        auth: ClientAuth::None,
        id_param: "client_id".to_owned(),
    };
    let code = DeviceCode::new("GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS");
    let request = device_token_request(&endpoint, &client, &code);
    assert_eq!(
        request.body().expect("a body").expose_secret(),
        b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code\
          &device_code=GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS&client_id=1406020730"
    );
    assert!(!format!("{request:?}{code:?}").contains("GmRh"));
}

fn any_answer() -> impl Strategy<Value = DeviceAnswer> {
    let time = proptest::option::of(any::<u32>().prop_map(|n| seconds(n.into())));
    prop_oneof![
        Just(()).prop_map(|()| Pending),
        Just(()).prop_map(|()| NoAnswer),
        time.clone()
            .prop_map(|interval| DeviceAnswer::SlowDown { interval }),
        (any::<u16>(), time).prop_map(|(status, retry_after)| DeviceAnswer::Unavailable {
            status,
            retry_after,
        }),
    ]
}

proptest! {
    #[test]
    fn no_wait_is_shorter_than_what_was_asked_for_nor_ends_too_late(
        expires in 1..100_000_u64,
        interval in 1..600_u64,
        patience in proptest::option::of(0..100_000_u64),
        answers in proptest::collection::vec(any_answer(), 0..60),
    ) {
        let authorization = authorization(expires, interval);
        let mut step = DevicePolling::begin(&authorization, patience.map(seconds));
        let (mut least, mut elapsed) = (seconds(interval), Duration::ZERO);
        for answer in answers {
            let DeviceStep::Ask { wait, polling } = step else { break };
            prop_assert!(wait >= least);
            elapsed += wait;
            prop_assert!(elapsed <= authorization.expires_in);
            if let DeviceAnswer::SlowDown { interval } = &answer {
                least = (least + SLOWER).max(interval.unwrap_or_default());
            }
            step = polling.after(answer, elapsed);
        }
    }
}
