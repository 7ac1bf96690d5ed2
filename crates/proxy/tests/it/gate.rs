//! Who may use the sidecar.

use std::net::{IpAddr, Ipv4Addr};
use std::process::{Command, Stdio};
use std::time::Duration;

use authkeep_core::Resolver;
use authkeep_proxy::Sidecar;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::StatusCode;
use secrecy::ExposeSecret as _;

use crate::stage::client::{Proxied, status};
use crate::stage::{Plan, Stage, is_torture};

const QUICK: usize = 500;
const FULL: usize = 10_000;

#[tokio::test]
async fn nobody_gets_in_without_the_credential_of_the_run() {
    let stage = Stage::new().await;
    let other = Stage::new().await;
    let count = if is_torture() { FULL } else { QUICK };
    let client = stage.client();
    let right = client.authorization.clone().unwrap();
    let url = stage.sidecar.proxy_url();
    let password = url
        .expose_secret()
        .rsplit_once('@')
        .unwrap()
        .0
        .rsplit_once(':')
        .unwrap()
        .1
        .to_owned();
    let basic = |pair: &str| format!("Basic {}", BASE64_STANDARD.encode(pair));
    let mut wrong = vec![
        None,
        Some(String::new()),
        Some("Basic".to_owned()),
        Some("Basic ".to_owned()),
        Some(format!("Bearer {password}")),
        Some(basic(&format!("authkeep:{}", &password[1..]))),
        Some(basic(&format!("authkeep:{password}="))),
        Some(basic(&format!("Authkeep:{password}"))),
        Some(basic(&format!(":{password}"))),
        Some(basic("authkeep:")),
        Some(right[..right.len() - 1].to_owned()),
        Some(format!("{right}{right}")),
        Some(format!("{right}\r\nProxy-Authorization: {right}")),
        // Another run's.
        other.client().authorization,
    ];
    // Each of its characters, changed.
    for at in 0..password.len() {
        let mut changed = password.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        wrong.push(Some(basic(&format!("authkeep:{changed}"))));
    }
    let (allowed, attacker) = (stage.allowed(), stage.attacker());
    for attempt in 0..count {
        let authorization = &wrong[attempt % wrong.len()];
        let header = authorization.as_ref().map_or(String::new(), |value| {
            format!("Proxy-Authorization: {value}\r\n")
        });
        let start = match attempt % 4 {
            0 => format!("CONNECT {allowed} HTTP/1.1\r\nHost: {allowed}\r\n"),
            1 => format!("GET http://{attacker}/ HTTP/1.1\r\nHost: {attacker}\r\n"),
            2 => format!("CONNECT {attacker} HTTP/1.1\r\nHost: {attacker}\r\n"),
            _ => format!(
                "GET / HTTP/1.1\r\nHost: {allowed}\r\nAuthorization: {}\r\n",
                stage.placeholder
            ),
        };
        let answer = client.raw(format!("{start}{header}\r\n").as_bytes()).await;
        assert_eq!(
            status(&answer),
            StatusCode::PROXY_AUTHENTICATION_REQUIRED,
            "{authorization:?}"
        );
    }
    assert_eq!(
        (stage.allowed.connections(), stage.attacker.connections()),
        (0, 0)
    );
    assert_eq!(stage.source.asked(), 0);
    // The control: the same with the credential.
    assert_eq!(
        client.get(&allowed, "/", &stage.placeholder).await.status,
        StatusCode::OK
    );
    println!(
        "figure: {count} tries without the run's credential: 0 forwarded, 0 injected, all 407"
    );
}

/// A program that uses the proxy without its credential, the way some runtimes have to.
fn without_credential(address: &str, target: &str) -> Command {
    let port = address.rsplit_once(':').unwrap().1;
    let script = format!(
        "exec 3<>/dev/tcp/127.0.0.1/{port}; printf 'CONNECT {target} HTTP/1.1\\r\\nHost: {target}\\r\\n\\r\\n' >&3; head -c 12 <&3"
    );
    let mut command = Command::new("bash");
    command.args(["-c", &script]).stdin(Stdio::null());
    command
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_process_of_the_run_gets_in_without_it_and_a_stranger_does_not() {
    let stage = Stage::new().await;
    let Proxied { address, .. } = stage.client();
    let allowed = stage.allowed();
    let said = |mut command: Command| {
        let output = command.output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    // A child of this process, while nobody's descendants are let in.
    assert_eq!(said(without_credential(&address, &allowed)), "HTTP/1.1 407");
    // Another program's child: same user, wrong parent.
    let mut stranger = Command::new("sleep").arg("60").spawn().unwrap();
    stage.sidecar.admit_descendants_of(stranger.id());
    assert_eq!(said(without_credential(&address, &allowed)), "HTTP/1.1 407");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    // A child's child of the program that is let in.
    stage.sidecar.admit_descendants_of(std::process::id());
    assert_eq!(said(without_credential(&address, &allowed)), "HTTP/1.1 200");
    let mut inner = without_credential(&address, &allowed);
    let mut outer = Command::new("bash");
    outer
        .arg("-c")
        .arg("\"$@\"; true")
        .arg("bash")
        .arg(inner.get_program())
        .args(inner.get_args());
    assert_eq!(said(outer), "HTTP/1.1 200");
    // A wrong credential is not mended by where it comes from.
    let mut wrong = stage.client();
    wrong.authorization = Some("Basic d3Jvbmc6d3Jvbmc=".to_owned());
    assert_eq!(
        wrong.connect(&allowed).await.0,
        StatusCode::PROXY_AUTHENTICATION_REQUIRED
    );
    // Another user's process, even below: only where the tests may become another user.
    use std::os::unix::process::CommandExt as _;
    inner.uid(65534);
    if let Ok(output) = inner.output() {
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(said, "HTTP/1.1 407");
    }
}

#[tokio::test]
async fn a_slow_client_keeps_nobody_waiting() {
    let stage = Stage::with(Plan {
        resolver: Resolver::new(|_| Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])),
        ..Plan::default()
    })
    .await;
    let mut slow = Vec::new();
    for _ in 0..100 {
        let mut stream = tokio::net::TcpStream::connect(stage.sidecar.address())
            .await
            .unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"CONNECT a")
            .await
            .unwrap();
        slow.push(stream);
        slow.push(stage.client().connect(&stage.allowed()).await.1);
    }
    let client = stage.client();
    let allowed = stage.allowed();
    let answered = client.get(&allowed, "/", &stage.placeholder);
    let answered = tokio::time::timeout(Duration::from_secs(5), answered)
        .await
        .unwrap();
    assert_eq!(answered.status, StatusCode::OK);
}

#[test]
fn the_address_of_a_sidecar_is_known_for_one() {
    let ours = "http://authkeep:fUsYYdyTKkKk8mE1lzW7Z6Zj34umO-4cZEgqyKcVbZQ@127.0.0.1:34265";
    assert!(Sidecar::is_proxy_url(ours));
    for other in [
        "",
        "127.0.0.1:3128",
        "http://127.0.0.1:3128",
        "http://ada:secret@127.0.0.1:3128",
        "http://authkeep@127.0.0.1:3128",
        "http://authkeep:secret@proxy.example:3128",
    ] {
        assert!(!Sidecar::is_proxy_url(other), "{other}");
    }
}
