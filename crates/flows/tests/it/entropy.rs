//! Verifiers and states over many draws.

use std::collections::HashSet;

use authkeep_flows::{CodeVerifier, State};

use crate::random::Random;

const DRAWS: usize = 100_000;

/// The number of values that occurred before, after checking each value's form.
fn duplicates(values: impl Iterator<Item = String>) -> usize {
    let mut seen = HashSet::new();
    let mut duplicates = 0;
    for value in values {
        assert!((43..=128).contains(&value.len()));
        let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        assert!(value.bytes().all(unreserved));
        if !seen.insert(value) {
            duplicates += 1;
        }
    }
    duplicates
}

#[test]
fn a_hundred_thousand_verifiers_are_well_formed_and_distinct() {
    let mut random = Random::new(1);
    let mut challenges = HashSet::new();
    let verifiers = (0..DRAWS).map(|_| {
        let verifier = CodeVerifier::from_entropy(random.bytes());
        let challenge = verifier.challenge();
        assert_eq!(challenge.len(), 43);
        assert_ne!(challenge, verifier.expose(), "`plain` in disguise");
        assert!(challenges.insert(challenge));
        verifier.expose().to_owned()
    });
    assert_eq!(duplicates(verifiers), 0);
}

#[test]
fn a_hundred_thousand_states_are_well_formed_and_distinct() {
    let mut random = Random::new(2);
    let states = (0..DRAWS).map(|_| State::from_entropy(random.bytes()).expose().to_owned());
    assert_eq!(duplicates(states), 0);
}

#[test]
fn every_bit_of_the_entropy_counts() {
    let zero = CodeVerifier::from_entropy([0; 32]);
    let mut seen = HashSet::from([zero.expose().to_owned()]);
    for bit in 0..256 {
        let mut bytes = [0; 32];
        bytes[bit / 8] = 1 << (bit % 8);
        assert!(seen.insert(CodeVerifier::from_entropy(bytes).expose().to_owned()));
    }
}

/// The control: a source with 16 bits of entropy does not get past the same check.
#[test]
fn a_poor_source_is_noticed() {
    let mut random = Random::new(3);
    let poor = (0..DRAWS).map(|_| {
        let mut bytes = [0; 32];
        bytes[..2].copy_from_slice(&random.bytes()[..2]);
        CodeVerifier::from_entropy(bytes).expose().to_owned()
    });
    assert!(duplicates(poor) >= DRAWS - (1 << 16));
}
