//! The providers' own endpoints: what a program sends to a token or authorization endpoint speaks for itself, and never
//! gets a credential added.

use authkeep_core::Outlet;
use percent_encoding::percent_decode_str;
use url::{Position, Url};

use crate::{Account, Authority};

/// All endpoints of all logins of a run.
#[derive(Debug, Default)]
pub(super) struct Endpoints {
    known: Vec<Endpoint>,
    /// Whether requests to token endpoints are answered in place of the server.
    pub(super) are_answered: bool,
}

#[derive(Debug)]
struct Endpoint {
    authority: Authority,
    segments: Vec<Vec<u8>>,
    /// Whose token endpoint it is, if it is one.
    token_account: Option<Account>,
    /// Whether the definition allows loopback and private addresses.
    local: bool,
}

impl Endpoints {
    pub(super) fn of(outlets: &[Outlet]) -> Self {
        let mut known = Vec::new();
        for outlet in outlets {
            let account = Account {
                provider: outlet.provider.clone(),
                connection: outlet.connection.clone(),
            };
            let endpoint = |url, account| Endpoint::of(outlet, url, account);
            let others = outlet.endpoints.iter().map(|url| endpoint(url, None));
            let token = outlet.token_endpoint.as_ref();
            let token = token.map(|url| endpoint(url, Some(account)));
            known.extend(others.chain(token).flatten());
        }
        Self {
            known,
            are_answered: false,
        }
    }

    /// Whether the request is for an endpoint, in whatever spelling.
    pub(super) fn contains(&self, authority: &Authority, path: &str) -> bool {
        self.known.iter().any(|known| known.is(authority, path))
    }

    pub(super) fn token_accounts(&self, authority: &Authority, path: &str) -> Vec<&Account> {
        let here = |known: &&Endpoint| self.are_answered && known.is(authority, path);
        let here = self.known.iter().filter(here);
        here.filter_map(|known| known.token_account.as_ref())
            .collect()
    }

    /// For each token endpoint at `authority` that is answered for: whether its login is local.
    pub(super) fn answered_at<'a>(
        &'a self,
        authority: &'a Authority,
    ) -> impl Iterator<Item = bool> + 'a {
        let here = self
            .answered()
            .filter(|known| known.authority == *authority);
        here.map(|known| known.local)
    }

    pub(super) fn answered_hosts(&self) -> impl Iterator<Item = &str> {
        self.answered().map(|known| known.authority.host())
    }

    fn answered(&self) -> impl Iterator<Item = &Endpoint> {
        let answered = |known: &&Endpoint| self.are_answered && known.token_account.is_some();
        self.known.iter().filter(answered)
    }
}

impl Endpoint {
    fn of(outlet: &Outlet, url: &Url, token_account: Option<Account>) -> Option<Self> {
        let port = url.port_or_known_default()?;
        let host = &url[Position::BeforeHost..Position::AfterHost];
        Some(Self {
            authority: Authority::from_host_header(host, port).ok()?,
            segments: segments(url.path()),
            token_account,
            local: outlet.local,
        })
    }

    fn is(&self, authority: &Authority, path: &str) -> bool {
        self.authority == *authority && self.segments == segments(path)
    }
}

/// The path as the most lenient server reads it: decoded, without parameters, with dots and empty segments resolved.
fn segments(path: &str) -> Vec<Vec<u8>> {
    let mut segments = Vec::new();
    let decoded: Vec<u8> = percent_decode_str(path).collect();
    for segment in decoded.split(|b| b"/\\".contains(b)) {
        let name = segment.split(|b| *b == b';').next().unwrap_or_default();
        match name {
            b"" | b"." => {}
            b".." => drop(segments.pop()),
            name => segments.push(name.to_ascii_lowercase()),
        }
    }
    segments
}
