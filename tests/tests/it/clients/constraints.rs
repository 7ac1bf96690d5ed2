//! A client that trusts the authority of a run trusts it with the run's hosts alone: what else it might sign is refused.

use std::path::Path;

use authkeep_testkit::home::{TestHome, run};
use authkeep_testkit::tls_origin::TlsOrigin;
use authkeep_tests::search_path;

/// Each speaks to `URL` without a proxy, and trusts the authority in the file `CA`.
const CLIENTS: [(&str, &str); 7] = [
    ("curl", "curl -fsS --cacert $CA $URL"),
    (
        "Python",
        "SSL_CERT_FILE=$CA $CLIENTS/python/venv/bin/python $CLIENTS/python/client.py urllib",
    ),
    (
        "Node",
        "NODE_EXTRA_CA_CERTS=$CA node $CLIENTS/node/client.mjs https",
    ),
    ("Go", "SSL_CERT_FILE=$CA $CLIENTS/built/client-go"),
    (
        "Java",
        "keytool -importcert -noprompt -file $CA -keystore $TMPDIR/store -storepass changeit 2>/dev/null && \
         java -Djavax.net.ssl.trustStore=$TMPDIR/store -Djavax.net.ssl.trustStorePassword=changeit \
         -cp $CLIENTS/built Client HttpClient",
    ),
    ("Ruby", "SSL_CERT_FILE=$CA ruby $CLIENTS/other/client.rb"),
    ("Rust", "SSL_CERT_FILE=$CA $REQWEST_CLIENT"),
];

/// Which of them speak to a server at `localhost`, whose authority may speak for `permitted` alone.
fn content(permitted: &str) -> Vec<&'static str> {
    let origin = TlsOrigin::start_constrained("localhost", permitted);
    let mut content = Vec::new();
    for (client, line) in CLIENTS {
        let home = TestHome::new();
        let ca = home.tmp().join("ca.pem");
        std::fs::write(&ca, origin.ca_pem()).unwrap();
        let mut command = home.command("sh".as_ref());
        command
            .args(["-c", line])
            .env("PATH", search_path())
            .env("CA", ca)
            .env("URL", origin.url())
            .env("ACME_API_KEY", "none")
            .env(
                "CLIENTS",
                Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/clients"),
            )
            .env("REQWEST_CLIENT", env!("CARGO_BIN_EXE_reqwest_client"));
        let before = origin.seen().len();
        let output = run(&mut command);
        let arrived = origin.seen().len() > before;
        assert_eq!(output.code == 0, arrived, "{client}: {output:?}");
        if arrived {
            content.push(client);
        }
    }
    content
}

#[test]
fn what_the_authority_may_not_sign_no_client_accepts() {
    let all: Vec<_> = CLIENTS.iter().map(|(client, _)| *client).collect();
    // The control: the same authority, with the right to speak for this host.
    assert_eq!(content("localhost"), all);
    let fooled = content("api.example.test");
    println!(
        "figure: {} of {} clients refuse a certificate outside of the authority's names",
        all.len() - fooled.len(),
        all.len()
    );
    assert_eq!(fooled, Vec::<&str>::new());
}
