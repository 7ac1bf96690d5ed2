//! A login that is for a part of a host: no spelling of a path gets its credential to another part, whoever serves it.

mod servers;

use authkeep_core::{Outlet, OutletHost};
use authkeep_proxy::{Authority, Choice, Routes, Selection};
use authkeep_registry::Injection;
use http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use url::Url;

use crate::stage::client::status;
use crate::stage::{Plan, Stage, account, is_torture};

const COUNT: usize = 10_000;

#[test]
fn what_gets_the_credential_stays_below_the_prefix_for_every_reader() {
    let routes = routes();
    let (mut injected, mut careless) = (0, 0);
    for path in mutated(COUNT) {
        let outside = outside_for_somebody(&path);
        if gets_the_credential(&routes, &path) {
            injected += 1;
            assert!(!outside, "{path:?}");
        }
        careless += usize::from(outside && path.starts_with("/api/"));
    }
    // The control: the letters alone would have let these out. And not everything is refused.
    assert!(injected > 400 && careless > 500, "{injected} {careless}");
    println!(
        "figure: {COUNT} paths: {injected} below the prefix, 0 outside for the url crate or a lenient reader; {careless} \
         by the first letters alone"
    );
}

#[tokio::test]
async fn what_gets_the_credential_stays_below_the_prefix_for_servers() {
    if !is_torture() {
        return;
    }
    let routes = routes();
    let paths: Vec<String> = mutated(COUNT);
    for server in servers::all().await {
        let (mut sent, mut careless) = (0, 0);
        for path in &paths {
            let is_ours = gets_the_credential(&routes, path);
            let can_be_sent =
                path.bytes().all(|b| b > b' ' && b != 127) && path.starts_with("/api/");
            if !is_ours && !can_be_sent {
                continue;
            }
            let outside = server.serves_outside(path).await;
            if is_ours {
                sent += 1;
                assert!(!outside, "{} serves {path:?} from outside", server.name());
            }
            careless += usize::from(outside);
        }
        assert!(
            sent > 400 && careless > 100,
            "{}: {sent} {careless}",
            server.name()
        );
        println!(
            "figure: {}: {sent} of {COUNT} paths got the credential, 0 served from outside the prefix; {careless} by the \
             first letters alone",
            server.name()
        );
    }
}

#[tokio::test]
async fn the_bytes_that_were_matched_are_those_that_are_sent() {
    let plan = Plan {
        patterns: vec!["allowed.test:{port}/api".to_owned()],
        ..Plan::default()
    };
    let stage = Stage::with(plan).await;
    let client = stage.client();
    let mut expected = Vec::new();
    for (path, is_sent) in [
        ("/api", true),
        ("/api?x=/../%2e", true),
        ("/api/%7Euser/a%20b", true),
        ("/api/..a/.b./%E2%82%AC?q=%00", true),
        ("/api/x!$&'()*+,=:@", true),
        ("/elsewhere", true),
        ("/api/../elsewhere", false),
        ("/api/%2e%2E/elsewhere", false),
        ("/api/a%2fb", false),
        ("/elsewhere/..;/api", false),
        ("//api", false),
    ] {
        let allowed = stage.allowed();
        let mut tls = client.tls(&allowed, &["http/1.1"]).await.unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {allowed}\r\nConnection: close\r\n\r\n");
        tls.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        drop(tls.read_to_end(&mut answer).await);
        let wanted = if is_sent {
            StatusCode::OK
        } else {
            StatusCode::BAD_REQUEST
        };
        assert_eq!(status(&answer), wanted, "{path}");
        expected.extend(is_sent.then(|| (path.to_owned(), path.starts_with("/api"))));
    }
    let seen = stage.allowed.requests().into_iter();
    let seen: Vec<(String, bool)> = seen
        .map(|seen| (seen.uri, seen.headers.contains_key("authorization")))
        .collect();
    assert_eq!(seen, expected);
}

fn routes() -> Routes {
    let account = account("acme=default");
    Routes::new(vec![Outlet {
        provider: account.provider,
        connection: account.connection,
        is_default: true,
        local: false,
        hosts: vec![OutletHost {
            pattern: "a.example/api".parse().unwrap(),
            injection: Injection::bearer(),
        }],
        plain_fields: vec![],
        headers: vec![],
        endpoints: vec![],
        token_endpoint: None,
    }])
}

fn gets_the_credential(routes: &Routes, path: &str) -> bool {
    let authority = Authority::from_connect("a.example:443").unwrap();
    let choice = routes.choose(&authority, path, Selection::default());
    matches!(choice, Ok(Choice::Inject(_)))
}

/// Whether the url crate, or a server that decodes, drops parameters and resolves dots in any order, ends up elsewhere.
fn outside_for_somebody(path: &str) -> bool {
    let Ok(url) = Url::parse(&format!("https://a.example{path}")) else {
        return true;
    };
    let mut readings = vec![
        url.path().to_owned(),
        path.split('?').next().unwrap_or_default().to_owned(),
    ];
    for _ in 0..3 {
        if readings.iter().any(|reading| {
            normalised(reading)
                .first()
                .is_none_or(|first| first != "api")
        }) {
            return true;
        }
        readings = readings.iter().map(|reading| decoded(reading)).collect();
    }
    false
}

fn normalised(path: &str) -> Vec<String> {
    let mut segments = Vec::new();
    for segment in path.split(['/', '\\']) {
        match segment.split([';', '\0']).next().unwrap_or_default() {
            "" | "." => {}
            ".." => drop(segments.pop()),
            name => segments.push(name.to_owned()),
        }
    }
    segments
}

/// Decoded as leniently as can be: overlong forms of ASCII and the notation of some Windows servers included.
fn decoded(path: &str) -> String {
    let path = path
        .replace("%u002e", ".")
        .replace("%u002f", "/")
        .replace("%c0%ae", ".")
        .replace("%c0%af", "/")
        .replace("%e0%80%ae", ".");
    let bytes: Vec<u8> = percent_encoding::percent_decode_str(&path).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Paths that are made of what has led astray some server or other. They are the same in each run.
fn mutated(count: usize) -> Vec<String> {
    const PIECES: [&str; 52] = [
        "api",
        "api",
        "api",
        "users",
        "users",
        "v2",
        "v2",
        "a.b",
        "a..b",
        "%7E",
        "-_-",
        "items,1",
        "*",
        "v1",
        "admin",
        "..",
        "..",
        ".",
        "...",
        "%2e%2e",
        "%2E%2e",
        ".%2e",
        "%2e",
        "%252e%252e",
        "..;",
        "..;x=1",
        ";",
        ";x",
        "%3b",
        "%2f",
        "%2F..",
        "%5c",
        "\\",
        "..\\",
        "%5c..",
        "%00",
        "..%00",
        "%0a",
        "%",
        "%2",
        "%u002e%u002e",
        "%c0%ae%c0%ae",
        "%c0%af",
        "%e0%80%ae",
        "%ef%bc%8e",
        "~",
        "a:b",
        "x%20y",
        "%41",
        "\u{e4}",
        "x.json",
        "",
    ];
    const SEPARATORS: [&str; 8] = ["/", "/", "/", "/", "/", "//", "/./", ""];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    (0..count)
        .map(|_| {
            let mut path = ["/api/", "/api/", "/api/v1/", "/api", "/", "//api/", "/API/"]
                [random(7)]
            .to_owned();
            for _ in 0..=random(4) {
                path += PIECES[random(PIECES.len())];
                path += SEPARATORS[random(SEPARATORS.len())];
            }
            path + ["", "", "", "?x=/../..", "?x=/../..", "#/.."][random(6)]
        })
        .collect()
}
