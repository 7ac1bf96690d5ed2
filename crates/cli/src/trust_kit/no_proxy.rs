//! What goes past the proxy: the machine itself and what the user said, but no host that has a route.
//!
//! A request that goes past the proxy gets no credential, and arrives with a placeholder.

use std::collections::BTreeSet;
use std::net::IpAddr;

/// What a server on this machine is usually called. A proxy has no business there.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The entries of `NO_PROXY`.
#[derive(Debug)]
pub(super) struct NoProxy(Vec<String>);

impl NoProxy {
    /// The user's own lists and this machine, less what would keep a request to one of the `routed` hosts away from
    /// the proxy. A routed name may be a host, a suffix or an address.
    pub(super) fn new<'a>(
        own: impl IntoIterator<Item = &'a str>,
        routed: &BTreeSet<String>,
    ) -> Self {
        let own = own.into_iter().flat_map(|list| list.split([',', ' ']));
        let mut entries: Vec<String> = Vec::new();
        for entry in LOOPBACK.into_iter().chain(own) {
            let entry = entry.trim();
            let is_new = !entry.is_empty() && !entries.iter().any(|known| known == entry);
            if is_new && !routed.iter().any(|host| bypasses(entry, host)) {
                entries.push(entry.to_owned());
            }
        }
        Self(entries)
    }

    /// As the variable has it.
    pub(super) fn list(&self) -> String {
        self.0.join(",")
    }

    /// As Java's `http.nonProxyHosts` has it: patterns, which say nothing of subdomains, ports or networks.
    pub(super) fn java(&self) -> String {
        let patterns = self.0.iter().flat_map(|entry| match bare(entry) {
            name if name.contains('/') || name.is_empty() => Vec::new(),
            "*" => vec!["*".to_owned()],
            "localhost" => vec!["localhost".to_owned()],
            "127.0.0.1" => vec!["127.*".to_owned()],
            name if name.contains(':') => vec![format!("[{name}]")],
            name if name.parse::<IpAddr>().is_ok() => vec![name.to_owned()],
            name => vec![name.to_owned(), format!("*.{name}")],
        });
        patterns.collect::<Vec<_>>().join("|")
    }
}

/// Whether a client that is told `entry` goes past the proxy on its way to `host`, or to one of the hosts that `host`
/// stands for. Clients read these lists differently; here the widest reading counts.
fn bypasses(entry: &str, host: &str) -> bool {
    let (entry, host) = (bare(entry), bare(host));
    if entry == "*" {
        return true;
    }
    if let (Some(network), Ok(address)) = (Network::parse(entry), host.parse()) {
        return network.contains(address);
    }
    is_at_or_below(host, entry) || is_at_or_below(entry, host)
}

/// Without port, brackets, the mark of a suffix and the dot of the root.
fn bare(name: &str) -> &str {
    let name = name.trim_start_matches("*.").trim_start_matches('.');
    let name = match name.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None if name.matches(':').count() == 1 => name.split(':').next().unwrap_or(name),
        None => name,
    };
    name.trim_end_matches('.')
}

fn is_at_or_below(name: &str, parent: &str) -> bool {
    let Some(above) = name.len().checked_sub(parent.len()) else {
        return false;
    };
    let Some(end) = name.get(above..) else {
        return false;
    };
    end.eq_ignore_ascii_case(parent) && (above == 0 || name[..above].ends_with('.'))
}

/// An address, or a range of them in the form of RFC 4632.
struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let whole = if address.is_ipv4() { 32 } else { 128 };
        Some(Self {
            address,
            bits: bits.unwrap_or(whole).min(whole),
        })
    }

    fn contains(&self, other: IpAddr) -> bool {
        let differing = match (self.address, other) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
            (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
            _ => return false,
        };
        differing >= self.bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(own: &str, routed: &[&str]) -> String {
        let routed = routed.iter().map(|name| (*name).to_owned()).collect();
        NoProxy::new([own], &routed).list()
    }

    #[test]
    fn this_machine_and_what_the_user_said_go_past_the_proxy() {
        let none: [&str; 0] = [];
        assert_eq!(list("", &none), "localhost,127.0.0.1,::1");
        assert_eq!(
            list(
                "corp.example, .lan 10.0.0.0/8,localhost",
                &["api.github.com"]
            ),
            "localhost,127.0.0.1,::1,corp.example,.lan,10.0.0.0/8"
        );
    }

    #[test]
    fn no_entry_leads_a_request_past_the_proxy_that_has_a_route() {
        for (entry, routed) in [
            ("*", "api.github.com"),
            ("api.github.com", "api.github.com"),
            ("API.GitHub.com.", "api.github.com"),
            ("github.com", "api.github.com"),
            (".github.com", "api.github.com"),
            ("*.github.com", "api.github.com"),
            ("api.github.com:443", "api.github.com"),
            ("eu.example.com", "*.example.com"),
            ("example.com", ".example.com"),
            ("10.0.0.0/8", "10.1.2.3"),
            ("10.1.2.3", "10.1.2.3"),
            ("[fd00::1]:8443", "fd00::1"),
            ("fd00::/8", "[fd00::1]"),
        ] {
            assert_eq!(
                list(entry, &[routed]),
                "localhost,127.0.0.1,::1",
                "{entry} {routed}"
            );
            // The control: where nothing is routed, the same entry stays.
            let kept = format!("localhost,127.0.0.1,::1,{entry}");
            assert_eq!(
                list(entry, &["api.other.test"]).contains(entry),
                entry != "*"
            );
            assert!(entry == "*" || list(entry, &["api.other.test"]) == kept);
        }
        for (entry, routed) in [
            ("hub.com", "api.github.com"),
            ("api.github.com.evil.test", "api.github.com"),
            ("10.0.0.0/8", "11.1.2.3"),
            ("fd00::/8", "10.1.2.3"),
        ] {
            assert!(list(entry, &[routed]).ends_with(entry), "{entry} {routed}");
        }
    }

    #[test]
    fn a_route_on_this_machine_takes_its_entry_out() {
        assert_eq!(list("", &["api.localhost"]), "127.0.0.1,::1");
        assert_eq!(list("", &["127.0.0.1"]), "localhost,::1");
        assert_eq!(list("localhost", &["::1"]), "localhost,127.0.0.1");
    }

    #[test]
    fn java_gets_patterns() {
        let routed = BTreeSet::from(["api.github.com".to_owned()]);
        let java = |own| NoProxy::new([own], &routed).java();
        assert_eq!(java(""), "localhost|127.*|[::1]");
        assert_eq!(
            java("corp.example,.lan,10.0.0.0/8,10.1.1.1,db:5432"),
            "localhost|127.*|[::1]|corp.example|*.corp.example|lan|*.lan|10.1.1.1|db|*.db"
        );
    }
}
