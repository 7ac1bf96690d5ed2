use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use http_body::{Body, Frame};
use proptest::prelude::*;

use super::*;

const SECRET: &str = "cnry_0f1e2d3c4b5a69788796a5b4c3d2e1f0";

fn secrets(texts: &[&str]) -> Secrets {
    let mut secrets = Secrets::default();
    for text in texts {
        secrets.push(SecretString::from(*text));
    }
    secrets
}

/// Every byte of every occurrence, the slow way.
fn expected(text: &[u8], secrets: &[&str]) -> Vec<u8> {
    let mut clean = text.to_vec();
    for secret in secrets.iter().map(|secret| secret.as_bytes()) {
        for at in 0..text.len() {
            if text[at..].starts_with(secret) {
                clean[at..at + secret.len()].fill(b'*');
            }
        }
    }
    clean
}

fn streamed<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, secrets: Secrets) -> Vec<u8> {
    let mut redactor = Redactor::new(secrets);
    let mut clean = Vec::new();
    for piece in pieces {
        clean.extend_from_slice(&redactor.push(Bytes::copy_from_slice(piece)));
    }
    clean.extend_from_slice(&redactor.finish());
    clean
}

/// The control: each piece by itself.
fn piece_by_piece<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, secret: &str) -> Vec<u8> {
    let clean = |piece: &[u8]| expected(piece, &[secret]);
    pieces.into_iter().flat_map(clean).collect()
}

#[test]
fn a_secret_is_found_wherever_it_is_cut() {
    let text = format!("{{\"echo\":\"{SECRET}\",\"again\":\"Bearer {SECRET}{SECRET}\"}}");
    let (text, clean) = (text.as_bytes(), expected(text.as_bytes(), &[SECRET]));
    let mut missed_by_the_control = 0;
    for first in 0..=text.len() {
        for second in first..=text.len() {
            let pieces = [&text[..first], &text[first..second], &text[second..]];
            assert_eq!(
                streamed(pieces, secrets(&[SECRET])),
                clean,
                "{first} {second}"
            );
            missed_by_the_control += usize::from(piece_by_piece(pieces, SECRET) != clean);
        }
    }
    assert!(
        missed_by_the_control > 1000,
        "the control missed {missed_by_the_control}"
    );
    let bytes = text.chunks(1);
    assert_eq!(streamed(bytes, secrets(&[SECRET])), clean);
}

#[test]
fn twenty_encodings_of_which_the_plain_ones_are_covered() {
    let covered: Vec<&str> = encodings()
        .into_iter()
        .filter(|(_, encoded)| {
            let text = [b"<", encoded.as_slice(), b">"].concat();
            let cut = text.len() / 2;
            let clean = streamed([&text[..cut], &text[cut..]], secrets(&[SECRET]));
            clean != text
        })
        .map(|(name, _)| name)
        .collect();
    assert_eq!(encodings().len(), 20);
    // The manual says so: text as it was sent, and no other form of it.
    assert_eq!(
        covered,
        [
            "raw",
            "in JSON",
            "percent-encoded",
            "in HTML",
            "in a URL",
            "in latin-1"
        ]
    );
}

fn encodings() -> Vec<(&'static str, Vec<u8>)> {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let bytes = SECRET.as_bytes();
    let each = |write: fn(u8) -> String| SECRET.bytes().map(write).collect::<String>().into_bytes();
    let utf16 =
        |write: fn(u16) -> [u8; 2]| SECRET.encode_utf16().flat_map(write).collect::<Vec<u8>>();
    let rot13 = |b: u8| match b {
        b'a'..=b'z' => (b - b'a' + 13) % 26 + b'a',
        other => other,
    };
    vec![
        ("raw", bytes.to_vec()),
        ("in JSON", serde_json::to_vec(SECRET).unwrap()),
        (
            "percent-encoded",
            percent_encoding::percent_encode(bytes, percent_encoding::CONTROLS)
                .to_string()
                .into_bytes(),
        ),
        ("percent-encoded throughout", each(|b| format!("%{b:02X}"))),
        ("in HTML", format!("<p>{SECRET}</p>").into_bytes()),
        ("as HTML character references", each(|b| format!("&#{b};"))),
        (
            "in a URL",
            format!("https://x.example/?k={SECRET}").into_bytes(),
        ),
        ("in latin-1", [b"\xe4", bytes].concat()),
        ("as JSON escapes", each(|b| format!("\\u{b:04x}"))),
        ("base64", STANDARD.encode(SECRET).into_bytes()),
        ("base64url", URL_SAFE_NO_PAD.encode(SECRET).into_bytes()),
        ("hexadecimal", each(|b| format!("{b:02x}"))),
        ("upper case", SECRET.to_ascii_uppercase().into_bytes()),
        ("reversed", SECRET.bytes().rev().collect()),
        ("rot13", SECRET.bytes().map(rot13).collect()),
        ("UTF-16LE", utf16(u16::to_le_bytes)),
        ("UTF-16BE", utf16(u16::to_be_bytes)),
        ("in groups", each(|b| format!("{} ", char::from(b)))),
        ("quoted-printable", each(|b| format!("={b:02X}"))),
        (
            "in two fields",
            format!("{}\",\"{}", &SECRET[..20], &SECRET[20..]).into_bytes(),
        ),
    ]
}

#[test]
fn what_holds_no_secret_is_the_same_memory() {
    let mut redactor = Redactor::new(secrets(&[SECRET]));
    let text = Bytes::from(b"data: {\"x\":\"cnry\"}\n\n".to_vec());
    let out = redactor.push(text.clone());
    assert_eq!(out.as_ptr(), text.as_ptr());
    assert_eq!((out.len(), redactor.held()), (text.len(), 0));
    // Only the end that may go on is held back, and it is the same memory too.
    let text = Bytes::from(b"data: cnry_0f".to_vec());
    assert_eq!(redactor.push(text.clone()).as_ptr(), text.as_ptr());
    assert_eq!(redactor.held(), 7);
    assert_eq!(&redactor.finish()[..], b"cnry_0f");
}

#[test]
fn short_secrets_are_left_alone_and_debug_shows_none() {
    let known = secrets(&["short77", "longer78", "longer78"]);
    assert_eq!(
        streamed([&b"short77 longer78"[..]], known.clone()),
        b"short77 ********"
    );
    let shown = format!("{:?} {:?}", known, Redactor::new(known.clone()));
    assert!(
        shown.starts_with("Secrets(1) ") && !shown.contains("longer78"),
        "{shown}"
    );
}

#[test]
fn headers_are_looked_through() {
    let mut headers = HeaderMap::new();
    headers.insert(
        "x-echo",
        HeaderValue::from_str(&format!("Bearer {SECRET}!")).unwrap(),
    );
    headers.insert("x-other", HeaderValue::from_static("other"));
    secrets(&[SECRET]).redact_headers(&mut headers);
    assert_eq!(
        headers["x-echo"],
        format!("Bearer {}!", "*".repeat(SECRET.len()))
    );
    assert_eq!(headers["x-other"], "other");
}

#[test]
fn compressed_answers_and_grpc_are_not_touched() {
    let applies = |pairs: &[(&'static str, &'static str)]| {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        secrets(&[SECRET]).apply_to(&headers)
    };
    assert!(applies(&[]) && applies(&[("content-type", "text/event-stream")]));
    // What no client takes for a compression is none, so the secret in it can be read.
    for plain in ["Identity", "", "utf-8", "none", "identity, utf-8"] {
        assert!(applies(&[("content-encoding", plain)]), "{plain:?}");
    }
    for pair in [
        ("content-encoding", "gzip"),
        ("content-encoding", "identity, br"),
        ("content-encoding", "GZip"),
        ("content-encoding", "utf-8,zstd"),
        ("content-type", "application/grpc"),
        ("content-type", "Application/gRPC+proto"),
        ("content-type", "application/grpc-web"),
    ] {
        assert!(!applies(&[pair]), "{pair:?}");
    }
    assert!(!Secrets::default().apply_to(&HeaderMap::new()));
}

type Piece = Result<Frame<Bytes>, std::convert::Infallible>;

struct Frames(std::vec::IntoIter<Piece>);

impl Body for Frames {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Piece>> {
        Poll::Ready(self.0.next())
    }
}

#[test]
fn a_body_keeps_its_length_its_order_and_its_trailers() {
    let (start, end) = SECRET.split_at(9);
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", HeaderValue::from_str(SECRET).unwrap());
    let data = |text: &str| Ok(Frame::data(Bytes::copy_from_slice(text.as_bytes())));
    let frames = vec![
        data("a"),
        data(start),
        data(end),
        data("cnry_"),
        Ok(Frame::trailers(trailers)),
    ];
    let mut redacted = Redacted::new(Frames(frames.into_iter()), secrets(&[SECRET]));
    let mut context = Context::from_waker(Waker::noop());
    let mut seen = Vec::new();
    while let Poll::Ready(Some(frame)) = Pin::new(&mut redacted).poll_frame(&mut context) {
        let Ok(frame) = frame;
        seen.push(match frame.into_data() {
            Ok(data) => String::from_utf8(data.to_vec()).unwrap(),
            Err(frame) => format!("{:?}", frame.into_trailers().unwrap()["x-sum"]),
        });
    }
    let stars = "*".repeat(SECRET.len());
    assert_eq!(
        seen,
        [
            "a".to_owned(),
            stars.clone(),
            "cnry_".to_owned(),
            format!("{stars:?}")
        ]
    );
    assert!(Pin::new(&mut redacted).poll_frame(&mut context).is_ready());

    let whole = http_body_util::Full::new(Bytes::from(format!("{SECRET}cnr")));
    let mut whole = Redacted::new(whole, secrets(&[SECRET]));
    assert_eq!(whole.size_hint().exact(), Some(40));
    let Poll::Ready(Some(Ok(_))) = Pin::new(&mut whole).poll_frame(&mut context) else {
        panic!("there is data");
    };
    assert_eq!(
        (whole.size_hint().exact(), whole.is_end_stream()),
        (Some(3), false)
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn where_it_is_cut_makes_no_difference(
        text in "(aab|ab|aabaab|b|aabaabaab|bbbbbbbb){0,40}",
        cuts in prop::collection::vec(0..400usize, 0..8),
    ) {
        // Secrets that begin within each other and within themselves.
        let known = ["aabaabaab", "baabaabaabbb", "bbbbbbbb"];
        let text = text.as_bytes();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|cut| &text[cut[0]..cut[1]]);
        prop_assert_eq!(streamed(pieces, secrets(&known)), expected(text, &known));
    }
}
