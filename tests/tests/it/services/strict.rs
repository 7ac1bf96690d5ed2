//! A server for any service of `fixtures/services.json`: it answers what is documented for that service, and refuses
//! whatever deviates from it, saying why.
//!
//! The fixture is a statement of its own of what the services want: it was gathered from vendors' documents and public
//! catalogues, and nothing of it comes from the definitions that it is compared with.

mod account;
mod expected;
mod oauth;
mod resource;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use authkeep_testkit::message::{Received, Reply};
use authkeep_testkit::world::World;

pub(crate) use self::account::Account;

/// What was asked, and the answer; or why not.
type Verdict = Result<(&'static str, Reply), String>;

/// The services of some accounts, at all of their hosts.
#[derive(Debug, Default)]
pub(crate) struct Strict {
    pub(crate) accounts: Vec<Account>,
    /// Requests that nobody's secrets or names are in.
    pub(crate) unclaimed: Vec<String>,
}

impl Strict {
    /// Serves these accounts.
    pub(crate) fn serve(world: &World, accounts: Vec<Account>) -> Arc<Mutex<Self>> {
        let hosts: BTreeSet<String> = accounts.iter().flat_map(Account::hosts).collect();
        let strict = Arc::new(Mutex::new(Self {
            accounts,
            unclaimed: Vec::new(),
        }));
        for host in hosts {
            let strict = Arc::clone(&strict);
            world.serve(&host, move |request| strict.lock().unwrap().answer(request));
        }
        strict
    }

    fn answer(&mut self, request: &Received) -> Reply {
        let text = String::from_utf8_lossy(&request.spelled_out()).into_owned();
        let url = format!("https://{}{}", request.host, request.path);
        let by_secret = self
            .accounts
            .iter()
            .position(|account| account.is_in(&text));
        let by_address = || {
            self.accounts
                .iter()
                .position(|account| account.expects(&url))
        };
        let Some(index) = by_secret.or_else(by_address) else {
            self.unclaimed.push(format!("{} {url}", request.method));
            return Reply::error(401, "unknown", "nobody here is meant");
        };
        let account = &mut self.accounts[index];
        if !account.hosts().contains(&request.host) {
            account.strayed += request.spelled_out().len();
        }
        match account.judge(request, &url) {
            Ok((what, reply)) => {
                *account.granted.entry(what).or_default() += 1;
                reply
            }
            Err(why) => {
                account
                    .refused
                    .push(format!("{} {url}: {why}", request.method));
                Reply::error(400, "invalid_request", &why)
            }
        }
    }
}
