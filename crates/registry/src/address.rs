//! Which addresses and host names belong to the public internet.
//!
//! A definition that is not marked local may only name public ones: otherwise a stranger's file could
//! point the product at a router, a metadata service or a port on this machine. Names that resolve to
//! private addresses are the concern of whoever connects; nothing is resolved here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Host;

/// Whether a definition may name loopback and private addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locality {
    /// The ordinary case: public hosts only, https only.
    Public,
    /// `"local": true`: also loopback and private hosts, and http on loopback.
    Local,
}

/// True for addresses that are routed on the public internet.
///
/// Loopback, private, link-local, shared (RFC 6598), documentation, benchmark, multicast and reserved
/// ranges are not, nor are IPv6 forms that embed such an IPv4 address.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

/// True for hosts that belong to the public internet as far as can be seen without resolving them: public
/// addresses, and names that are not of this machine or its network by their form.
#[must_use]
pub fn is_public_host(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => !is_local_name(name.trim_end_matches('.')),
        Host::Ipv4(v4) => is_public_v4(*v4),
        Host::Ipv6(v6) => is_public_v6(*v6),
    }
}

/// Returns why `host` may not be named, or `None` when it may.
pub(crate) fn objection<S: AsRef<str>>(host: &Host<S>, locality: Locality) -> Option<&'static str> {
    const HINT_ADDRESS: &str =
        "is a loopback or private address, which only a definition with `\"local\": true` may name";
    const HINT_NAME: &str =
        "is a local name, which only a definition with `\"local\": true` may use";
    if locality == Locality::Local {
        return None;
    }
    match host {
        Host::Ipv4(v4) => (!is_public_v4(*v4)).then_some(HINT_ADDRESS),
        Host::Ipv6(v6) => (!is_public_v6(*v6)).then_some(HINT_ADDRESS),
        Host::Domain(name) => is_local_name(name.as_ref()).then_some(HINT_NAME),
    }
}

/// True when the host can only be this machine: http is tolerable there and nowhere else.
#[must_use]
pub fn is_loopback<S: AsRef<str>>(host: &Host<S>) -> bool {
    match host {
        Host::Ipv4(v4) => v4.is_loopback(),
        Host::Ipv6(v6) => v6.is_loopback(),
        Host::Domain(name) => {
            let name = name.as_ref();
            name == "localhost" || name.ends_with(".localhost")
        }
    }
}

fn is_local_name(name: &str) -> bool {
    const SUFFIXES: [&str; 6] = [
        ".localhost",
        ".local",
        ".internal",
        ".localdomain",
        ".home.arpa",
        ".lan",
    ];
    !name.contains('.') || SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    // Azure answers virtual machines at an address that looks public; it is their metadata service.
    const WIRE_SERVER: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);
    !(address == WIRE_SERVER
        || a == 0
        || a == 10
        || (a == 100 && (64..128).contains(&b))
        || a == 127
        || (a == 169 && b == 254)
        || (a == 172 && (16..32).contains(&b))
        || (a == 192 && b == 0 && (c == 0 || c == 2))
        || (a == 192 && b == 88 && c == 99)
        || (a == 192 && b == 168)
        || (a == 198 && (b == 18 || b == 19))
        || (a == 198 && b == 51 && c == 100)
        || (a == 203 && b == 0 && c == 113)
        || a >= 224)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([w, x], [y, z]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(w, x, y, z))
    };
    match (a, b, c, d, e, f) {
        // ::/96 covers the unspecified and loopback addresses and the old IPv4-compatible form.
        (0, 0, 0, 0, 0, 0) => false,
        // IPv4-mapped (RFC 4291) and NAT64 (RFC 6052).
        (0, 0, 0, 0, 0, 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) => embedded(g, h),
        // 6to4 (RFC 3056).
        (0x2002, ..) => embedded(b, c),
        // Documentation (RFC 3849, RFC 9637), and Teredo with the rest of the special-purpose block.
        (0x2001, 0x0db8, ..) | (0x3fff, 0..0x1000, ..) => false,
        (0x2001, block, ..) if block < 0x200 => false,
        // Only 2000::/3 is handed out for global unicast.
        _ => (0x2000..0x4000).contains(&a),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_forms_are_not_public() {
        for text in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "168.63.129.16",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "3fff:fff::1",
            "100::1",
        ] {
            assert!(!is_public(text.parse().expect("an address")), "{text}");
        }
    }

    #[test]
    fn ordinary_addresses_are_public() {
        for text in [
            "1.1.1.1",
            "100.128.0.1",
            "172.32.0.1",
            "192.1.0.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
        ] {
            assert!(is_public(text.parse().expect("an address")), "{text}");
        }
    }

    #[test]
    fn local_names_need_a_local_definition() {
        for name in [
            "localhost",
            "x.localhost",
            "intranet",
            "printer.local",
            "metadata.google.internal",
        ] {
            let host = Host::Domain(name);
            assert!(objection(&host, Locality::Public).is_some(), "{name}");
            assert_eq!(objection(&host, Locality::Local), None, "{name}");
            assert!(!is_public_host(&host), "{name}");
        }
        assert!(!is_public_host(&Host::Domain("localhost.")));
        assert!(is_public_host(&Host::Domain("api.example.com")));
        assert_eq!(
            objection(&Host::Domain("api.example.com"), Locality::Public),
            None
        );
    }
}
