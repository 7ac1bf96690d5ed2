use super::*;
use crate::associated_data::Purpose;
use crate::fixture::system_entropy;

const KEY: [u8; 32] = [0x42; 32];
const PLACE: Place<'_> = Place {
    purpose: Purpose::Entry,
    vault_id: "00112233445566778899aabbccddeeff",
    name: "profile:default:github:connection:default",
    revision: 7,
    kid: "0123456789abcdef",
};

/// Pins the format in both directions, with a fixed nonce. Made once with another implementation
/// of AES-GCM (Python's `cryptography`), not with this code.
const PINNED: &str = r#"{"enc":2,"alg":"AES-256-GCM","kid":"0123456789abcdef","rev":7,"nonce":"dHdlbHZlIGJ5dGVz","ciphertext":"cFCilh3RAcca","tag":"YcT5kRaJF2pb4Bl9f5vzNQ=="}"#;

#[test]
fn the_pinned_envelope_is_written_and_opened() {
    let nonce = *b"twelve bytes";
    let text = seal_bound_to(&KEY, &PLACE, &PLACE.associated_data(), b"cnry_test", nonce).unwrap();
    assert_eq!(text, PINNED);
    let envelope = Envelope::read(PINNED).unwrap();
    assert_eq!(
        (envelope.kid.as_str(), envelope.revision),
        ("0123456789abcdef", 7)
    );
    assert_eq!(
        envelope.open(&KEY, &PLACE).unwrap().as_slice(),
        b"cnry_test"
    );
}

#[test]
fn two_seals_of_one_value_differ() {
    let once = seal(&KEY, &PLACE, b"value", system_entropy).unwrap();
    assert_ne!(once, seal(&KEY, &PLACE, b"value", system_entropy).unwrap());
}

#[test]
fn an_empty_value_is_sealed_like_any_other() {
    let text = seal(&KEY, &PLACE, b"", system_entropy).unwrap();
    assert_eq!(
        Envelope::read(&text)
            .unwrap()
            .open(&KEY, &PLACE)
            .unwrap()
            .as_slice(),
        b""
    );
}

#[test]
fn what_is_not_this_envelope_is_refused_with_its_reason() {
    let malformed = UnsealError::Malformed;
    for (from, to, expected) in [
        ("\"enc\":2", "\"enc\":1", UnsealError::UnknownVersion(1)),
        (
            "\"enc\":2",
            "\"enc\":3,\"kdf\":{}",
            UnsealError::UnknownVersion(3),
        ),
        ("\"enc\":2", "\"enc\":\"2\"", malformed.clone()),
        ("\"enc\":2,", "", malformed.clone()),
        ("\"enc\":2", "\"enc\":2,\"enc\":2", malformed.clone()),
        ("\"enc\":2", "\"enc\":2,\"more\":1", malformed.clone()),
        ("AES-256-GCM", "none", UnsealError::UnknownAlgorithm),
        ("AES-256-GCM", "AES-128-GCM", UnsealError::UnknownAlgorithm),
        ("\"rev\":7", "\"rev\":-7", malformed.clone()),
        ("\"rev\":7", "\"rev\":7.5", malformed.clone()),
        ("\"nonce\":\"dHdl", "\"nonce\":\"", malformed.clone()),
        ("==\"}", "\"}", malformed.clone()),
        ("}", "", malformed.clone()),
        ("}", "}}", malformed.clone()),
    ] {
        let text = PINNED.replacen(from, to, 1);
        assert_ne!(text, PINNED, "{from} is in the envelope");
        assert_eq!(Envelope::read(&text).map(|_| ()), Err(expected), "{text}");
    }
    for text in ["", "null", "[]", "{}", "\u{0}", "AAAA.BBBB"] {
        assert_eq!(
            Envelope::read(text).map(|_| ()),
            Err(malformed.clone()),
            "{text:?}"
        );
    }
}

/// Two hundred places; each envelope is put in every other place.
fn places() -> Vec<(String, String, u64)> {
    let mut places = Vec::new();
    for vault in ["vault-1", "vault-2"] {
        for profile in ["work", "home"] {
            for number in 0..25 {
                let name = format!("profile:{profile}:p{number}:connection:default");
                places.push((vault.to_owned(), name.clone(), 1));
                places.push((vault.to_owned(), name, 2));
            }
        }
    }
    places
}

/// How many of all ordered pairs (sealed for one place, opened in another) yield a plaintext.
fn swaps_accepted(bound: impl Fn(&Place<'_>) -> Vec<u8>) -> (usize, usize) {
    let places = places();
    let place = |at: usize| Place {
        vault_id: &places[at].0,
        name: &places[at].1,
        revision: places[at].2,
        ..PLACE
    };
    let (mut accepted, mut tried) = (0, 0);
    for from in 0..places.len() {
        let data = bound(&place(from));
        let text = seal_bound_to(&KEY, &place(from), &data, b"value", [0; 12]).unwrap();
        for to in (0..places.len()).filter(|to| *to != from) {
            let envelope = Envelope::read(&text).unwrap();
            let mut buffer = envelope.ciphertext.clone();
            tried += 1;
            accepted += usize::from(
                cipher::open(
                    &KEY,
                    &envelope.nonce,
                    &bound(&place(to)),
                    &mut buffer,
                    &envelope.tag,
                )
                .is_ok(),
            );
        }
    }
    (accepted, tried)
}

#[test]
fn no_envelope_opens_in_another_place() {
    let tried = 200 * 199;
    assert_eq!(swaps_accepted(|place| place.associated_data()), (0, tried));
    // Without associated data every single swap is accepted, so the check above can fail.
    assert_eq!(swaps_accepted(|_| Vec::new()), (tried, tried));
    // And with the key name alone, swaps between vaults and revisions get through.
    assert!(swaps_accepted(|place| place.name.as_bytes().to_vec()).0 > 0);
}
