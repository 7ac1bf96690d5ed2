//! The smallest HTTP/1.1 client that can be measured with: what it costs is the same for every subject.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::Fallible;
use crate::subject::{HOST, Subject};

/// One connection to the server, over whatever lies between.
#[derive(Debug)]
pub(crate) struct Client {
    stream: TlsStream<TcpStream>,
    buffer: Vec<u8>,
    filled: usize,
    port: u16,
}

impl Client {
    pub(crate) async fn connect(subject: &Subject) -> Fallible<Self> {
        let port = subject
            .proxy
            .as_ref()
            .map_or(subject.origin, |(port, _)| *port);
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        if let Some((_, credential)) = &subject.proxy {
            let mut request = format!(
                "CONNECT {HOST}:{0} HTTP/1.1\r\nHost: {HOST}:{0}\r\n",
                subject.origin
            );
            if let Some(credential) = credential {
                let credential = STANDARD.encode(credential);
                request.push_str(&format!("Proxy-Authorization: Basic {credential}\r\n"));
            }
            request.push_str("\r\n");
            stream.write_all(request.as_bytes()).await?;
            let mut answer = Vec::new();
            while !answer.ends_with(b"\r\n\r\n") {
                answer.push(stream.read_u8().await?);
            }
            if !answer.starts_with(b"HTTP/1.1 200") {
                return Err(String::from_utf8_lossy(&answer).into_owned().into());
            }
        }
        let name = ServerName::try_from(HOST)?;
        let stream = subject.tls.0.connect(name, stream).await?;
        Ok(Self {
            stream,
            buffer: vec![0; 128 * 1024],
            filled: 0,
            port: subject.origin,
        })
    }

    /// Sends a request, whose head the caller has made with [`head`](Self::head).
    pub(crate) async fn send(&mut self, head: &[u8]) -> Fallible<()> {
        self.stream.write_all(head).await?;
        Ok(self.stream.flush().await?)
    }

    pub(crate) fn head(&self, path: &str) -> Vec<u8> {
        format!(
            "GET {path} HTTP/1.1\r\nHost: {HOST}:{}\r\nAuthorization: Bearer placeholder\r\n\r\n",
            self.port
        )
        .into_bytes()
    }

    /// Reads the head of an answer and returns the length of its body; `None` where it does not say.
    pub(crate) async fn answer(&mut self) -> Fallible<Option<usize>> {
        let mut searched = 0;
        let end = loop {
            let found = self.buffer[searched..self.filled]
                .windows(4)
                .position(|bytes| bytes == b"\r\n\r\n");
            match found {
                Some(at) => break searched + at + 4,
                None => searched = self.filled.saturating_sub(3),
            }
            self.fill().await?;
        };
        let head = std::str::from_utf8(&self.buffer[..end])?;
        if !head.starts_with("HTTP/1.1 200") {
            return Err(head.to_owned().into());
        }
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse().ok())?
        });
        self.buffer.copy_within(end..self.filled, 0);
        self.filled -= end;
        Ok(length)
    }

    /// Reads `left` bytes of a body and throws them away.
    pub(crate) async fn body(&mut self, mut left: usize) -> Fallible<()> {
        loop {
            let taken = left.min(self.filled);
            self.buffer.copy_within(taken..self.filled, 0);
            self.filled -= taken;
            left -= taken;
            if left == 0 {
                return Ok(());
            }
            self.fill().await?;
        }
    }

    /// Reads a body until it holds `text`; what follows is left unread, and the connection is of no more use.
    pub(crate) async fn until(&mut self, text: &[u8]) -> Fallible<()> {
        while !self.buffer[..self.filled]
            .windows(text.len())
            .any(|bytes| bytes == text)
        {
            self.fill().await?;
        }
        Ok(())
    }

    /// A request and its whole answer, returned as it begins.
    pub(crate) async fn get(&mut self, head: &[u8]) -> Fallible<()> {
        self.send(head).await?;
        let length = self.answer().await?.ok_or("an answer without a length")?;
        self.body(length).await
    }

    /// The body of a short answer.
    pub(crate) async fn text(&mut self, path: &str) -> Fallible<String> {
        let head = self.head(path);
        self.send(&head).await?;
        let length = self.answer().await?.ok_or("an answer without a length")?;
        while self.filled < length {
            self.fill().await?;
        }
        let text = String::from_utf8(self.buffer[..length].to_vec())?;
        self.body(length).await?;
        Ok(text)
    }

    async fn fill(&mut self) -> Fallible<()> {
        let count = self.stream.read(&mut self.buffer[self.filled..]).await?;
        if count == 0 {
            return Err("the connection ended".into());
        }
        self.filled += count;
        Ok(())
    }
}
