use std::collections::VecDeque;

use http_body_util::BodyExt as _;
use secrecy::SecretString;

use super::super::Scope;
use super::*;
use crate::body::Broken;

/// The example of the specification: 65 KiB of `a` in pieces of 64 KiB.
const SEED: &str = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
const SIGNATURES: [&str; 3] = [
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
];
/// The same with a checksum behind it.
const TRAILED_SEED: &str = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e";
const TRAILED: [&str; 4] = [
    "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
    "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435",
];

#[derive(Debug)]
struct Frames(VecDeque<Bytes>);

impl Body for Frames {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        Poll::Ready(self.0.pop_front().map(|data| Ok(Frame::data(data))))
    }
}

fn key() -> SigningKey {
    let secret = SecretString::from("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    SigningKey::derive(
        &secret,
        Scope {
            moment: "20130524T000000Z".to_owned(),
            region: "us-east-1".to_owned(),
            service: "s3".to_owned(),
        },
    )
}

fn body(signatures: [&str; 3], rest: &str) -> String {
    let [first, second, last] = signatures;
    format!(
        "10000;chunk-signature={first}\r\n{}\r\n400;chunk-signature={second}\r\n{}\r\n0;chunk-signature={last}\r\n{rest}",
        "a".repeat(0x10000),
        "a".repeat(0x400),
    )
}

fn trailers(signature: &str) -> String {
    format!("x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:{signature}\r\n\r\n")
}

/// What comes out of a body that comes in pieces of `size` bytes.
async fn through(body: &str, seed: &str, size: usize) -> Result<String, Broken> {
    let frames = body
        .as_bytes()
        .chunks(size)
        .map(Bytes::copy_from_slice)
        .collect();
    let chunks = Chunks::new(Frames(frames), key(), seed.to_owned());
    let whole = chunks.collect().await?.to_bytes();
    Ok(String::from_utf8(whole.to_vec())?)
}

#[tokio::test]
async fn each_piece_is_signed_as_in_the_specification() {
    let placeholder = "0".repeat(64);
    for size in [1, 7, 63, 1000, 0x10000, 1 << 20] {
        let sent = body([&placeholder; 3], "\r\n");
        let signed = through(&sent, SEED, size).await.expect("it is signed");
        assert!(signed == body(SIGNATURES, "\r\n"), "pieces of {size}");
        let sent = body([&placeholder; 3], &trailers(&placeholder));
        let signed = through(&sent, TRAILED_SEED, size)
            .await
            .expect("it is signed");
        let [one, two, three, four] = TRAILED;
        assert!(
            signed == body([one, two, three], &trailers(four)),
            "pieces of {size}"
        );
        assert_eq!(signed.len(), sent.len());
    }
    // The negative control: after another signature, each of them is another.
    let sent = body([&placeholder; 3], "\r\n");
    let other = through(&sent, TRAILED_SEED, 1000)
        .await
        .expect("it is signed");
    assert!(
        SIGNATURES
            .iter()
            .all(|signature| !other.contains(signature))
    );
}

#[tokio::test]
async fn what_is_not_made_of_pieces_breaks_off() {
    let good = body([SEED; 3], "\r\n");
    for bad in [
        String::new(),
        good[..good.len() - 150].to_owned(),
        good.replace("chunk-signature", "chunk-extension"),
        good.replacen("10000;", "ffff;", 1),
        good.replacen("10000;", "fffffffff;", 1),
        good.replacen("10000;", "fffffffffffffffffffffffff;", 1),
        good.replacen("10000;", "-1;", 1),
        good.replacen(SEED, &SEED[1..], 1),
        good.replacen(SEED, &SEED.replace('a', "g"), 1),
        "a".repeat(300),
        body([SEED; 3], &format!("{}x:y\r\n", trailers(SEED))),
        body([SEED; 3], &"x".repeat(20_000)),
        body([SEED; 3], "no trailer"),
    ] {
        for size in [5, 100_000] {
            let broken = through(&bad, SEED, size).await;
            assert!(broken.is_err(), "{}", &bad[..bad.len().min(100)]);
        }
    }
}
