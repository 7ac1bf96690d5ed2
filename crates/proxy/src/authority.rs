//! Host and port as one thing that is spelled one way: what is compared, matched, dialled and written upstream.
//!
//! Names that two readers could understand differently do not parse: no user information, no address in octal or
//! hexadecimal, no port with a sign or leading zeros, nothing but ASCII. It resolves nothing.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Host and port of a request or a connection.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Authority {
    /// Lower case, no dot at the end; IPv6 in brackets.
    host: String,
    port: u16,
}

/// A text that is no authority, or could be read as two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not a host and a port: {why}")]
pub struct InvalidAuthority {
    why: &'static str,
}

impl Authority {
    /// Reads the target of a CONNECT request, `host:port` (RFC 9112 §3.2.3).
    ///
    /// # Errors
    ///
    /// [`InvalidAuthority`] says what is wrong with it.
    pub fn from_connect(text: &str) -> Result<Self, InvalidAuthority> {
        match split_port(text)? {
            (host, Some(port)) => Self::new(host, port),
            (_, None) => Err(refused("it has no port")),
        }
    }

    /// Reads a Host header or an `:authority`, whose port may be left out (RFC 9110 §7.2).
    ///
    /// # Errors
    ///
    /// [`InvalidAuthority`] says what is wrong with it.
    pub fn from_host_header(text: &str, default_port: u16) -> Result<Self, InvalidAuthority> {
        let (host, port) = split_port(text)?;
        Self::new(host, port.unwrap_or(default_port))
    }

    fn new(host: &str, port: u16) -> Result<Self, InvalidAuthority> {
        let host = canonical_host(host)?;
        Ok(Self { host, port })
    }

    /// The host in lower case, without a dot at the end; an IPv6 address is in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The address, where the host is one.
    pub fn ip(&self) -> Option<IpAddr> {
        let bare = self
            .host
            .strip_prefix('[')
            .and_then(|h| h.strip_suffix(']'));
        bare.unwrap_or(&self.host).parse().ok()
    }

    /// The port, never 0.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// As it stands in a Host header of an `https` request: without the port where it is the usual one.
    pub fn for_https(&self) -> String {
        if self.port == 443 {
            self.host.clone()
        } else {
            self.to_string()
        }
    }
}

/// Host and port, such as `api.example.com:443`.
impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authority({self})")
    }
}

fn refused(why: &'static str) -> InvalidAuthority {
    InvalidAuthority { why }
}

fn split_port(text: &str) -> Result<(&str, Option<u16>), InvalidAuthority> {
    // A colon inside brackets belongs to the address.
    let after_brackets = text.rfind(']').map_or(0, |at| at + 1);
    let Some(colon) = text[after_brackets..].find(':') else {
        return Ok((text, None));
    };
    let (host, port) = text.split_at(after_brackets + colon);
    let digits = &port[1..];
    let is_plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    match digits.parse() {
        Ok(port) if is_plain => Ok((host, Some(port))),
        _ => Err(refused("its port is not a number between 1 and 65535")),
    }
}

fn canonical_host(host: &str) -> Result<String, InvalidAuthority> {
    const LONGEST_NAME: usize = 253;
    const LONGEST_LABEL: usize = 63;
    if let Some(inner) = host.strip_prefix('[') {
        let address = inner.strip_suffix(']').and_then(|text| text.parse().ok());
        let address: Ipv6Addr = address.ok_or(refused("it is not an address in brackets"))?;
        // The form that patterns are in: it has no dotted part, unlike the one of the standard library.
        return Ok(url::Host::<&str>::Ipv6(address).to_string());
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let is_label =
        |label: &str| (1..=LONGEST_LABEL).contains(&label.len()) && label.bytes().all(is_allowed);
    if name.len() > LONGEST_NAME || !name.split('.').all(is_label) {
        return Err(refused("it is not a host name"));
    }
    let last = name.rsplit('.').next().unwrap_or_default();
    // Resolvers take such names for addresses, in ways of their own: 127.1, 0x7f.1, 2130706433.
    if last.starts_with(|c: char| c.is_ascii_digit()) && is_number(last) {
        return match host.parse::<Ipv4Addr>() {
            Ok(address) => Ok(address.to_string()),
            Err(_) => Err(refused("it is an address in an unusual form")),
        };
    }
    Ok(name.to_ascii_lowercase())
}

fn is_number(label: &str) -> bool {
    let hex = label.strip_prefix("0x").or(label.strip_prefix("0X"));
    match hex {
        Some(digits) => digits.bytes().all(|b| b.is_ascii_hexdigit()),
        None => label.bytes().all(|b| b.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests;
