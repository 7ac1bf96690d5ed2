//! The user's own proxy, through which the sidecar reaches the outside.
//!
//! Only proxies that are spoken to over http are supported, as `http://proxy.example:3128`, with a user name and a
//! password where there are any.

use std::net::IpAddr;

use authkeep_core::ProxySettings;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

use crate::authority::Authority;

/// The most that a proxy has reason to say before the tunnel begins.
const HEAD: usize = 16 * 1024;

/// Which proxy is used for what.
#[derive(Debug, Default)]
pub(crate) struct Egress {
    proxy: Option<EgressProxy>,
    direct: Vec<String>,
}

/// A proxy of the user's.
#[derive(Debug)]
pub(crate) struct EgressProxy {
    host: String,
    port: u16,
    authorization: Option<SecretString>,
}

/// The address of the user's proxy is of no use.
#[derive(Debug, thiserror::Error)]
#[error(
    "the proxy in the environment is not one that can be used: its address has to begin with http://"
)]
pub(crate) struct UnknownProxy;

impl Egress {
    pub(crate) fn new(settings: &ProxySettings) -> Result<Self, UnknownProxy> {
        let proxy = settings.https.as_deref().map(EgressProxy::parse);
        let direct = settings.no_proxy.as_deref().unwrap_or_default();
        Ok(Self {
            proxy: proxy.transpose()?,
            direct: direct
                .split([',', ' '])
                .filter(|rule| !rule.is_empty())
                .map(str::to_ascii_lowercase)
                .collect(),
        })
    }

    /// The proxy for `authority`; `None` where it is reached directly. This machine always is.
    pub(crate) fn for_authority(&self, authority: &Authority) -> Option<&EgressProxy> {
        let proxy = self.proxy.as_ref()?;
        let host = authority.host();
        let ip = authority.ip();
        let is_loopback = ip.is_some_and(|ip| ip.is_loopback())
            || host == "localhost"
            || host.ends_with(".localhost");
        let is_direct = is_loopback
            || (self.direct.iter()).any(|rule| covers(rule, host, ip, authority.port()));
        (!is_direct).then_some(proxy)
    }
}

/// Whether a rule of `NO_PROXY` names the host: `*`, a name with all below it, an address, or a block of addresses.
fn covers(rule: &str, host: &str, ip: Option<IpAddr>, port: u16) -> bool {
    if rule == "*" {
        return true;
    }
    let rule = match rule.rsplit_once(':') {
        Some((before, number)) if !before.contains(':') || before.ends_with(']') => {
            if number.parse() != Ok(port) {
                return false;
            }
            before
        }
        _ => rule,
    };
    match (ip, rule.split_once('/')) {
        (Some(ip), Some((network, bits))) => match (network.parse(), bits.parse()) {
            (Ok(network), Ok(bits)) => is_within(ip, network, bits),
            _ => false,
        },
        (Some(ip), None) => rule.trim_matches(['[', ']']).parse() == Ok(ip),
        (None, _) => {
            let suffix = rule.trim_start_matches("*.").trim_start_matches('.');
            host.strip_suffix(suffix)
                .is_some_and(|labels| labels.is_empty() || labels.ends_with('.'))
        }
    }
}

fn is_within(ip: IpAddr, network: IpAddr, bits: u32) -> bool {
    let shared = |a: u128, b: u128, width: u32| {
        bits <= width && (bits == 0 || (a ^ b) >> (width - bits) == 0)
    };
    match (ip, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => shared(a.to_bits().into(), b.to_bits().into(), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => shared(a.to_bits(), b.to_bits(), 128),
        _ => false,
    }
}

impl EgressProxy {
    fn parse(text: &str) -> Result<Self, UnknownProxy> {
        let with_scheme = if text.contains("://") {
            text.to_owned()
        } else {
            format!("http://{text}")
        };
        let url = Url::parse(&with_scheme).map_err(|_| UnknownProxy)?;
        let host = url.host_str().filter(|_| url.scheme() == "http");
        let decoded = |text| percent_decode_str(text).decode_utf8_lossy();
        let authorization = (!url.username().is_empty()).then(|| {
            let password = decoded(url.password().unwrap_or_default());
            let pair = format!("{}:{password}", decoded(url.username()));
            SecretString::from(format!("Basic {}", BASE64_STANDARD.encode(pair)))
        });
        Ok(Self {
            host: host.ok_or(UnknownProxy)?.to_owned(),
            port: url.port_or_known_default().ok_or(UnknownProxy)?,
            authorization,
        })
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Asks the proxy at the other end of `stream` for a tunnel to `authority` (RFC 9110 section 9.3.6).
    pub(crate) async fn tunnel(
        &self,
        mut stream: TcpStream,
        authority: &Authority,
    ) -> std::io::Result<TcpStream> {
        let mut request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
        if let Some(authorization) = &self.authorization {
            // EXPOSE: to the proxy whose credential it is.
            let value = authorization.expose_secret();
            request.push_str(&format!("Proxy-Authorization: {value}\r\n"));
        }
        request.push_str("\r\n");
        stream.write_all(request.as_bytes()).await?;
        // Byte by byte: what comes after the head belongs to the tunnel.
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() == HEAD {
                return Err(std::io::Error::other("the proxy's answer is too long"));
            }
            head.push(stream.read_u8().await?);
        }
        let status = head.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        if status.len() == 3 && status.starts_with(b"2") {
            return Ok(stream);
        }
        let status = String::from_utf8_lossy(status);
        Err(std::io::Error::other(format!(
            "the proxy that leads outside answered {}",
            status
                .chars()
                .filter(char::is_ascii_digit)
                .take(3)
                .collect::<String>()
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reached_directly_is_read_as_other_programs_read_it() {
        let egress = Egress::new(&ProxySettings {
            https: Some("proxy.example:3128".to_owned()),
            no_proxy: Some(
                "Exact.example, .dot.example,*.star.example, 10.0.0.0/8,192.0.2.7,[2001:db8::1],fd00::/8 port.example:8443"
                    .to_owned(),
            ),
        })
        .expect("it is a proxy");
        for (authority, is_direct) in [
            ("exact.example:443", true),
            ("sub.exact.example:443", true),
            ("inexact.example:443", false),
            ("a.dot.example:443", true),
            ("a.star.example:443", true),
            ("10.255.0.1:443", true),
            ("11.0.0.1:443", false),
            ("192.0.2.7:443", true),
            ("192.0.2.8:443", false),
            ("[2001:db8::1]:443", true),
            ("[fd12::1]:443", true),
            ("[fe12::1]:443", false),
            ("port.example:8443", true),
            ("port.example:443", false),
            ("localhost:1", true),
            ("a.localhost:1", true),
            ("127.9.9.9:1", true),
            ("other.example:443", false),
        ] {
            let parsed = Authority::from_connect(authority).expect("an authority");
            assert_eq!(
                egress.for_authority(&parsed).is_none(),
                is_direct,
                "{authority}"
            );
        }
    }

    #[test]
    fn only_proxies_over_http_are_known() {
        let settings = |https: &str| ProxySettings {
            https: Some(https.to_owned()),
            no_proxy: Some("*".to_owned()),
        };
        for unknown in [
            "https://proxy.example",
            "socks5://proxy.example",
            "http://",
            "://",
        ] {
            assert!(Egress::new(&settings(unknown)).is_err(), "{unknown}");
        }
        let everything = Egress::new(&settings("http://u:p@proxy.example")).expect("a proxy");
        let any = Authority::from_connect("any.example:443").expect("an authority");
        assert!(everything.for_authority(&any).is_none());
        assert!(
            !format!("{everything:?}").contains("dTpw"),
            "its credential is not shown"
        );
    }
}
