//! The examples of RFC 7515 and RFC 8037, and what people paste instead of a key.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, KeyPair, UnparsedPublicKey};

use super::*;

const RSA: &str = include_str!("../../../../testkit/keys/rsa.pem");
const RSA_PKCS1: &str = include_str!("../../../../testkit/keys/rsa-pkcs1.pem");
const RSA_1024: &str = include_str!("../../../../testkit/keys/rsa-1024.pem");
const P256: &str = include_str!("../../../../testkit/keys/p256.pem");
const P256_SEC1: &str = include_str!("../../../../testkit/keys/p256-sec1.pem");
const ED25519: &str = include_str!("../../../../testkit/keys/ed25519.pem");

/// The payload of RFC 7515, appendices A.2 and A.3.
const JOE: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

fn key(text: &str) -> Result<SigningKey, UnusableKey> {
    SigningKey::read(&SecretString::from(text))
}

fn signed(pem: &str, message: &str) -> String {
    let signature = key(pem).expect("a key").sign(message.as_bytes());
    URL_SAFE_NO_PAD.encode(signature.expect("a signature"))
}

#[test]
fn rs256_is_that_of_rfc_7515_a_2() {
    let message = format!("eyJhbGciOiJSUzI1NiJ9.{JOE}");
    let theirs = [
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7",
        "AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4",
        "BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K",
        "0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv",
        "hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrB",
        "p0igcN_IoypGlUPQGe77Rw",
    ]
    .concat();
    assert_eq!(signed(RSA, &message), theirs);
    assert_eq!(signed(RSA_PKCS1, &message), theirs);
    assert_ne!(signed(RSA, "another message"), theirs);
}

#[test]
fn eddsa_is_that_of_rfc_8037_a_4() {
    assert_eq!(
        signed(
            ED25519,
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
        ),
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    );
}

#[test]
fn es256_verifies_with_the_key_of_rfc_7515_a_3() {
    // Such signatures are random, so theirs and ours are checked by the same public key.
    let message = format!("eyJhbGciOiJFUzI1NiJ9.{JOE}");
    let SigningKey(Kind::P256(pair)) = key(P256).expect("a key") else {
        panic!("another kind of key");
    };
    let x = URL_SAFE_NO_PAD.decode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
    let public = pair.public_key().as_ref().to_vec();
    assert_eq!(public[1..33], x.expect("base64url"));
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public);
    let verifies = |message: &str, signature: &str| {
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        public.verify(message.as_bytes(), &signature).is_ok()
    };
    let theirs =
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    assert!(verifies(&message, theirs));
    assert!(verifies(&message, &signed(P256, &message)));
    assert!(!verifies("another message", theirs));
    assert!(!verifies("another message", &signed(P256, &message)));
}

#[test]
fn a_key_is_read_as_people_bring_it() {
    for pem in [RSA, P256, ED25519] {
        let algorithm = key(pem).expect("a key").algorithm();
        let shown = format!("{:?}", key(pem).expect("a key"));
        assert_eq!(shown, format!("SigningKey({algorithm:?})"));
        let lines: Vec<&str> = pem.lines().collect();
        let inside = lines[1..lines.len() - 1].concat();
        let shapes = [
            format!("\n  {pem}  \n"),
            pem.replace('\n', "\r\n"),
            pem.replace('\n', "\\n"),
            pem.replace('\n', " "),
            lines.concat(),
            inside,
        ];
        for shape in shapes {
            assert_eq!(
                key(&shape).expect("a key").algorithm(),
                algorithm,
                "{shape}"
            );
        }
    }
}

#[test]
fn what_is_no_key_says_what_to_do() {
    let encrypted = RSA.replace("PRIVATE", "ENCRYPTED PRIVATE");
    let public = RSA.replace("PRIVATE", "PUBLIC");
    let first_line = RSA.lines().next().expect("a line");
    let cut = &RSA[..RSA.len() / 2];
    let flipped = P256.replace("MIGH", "MIGI");
    let table = [
        ("", "none that can be used"),
        ("hunter2!", "neither PEM nor base64"),
        ("aHVudGVyMg==", "none that can be used"),
        (RSA_1024, "2048 to 4096 bits"),
        (P256_SEC1, "openssl pkcs8 -topk8"),
        (&encrypted, "it is encrypted"),
        (&public, "not a private key"),
        (first_line, "its end is missing"),
        (cut, "its end is missing"),
        (&flipped, "none that can be used"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "not a private key"),
    ];
    for (text, expected) in table {
        let why = key(text).expect_err(text).why();
        assert!(why.contains(expected), "{text}: {why}");
    }
}
