//! Every bundled definition and every flow that it offers: the real binary logs in, a program makes a request to each of
//! the service's hosts from behind the sidecar, tokens are renewed, and the login is ended. The services are strict: they
//! accept what is documented of them, byte for byte.

mod batch;
mod controls;
mod quirks;

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use authkeep_testkit::message::Received;
use serde_json::Value;

use self::batch::{Batch, Found};
use super::strict::Account;

/// How many homes are at work at the same time. Most of the time a login waits.
const WORKERS: usize = 10;

/// How many logins one home has.
const SIZE: usize = 12;

/// What is documented of each service.
pub(super) fn facts() -> BTreeMap<String, Value> {
    let file = format!("{}/fixtures/services.json", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(file).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The names of the definitions that are shipped.
pub(super) fn bundled() -> Vec<String> {
    let folder = format!(
        "{}/../crates/registry/providers",
        env!("CARGO_MANIFEST_DIR")
    );
    let files = fs::read_dir(folder).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names
        .filter_map(|name| Some(name.strip_suffix(".json")?.to_owned()))
        .collect();
    names.sort();
    names
}

/// All flows of these definitions, those of one kind together.
fn logins(names: &[String]) -> Vec<(String, String)> {
    let mut logins: Vec<(String, String)> = Vec::new();
    for name in names {
        let definition = super::shipped_whole(name);
        let flows = definition["flows"].as_array().unwrap();
        logins.extend(
            flows
                .iter()
                .map(|flow| (name.clone(), flow.as_str().unwrap().to_owned())),
        );
    }
    logins.sort_by(|a, b| (&a.1, &a.0).cmp(&(&b.1, &b.0)));
    logins
}

/// One login from its beginning to its end, at a service that finds nothing wrong. All requests of it.
pub(super) fn story(account: Account) -> Vec<Received> {
    let mut batch = Batch::new(vec![account]);
    let found = batch.run();
    assert!(found.wrong.is_empty(), "{:#?}", found.wrong);
    batch.abroad.world.seen()
}

/// The same as the facts have it.
pub(super) fn told(provider: &str, flow: &str) -> Vec<Received> {
    story(Account::new(provider, flow, &facts()[provider]))
}

#[test]
fn every_definition_is_what_its_service_wants() {
    let start = Instant::now();
    let facts = facts();
    let names = bundled();
    let unknown: Vec<_> = names
        .iter()
        .filter(|name| !facts.contains_key(*name))
        .collect();
    assert!(unknown.is_empty(), "nothing is documented of {unknown:?}");
    let mut logins = logins(&names);
    // Some of them, for whoever looks into it: `cargo test … every only=slack,zoom`.
    let only = std::env::args().find_map(|word| Some(word.strip_prefix("only=")?.to_owned()));
    logins.retain(|(name, _)| {
        let only = only.as_deref();
        only.is_none_or(|only| only.split(',').any(|only| only == name))
    });
    // Those of one flow: a provider is there once.
    let groups = logins.chunk_by(|a, b| a.1 == b.1);
    let batches: Vec<&[(String, String)]> = groups.flat_map(|group| group.chunks(SIZE)).collect();
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Found::default()));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(logins) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let accounts = logins.iter();
                    let accounts =
                        accounts.map(|(name, flow)| Account::new(name, flow, &facts[name]));
                    let batch = Batch::new(accounts.collect()).run();
                    found.lock().unwrap().add(batch);
                }
            });
        }
    });
    let found = found.into_inner().unwrap();
    println!(
        "figure: {} providers, {} logins by {} flows, {:?} as documented, {} bytes at another's host, {:.1} s",
        names.len(),
        logins.len(),
        found.flows.len(),
        found.granted,
        found.strayed,
        start.elapsed().as_secs_f64()
    );
    println!("figure: logins by flow: {:?}", found.flows);
    let wrong = found.wrong;
    let count = wrong.len();
    assert!(wrong.is_empty(), "{count} are wrong:\n{}", wrong.join("\n"));
    assert_eq!(found.strayed, 0);
}
