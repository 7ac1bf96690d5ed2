//! What the Java runtime needs: a trust store in a format that all of its versions read, and options.
//!
//! Java reads neither proxy variables nor PEM files. It cannot send the proxy's credential either; the proxy knows the
//! run's own processes without one.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

/// What trust stores are "protected" with by convention. There is nothing secret in one.
const PASSWORD: &str = "changeit";

const MAGIC: u32 = 0xFEED_FEED;
const VERSION: u32 = 2;
const TRUSTED_CERTIFICATE: u32 = 2;

/// Makes a trust store (format JKS, as `sun.security.provider.JavaKeyStore` reads it) of the certificates in PEM.
pub(super) fn trust_store(pem: &str) -> Vec<u8> {
    let certificates: Vec<_> = certificates(pem).collect();
    let mut store = Vec::with_capacity(pem.len());
    for number in [MAGIC, VERSION, length(certificates.len())] {
        store.extend(number.to_be_bytes());
    }
    for (index, certificate) in certificates.iter().enumerate() {
        store.extend(TRUSTED_CERTIFICATE.to_be_bytes());
        text(&mut store, &format!("root-{index}"));
        // Since when it is in the store, in milliseconds: nobody asks.
        store.extend(0_u64.to_be_bytes());
        text(&mut store, "X.509");
        store.extend(length(certificate.len()).to_be_bytes());
        store.extend(certificate);
    }
    // The format's own checksum: the password, a fixed phrase, and everything so far.
    let mut digest = Sha1::new();
    let units = PASSWORD.encode_utf16();
    digest.update(units.flat_map(u16::to_be_bytes).collect::<Vec<_>>());
    digest.update(b"Mighty Aphrodite");
    digest.update(&store);
    store.extend(digest.finalize());
    store
}

/// The options that lead Java through the proxy on this machine's `port`. They are appended to the user's own, since
/// the last one counts.
pub(super) fn options(own: &str, port: u16, past_the_proxy: &str, trust_store: &Path) -> String {
    let store = trust_store.display();
    let ours = format!(
        "-Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort={port} -Dhttps.proxyHost=127.0.0.1 \
         -Dhttps.proxyPort={port} -Dhttp.nonProxyHosts={past_the_proxy} \
         -Djavax.net.ssl.trustStore={store} -Djavax.net.ssl.trustStoreType=JKS \
         -Djavax.net.ssl.trustStorePassword={PASSWORD}"
    );
    super::appended(own, &ours)
}

fn certificates(pem: &str) -> impl Iterator<Item = Vec<u8>> {
    pem.split("-----BEGIN CERTIFICATE-----")
        .skip(1)
        .filter_map(|rest| {
            let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
            let body: Vec<u8> = body.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
            STANDARD.decode(body).ok()
        })
}

/// In the modified UTF-8 of Java, which is the usual one for what stands here.
fn text(store: &mut Vec<u8>, text: &str) {
    store.extend(u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
    store.extend(text.as_bytes());
}

fn length(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_certificate_is_left_out() {
        let pem = "# a comment\n-----BEGIN CERTIFICATE-----\nAQID\nBA==\n-----END CERTIFICATE-----\n\
                   -----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n\
                   -----BEGIN PRIVATE KEY-----\nAQID\n-----END PRIVATE KEY-----\n\
                   -----BEGIN CERTIFICATE-----\nAQID";
        assert_eq!(certificates(pem).collect::<Vec<_>>(), [[1, 2, 3, 4]]);
    }

    #[test]
    fn the_checksum_is_the_one_that_java_computes() {
        // An empty store, of which nothing but the checksum can be wrong. `keytool -list` opens it.
        let empty = trust_store("");
        let (header, checksum) = empty.split_at(12);
        assert_eq!(header, b"\xFE\xED\xFE\xED\0\0\0\x02\0\0\0\0");
        let checksum: String = checksum.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(checksum, "e2686e45fb43dfa4d992dd41ceb6b21c6330d792");
    }

    #[test]
    fn the_users_own_options_stay_and_come_first() {
        let options = options(
            "-Xmx1g -Dhttps.proxyPort=1",
            2,
            "localhost",
            Path::new("/t/s"),
        );
        assert!(options.starts_with("-Xmx1g -Dhttps.proxyPort=1 -Dhttp.proxyHost=127.0.0.1 "));
        assert!(options.contains(" -Dhttps.proxyPort=2 "), "{options}");
    }
}
