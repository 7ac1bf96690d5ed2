//! Which version of HTTP is spoken: what the client offers is offered to the server, and the client gets what the
//! server chose (RFC 7301).

/// What is spoken inside a TLS connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Protocol {
    /// HTTP/1.1, without a word about it: the client or the server knows no ALPN.
    Unnamed,
    /// HTTP/1.1, as agreed.
    Http1,
    /// HTTP/2, as agreed.
    Http2,
}

const HTTP1: &[u8] = b"http/1.1";
const HTTP2: &[u8] = b"h2";

impl Protocol {
    /// What was agreed on; `None` for a protocol that was never offered.
    pub(crate) fn agreed(alpn: Option<&[u8]>) -> Option<Self> {
        match alpn {
            None => Some(Self::Unnamed),
            Some(HTTP1) => Some(Self::Http1),
            Some(HTTP2) => Some(Self::Http2),
            Some(_) => None,
        }
    }

    /// The list that agrees on just this.
    pub(crate) fn offered(self) -> Vec<Vec<u8>> {
        match self {
            Self::Unnamed => Vec::new(),
            Self::Http1 => vec![HTTP1.to_vec()],
            Self::Http2 => vec![HTTP2.to_vec()],
        }
    }

    /// True for HTTP/2.
    pub(crate) fn is_http2(self) -> bool {
        self == Self::Http2
    }
}

/// What a client offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offer {
    /// No ALPN.
    Nothing,
    /// HTTP/1.1 only.
    Http1,
    /// HTTP/2 only.
    Http2,
    /// Both.
    Both,
}

impl Offer {
    /// All offers.
    pub(crate) const ALL: [Self; 4] = [Self::Nothing, Self::Http1, Self::Http2, Self::Both];

    /// Reads a client's list; `None` when it has protocols and none of ours.
    pub(crate) fn of<'a>(alpn: Option<impl Iterator<Item = &'a [u8]>>) -> Option<Self> {
        let Some(list) = alpn else {
            return Some(Self::Nothing);
        };
        let (mut http1, mut http2) = (false, false);
        for name in list {
            http1 |= name == HTTP1;
            http2 |= name == HTTP2;
        }
        match (http1, http2) {
            (true, true) => Some(Self::Both),
            (true, false) => Some(Self::Http1),
            (false, true) => Some(Self::Http2),
            (false, false) => None,
        }
    }

    /// The list that makes this offer to a server.
    pub(crate) fn list(self) -> Vec<Vec<u8>> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Http1 => vec![HTTP1.to_vec()],
            Self::Http2 => vec![HTTP2.to_vec()],
            Self::Both => vec![HTTP2.to_vec(), HTTP1.to_vec()],
        }
    }

    /// The offer that asks for `protocol` again.
    pub(crate) fn only(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Unnamed => Self::Nothing,
            Protocol::Http1 => Self::Http1,
            Protocol::Http2 => Self::Http2,
        }
    }

    /// What is spoken with the client when no server is there to choose.
    pub(crate) fn preferred(self) -> Protocol {
        match self {
            Self::Nothing => Protocol::Unnamed,
            Self::Http1 => Protocol::Http1,
            Self::Http2 | Self::Both => Protocol::Http2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_offers_is_read_and_nothing_else_is_offered_on() {
        let of = |list: &[&'static [u8]]| Offer::of(Some(list.iter().copied()));
        assert_eq!(
            Offer::of(None::<std::iter::Empty<&[u8]>>),
            Some(Offer::Nothing)
        );
        assert_eq!(of(&[b"h2", b"http/1.1"]), Some(Offer::Both));
        assert_eq!(of(&[b"spdy/3", b"http/1.1"]), Some(Offer::Http1));
        assert_eq!(of(&[b"h2"]), Some(Offer::Http2));
        assert_eq!(of(&[b"h3", b"acme-tls/1"]), None);
        assert_eq!(of(&[]), None);
    }
}
