//! Looking one definition up must stay cheap, because every `get` does it.

use std::collections::BTreeMap;
use std::time::Instant;

use authkeep_registry::Registry;

use crate::name;

#[test]
fn one_lookup_reads_one_definition() {
    let home = tempfile::tempdir().unwrap();
    let registry = Registry::new(Some(home.path().to_owned()));
    let wanted = name("github");
    let rounds = 200;
    let started = Instant::now();
    for _ in 0..rounds {
        registry.find(&wanted).unwrap().unwrap();
    }
    let find = started.elapsed() / rounds;
    let definition = registry.find(&wanted).unwrap().unwrap().definition;
    let started = Instant::now();
    for _ in 0..rounds {
        definition.bind(&BTreeMap::new()).unwrap();
    }
    let bind = started.elapsed() / rounds;
    println!("find: {find:?}, bind: {bind:?}");
    let each = find + bind;
    // Generous: an unoptimised build on a busy machine. Parsing everything would take longer still.
    assert!(each.as_millis() < 20, "{each:?}");
}
