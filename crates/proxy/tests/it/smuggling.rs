//! Bytes that the sidecar and a server could take for different requests.

use std::time::Duration;

use http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::stage::Stage;
use crate::stage::client::status;

/// Each is sent behind a good request on a connection of its own, with `@` for the host and `#` for the placeholder;
/// what hides in it asks for `/hidden`, which nobody has authorised.
fn vectors() -> Vec<String> {
    const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: @\r\nAuthorization: Bearer #\r\n\r\n";
    let mut vectors = Vec::new();
    let mut add = |headers: &str, body: &str| {
        vectors.push(format!(
            "POST /seen HTTP/1.1\r\nHost: @\r\n{headers}\r\n{body}"
        ));
    };
    let length = HIDDEN.len() + 20;
    // Two ways to say where the body ends.
    for encoding in [
        "Transfer-Encoding: chunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding:\tchunked",
        "Transfer-Encoding: chunked ",
        "transfer-encoding: CHUNKED",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunkedx",
        "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding: ,chunked",
        "Transfer-Encoding: chunked,",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding:\r\n chunked",
        "Transfer-Encoding: \x0bchunked",
        "Transfer-Encoding: \x0cchunked",
        "Transfer-Encoding: chunked\x00",
        "X: y\nTransfer-Encoding: chunked",
        "X: y\rTransfer-Encoding: chunked",
        "Transfer_Encoding: chunked",
        "Transfer-Encoding\x00: chunked",
        "\x20Transfer-Encoding: chunked",
        "\tTransfer-Encoding: chunked",
    ] {
        for lengths in [
            "Content-Length: 4\r\n",
            &format!("Content-Length: {length}\r\n"),
        ] {
            add(
                &format!("{lengths}{encoding}\r\n"),
                &format!("0\r\n\r\n{HIDDEN}"),
            );
            add(
                &format!("{encoding}\r\n{lengths}"),
                &format!("0\r\n\r\n{HIDDEN}"),
            );
        }
    }
    for lengths in [
        "Content-Length: 0\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 0",
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 0, 5",
        "Content-Length: 5, 5",
        "Content-Length: +5",
        "Content-Length: -5",
        "Content-Length: 0x5",
        "Content-Length: 5 ",
        "Content-Length: 05",
        "Content-Length: 5;a",
        "Content-Length: 5 5",
        "Content-Length: \"5\"",
        "Content-Length: 5.0",
        "Content-Length: 1_0",
        "Content-Length:",
        "Content-Length: ",
        "Content-Length : 5",
        "Content-Length\t: 5",
        " Content-Length: 5",
        "Content-Length:\r\n 5",
        "Content-Length: 18446744073709551616",
        "Content-Length: 18446744073709551621",
        "Content-Length: 99999999999999999999999",
        "Content-Length: ５",
        "X: y\nContent-Length: 5",
        "X: y\rContent-Length: 5",
    ] {
        add(&format!("{lengths}\r\n"), HIDDEN);
    }
    // What chunks may look like.
    for chunks in [
        "0;a\r\n\r\n",
        "0;a=\"\n\"\r\n\r\n",
        "0 \r\n\r\n",
        " 0\r\n\r\n",
        "0x0\r\n\r\n",
        "+0\r\n\r\n",
        "-1\r\n\r\n",
        "00000000000000000\r\n\r\n",
        "FFFFFFFFFFFFFFFFF\r\n\r\n",
        "0\n\r\n",
        "0\n\n",
        "0\r\n\n",
        "0\r\r\n\r\n",
        "5\r\nhelloX\r\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "\r\n0\r\n\r\n",
        "0\r\nX : y\r\n\r\n",
        "0\r\nContent-Length: 5\r\n\r\n",
        "0\r\n X: y\r\n\r\n",
        "0_0\r\n\r\n",
        "0,0\r\n\r\n",
    ] {
        add(
            "Transfer-Encoding: chunked\r\n",
            &format!("{chunks}{HIDDEN}"),
        );
    }
    // Other forms of a request.
    for start in [
        "GET /seen\r\n",
        "GET /seen HTTP/0.9\r\nHost: @\r\n\r\n",
        "GET  /seen HTTP/1.1\r\nHost: @\r\n\r\n",
        "GET /seen  HTTP/1.1\r\nHost: @\r\n\r\n",
        "GET /seen HTTP/1.1 \r\nHost: @\r\n\r\n",
        "GET\t/seen HTTP/1.1\r\nHost: @\r\n\r\n",
        "GET /seen HTTP/1.2\r\nHost: @\r\n\r\n",
        "GET /seen HTTP/2.0\r\nHost: @\r\n\r\n",
        "GET /seen http/1.1\r\nHost: @\r\n\r\n",
        "GET /seen HTTP/1.1\nHost: @\n\n",
        "GET /seen HTTP/1.1\r\nHost: @\n\r\n",
        "GET /se\x00en HTTP/1.1\r\nHost: @\r\n\r\n",
        "GET /se\x01en HTTP/1.1\r\nHost: @\r\n\r\n",
        "GET /se\x7fen HTTP/1.1\r\nHost: @\r\n\r\n",
        "G\x01T /seen HTTP/1.1\r\nHost: @\r\n\r\n",
        "GET /seen HTTP/1.1\r\nHost: @\r\nX\x00: y\r\n\r\n",
        "GET /seen HTTP/1.1\r\nHost: @\r\nX: y\x00\r\n\r\n",
        "GET /seen HTTP/1.1\r\nHost: @\r\nX: y\r\n folded\r\n\r\n",
        "GET /seen HTTP/1.1\r\nHost: @\r\n: y\r\n\r\n",
        "GET /seen HTTP/1.1\r\nHost: @\r\nX\r\n\r\n",
        "POST /seen HTTP/1.0\r\nHost: @\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        vectors.push(format!("{start}{HIDDEN}"));
    }
    vectors
}

/// Sends a good request and `bytes` after it; returns all that came back.
async fn send(stage: &Stage, bytes: &str) -> Vec<u8> {
    let allowed = stage.allowed();
    let fill = |text: &str| text.replace('@', &allowed).replace('#', &stage.placeholder);
    let good = fill("GET /good HTTP/1.1\r\nHost: @\r\nAuthorization: Bearer #\r\n\r\n");
    let mut tls = stage.client().tls(&allowed, &["http/1.1"]).await.unwrap();
    drop(
        tls.write_all(format!("{good}{}", fill(bytes)).as_bytes())
            .await,
    );
    let mut answer = Vec::new();
    // All are hung up on: what would wait for more of a body has been misunderstood.
    drop(timeout(Duration::from_secs(10), tls.read_to_end(&mut answer)).await);
    answer
}

#[tokio::test]
async fn no_request_reaches_the_server_that_was_hidden_in_another() {
    let stage = Stage::new().await;
    let vectors = vectors();
    let mut refused = 0;
    for (at, vector) in vectors.iter().enumerate() {
        let vector = vector.replace("/hidden", &format!("/hidden/{at}"));
        let answer = send(&stage, &vector).await;
        let text = String::from_utf8_lossy(&answer);
        assert_eq!(status(&answer), StatusCode::OK, "the good one: {vector:?}");
        refused += usize::from(text.contains("HTTP/1.1 4"));
    }
    // None of these has a reading in which the hidden request is one: nobody has authorised it.
    let targets = stage
        .allowed
        .requests()
        .into_iter()
        .map(|request| request.uri);
    let hidden: Vec<String> = targets
        .filter(|target| target.starts_with("/hidden"))
        .collect();
    let which = |target: &String| target.rsplit('/').next()?.parse().ok();
    let which = hidden
        .iter()
        .filter_map(which)
        .map(|at: usize| &vectors[at]);
    assert_eq!(which.collect::<Vec<_>>(), Vec::<&String>::new());
    // The control: two requests that are just that.
    let two = "POST /seen HTTP/1.1\r\nHost: @\r\nContent-Length: 3\r\n\r\nabcGET /hidden HTTP/1.1\r\nHost: @\r\nConnection: close\r\n\r\n";
    let answer = send(&stage, two).await;
    assert_eq!(
        String::from_utf8_lossy(&answer)
            .matches("HTTP/1.1 200")
            .count(),
        3
    );
    let last = stage.allowed.requests().pop().unwrap();
    assert_eq!(
        (last.uri.as_str(), status(&answer)),
        ("/hidden", StatusCode::OK)
    );
    // Whatever was sent on is framed in one way only.
    for request in stage.allowed.requests() {
        let count = |name: &str| request.headers.get_all(name).iter().count();
        assert!(count("content-length") + count("transfer-encoding") <= 1);
    }
    println!(
        "figure: {} ways to hide a request: 0 reached the server, {refused} answered with 4xx",
        vectors.len()
    );
}
