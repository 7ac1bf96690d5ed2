use http::Request;

use super::*;

fn cleaned(version: Version, headers: &[(&str, &str)]) -> Result<Vec<String>, Code> {
    let mut request = Request::get("/").version(version);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (mut parts, ()) = request.body(()).expect("a request").into_parts();
    clean(&mut parts).map_err(|refusal| refusal.code)?;
    let left = parts.headers.iter();
    let mut left: Vec<String> = left
        .map(|(name, value)| format!("{name}: {}", value.to_str().expect("text")))
        .collect();
    left.sort();
    Ok(left)
}

#[test]
fn what_is_for_one_hop_stays_there() {
    let left = cleaned(
        Version::HTTP_11,
        &[
            ("Connection", "close, X-Hop,, Authorization"),
            ("connection", "x-other"),
            ("X-Hop", "1"),
            ("x-other", "2"),
            ("Authorization", "3"),
            ("Keep-Alive", "timeout=5"),
            ("Proxy-Authorization", "Basic x"),
            ("Proxy-Connection", "keep-alive"),
            ("Proxy-Anything", "x"),
            ("Authkeep-Connection", "github"),
            ("HTTP2-Settings", "x"),
            ("TE", "gzip"),
            ("Content-Length", "3"),
            ("Accept", "*/*"),
            ("Trailer", "x-sum"),
        ],
    );
    assert_eq!(
        left,
        Ok(["accept: */*", "content-length: 3", "trailer: x-sum"]
            .map(str::to_owned)
            .to_vec())
    );
}

#[test]
fn what_the_next_hop_needs_is_written_anew() {
    let h1 =
        |headers: &[(&str, &str)]| cleaned(Version::HTTP_11, headers).map(|left| left.join("; "));
    let ok = |text: &str| Ok(text.to_owned());
    let websocket = [
        ("Connection", "keep-alive, Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Key", "k"),
    ];
    assert_eq!(
        h1(&websocket),
        ok("connection: upgrade; sec-websocket-key: k; upgrade: websocket")
    );
    assert_eq!(h1(&websocket[1..2]), ok(""));
    assert_eq!(
        h1(&[("TE", "gzip, Trailers")]),
        ok("connection: te; te: trailers")
    );
    assert_eq!(
        h1(&[("Transfer-Encoding", "chunked")]),
        ok("transfer-encoding: chunked")
    );
    let h2 = cleaned(Version::HTTP_2, &[("te", "trailers")]);
    assert_eq!(h2, Ok(vec!["te: trailers".to_owned()]));
}

#[test]
fn what_could_be_read_in_two_ways_is_refused() {
    for headers in [
        &[("content-length", "1"), ("content-length", "1")][..],
        &[("content-length", "1, 1")],
        &[("content-length", "+1")],
        &[("content-length", "0x1")],
        &[("content-length", "1"), ("transfer-encoding", "chunked")],
        &[("transfer-encoding", "gzip, chunked")],
        &[
            ("transfer-encoding", "chunked"),
            ("transfer-encoding", "chunked"),
        ],
        &[("transfer-encoding", "xchunked")],
        &[("connection", "content-length"), ("content-length", "1")],
        &[("connection", "Host")],
    ] {
        assert_eq!(
            cleaned(Version::HTTP_11, headers),
            Err(Code::BadRequest),
            "{headers:?}"
        );
    }
    let chunked = [("transfer-encoding", "chunked")];
    assert_eq!(cleaned(Version::HTTP_2, &chunked), Err(Code::BadRequest));
    for protocol in [
        "h2c",
        "H2C",
        "h2c, websocket",
        "websocket, h2c",
        "HTTP/2.0",
        "TLS/1.0",
    ] {
        let headers = [("connection", "upgrade"), ("upgrade", protocol)];
        assert_eq!(
            cleaned(Version::HTTP_11, &headers),
            Err(Code::Denied),
            "{protocol}"
        );
    }
}

#[test]
fn answers_lose_what_is_for_one_hop_and_keep_what_they_say() {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("connection", "keep-alive, x-hop, content-length"),
        ("keep-alive", "timeout=5"),
        ("x-hop", "1"),
        ("proxy-authenticate", "Basic"),
        ("content-length", "3"),
        ("authkeep-x", "theirs"),
        ("x-authkeep-error", "ours"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    clean_response(&mut headers);
    let mut left: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
    left.sort_unstable();
    assert_eq!(left, ["authkeep-x", "content-length"]);
}
