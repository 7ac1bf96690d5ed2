//! Whom the sidecar trusts, and who has to trust the sidecar.

use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use http::StatusCode;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use rustls::ServerConfig;

use crate::stage::authority::{TestAuthority, server};
use crate::stage::client::any_certificate;
use crate::stage::origin::{Origin, echo};
use crate::stage::{ALLOWED, Plan, Stage};

/// A leaf for the allowed host that is good but for what `spoil` does.
fn leaf(
    authority: &TestAuthority,
    spoil: impl FnOnce(&mut CertificateParams),
) -> Arc<ServerConfig> {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![ALLOWED.to_owned()]).unwrap();
    spoil(&mut params);
    let leaf = params.signed_by(&key, &authority.issuer).unwrap();
    server(vec![leaf.into()], &key)
}

fn bad(authority: &TestAuthority) -> Vec<(&'static str, Arc<ServerConfig>)> {
    let constrained = {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "constrained");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName("other.test".to_owned())],
            excluded_subtrees: vec![],
        });
        let key = KeyPair::generate().unwrap();
        let between = CertifiedIssuer::signed_by(params, key, &authority.issuer).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![ALLOWED.to_owned()]).unwrap();
        let leaf = params.signed_by(&key, &between).unwrap();
        server(vec![leaf.into(), between.der().clone()], &key)
    };
    let self_signed = {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![ALLOWED.to_owned()]).unwrap();
        server(vec![params.self_signed(&key).unwrap().into()], &key)
    };
    vec![
        (
            "expired",
            leaf(authority, |params| {
                params.not_after = date_time_ymd(2020, 1, 1)
            }),
        ),
        (
            "not yet valid",
            leaf(authority, |params| {
                params.not_before = date_time_ymd(2090, 1, 1)
            }),
        ),
        (
            "for another name",
            leaf(authority, |params| {
                params.subject_alt_names = CertificateParams::new(vec!["other.test".to_owned()])
                    .unwrap()
                    .subject_alt_names;
            }),
        ),
        ("signed by itself", self_signed),
        (
            "of an unknown authority",
            leaf(&TestAuthority::new(), |_| ()),
        ),
        ("outside its authority's names", constrained),
        (
            "an authority's own",
            leaf(authority, |params| {
                params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            }),
        ),
        (
            "without alternative names",
            leaf(authority, |params| {
                params.subject_alt_names = vec![];
                params.distinguished_name.push(DnType::CommonName, ALLOWED);
            }),
        ),
        (
            "for clients",
            leaf(authority, |params| {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            }),
        ),
    ]
}

/// Asks once; says whether anything reached a server that should not be trusted.
async fn is_refused(name: &str, stage: &Stage) -> bool {
    let answered = stage
        .client()
        .get(&stage.allowed(), "/", &stage.placeholder)
        .await;
    let by_the_handshake = answered.error() == "upstream_tls"
        || name == "of TLS 1.1" && answered.error().starts_with("upstream_");
    (answered.status, by_the_handshake) == (StatusCode::BAD_GATEWAY, true)
        && stage.source.asked() == 0
        && stage.allowed.seen().is_empty()
}

#[tokio::test]
async fn a_server_with_a_bad_certificate_sees_no_request() {
    let mut refused = 0;
    let mut taken_by_a_careless_client = 0;
    let authority = Arc::new(TestAuthority::new());
    let cases = bad(&authority);
    for (name, config) in cases {
        let origin = Origin::with(config, echo()).await;
        let address = origin.address;
        let stage = Stage::around(Plan::default(), Arc::clone(&authority), origin).await;
        assert!(is_refused(name, &stage).await, "{name}");
        refused += 1;
        taken_by_a_careless_client += usize::from(any_certificate(address).await);
    }
    // What the libraries here cannot make themselves.
    let folder = tempfile::tempdir().unwrap();
    for (name, key, digest, protocol) in [
        ("signed with SHA-1", "rsa:2048", "-sha1", "-tls1_2"),
        ("of 1,024 bits", "rsa:1024", "-sha256", "-tls1_2"),
        ("of TLS 1.1", "rsa:2048", "-sha256", "-tls1_1"),
    ] {
        let (served, roots) = openssl(folder.path(), key, digest, protocol);
        let origin = Origin::elsewhere(served.address);
        let authority = Arc::new(TestAuthority::only(roots));
        let stage = Stage::around(Plan::default(), authority, origin).await;
        assert!(is_refused(name, &stage).await, "{name}");
        refused += 1;
        let said = served.end();
        assert!(!said.contains("GET /"), "{name}: {said}");
    }
    // The control: with nothing wrong the same servers are served, and most bad ones answer who does not look.
    let origin = Origin::with(leaf(&authority, |_| ()), echo()).await;
    let stage = Stage::around(Plan::default(), Arc::clone(&authority), origin).await;
    let answered = stage
        .client()
        .get(&stage.allowed(), "/", &stage.placeholder)
        .await;
    assert_eq!(answered.status, StatusCode::OK);
    assert_eq!(taken_by_a_careless_client, 9);
    println!(
        "figure: {refused} of 12 bad certificates refused before a request was sent; a client that does not look takes \
         {taken_by_a_careless_client} of the 9 that can be asked"
    );
}

struct Served {
    child: Child,
    address: std::net::SocketAddr,
}

impl Served {
    fn end(mut self) -> String {
        self.child.kill().unwrap();
        let mut said = String::new();
        let stdout = self.child.stdout.take();
        stdout.unwrap().read_to_string(&mut said).unwrap();
        self.child.wait().unwrap();
        said
    }
}

/// A server by the openssl program, whose certificate has this key and signature, and the authority of it.
fn openssl(folder: &Path, key: &str, digest: &str, protocol: &str) -> (Served, Vec<u8>) {
    let run = |arguments: &[&str]| {
        let output = Command::new("openssl")
            .args(arguments)
            .current_dir(folder)
            .output();
        let Ok(output) = output else {
            panic!("these tests need the program `openssl`");
        };
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    run(&[
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
        "-days",
        "2",
        "-subj",
        "/CN=bad",
        "-addext",
        "basicConstraints=critical,CA:TRUE",
        "-addext",
        "keyUsage=critical,keyCertSign",
    ]);
    run(&[
        "req", "-new", "-newkey", key, "-nodes", "-keyout", "leaf.key", "-out", "leaf.csr",
        "-subj", "/CN=leaf",
    ]);
    std::fs::write(
        folder.join("ext"),
        format!("subjectAltName=DNS:{ALLOWED}\n"),
    )
    .unwrap();
    run(&[
        "x509",
        "-req",
        "-in",
        "leaf.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        digest,
        "-days",
        "2",
        "-extfile",
        "ext",
        "-out",
        "leaf.pem",
    ]);
    // A port that was free a moment ago: the program cannot say which one it took.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut child = Command::new("openssl")
        .args([
            "s_server",
            "-accept",
            &port.to_string(),
            "-cert",
            "leaf.pem",
            "-key",
            "leaf.key",
            protocol,
        ])
        .args(["-cipher", "ALL:@SECLEVEL=0"])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It says ACCEPT when it listens.
    let mut said = Vec::new();
    let stdout = child.stdout.as_mut().unwrap();
    while !said.ends_with(b"ACCEPT") {
        let mut byte = [0];
        stdout.read_exact(&mut byte).unwrap();
        said.push(byte[0]);
    }
    let ca = std::fs::read(folder.join("ca.pem")).unwrap();
    (
        Served {
            child,
            address: port,
        },
        ca,
    )
}

/// A certificate as openssl shows it.
fn dump(certificate: &[u8], form: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("certificate");
    std::fs::write(&file, certificate).unwrap();
    let output = Command::new("openssl")
        .args(["x509", "-noout", "-text", "-inform", form, "-in"])
        .arg(&file)
        .output();
    let Ok(output) = output else {
        panic!("these tests need the program `openssl`")
    };
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn the_runs_authority_may_speak_for_the_runs_hosts_only() {
    let stage = Stage::with(Plan {
        patterns: vec![
            "api.one.test".to_owned(),
            "*.two.test".to_owned(),
            "allowed.test:{port}".to_owned(),
        ],
        ..Plan::default()
    })
    .await;
    let tls = stage.client().tls(&stage.allowed(), &[]).await.unwrap();
    let chain = tls.get_ref().1.peer_certificates().unwrap();
    let [leaf, authority] = chain else {
        panic!("{} certificates", chain.len())
    };
    // What programs trust, and what signs below it, bear the same names: some verifiers look at one of them only.
    let anchor = dump(stage.sidecar.ca_pem().as_bytes(), "pem");
    for (dump, below) in [(anchor, 1), (dump(authority, "der"), 0)] {
        let limit =
            format!("Basic Constraints: critical\n                CA:TRUE, pathlen:{below}\n");
        for expected in [
            &limit,
            "X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign",
            "X509v3 Name Constraints: critical",
            "Permitted:",
            "DNS:allowed.test\n",
            "DNS:api.one.test\n",
            "DNS:probe.authkeep.invalid\n",
            "DNS:two.test\n",
            "Excluded:",
            "IP:0.0.0.0/0.0.0.0",
            "Public-Key: (256 bit)",
        ] {
            assert!(dump.contains(expected), "{expected} is not in {dump}");
        }
    }
    // Each run has its own.
    assert_ne!(Stage::new().await.sidecar.ca_pem(), stage.sidecar.ca_pem());
    // A program that trusts it takes what it makes for its hosts; the leaf lives a day and is not signed with its own key.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("leaf.der");
    std::fs::write(&file, leaf).unwrap();
    let seconds = |after: &str| {
        let check = Command::new("openssl")
            .args([
                "x509",
                "-inform",
                "der",
                "-noout",
                "-checkend",
                after,
                "-in",
            ])
            .arg(&file)
            .output();
        check.unwrap().status.success()
    };
    assert!(seconds("3600") && !seconds("86400"));
    assert_eq!(stage.tally().minted(), 1);
}
