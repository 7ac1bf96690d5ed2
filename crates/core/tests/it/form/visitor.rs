//! Somebody with a browser, and somebody with a socket.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use authkeep_testkit::plain_http::{Answer, Request};
use url::Url;

/// A browser that has opened the form: it has the cookie and the mark.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    pub(crate) url: Url,
    pub(crate) cookie: String,
    pub(crate) mark: String,
    pub(crate) page: String,
}

impl Visitor {
    /// Opens the form as the first one.
    pub(crate) fn open(url: &Url) -> Self {
        let answer = Request::get(url.as_str()).send().unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        let cookie = answer.header("set-cookie").unwrap().to_owned();
        assert!(cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
        let page = answer.text();
        let mark = page.split("name=\"form_token\" value=\"").nth(1).unwrap();
        Self {
            url: url.clone(),
            cookie: cookie.split(';').next().unwrap().to_owned(),
            mark: mark.split('"').next().unwrap().to_owned(),
            page,
        }
    }

    /// The request that sends the form, as a browser makes it.
    pub(crate) fn request(&self, fields: &[(&str, &str)]) -> Request {
        let fields: Vec<_> = [("form_token", self.mark.as_str())]
            .into_iter()
            .chain(fields.iter().copied())
            .collect();
        Request::form(self.url.as_str(), &fields)
            .header("origin", &self.url.origin().ascii_serialization())
            .header("sec-fetch-site", "same-origin")
            .header("cookie", &self.cookie)
    }

    pub(crate) fn send(&self, fields: &[(&str, &str)]) -> Answer {
        self.request(fields).send().unwrap()
    }

    /// Opens the form once more, with the cookie.
    pub(crate) fn reload(&self) -> Answer {
        let request = Request::get(self.url.as_str()).header("cookie", &self.cookie);
        request.send().unwrap()
    }
}

/// Sends bytes on a connection of their own, and reads what comes back until the end.
pub(crate) fn send(address: SocketAddr, bytes: &[u8]) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    stream.write_all(bytes)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
