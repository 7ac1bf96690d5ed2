//! Where requests begin and end, as RFC 9112 has it and nothing beyond: a follower of bytes that reads no meaning into them.

use memchr::memchr;

/// The longest head, in bytes, and the longest trailer section.
pub const MAX_HEAD: usize = 64 * 1024;

/// Why the bytes are not requests with one reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Violation {
    /// Where in the bytes that came last. Those before it are in order, and complete no request.
    pub at: usize,
    /// What is wrong.
    pub why: &'static str,
}

/// Follows the requests on one connection.
#[derive(Debug, Default)]
pub struct Framing {
    next: Next,
    head: Head,
    /// The beginning of a line whose end has not come yet.
    line: Vec<u8>,
    /// How long the head or the trailer section is so far.
    length: usize,
}

/// What the next byte belongs to.
#[derive(Debug, Default, Clone, Copy)]
enum Next {
    #[default]
    RequestLine,
    Header,
    Body(u64),
    ChunkSize,
    Chunk(u64),
    ChunkEnd,
    Trailer,
    /// What follows a CONNECT: another request if it was declined, or what is to be tunnelled.
    AfterConnect,
    Tunnelled,
}

/// What a head says about its own reading.
#[derive(Debug, Default)]
struct Head {
    is_connect: bool,
    is_http_1_0: bool,
    hosts: usize,
    length: Option<u64>,
    is_chunked: bool,
}

impl Framing {
    /// Takes the next bytes of the connection.
    ///
    /// # Errors
    ///
    /// The first [`Violation`]. Nothing more is to be read from the connection then.
    pub fn follow(&mut self, bytes: &[u8]) -> Result<(), Violation> {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            match self.next {
                Next::Tunnelled => return Ok(()),
                Next::AfterConnect => {
                    // The first byte of TLS, from clients that do not wait for the answer.
                    const HANDSHAKE: u8 = 22;
                    let is_tls = rest.first() == Some(&HANDSHAKE);
                    self.next = if is_tls {
                        Next::Tunnelled
                    } else {
                        Next::RequestLine
                    };
                }
                Next::Body(left) => {
                    let taken = left.min(rest.len() as u64);
                    at += taken as usize;
                    self.next = if taken == left {
                        Next::RequestLine
                    } else {
                        Next::Body(left - taken)
                    };
                }
                Next::Chunk(left) => {
                    let taken = left.min(rest.len() as u64);
                    at += taken as usize;
                    self.next = if taken == left {
                        Next::ChunkEnd
                    } else {
                        Next::Chunk(left - taken)
                    };
                }
                Next::RequestLine
                | Next::Header
                | Next::ChunkSize
                | Next::ChunkEnd
                | Next::Trailer => {
                    let end = memchr(b'\n', rest);
                    let taken = end.map_or(rest.len(), |end| end + 1);
                    let violation = |why| Violation {
                        at: at + taken - 1,
                        why,
                    };
                    self.length += taken;
                    if self.length > MAX_HEAD {
                        return Err(violation("the head is too long"));
                    }
                    if end.is_none() {
                        self.line.extend_from_slice(rest);
                    } else if self.line.is_empty() {
                        self.end_line(&rest[..taken]).map_err(violation)?;
                    } else {
                        let mut line = std::mem::take(&mut self.line);
                        line.extend_from_slice(&rest[..taken]);
                        self.end_line(&line).map_err(violation)?;
                        line.clear();
                        self.line = line;
                    }
                    at += taken;
                }
            }
        }
        Ok(())
    }

    /// Whether the next byte belongs to a head.
    pub fn is_in_head(&self) -> bool {
        matches!(self.next, Next::RequestLine | Next::Header)
    }

    /// Takes a line with its end.
    fn end_line(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let line = line
            .strip_suffix(b"\r\n")
            .ok_or("a line ends without CRLF")?;
        self.next = match self.next {
            Next::RequestLine => {
                self.head = Head::begun(line)?;
                Next::Header
            }
            Next::Header if line.is_empty() => self.head.end()?,
            Next::Header => {
                self.head.take(line)?;
                Next::Header
            }
            Next::ChunkSize => match chunk_size(line)? {
                0 => Next::Trailer,
                size => Next::Chunk(size),
            },
            Next::ChunkEnd if line.is_empty() => Next::ChunkSize,
            Next::ChunkEnd => return Err("a chunk is longer than it says"),
            Next::Trailer if line.is_empty() => Next::RequestLine,
            Next::Trailer => {
                let (name, _) = field(line)?;
                if Framed::of(name).is_some() {
                    return Err("a trailer would frame the request");
                }
                Next::Trailer
            }
            other => other,
        };
        if !matches!(self.next, Next::Header | Next::Trailer) {
            self.length = 0;
        }
        Ok(())
    }
}

impl Head {
    /// Reads a request line (RFC 9112 §3).
    fn begun(line: &[u8]) -> Result<Self, &'static str> {
        let mut words = line.split(|b| *b == b' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err("the request line is not a method, a target and a version");
        };
        if !is_token(method) {
            return Err("the method is not a token");
        }
        // Bytes beyond ASCII are sent by some clients, and understood.
        if target.is_empty() || target.iter().any(|b| b.is_ascii_control() || *b == b'#') {
            return Err("the target has control bytes or a fragment");
        }
        let is_http_1_0 = match version {
            b"HTTP/1.1" => false,
            b"HTTP/1.0" => true,
            _ => return Err("the version is neither HTTP/1.1 nor HTTP/1.0"),
        };
        Ok(Self {
            is_connect: method == b"CONNECT",
            is_http_1_0,
            ..Self::default()
        })
    }

    fn take(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let (name, value) = field(line)?;
        match Framed::of(name) {
            None => {}
            Some(Framed::Twin) => return Err("a header is nearly one that frames the request"),
            Some(Framed::Host) => self.hosts += 1,
            Some(Framed::ContentLength) => {
                if self.length.is_some() {
                    return Err("there are two content lengths");
                }
                self.length =
                    Some(content_length(value).ok_or("the content length is not a plain number")?);
            }
            Some(Framed::TransferEncoding) => {
                if self.is_chunked || !value.eq_ignore_ascii_case(b"chunked") {
                    return Err("the transfer encoding is not exactly `chunked`");
                }
                self.is_chunked = true;
            }
        }
        Ok(())
    }

    /// What follows the head (RFC 9112 §6.3).
    fn end(&self) -> Result<Next, &'static str> {
        if self.hosts > 1 || self.hosts == 0 && !self.is_http_1_0 {
            return Err("there is not exactly one host");
        }
        match (self.length, self.is_chunked) {
            (Some(_), true) => Err("there are a content length and a transfer encoding"),
            (None, true) if self.is_http_1_0 => Err("HTTP/1.0 has no transfer encoding"),
            (Some(1..), _) | (_, true) if self.is_connect => Err("a CONNECT has a body"),
            (None | Some(0), false) if self.is_connect => Ok(Next::AfterConnect),
            (None, false) => Ok(Next::RequestLine),
            (Some(length), false) => Ok(Next::Body(length)),
            (None, true) => Ok(Next::ChunkSize),
        }
    }
}

/// The headers that decide on the reading of a request.
enum Framed {
    Host,
    ContentLength,
    TransferEncoding,
    /// Gateways that turn headers into variables take it for one of these.
    Twin,
}

impl Framed {
    fn of(name: &[u8]) -> Option<Self> {
        let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
        match name.len() {
            4 if is(b"host") => Some(Self::Host),
            14 if is(b"content-length") => Some(Self::ContentLength),
            14 if is(b"content_length") => Some(Self::Twin),
            17 if is(b"transfer-encoding") => Some(Self::TransferEncoding),
            17 if is(b"transfer_encoding") => Some(Self::Twin),
            _ => None,
        }
    }
}

/// Name and value of a field line (RFC 9112 §5): no folding, no space before the colon, no control bytes.
fn field(line: &[u8]) -> Result<(&[u8], &[u8]), &'static str> {
    let colon = memchr(b':', line).ok_or("a header has no colon")?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    if !is_token(name) {
        return Err("the name of a header is not a token");
    }
    // Without an early end, so that many bytes are looked at in one step.
    let controls = value
        .iter()
        .filter(|b| b.is_ascii_control() && **b != b'\t');
    if controls.count() > 0 {
        return Err("a header has control bytes");
    }
    let is_padding = |b: &u8| matches!(b, b' ' | b'\t');
    let start = value
        .iter()
        .position(|b| !is_padding(b))
        .unwrap_or(value.len());
    let end = value
        .iter()
        .rposition(|b| !is_padding(b))
        .map_or(start, |last| last + 1);
    Ok((name, &value[start..end]))
}

/// RFC 9110 §5.6.2.
fn is_token(name: &[u8]) -> bool {
    const TOKEN: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0;
        while byte < table.len() {
            table[byte] = (byte as u8).is_ascii_alphanumeric();
            byte += 1;
        }
        let others = b"!#$%&'*+-.^_`|~";
        let mut at = 0;
        while at < others.len() {
            table[others[at] as usize] = true;
            at += 1;
        }
        table
    };
    !name.is_empty() && name.iter().all(|byte| TOKEN[usize::from(*byte)])
}

fn content_length(value: &[u8]) -> Option<u64> {
    // A zero in front is allowed, but means octal to some.
    let is_plain =
        value == b"0" || value.iter().all(u8::is_ascii_digit) && !value.starts_with(b"0");
    let text = std::str::from_utf8(value).ok().filter(|_| is_plain)?;
    text.parse().ok()
}

/// The line before a chunk (RFC 9112 §7.1). Extensions are allowed there, but nobody needs them, and parsers differ.
fn chunk_size(line: &[u8]) -> Result<u64, &'static str> {
    const LONGEST: usize = 15;
    let is_plain = (1..=LONGEST).contains(&line.len()) && line.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(line).ok().filter(|_| is_plain);
    text.and_then(|text| u64::from_str_radix(text, 16).ok())
        .ok_or("a chunk size is not a plain hexadecimal number")
}
