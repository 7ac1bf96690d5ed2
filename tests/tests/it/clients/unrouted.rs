//! Hosts that no login is for: a client trusts them as it did before.

use super::stage::Stage;
use authkeep_testkit::tls_origin::TlsOrigin;

/// Each asks `$1`, trusting the file `$2` in the way that the trust kit tells it to.
const CLIENTS: [(&str, &str); 4] = [
    ("curl", "CURL_CA_BUNDLE=$2 curl -fsS $1"),
    (
        "requests",
        "URL=$1 REQUESTS_CA_BUNDLE=$2 $CLIENTS/python/venv/bin/python $CLIENTS/python/client.py requests",
    ),
    ("Go", "URL=$1 SSL_CERT_FILE=$2 $CLIENTS/built/client-go"),
    (
        "Ruby",
        "URL=$1 SSL_CERT_FILE=$2 ruby $CLIENTS/other/client.rb",
    ),
];

#[test]
fn roots_that_the_user_had_still_count() {
    let other = TlsOrigin::start_constrained("127.0.0.1", "nothing.example.test");
    let stage = Stage::new().trusting(other.ca_pem());
    // The last certificate of the bundle is the run's own.
    let alone = "awk '/BEGIN/ { last = \"\" } { last = last $0 \"\\n\" } END { printf \"%s\", last }' \
                 \"$SSL_CERT_FILE\" > \"$TMPDIR/alone.pem\"";
    for (client, line) in CLIENTS {
        let asked = |url: &str, roots: &str| {
            let line = format!("{alone} && set -- {url} {roots} && {line}");
            let run = stage.run(&line, &[]);
            assert!(
                !stage.is_secret_in(&run.output),
                "{client}: {:?}",
                run.output
            );
            run
        };
        let before = other.seen().len();
        let run = asked(&other.url(), "$SSL_CERT_FILE");
        assert_eq!(run.output.code, 0, "{client}: {:?}", run.output);
        let seen = other.seen().split_off(before);
        assert!(!seen.is_empty() && run.seen.is_empty(), "{client}");
        // The control: with the run's certificate alone it gets to the routed host, and to no other.
        let run = asked("$URL", "$TMPDIR/alone.pem");
        assert!(
            run.output.code == 0 && run.arrived(),
            "{client}: {:?}",
            run.output
        );
        assert_ne!(
            asked(&other.url(), "$TMPDIR/alone.pem").output.code,
            0,
            "{client}"
        );
        assert_eq!(other.seen().len(), before + seen.len(), "{client}");
    }
}
