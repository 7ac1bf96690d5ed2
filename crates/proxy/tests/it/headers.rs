//! What the client writes into the headers that the credential goes into, and what the server gets of it.

use authkeep_registry::Template;
use http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::stage::client::status;
use crate::stage::{Plan, Stage};

/// The headers that the credential goes into here.
const OURS: [&str; 2] = ["Authorization", "X-Api-Key"];

/// Header lines of one request.
#[derive(Debug)]
struct Vector {
    lines: String,
    /// Whether anything may arrive.
    passes: bool,
}

#[tokio::test]
async fn each_header_of_ours_arrives_exactly_once() {
    let plan = Plan {
        outlet: |outlet| {
            let template = Template::parse("{token}").unwrap();
            let headers = &mut outlet.hosts[0].injection.headers;
            headers.push((OURS[1].to_owned(), template));
        },
        ..Plan::default()
    };
    let stage = Stage::with(plan).await;
    let client = stage.client();
    let vectors = vectors(&stage.placeholder);
    assert!(vectors.len() >= 200, "{}", vectors.len());
    let (mut arrived, mut careless) = (0, 0);
    for vector in &vectors {
        let allowed = stage.allowed();
        let mut tls = client.tls(&allowed, &["http/1.1"]).await.unwrap();
        let lines = &vector.lines;
        // The last line asks for the end of the connection, so that the answer ends.
        let request =
            format!("GET / HTTP/1.1\r\nHost: {allowed}\r\n{lines}Connection: close\r\n\r\n");
        tls.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        drop(tls.read_to_end(&mut answer).await);
        let requests = stage.allowed.requests();
        if !vector.passes {
            assert_eq!(status(&answer), StatusCode::BAD_REQUEST, "{vector:?}");
            assert_eq!(requests.len(), arrived, "{vector:?}");
            continue;
        }
        assert_eq!(status(&answer), StatusCode::OK, "{vector:?}");
        arrived += 1;
        assert_eq!(requests.len(), arrived, "{vector:?}");
        let headers = &requests[arrived - 1].headers;
        for (name, value) in [
            (OURS[0], format!("Bearer {}", stage.secret)),
            (OURS[1], stage.secret.clone()),
        ] {
            let values: Vec<_> = headers.get_all(name).iter().collect();
            assert_eq!(values, [value.as_str()], "{name} of {vector:?}");
        }
        let is_stray = |name: &str| {
            name.starts_with("proxy-")
                || name.starts_with("authkeep-")
                || name == "x-hop"
                || name == "keep-alive"
        };
        assert!(
            !headers.keys().any(|name| is_stray(name.as_str())),
            "{headers:?}"
        );
        careless += usize::from(carelessly(lines).values().any(|count| *count != 1));
    }
    // The control: who looks for the usual spelling, and for hop-by-hop headers afterwards, sends two or none.
    assert!(careless > 60, "{careless}");
    println!(
        "figure: {} sets of headers: exactly one of each injected header in {arrived} of {arrived} that arrived; \
         {careless} by a careless proxy",
        vectors.len(),
    );
}

fn vectors(placeholder: &str) -> Vec<Vector> {
    let mut vectors = Vec::new();
    let mut add = |lines: String, passes| vectors.push(Vector { lines, passes });
    for ours in OURS {
        let mixed: String = (ours.char_indices())
            .map(|(at, c)| {
                if at % 2 == 0 {
                    c.to_ascii_lowercase()
                } else {
                    c.to_ascii_uppercase()
                }
            })
            .collect();
        for name in [
            ours.to_owned(),
            ours.to_lowercase(),
            ours.to_uppercase(),
            mixed,
        ] {
            for copies in [0, 1, 2] {
                let own = format!("{name}: theirs\r\n").repeat(copies);
                for beside in [
                    String::new(),
                    format!("Connection: {name}\r\n"),
                    format!(
                        "connection: keep-alive , {},x-hop\r\nX-Hop: 1\r\n",
                        name.to_uppercase()
                    ),
                    format!("CONNECTION: x\r\nConnection: y,\t{name}\r\n"),
                    format!("Proxy-Connection: {name}\r\nKeep-Alive: {name}\r\n"),
                    format!("Proxy-Authorization: Basic eDp5\r\nAuthkeep-Anything: {name}\r\n"),
                ] {
                    add(format!("{own}{beside}"), true);
                    add(format!("{beside}{own}"), true);
                }
            }
            add(format!("{name}:\r\n"), true);
            add(format!("{name}: \t theirs \t \r\n"), true);
            add(
                format!("{name}: Bearer {placeholder}\r\nX-Other: {placeholder}\r\n"),
                true,
            );
            add(format!("{name} : theirs\r\n"), false);
            add(format!(" {name}: theirs\r\n"), false);
            add(format!("{name}: their\r\n s\r\n"), false);
            add(format!("X: y\r\n {name}: theirs\r\n"), false);
            add(format!("X: y\n{name}: theirs\r\n"), false);
            add(format!("X: y\r{name}: theirs\r\n"), false);
            add(format!("{name}: the\0irs\r\n"), false);
            add(format!("{name}: the\u{7f}irs\r\n"), false);
            add(format!("{name}\0: theirs\r\n"), false);
            add(format!("Connection: {name}, Host\r\n"), false);
            add(
                format!("Connection: {name}, content-length\r\nContent-Length: 0\r\n"),
                false,
            );
        }
    }
    for twin in [
        "x_api_key",
        "X_API_KEY",
        "x-api_key",
        "X_Api-Key",
        "x.api.key",
        "x~api!key",
    ] {
        add(format!("{twin}: theirs\r\n"), false);
        add(format!("X-Api-Key: theirs\r\n{twin}: theirs\r\n"), false);
    }
    vectors
}

/// How many of each a proxy sends that knows one spelling, and takes out what `Connection` names when all is done.
fn carelessly(lines: &str) -> std::collections::BTreeMap<&'static str, usize> {
    let named: Vec<String> = lines
        .split("\r\n")
        .filter_map(|line| line.strip_prefix("Connection:"))
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let count = |ours: &str| {
        let others = lines.split("\r\n").filter(|line| {
            let name = line.split(':').next().unwrap_or_default();
            name != ours && name.eq_ignore_ascii_case(ours)
        });
        let is_named = named.contains(&ours.to_ascii_lowercase());
        if is_named { 0 } else { 1 + others.count() }
    };
    OURS.into_iter().map(|ours| (ours, count(ours))).collect()
}
