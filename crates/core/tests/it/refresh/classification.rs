//! What an answer, or its absence, means for a login: a table of server behaviours, each met by a whole refresh
//! while the present token is still valid and by another once it has run out.

pub(crate) mod listeners;

use std::any::Any;

use authkeep_core::{Backoff, Broker, ResolveError};
use authkeep_testkit::canary::canary;
use authkeep_testkit::oauth_server::{Framing, Rotation, Scripted, ServerOptions};
use serde_json::{Value, json};

use self::listeners::Listener;
use crate::fakes::{CONNECTION, World, answer, target, token};

/// What the token endpoint does, and how a login stands afterwards: whether it is kept; whether the present token
/// is handed out while it is valid; the error's kind once it has run out, which is also what `trouble` says; and
/// whether the outcome of the request is in doubt.
type Row = (&'static str, Endpoint, &'static str);

const UNAVAILABLE: &str = "kept, served, unavailable, sure";
const PERHAPS_LOST: &str = "kept, served, unavailable, in doubt";
const MALFORMED: &str = "kept, served, malformed, sure";
const UNREADABLE: &str = "kept, served, malformed, in doubt";
const REJECTED: &str = "kept, served, rejected, sure";
const OTHER_CLIENT: &str = "kept, served, invalid_client, sure";
const UNREACHABLE: &str = "kept, served, no_connection, sure";
const UNANSWERED: &str = "kept, served, no_answer, in doubt";
const DEAD: &str = "ended, not served, refused, sure";

enum Endpoint {
    /// The server's own, with one fault.
    Scripted(Scripted),
    /// The same, met by a client that waits a moment only.
    Slow(Scripted),
    /// Another one, and what keeps it there.
    Elsewhere(
        String,
        #[expect(dead_code, reason = "dropped with the row")] Box<dyn Any>,
    ),
}

fn json_answer(status: u16, body: &str) -> Endpoint {
    Endpoint::Scripted(answer(status, "application/json", body))
}

fn page(status: u16) -> Endpoint {
    let body = "<!doctype html><title>error=invalid_grant</title>";
    Endpoint::Scripted(answer(status, "text/html; charset=utf-8", body))
}

fn form(status: u16, body: &str) -> Endpoint {
    Endpoint::Scripted(answer(status, "application/x-www-form-urlencoded", body))
}

fn text(status: u16, body: &str) -> Endpoint {
    Endpoint::Scripted(answer(status, "text/plain", body))
}

fn retry_after(status: u16, value: &str) -> Endpoint {
    let headers = vec![("retry-after".to_owned(), value.to_owned())];
    Endpoint::Scripted(Scripted::Status {
        status,
        headers,
        body: Vec::new(),
    })
}

fn listener(scheme: &str, listener: Listener) -> Endpoint {
    Endpoint::Elsewhere(listener.url(scheme), Box::new(listener))
}

const INVALID_GRANT: &str = r#"{"error":"invalid_grant"}"#;

/// The server says "later", or something in its place does.
fn later() -> Vec<Row> {
    vec![
        ("408", json_answer(408, INVALID_GRANT), UNAVAILABLE),
        ("425", json_answer(425, INVALID_GRANT), UNAVAILABLE),
        (
            "429",
            json_answer(429, r#"{"error":"slow_down"}"#),
            UNAVAILABLE,
        ),
        ("429, a short wait", retry_after(429, "1"), UNAVAILABLE),
        ("429, a day's wait", retry_after(429, "86400"), UNAVAILABLE),
        (
            "429, nonsense for a wait",
            retry_after(429, "-1"),
            UNAVAILABLE,
        ),
        (
            "500, about the grant",
            json_answer(500, INVALID_GRANT),
            UNAVAILABLE,
        ),
        ("501", text(501, "no"), UNAVAILABLE),
        ("502, a gateway's page", page(502), PERHAPS_LOST),
        (
            "503, empty",
            retry_after(503, "Fri, 15 Jan 2027 09:00:00 GMT"),
            UNAVAILABLE,
        ),
        (
            "503, about the grant",
            form(503, "error=invalid_grant"),
            UNAVAILABLE,
        ),
        ("504", page(504), PERHAPS_LOST),
        ("511, a captive portal", page(511), UNAVAILABLE),
        ("599", json_answer(599, "{}"), UNAVAILABLE),
        ("400, a page", page(400), UNAVAILABLE),
        ("401, a page", page(401), UNAVAILABLE),
        ("403, a firewall's page", page(403), UNAVAILABLE),
        ("404, a page", page(404), UNAVAILABLE),
        ("407, a proxy's page", page(407), UNAVAILABLE),
        (
            "400, temporarily",
            json_answer(400, r#"{"error":"temporarily_unavailable"}"#),
            UNAVAILABLE,
        ),
        (
            "403, a rate limit",
            json_answer(403, r#"{"error":"rate_limit_exceeded"}"#),
            UNAVAILABLE,
        ),
        ("200, a captive portal's page", page(200), PERHAPS_LOST),
        (
            "200, the same as JSON",
            Endpoint::Scripted(Scripted::Garbage(b"<html>".to_vec())),
            PERHAPS_LOST,
        ),
        ("200, empty", json_answer(200, ""), PERHAPS_LOST),
        ("204", text(204, ""), PERHAPS_LOST),
    ]
}

/// Something came back that is no token response.
fn unreadable() -> Vec<Row> {
    let elsewhere = || "http://127.0.0.1:9/token".to_owned();
    let redirect = |status| Endpoint::Scripted(Scripted::Redirect(status, elsewhere()));
    vec![
        ("301", redirect(301), MALFORMED),
        ("302, a captive portal", redirect(302), MALFORMED),
        ("307", redirect(307), MALFORMED),
        ("308", redirect(308), MALFORMED),
        (
            "302, about the grant",
            json_answer(302, INVALID_GRANT),
            MALFORMED,
        ),
        ("300, a page", page(300), MALFORMED),
        ("400, empty", json_answer(400, ""), MALFORMED),
        (
            "400, truncated",
            json_answer(400, r#"{"error":"invalid_grant""#),
            MALFORMED,
        ),
        (
            "400, the word and nothing else",
            text(400, "invalid_grant"),
            MALFORMED,
        ),
        (
            "404, JSON of somebody else",
            json_answer(404, r#"{"message":"Not Found"}"#),
            MALFORMED,
        ),
        ("401, text", text(401, "Unauthorized"), MALFORMED),
        ("600", json_answer(600, INVALID_GRANT), MALFORMED),
        (
            "200, truncated",
            json_answer(200, r#"{"access_token":"cnry_0123456789ab"#),
            UNREADABLE,
        ),
        ("200, no object", json_answer(200, "[]"), UNREADABLE),
        ("200, no token", json_answer(200, "{}"), UNREADABLE),
        ("200, text", text(200, "OK"), UNREADABLE),
        (
            "200, a type that nobody knows",
            json_answer(200, r#"{"access_token":"a","token_type":"mac"}"#),
            UNREADABLE,
        ),
        (
            "200, a token with a line break",
            json_answer(200, r#"{"access_token":"a\nb"}"#),
            UNREADABLE,
        ),
        (
            "200, two tokens",
            form(200, "access_token=a&access_token=b"),
            UNREADABLE,
        ),
    ]
}

/// The server says no, but not to this login.
fn rejected() -> Vec<Row> {
    let words = [
        ("invalid_client", 401, OTHER_CLIENT),
        ("unauthorized_client", 400, REJECTED),
        ("unsupported_grant_type", 400, REJECTED),
        ("invalid_request", 400, REJECTED),
        ("invalid_scope", 400, REJECTED),
        ("access_denied", 403, REJECTED),
        ("invalid_grants", 400, REJECTED),
        ("invalid_request", 200, REJECTED),
        ("incorrect_client_credentials", 200, OTHER_CLIENT),
    ];
    let mut rows: Vec<Row> = words
        .into_iter()
        .map(|(word, status, expected)| {
            let told = format!("the grant {} is not yours", canary());
            let body = json!({"error": word, "error_description": told});
            (word, json_answer(status, &body.to_string()), expected)
        })
        .collect();
    rows.extend([
        (
            "invalid_client, a form",
            form(401, "error=invalid_client"),
            OTHER_CLIENT,
        ),
        ("200, not ok", json_answer(200, r#"{"ok":false}"#), REJECTED),
        (
            "400, a list of errors",
            json_answer(400, r#"{"error":["invalid_grant"]}"#),
            REJECTED,
        ),
        (
            "400, the word in the description",
            json_answer(400, r#"{"error":"x","error_description":"invalid_grant"}"#),
            REJECTED,
        ),
    ]);
    rows
}

/// The server says that this login is over.
fn dead() -> Vec<Row> {
    let told =
        r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#;
    vec![
        ("invalid_grant", json_answer(400, INVALID_GRANT), DEAD),
        ("invalid_grant with a reason", json_answer(400, told), DEAD),
        ("invalid_grant, 401", json_answer(401, INVALID_GRANT), DEAD),
        ("invalid_grant, 403", json_answer(403, INVALID_GRANT), DEAD),
        ("invalid_grant, 200", json_answer(200, INVALID_GRANT), DEAD),
        (
            "invalid_grant, a form",
            form(400, "error=invalid_grant"),
            DEAD,
        ),
        (
            "invalid_grant, a form, 200",
            form(200, "error=invalid_grant&error_description=revoked"),
            DEAD,
        ),
        (
            "invalid_grant, nested",
            json_answer(400, r#"{"error":{"code":"invalid_grant"}}"#),
            DEAD,
        ),
        (
            "invalid_grant, JSON as a page",
            Endpoint::Scripted(answer(400, "text/html", INVALID_GRANT)),
            DEAD,
        ),
        (
            "bad_refresh_token, 200",
            json_answer(200, r#"{"error":"bad_refresh_token"}"#),
            DEAD,
        ),
        (
            "invalid_refresh_token, 200",
            json_answer(200, r#"{"ok":false,"error":"invalid_refresh_token"}"#),
            DEAD,
        ),
    ]
}

/// No answer came, because there was no connection or because it broke.
fn unanswered() -> Vec<Row> {
    let (nobody, socket) = listeners::nobody();
    // No label is this long, so the name is refused before anybody is asked for it.
    let unknown = format!("https://{}.invalid/token", "a".repeat(64));
    let cut_off = b"HTTP/1.1 200 OK\r\ncontent-type: application/js";
    let short = b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"access_token\":";
    vec![
        (
            "nobody listens",
            Endpoint::Elsewhere(nobody, socket),
            UNREACHABLE,
        ),
        (
            "a name without an address",
            Endpoint::Elsewhere(unknown, Box::new(())),
            UNREACHABLE,
        ),
        (
            "a certificate that nobody vouches for",
            listener("https", Listener::self_signed()),
            UNREACHABLE,
        ),
        (
            "no TLS",
            listener("https", Listener::greeting(b"SSH-2.0-x\r\n")),
            UNREACHABLE,
        ),
        (
            "closed before TLS",
            listener("https", Listener::closing()),
            UNREACHABLE,
        ),
        (
            "closed before the request",
            listener("http", Listener::closing()),
            UNANSWERED,
        ),
        (
            "reset in the middle of the request",
            listener("http", Listener::resetting()),
            UNANSWERED,
        ),
        (
            "closed after the request",
            Endpoint::Scripted(Scripted::Drop),
            UNANSWERED,
        ),
        (
            "acted upon, then closed",
            Endpoint::Scripted(Scripted::Lost),
            UNANSWERED,
        ),
        (
            "no HTTP",
            listener("http", Listener::saying(b"SSH-2.0-x\r\n")),
            UNANSWERED,
        ),
        (
            "cut off in the head",
            listener("http", Listener::saying(cut_off)),
            UNANSWERED,
        ),
        (
            "cut off in the body",
            listener("http", Listener::saying(short)),
            UNANSWERED,
        ),
        ("silence", Endpoint::Slow(Scripted::Hang), UNANSWERED),
        (
            "an answer that does not end",
            Endpoint::Scripted(Scripted::Huge(1 << 20, Framing::Chunked)),
            UNANSWERED,
        ),
        (
            "one that grows when unpacked",
            Endpoint::Scripted(Scripted::GzipBomb(1 << 24)),
            UNANSWERED,
        ),
    ]
}

/// One login whose refresh token stays good, so that every row finds it as it was.
struct Scene {
    world: World,
    broker: Broker,
    hasty: Broker,
    login: Value,
    start: i64,
}

impl Scene {
    async fn new() -> Self {
        let world = World::with(ServerOptions {
            rotation: Rotation::Keep,
            ..ServerOptions::default()
        });
        // Repetitions have tests of their own.
        let once = |broker: Broker| {
            broker.with_backoff(Backoff {
                tries: 1,
                ..Backoff::default()
            })
        };
        let broker = once(world.logged_in().await);
        Self {
            hasty: once(world.impatient_broker()),
            login: world.record(),
            start: world.clock.now(),
            broker,
            world,
        }
    }

    /// The login as it was at first, `age` seconds after it was made, with its token endpoint there.
    fn set(&self, age: i64, url: &str) {
        let mut login = self.login.clone();
        login["pinned"]["token"] = url.into();
        self.world.put(CONNECTION, &login);
        self.world.redefine("/oauth/token_url", url);
        self.world.clock.set(self.start + age);
    }

    /// How the login stands after it met this endpoint, in the words of the table.
    async fn standing(&self, name: &str, endpoint: &Endpoint) -> String {
        let own = format!("{}/token", self.world.server.url());
        let (broker, fault, url) = match endpoint {
            Endpoint::Scripted(fault) => (&self.broker, Some(fault), &own),
            Endpoint::Slow(fault) => (&self.hasty, Some(fault), &own),
            Endpoint::Elsewhere(url, _) => (&self.broker, None, url),
        };
        let old = self.login["access_token"].as_str().unwrap();

        self.set(3_400, url);
        self.world.script(fault.cloned());
        let served = match broker.resolve(&target(), None).await {
            Ok(connection) => {
                assert_eq!(token(broker, connection), old, "{name}");
                "served"
            }
            Err(_) => "not served",
        };
        let (kept, doubt, trouble) = self.aftermath(name);

        self.set(3_601, url);
        self.world.script(fault.cloned());
        let error = broker.resolve(&target(), None).await.unwrap_err();
        let ResolveError::Refresh { error, .. } = error else {
            panic!("{name}: {error:?}");
        };
        assert!(!format!("{error} {error:?}").contains("cnry_"), "{name}");
        let kind = error.kind();
        assert_eq!(trouble, kind, "{name}");
        let later = self.aftermath(name);
        assert_eq!(later, (kept, doubt, trouble), "{name}");
        self.recovery(name, kept, &own).await;
        format!("{kept}, {served}, {kind}, {doubt}")
    }

    /// Whether the login was kept, whether there is doubt, and what the trouble is said to be.
    fn aftermath(&self, name: &str) -> (&'static str, &'static str, String) {
        let connection = self.broker.show(&target()).unwrap();
        let trouble = connection.trouble().unwrap();
        assert_eq!(trouble.failures, 1, "{name}");
        assert_eq!(trouble.at.as_second(), self.world.clock.now(), "{name}");
        assert!(!trouble.message.contains("cnry_"), "{name}: {trouble:?}");
        let kept = match self.world.record()["verdict"].as_str() {
            Some("reauth_required") => "ended",
            Some("good") => "kept",
            other => panic!("{name}: {other:?}"),
        };
        let doubt = if connection.is_in_doubt() {
            "in doubt"
        } else {
            "sure"
        };
        (kept, doubt, trouble.kind.clone())
    }

    /// A login that was kept works again as soon as the server does; one that ended is not asked for again.
    async fn recovery(&self, name: &str, fate: &str, url: &str) {
        let kept = fate == "kept";
        let mut record = self.world.record();
        record["pinned"]["token"] = url.into();
        self.world.put(CONNECTION, &record);
        self.world.redefine("/oauth/token_url", url);
        self.world.clock.advance(2 * 86_400);
        let before = self.world.token_requests();
        match self.broker.resolve(&target(), None).await {
            Ok(connection) => {
                assert!(kept && connection.trouble().is_none(), "{name}");
                assert!(!connection.is_in_doubt(), "{name}");
                let new = token(&self.broker, connection);
                assert!(self.world.server.token_is_active(&new), "{name}");
            }
            Err(ResolveError::NeedsLogin { .. }) => assert!(!kept, "{name}"),
            Err(error) => panic!("{name}: {error:?}"),
        }
        let requests = self.world.token_requests() - before;
        assert_eq!(requests, usize::from(kept), "{name}");
    }
}

/// The rows that came out otherwise than the table has it.
async fn differences(scene: &Scene, rows: Vec<Row>) -> Vec<String> {
    let mut different = Vec::new();
    for (name, endpoint, expected) in rows {
        let found = scene.standing(name, &endpoint).await;
        if found != expected {
            different.push(format!("{name}: {found}; expected: {expected}"));
        }
    }
    different
}

#[tokio::test]
async fn only_the_servers_word_for_a_dead_grant_ends_a_login() {
    let scene = Scene::new().await;
    let (mut all, mut different) = (0, Vec::new());
    for rows in [later(), unreadable(), rejected(), dead(), unanswered()] {
        all += rows.len();
        different.extend(differences(&scene, rows).await);
    }
    println!("figure: {}/{all} behaviours", all - different.len());
    assert_eq!(different, [""; 0]);
}

/// The control: each wrong word of an expectation is found, and only that row.
#[tokio::test]
async fn a_wrong_expectation_is_noticed() {
    let scene = Scene::new().await;
    let row = |expected| ("503", retry_after(503, "1"), expected);
    for wrong in [
        "ended, served, unavailable, sure",
        "kept, not served, unavailable, sure",
        "kept, served, malformed, sure",
        "kept, served, unavailable, in doubt",
    ] {
        let found = differences(&scene, vec![row(UNAVAILABLE), row(wrong)]).await;
        assert_eq!(found, [format!("503: {UNAVAILABLE}; expected: {wrong}")]);
    }
}
