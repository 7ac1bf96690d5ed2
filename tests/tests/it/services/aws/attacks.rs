//! What a program tries that wants more than requests, and what is none of the sidecar's business.

use super::*;

const CURL: &str = "curl -sS --max-time 30 --http1.1";
const HEADER: &str = "AWS4-HMAC-SHA256 Credential=$AWS_ACCESS_KEY_ID/20260301";

/// The code of the refusal that a line of shell ends with.
fn refused(cloud: &Cloud, line: &str) -> String {
    let before = cloud.abroad.world.seen().len();
    let output = cloud.shell(line);
    let answer: Value =
        serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{line}: {output:?}"));
    assert_eq!(
        cloud.abroad.world.seen().len(),
        before,
        "{line}: {output:?}"
    );
    cloud.is_tight(&output);
    answer["error"].as_str().unwrap().to_owned()
}

#[test]
fn a_signature_is_for_one_host_and_its_service() {
    let cloud = Cloud::new(Some(canary()));
    let scope = |scope: &str| {
        format!(
            r#"-H "Authorization: {HEADER}/eu-west-1/{scope}/aws4_request, SignedHeaders=host, Signature=00""#
        )
    };
    let api = "https://abc.execute-api.eu-west-1.amazonaws.com/";
    for (line, code) in [
        // A stranger's program gets no signature that is good elsewhere.
        (format!("{CURL} {} {api}", scope("iam")), "denied"),
        (
            format!("{CURL} -H 'Host: iam.amazonaws.com' {} {api}", scope("iam")),
            "misdirected",
        ),
        (
            format!("{CURL} -H 'X-Amz-Date: 20300101T000000Z' {api}"),
            "unsignable",
        ),
        (
            format!("{CURL} -H 'X_Amz_Security_Token: x' {api}"),
            "bad_request",
        ),
        (
            format!(
                r#"{CURL} -H "Authorization: AWS4-ECDSA-P256-SHA256 Credential=$AWS_ACCESS_KEY_ID/20260301/s3/aws4_request, SignedHeaders=host, Signature=00" {api}"#
            ),
            "unsignable",
        ),
        (
            format!(
                r#"{CURL} -H "X-Amz-Security-Token: $AWS_SESSION_TOKEN" -H "Authorization: AWS4-HMAC-SHA256 Credential=AKIASTRANGER/20260301/eu-west-1/execute-api/aws4_request, SignedHeaders=host, Signature=00" {api}"#
            ),
            "denied",
        ),
        (
            format!(
                "head -c 17000000 /dev/zero | {CURL} -H 'Transfer-Encoding: chunked' --data-binary @- {api}"
            ),
            "unsignable",
        ),
        (
            format!("head -c 17000000 /dev/zero | {CURL} --data-binary @- {api}"),
            "unsignable",
        ),
    ] {
        assert_eq!(refused(&cloud, &line), code, "{line}");
    }
    // The control of the last ones: a body that says its hash may be of any size.
    let hash = "$(head -c 17000000 /dev/zero | sha256sum | cut -d' ' -f1)";
    let line = format!(
        r#"head -c 17000000 /dev/zero | {CURL} -o /dev/null -w '%{{http_code}}' -H "X-Amz-Content-SHA256: {hash}" --data-binary @- https://dynamodb.eu-west-1.amazonaws.com/"#
    );
    let output = cloud.shell(&line);
    assert_eq!(output.stdout, "200", "{output:?} {:?}", cloud.refusals());
}

#[test]
fn what_a_server_repeats_is_covered() {
    let cloud = Cloud::new(Some(canary()));
    let output = cloud.shell(&format!(
        "{CURL} https://abc.execute-api.eu-west-1.amazonaws.com/x"
    ));
    assert_eq!(output.code, 0);
    cloud.is_tight(&output);
    let seen = cloud.abroad.world.seen();
    let (_, signature) = seen[0]
        .header("authorization")
        .unwrap()
        .split_once("Signature=")
        .unwrap();
    assert!(
        output.stdout.contains("Signature=****") && !output.stdout.contains(signature),
        "{output:?}"
    );
}

#[test]
fn a_presigned_url_is_good_for_its_request_only() {
    let cloud = Cloud::new(Some(canary()));
    let url = |key: &str| {
        format!(
            r#""https://bucket.s3.eu-west-1.amazonaws.com/a?versionId=1&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={key}%2F20260301%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Date=20260301T000000Z&X-Amz-Expires=604800&X-Amz-SignedHeaders=host&X-Amz-Signature=00""#
        )
    };
    let output = cloud.shell(&format!("{CURL} {}", url("$AWS_ACCESS_KEY_ID")));
    assert_eq!(output.stdout, "found", "{output:?} {:?}", cloud.refusals());
    let seen = cloud.abroad.world.seen();
    // Nothing is left in the address that could be passed on.
    assert_eq!(seen[0].query, [("versionId".to_owned(), "1".to_owned())]);
    // A stranger's goes on as it is, with nothing of ours.
    cloud.shell(&format!("{CURL} {}", url("AKIASTRANGER")));
    let seen = cloud.abroad.world.seen();
    assert!(
        seen[1].header("authorization").is_none()
            && seen[1].header("x-amz-security-token").is_none()
    );
    assert_eq!(seen[1].parameter("X-Amz-Signature"), Some("00"));
    // So does whatever has another credential.
    cloud.shell(&format!(
        "{CURL} -u AWS:theirs https://bucket.s3.amazonaws.com/"
    ));
    let seen = cloud.abroad.world.seen();
    assert_eq!(
        seen[2].basic(),
        Some(("AWS".to_owned(), "theirs".to_owned()))
    );
    assert!(seen[2].header("x-amz-security-token").is_none());
}

#[test]
fn bodies_in_signed_pieces_are_signed_piece_by_piece() {
    let cloud = Cloud::new(None);
    // What a program sends that has signed each piece with the placeholder.
    let sends = |sizes: &[usize]| {
        let piece = |size: &usize| {
            format!(
                "printf '{size:x};chunk-signature={}\\r\\n'; head -c {size} /dev/zero; printf '\\r\\n'; ",
                "0".repeat(64)
            )
        };
        let pieces: String = sizes.iter().map(piece).collect();
        format!(
            r#"{{ {pieces} }} | {CURL} -H "Authorization: {HEADER}/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=00" -H 'X-Amz-Content-SHA256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD' -H 'Content-Encoding: aws-chunked' -X PUT --data-binary @- https://bucket.s3.eu-west-1.amazonaws.com/a"#
        )
    };
    for (sizes, total) in [
        (&[65536, 65536, 1000, 0][..], 132_072),
        (&[0], 0),
        (&[1 << 20, 7, 0], 1_048_583),
    ] {
        let output = cloud.shell(&sends(sizes));
        assert_eq!(
            output.stdout,
            format!("{total} bytes"),
            "{output:?} {:?}",
            cloud.refusals()
        );
    }
    // What is not made of pieces does not arrive whole.
    let before = cloud.abroad.world.seen().len();
    let line = sends(&[10, 0]).replace("chunk-signature", "chunk-extension");
    let output = cloud.shell(&line);
    assert_eq!(cloud.abroad.world.seen().len(), before, "{output:?}");
}

#[test]
fn of_two_logins_the_one_signs_whose_placeholder_it_is() {
    let cloud = Cloud::new(None);
    let other = json!({ "access_key_id": "AKIA7777777777777777", "token": canary() });
    let login = [
        "login",
        "aws",
        "--with-token",
        "--connection",
        "other",
        "--param",
        "region=eu-west-1",
    ];
    assert_eq!(cloud.abroad.given(&login, &other.to_string()).code, 0);
    let sts = "https://sts.eu-west-1.amazonaws.com/";
    let run = |line: &str| {
        let run = [
            "run",
            "--quiet",
            "--provider",
            "aws=default",
            "--provider",
            "aws=other",
            "--",
            "sh",
            "-c",
            line,
        ];
        cloud.abroad.run(&run)
    };
    let output = run(&format!("{CURL} -u \"$AWS_ACCESS_KEY_ID:x\" {sts}"));
    assert!(output.stdout.contains("123456789012"), "{output:?}");
    let output = run(&format!("{CURL} -H 'Authkeep-Connection: aws=other' {sts}"));
    assert!(
        output.stdout.contains("SignatureDoesNotMatch"),
        "{output:?}"
    );
    assert!(cloud.refusals()[0].contains("AKIA7777777777777777"));
}
