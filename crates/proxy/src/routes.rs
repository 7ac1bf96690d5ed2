//! Which login's credential a request gets: from the hosts of the logins, what the request says about itself, and nothing
//! else. The most specific pattern wins, and what could be meant for several logins is refused, never guessed.
//!
//! It sees no secret and opens no connection.

mod endpoints;

use std::collections::BTreeSet;

use authkeep_core::{Outlet, login_command};
use authkeep_registry::{HostPattern, Injection, Template, is_plain_path};
use http::{HeaderName, HeaderValue, header};

use self::endpoints::Endpoints;
use crate::selection::Selection;
use crate::{Account, Authority, Code, Refusal, sign};

/// Where the credentials of this run go.
#[derive(Debug)]
pub struct Routes {
    routes: Vec<Route>,
    endpoints: Endpoints,
}

/// One host of one login, and what is put into requests there.
#[derive(Debug)]
pub struct Route {
    /// Whose credential.
    pub account: Account,
    /// Whether the definition allows loopback and private addresses.
    pub local: bool,
    is_default: bool,
    pattern: HostPattern,
    /// What is put into a request besides headers.
    pub injection: Injection,
    /// The headers that are put into it, replacing the sender's.
    pub headers: Vec<(HeaderName, Template)>,
    /// Headers that are put in only where the sender set none.
    pub usual_headers: Vec<(HeaderName, HeaderValue)>,
    plain_fields: Vec<String>,
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Choice<'a> {
    /// It gets the credential of this route.
    Inject(&'a Route),
    /// It is forwarded without one.
    PassThrough,
}

impl Routes {
    /// The routes of these logins.
    pub fn new(outlets: Vec<Outlet>) -> Self {
        let endpoints = Endpoints::of(&outlets);
        let routes = outlets.into_iter().flat_map(Route::of).collect();
        Self { routes, endpoints }
    }

    /// The same for a run in which requests to token endpoints are answered in place of the server: connections there
    /// are intercepted too.
    #[must_use]
    pub fn answering_token_requests(mut self) -> Self {
        self.endpoints.are_answered = true;
        self
    }

    /// Whether connections to `authority` are opened up. All others are none of the sidecar's business.
    pub fn intercepts(&self, authority: &Authority) -> bool {
        self.at(authority).next().is_some()
            || self.endpoints.answered_at(authority).next().is_some()
    }

    /// Whether some login is for this host, at whatever port.
    pub fn names_host(&self, authority: &Authority) -> bool {
        let mut patterns = self.routes.iter().map(|route| &route.pattern);
        patterns.any(|pattern| pattern.covers(authority.host(), pattern.port()))
    }

    /// Every host that connections may be intercepted to, once each: names, suffixes without `*.`, addresses without
    /// brackets. A certificate authority for this run needs no more.
    pub fn names(&self) -> BTreeSet<String> {
        let patterns = self.routes.iter().map(|route| route.pattern.host());
        let hosts = patterns.chain(self.endpoints.answered_hosts());
        hosts
            .map(|host| host.trim_matches(['[', ']']).to_owned())
            .collect()
    }

    /// Whether `authority` may be on this machine or its network: only where every login that goes there says so.
    pub fn is_local(&self, authority: &Authority) -> bool {
        let routes = self.at(authority).map(|route| route.local);
        let mut here = routes
            .chain(self.endpoints.answered_at(authority))
            .peekable();
        here.peek().is_some() && here.all(|local| local)
    }

    /// The logins whose token endpoint this is, where such requests are answered in place of the server.
    pub fn token_endpoint(&self, authority: &Authority, path_and_query: &str) -> Vec<&Account> {
        self.endpoints
            .token_accounts(authority, path_of(path_and_query))
    }

    /// Whose credential a request gets.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] where several logins could be meant, where the one that is meant has no business there, or where
    /// the path decides and could be read in two ways.
    pub fn choose<'a>(
        &'a self,
        authority: &Authority,
        path_and_query: &str,
        selection: Selection<'_>,
    ) -> Result<Choice<'a>, Refusal> {
        let path = path_of(path_and_query);
        if self.endpoints.contains(authority, path) {
            return self.nobody(authority, selection);
        }
        let mut meant: Vec<&Route> = self.at(authority).collect();
        let is_plain = is_plain_path(path);
        if !is_plain && paths_are_limits(&meant) {
            return Err(two_readings());
        }
        // Where letters are no limit, they just tell one injection from another.
        meant.retain(|route| route.pattern.begins(path) && selection.admits(route));
        let best = meant.iter().max_by_key(|route| route.pattern.specificity());
        let Some(best) = best.copied() else {
            return self.nobody(authority, selection);
        };
        let specificity = best.pattern.specificity();
        meant.retain(|rival| rival.pattern.specificity() == specificity);
        let rivals = || meant.iter().copied();
        let chosen = if rivals().all(|rival| rival.account == best.account) {
            best
        } else {
            let one_provider = rivals().all(|r| r.account.provider == best.account.provider);
            let mut defaults = rivals().filter(|rival| rival.is_default && one_provider);
            defaults
                .next()
                .ok_or_else(|| ambiguous(authority, rivals()))?
        };
        if chosen.injection.path.is_some() && !is_plain {
            return Err(two_readings());
        }
        Ok(Choice::Inject(chosen))
    }

    fn at<'a, 'b>(
        &'a self,
        authority: &'b Authority,
    ) -> impl Iterator<Item = &'a Route> + use<'a, 'b> {
        let covers = move |route: &&Route| route.pattern.covers(authority.host(), authority.port());
        self.routes.iter().filter(covers)
    }

    /// The request is for no login. That is an error where it says that it is for one.
    fn nobody(
        &self,
        authority: &Authority,
        selection: Selection<'_>,
    ) -> Result<Choice<'_>, Refusal> {
        if let Some(account) = selection.placeholder {
            let message = format!(
                "the request carries the placeholder of `{account}`, which is not for this address at {authority}"
            );
            return Err(Refusal::new(Code::Denied, message)
                .hint(format!("send it to the hosts of `{account}` only")));
        }
        let Some(named) = selection.named else {
            return Ok(Choice::PassThrough);
        };
        if self.routes.iter().any(|route| named.admits(&route.account)) {
            let message = format!("the login `{named}` is not for this address at {authority}");
            return Err(Refusal::new(Code::Denied, message)
                .hint("leave the header `Authkeep-Connection` out here"));
        }
        let connection = named.connection.clone().unwrap_or_default();
        let message = format!("there is no login `{named}` in this run");
        Err(Refusal::new(Code::NotConnected, message)
            .hint(format!("log in, and start the program again, with `--provider {named}` if that names others"))
            .command(login_command(&named.provider, &connection)))
    }
}

impl Route {
    fn of(outlet: Outlet) -> impl Iterator<Item = Self> {
        let account = Account {
            provider: outlet.provider,
            connection: outlet.connection,
        };
        // Definitions with headers that do not parse are refused when they are read.
        let usual: Vec<(HeaderName, HeaderValue)> = (outlet.headers.iter())
            .filter_map(|(name, value)| Some((name.parse().ok()?, value.parse().ok()?)))
            .collect();
        outlet.hosts.into_iter().map(move |host| {
            let headers = host.injection.headers.iter();
            Self {
                account: account.clone(),
                local: outlet.local,
                is_default: outlet.is_default,
                headers: headers
                    .filter_map(|(name, template)| Some((name.parse().ok()?, template.clone())))
                    .collect(),
                pattern: host.pattern,
                injection: host.injection,
                usual_headers: usual.clone(),
                plain_fields: outlet.plain_fields.clone(),
            }
        })
    }

    /// The headers that the sender has no say in.
    pub(crate) fn own_headers(&self) -> impl Iterator<Item = &HeaderName> {
        let basic = self.injection.basic.as_ref();
        let basic = basic.map(|_| &header::AUTHORIZATION);
        let signed = self.injection.sign.iter().flat_map(|_| &sign::OWN_HEADERS);
        let put_in = self.headers.iter().map(|(name, _)| name);
        put_in.chain(basic).chain(signed)
    }

    /// The fields of the credential that go into requests and are nobody else's business.
    pub(crate) fn secret_fields(&self) -> impl Iterator<Item = &str> {
        let fields = self.injection.templates().flat_map(Template::variables);
        let signing = self.injection.sign.iter().flat_map(|_| sign::SECRETS);
        let fields = fields.chain(signing);
        fields.filter(|field| !self.plain_fields.iter().any(|plain| plain == field))
    }
}

impl Selection<'_> {
    fn admits(&self, route: &Route) -> bool {
        self.named.is_none_or(|named| named.admits(&route.account))
            && self.placeholder.is_none_or(|own| *own == route.account)
    }
}

/// Whether some login is for a part of the authority of these routes only. Where each of them has all of it, a path prefix
/// just says how its credential is put into the request.
fn paths_are_limits(routes: &[&Route]) -> bool {
    let has_all = |account: &Account| {
        let mut own = routes.iter().filter(|route| route.account == *account);
        own.any(|route| route.pattern.path().is_none())
    };
    let mut parts = routes.iter().filter(|route| route.pattern.path().is_some());
    parts.any(|route| !has_all(&route.account))
}

fn path_of(path_and_query: &str) -> &str {
    path_and_query.split('?').next().unwrap_or_default()
}

fn two_readings() -> Refusal {
    let message = "the path could be read in two ways, and it decides where the credential goes";
    Refusal::new(Code::BadRequest, message).hint(
        "send the path without dot segments, empty segments, `;`, `\\` and their encoded forms",
    )
}

fn ambiguous<'a>(authority: &Authority, rivals: impl Iterator<Item = &'a Route>) -> Refusal {
    let accounts: BTreeSet<String> = rivals.map(|route| route.account.to_string()).collect();
    let one = accounts.first().cloned().unwrap_or_default();
    let refusal = Refusal::new(
        Code::Ambiguous,
        format!("several logins could be meant at {authority}"),
    );
    Refusal {
        choices: accounts.into_iter().collect(),
        ..refusal.hint(format!(
            "start the program with `--provider {one}`, or send the header `Authkeep-Connection: {one}`"
        ))
    }
}

#[cfg(test)]
mod tests;
