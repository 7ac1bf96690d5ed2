//! The corpus.

/// What a smuggler wants the server to see.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

/// Requests with one reading, and what is in them.
pub(super) const GOOD: &[(&str, &[&str])] = &[
    ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", &["GET /"]),
    (
        "GET /\u{e4}?x=%20&{y} HTTP/1.1\r\nHost: a\r\n\r\n",
        &["GET /\u{e4}?x=%20&{y}"],
    ),
    (
        "GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n",
        &["GET http://b/x"],
    ),
    ("OPTIONS * HTTP/1.1\r\nHost:a\r\n\r\n", &["OPTIONS *"]),
    (
        "M-SEARCH / HTTP/1.1\r\nhOsT: \ta\t \r\nX:\r\nY: \u{e4}\tb\r\n\r\n",
        &["M-SEARCH /"],
    ),
    ("GET / HTTP/1.0\r\n\r\n", &["GET /"]),
    (
        "POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi",
        &["POST / hi"],
    ),
    (
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        &["POST /"],
    ),
    (
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\t13 \r\n\r\n\r\n\0 GET / \n\rx",
        &["POST / \r\n\0 GET / \n\rx"],
    ),
    (
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:  Chunked\t\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        &["POST / hi"],
    ),
    (
        "POST / HTTP/1.1\r\nTrailer: x-sum\r\nTransfer-Encoding: chunked\r\nHost: a\r\n\r\n00A\r\n0123456789\r\n1\r\n\n\r\n1\r\n!\r\n000\r\nx-sum: 1\r\n\r\n",
        &["POST / 0123456789\n!"],
    ),
    (
        "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1GET /2 HTTP/1.1\r\nHost: a\r\n\r\nPOST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n3\r\n0\r\n\r\nGET /4 HTTP/1.1\r\nHost: a\r\n\r\n",
        &["POST /1 1", "GET /2", "POST /3 3", "GET /4"],
    ),
    (
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n",
        &["GET /"],
    ),
    (
        "GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nX-Transfer-Encoding: gzip\r\n\r\n",
        &["GET /"],
    ),
];

/// Requests without one.
pub(super) fn bad() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    all.extend(transfer_encodings());
    all.extend(content_lengths());
    all.extend(both());
    all.extend(request_lines());
    all.extend(headers());
    all.extend(chunks());
    all.extend(too_long());
    all
}

/// A POST with these header lines and this body, and the smuggled request after it.
fn post(lines: &str, body: &str) -> Vec<u8> {
    format!("POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n{body}{SMUGGLED}").into_bytes()
}

fn transfer_encodings() -> Vec<Vec<u8>> {
    const VALUES: [&str; 28] = [
        "",
        "xchunked",
        "chunk",
        "chunkedd",
        "chunked, chunked",
        "chunked, identity",
        "identity, chunked",
        "identity",
        "gzip, chunked",
        "chunked, gzip",
        "gzip",
        "chunked;q=1",
        "chunked;",
        ",chunked",
        "chunked,",
        ", chunked",
        "\"chunked\"",
        "'chunked'",
        "chunked\u{b}",
        "\u{b}chunked",
        "\u{c}chunked",
        "chunked\0",
        "\0chunked",
        "c hunked",
        "chunked x",
        "cow",
        "\u{a0}chunked",
        "chun\u{212a}ed",
    ];
    const LINES: [&str; 20] = [
        "Transfer-Encoding : chunked",
        "Transfer-Encoding\t: chunked",
        " Transfer-Encoding: chunked",
        "\tTransfer-Encoding: chunked",
        "X: y\nTransfer-Encoding: chunked",
        "X: y\rTransfer-Encoding: chunked",
        "X: y\n\rTransfer-Encoding: chunked",
        "X: y\r\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding:\r\n chunked",
        "Transfer-Encoding:\r\n\tchunked",
        "Transfer-Encoding:\n chunked",
        "Transfer-\nEncoding: chunked",
        "Transfer-Encoding\0: chunked",
        "\0Transfer-Encoding: chunked",
        "Transfer_Encoding: chunked",
        "transfer_encoding: chunked",
        ":Transfer-Encoding: chunked",
        "Transfer-Encoding chunked",
        "Transfer\u{2010}Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    ];
    let values = VALUES
        .iter()
        .map(|value| format!("Transfer-Encoding: {value}"));
    let lines = values.chain(LINES.map(str::to_owned));
    lines.map(|line| post(&line, "0\r\n\r\n")).collect()
}

fn content_lengths() -> Vec<Vec<u8>> {
    const VALUES: [&str; 24] = [
        "",
        "+5",
        "-5",
        "0x5",
        "5,5",
        "5, 5",
        "5, 6",
        "5 5",
        "5;",
        "5.0",
        "5e0",
        "05",
        "0_5",
        "five",
        "5\0",
        "\x005",
        "\u{b}5",
        "5\u{c}",
        "18446744073709551616",
        "99999999999999999999999",
        "\u{665}",
        "5\rX: y",
        "5 0x",
        "\"5\"",
    ];
    const LINES: [&str; 12] = [
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 0",
        "Content-Length: 0\r\ncontent-length: 5",
        "Content-Length : 5",
        "Content-Length\t: 5",
        " Content-Length: 5",
        "Content_Length: 5",
        "Content-Length:\r\n 5",
        "Content-Length: 5\nX: y",
        "Content-Length\0: 5",
        "Content-Length: 0\r\n 5",
        "X: y\nContent-Length: 5",
    ];
    let values = VALUES
        .iter()
        .map(|value| format!("Content-Length: {value}"));
    let lines = values.chain(LINES.map(str::to_owned));
    lines.map(|line| post(&line, "hello")).collect()
}

fn both() -> Vec<Vec<u8>> {
    const LINES: [&str; 8] = [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 0\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 4",
        "Content-Length: 5\r\nTransfer-Encoding: identity",
        "Content-Length: 5\r\nTransfer_Encoding: chunked",
        "Content_Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nX: y\r\ntRANSFER-eNCODING: chunked",
    ];
    LINES.map(|line| post(line, "0\r\n\r\n")).to_vec()
}

fn request_lines() -> Vec<Vec<u8>> {
    const LINES: [&str; 37] = [
        "GET /",
        "GET / ",
        "GET",
        "",
        " ",
        "GET / HTTP/0.9",
        "GET / HTTP/1.2",
        "GET / HTTP/2.0",
        "GET / http/1.1",
        "GET / HTTP/1.1 ",
        "GET / HTTP/01.1",
        "GET / HTTP/1.10",
        "GET / HTTP/ 1.1",
        "GET / HTTP/1,1",
        "GET / ICY/1.1",
        "GET / HTTP/1",
        "GET / HTTP/1.1\u{b}",
        "GET  / HTTP/1.1",
        "GET /  HTTP/1.1",
        "GET\t/ HTTP/1.1",
        "GET /\tHTTP/1.1",
        " GET / HTTP/1.1",
        "\tGET / HTTP/1.1",
        "\0GET / HTTP/1.1",
        "GET\0 / HTTP/1.1",
        "G@T / HTTP/1.1",
        "GET/ / HTTP/1.1",
        "GET /a b HTTP/1.1",
        "GET /\0 HTTP/1.1",
        "GET /\u{1} HTTP/1.1",
        "GET /\u{7f} HTTP/1.1",
        "GET /#x HTTP/1.1",
        "GET  HTTP/1.1",
        "GET / HTTP/1.1\rX: y",
        "GET /\r HTTP/1.1",
        "G\u{c9}T / HTTP/1.1",
        "PRI * HTTP/2.0",
    ];
    let mut all: Vec<Vec<u8>> = LINES
        .iter()
        .map(|line| format!("{line}\r\nHost: a\r\n\r\n{SMUGGLED}").into_bytes())
        .collect();
    for whole in [
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\n",
        "GET / HTTP/1.1\nHost: a\n\n",
        "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n0\r\n\r\n",
        "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nContent-Length: 5\r\n\r\nhello",
        "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "\u{16}\u{3}\u{1}\r\n\r\n",
    ] {
        all.push(format!("{whole}{SMUGGLED}").into_bytes());
    }
    all
}

fn headers() -> Vec<Vec<u8>> {
    const LINES: [&str; 21] = [
        "X",
        "X y",
        ": y",
        " : y",
        "X : y",
        "X\t: y",
        "X: y\r\n z: 1",
        "X: y\r\n\tz",
        "X: \0",
        "X: y\u{1}",
        "X: y\u{7f}",
        "X: \u{1b}[2J",
        "X: y\rZ: 1",
        "X: y\nZ: 1",
        "X(y): 1",
        "X y: 1",
        "X\u{e4}: 1",
        "X\0: 1",
        "X/: 1",
        "\"X\": 1",
        " Host: b",
    ];
    LINES.map(|line| post(line, "")).to_vec()
}

fn chunks() -> Vec<Vec<u8>> {
    const BODIES: [&str; 40] = [
        "0;x\n\r\n",
        "5;x\nhello\r\n0\r\n\r\n",
        "5;x\r\nhello\r\n0\r\n\r\n",
        "5;x=1\r\nhello\r\n0\r\n\r\n",
        "5;x=\"\n\"\r\nhello\r\n0\r\n\r\n",
        "5;\r\nhello\r\n0\r\n\r\n",
        "5 ;x\r\nhello\r\n0\r\n\r\n",
        "0;x\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "5\t\r\nhello\r\n0\r\n\r\n",
        "\r\nhello\r\n0\r\n\r\n",
        "g\r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "4\r\nhello\r\n0\r\n\r\n",
        "6\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\n\r\n",
        "5\r\nhello\r\n0\r\n\n",
        "5\r\nhello\r\n0\n\n",
        "5\rhello\r\n0\r\n\r\n",
        "1_0\r\nhello\r\n0\r\n\r\n",
        "5,5\r\nhello\r\n0\r\n\r\n",
        "FFFFFFFFFFFFFFFFF\r\nhello",
        "10000000000000005\r\nhello\r\n0\r\n\r\n",
        "0000000000000000\r\n\r\n",
        "5\0\r\nhello\r\n0\r\n\r\n",
        "0\r\nX y\r\n\r\n",
        "0\r\n X: y\r\n\r\n",
        "0\r\nX: y\r\n z\r\n\r\n",
        "0\r\nX: y\n\r\n",
        "0\r\nContent-Length: 5\r\n\r\nhello",
        "0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "0\r\nHost: b\r\n\r\n",
        "0\r\nX: \0\r\n\r\n",
        "0\r\nX : y\r\n\r\n",
    ];
    BODIES
        .map(|body| post("Transfer-Encoding: chunked", body))
        .to_vec()
}

fn too_long() -> Vec<Vec<u8>> {
    let long = "x".repeat(70 * 1024);
    let many = "X: y\r\n".repeat(12 * 1024);
    [
        format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n{SMUGGLED}"),
        format!("GET / HTTP/1.1\r\nHost: a\r\nX: {long}\r\n\r\n{SMUGGLED}"),
        format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n{SMUGGLED}"),
        format!("{long}{SMUGGLED}"),
    ]
    .map(String::into_bytes)
    .to_vec()
}
