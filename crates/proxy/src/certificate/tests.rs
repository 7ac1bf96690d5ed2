use std::sync::atomic::{AtomicI64, Ordering};

use rustls::crypto::ring;

use super::*;

#[derive(Debug)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::Relaxed)).expect("a moment")
    }
}

fn authority(names: &[&str]) -> (CertificateAuthority, Arc<Hand>) {
    let clock = Arc::new(Hand(AtomicI64::new(1_900_000_000)));
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    let provider = Arc::new(ring::default_provider());
    let made = CertificateAuthority::new(
        &names,
        provider,
        Arc::clone(&clock) as Arc<_>,
        Arc::default(),
    );
    (made.expect("it is made"), clock)
}

fn host(text: &str) -> Authority {
    Authority::from_host_header(text, 443).expect("an authority")
}

#[test]
fn what_is_kept_has_a_bound_and_what_was_used_last_is_in_it() {
    let (authority, _) = authority(&["many.test"]);
    let config = |host: &Authority| {
        let made = authority.server_config(host, Protocol::Http1);
        made.expect("it is made")
    };
    let often = host("often.many.test");
    let first = config(&often);
    for at in 0..KEPT + 100 {
        config(&host(&format!("h{at}.many.test")));
        assert!(Arc::ptr_eq(&first, &config(&often)), "{at}");
    }
    assert_eq!(authority.lock().configs.len(), KEPT);
    assert_eq!(authority.tally.minted(), KEPT as u64 + 101);
    println!("figure: {} hosts: {KEPT} certificates kept", KEPT + 101);
}

#[test]
fn a_certificate_is_made_anew_before_it_ends() {
    let (authority, clock) = authority(&["one.test"]);
    let one = host("one.test");
    let config = |protocol| authority.server_config(&one, protocol).expect("it is made");
    let first = config(Protocol::Http1);
    assert!(
        !Arc::ptr_eq(&first, &config(Protocol::Http2)),
        "each protocol has its own"
    );
    clock.0.fetch_add(LEAF_KEPT - 1, Ordering::Relaxed);
    assert!(Arc::ptr_eq(&first, &config(Protocol::Http1)));
    clock.0.fetch_add(1, Ordering::Relaxed);
    assert!(!Arc::ptr_eq(&first, &config(Protocol::Http1)));
    assert!(LEAF_KEPT < i64::try_from(LEAF_LIFE.as_secs()).expect("it is a day"));
}

#[test]
fn addresses_are_excluded_unless_one_is_meant() {
    let of = |names: &[&str]| constraints(&names.iter().map(|name| (*name).to_owned()).collect());
    let names_only = of(&["one.test"]);
    assert_eq!(
        (
            names_only.permitted_subtrees.len(),
            names_only.excluded_subtrees.len()
        ),
        (1, 2)
    );
    let both = of(&["one.test", "127.0.0.1", "::1"]);
    assert_eq!(
        (both.permitted_subtrees.len(), both.excluded_subtrees.len()),
        (3, 0)
    );
}
