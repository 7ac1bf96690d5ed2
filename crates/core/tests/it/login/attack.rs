//! What an attacker on the same machine has: raw connections to the callback port, and a head full of callbacks.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use url::Url;

/// What an authorization URL gives away to whoever can read it.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    /// The path of the redirect URI.
    pub(crate) path: String,
    pub(crate) state: String,
}

impl Target {
    pub(crate) fn of(authorization_url: &str) -> Self {
        let url = Url::parse(authorization_url).unwrap();
        let redirect = Url::parse(&parameter(&url, "redirect_uri")).unwrap();
        Self {
            address: redirect.socket_addrs(|| None).unwrap()[0],
            path: redirect.path().to_owned(),
            state: parameter(&url, "state"),
        }
    }

    /// Sends bytes on a connection of their own and reads what comes back until the end.
    pub(crate) fn send(&self, bytes: &[u8]) -> io::Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        stream.write_all(bytes)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    /// Asks for a path with its query.
    pub(crate) fn get(&self, path: &str) -> io::Result<String> {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.address).as_bytes())
    }

    /// Sends all these queries to the callback from several threads, and returns how many were answered with
    /// 400.
    pub(crate) fn refused(&self, queries: &[String]) -> usize {
        let threads = queries.chunks(queries.len().div_ceil(4)).map(|part| {
            let (target, part) = (self.clone(), part.to_vec());
            std::thread::spawn(move || {
                part.iter()
                    .filter(|query| {
                        let answer = target.get(&format!("{}?{query}", target.path)).unwrap();
                        answer.starts_with("HTTP/1.1 400 ")
                    })
                    .count()
            })
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    }
}

fn parameter(url: &Url, name: &str) -> String {
    let found = url.query_pairs().find(|(found, _)| found == name);
    found.unwrap().1.into_owned()
}

/// `count` callbacks that are not the answer, some of them by somebody who knows the state.
pub(crate) fn forged(state: &str, count: usize) -> Vec<String> {
    let flipped: String = state
        .chars()
        .map(|c| match c.is_ascii_lowercase() {
            true => c.to_ascii_uppercase(),
            false => c.to_ascii_lowercase(),
        })
        .collect();
    (0..count)
        .map(|i| {
            let code = format!("cnry_{i:032x}");
            let cut = &state[..(i / 16) % state.len()];
            match i % 16 {
                0 => format!("code={code}"),
                1 => format!("code={code}&state={cut}"),
                2 => format!("code={code}&state={flipped}"),
                3 => format!("code={code}&state={state}{state}"),
                4 => format!("code={code}&state={state}&state={state}"),
                5 => format!("state={state}&code={code}&st%61te={state}"),
                6 => format!("code={code}&state={state}&code={code}"),
                7 => format!("code={code}&state="),
                8 => format!("code={code}&STATE={state}"),
                9 => format!("code={code}&state={state}%00"),
                10 => format!("code={code}&state=%20{state}"),
                11 => format!("code={code}%0d%0ax&state={state}"),
                12 => format!("code={code}&error=access_denied&state={state}"),
                13 => format!("state={state}&iss=https%3A%2F%2Fa.test&iss=x&code={code}"),
                14 => format!("code={code}&state={code}"),
                _ => format!("code={code}#state={state}"),
            }
        })
        .collect()
}

/// `count` refusals that do not carry the state.
pub(crate) fn forged_errors(state: &str, count: usize) -> Vec<String> {
    (0..count)
        .map(|i| match i % 4 {
            0 => "error=access_denied".to_owned(),
            1 => format!("error=access_denied&state={}", &state[1..]),
            2 => format!("error=server_error&error_description=x{i}&state="),
            _ => format!("error=access_denied&state={i:043}"),
        })
        .collect()
}
