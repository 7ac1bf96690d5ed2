//! Amazon Web Services: nothing of the key is ever in a request. Programs sign with placeholders, and the sidecar signs
//! again; the services here verify each signature by code of their own.

mod attacks;
mod verifier;

use std::process::Command;
use std::sync::{Arc, Mutex};

use authkeep_testkit::canary::canary;
use authkeep_testkit::home::Output;
use authkeep_testkit::message::{Received, Reply};
use serde_json::{Value, json};

use self::verifier::{Key, Verified, pieces, verify};
use super::Abroad;

const VECTORS: &str = include_str!("../../../fixtures/sigv4/vectors.json");
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/clients/python");
/// Whom requests are for, and what they have to be signed for.
const HOSTS: [(&str, &str); 6] = [
    ("sts.eu-west-1.amazonaws.com", "eu-west-1/sts"),
    ("dynamodb.eu-west-1.amazonaws.com", "eu-west-1/dynamodb"),
    ("bucket.s3.eu-west-1.amazonaws.com", "eu-west-1/s3"),
    ("bucket.s3.amazonaws.com", "us-east-1/s3"),
    ("iam.amazonaws.com", "us-east-1/iam"),
    (
        "abc.execute-api.eu-west-1.amazonaws.com",
        "eu-west-1/execute-api",
    ),
];

/// A login at a cloud that knows its key.
struct Cloud {
    abroad: Abroad,
    key: Key,
    /// Why requests were refused.
    refused: Arc<Mutex<Vec<String>>>,
}

impl Cloud {
    fn new(session: Option<String>) -> Self {
        Self::knowing(session, |key| key)
    }

    /// A cloud in which the key is another than the one of the login.
    fn knowing(session: Option<String>, change: impl Fn(Key) -> Key) -> Self {
        let key = Key {
            id: if session.is_some() {
                "ASIA2345672345672345"
            } else {
                "AKIA2345672345672345"
            }
            .to_owned(),
            secret: canary(),
            session,
        };
        let abroad = Abroad::new();
        let refused = Arc::<Mutex<Vec<String>>>::default();
        for (host, scope) in HOSTS {
            let (known, refused) = (change(key.clone()), Arc::clone(&refused));
            abroad.world.serve(host, move |request| {
                match verify(request, &known, scope, verifier::now()) {
                    Ok(verified) => answer(request, &verified),
                    Err(why) => {
                        refused.lock().unwrap().push(why);
                        let error = "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>";
                        text(403, error)
                    }
                }
            });
        }
        let mut given = json!({ "access_key_id": key.id, "token": key.secret });
        if let Some(session) = &key.session {
            given["session_token"] = json!(session);
        }
        let login = [
            "login",
            "aws",
            "--with-token",
            "--param",
            "region=eu-west-1",
        ];
        let output = abroad.given(&login, &given.to_string());
        assert_eq!(output.code, 0, "{output:?}");
        Self {
            abroad,
            key,
            refused,
        }
    }

    /// Runs a line of shell behind the sidecar.
    fn shell(&self, line: &str) -> Output {
        let run = [
            "run",
            "--quiet",
            "--provider",
            "aws",
            "--",
            "sh",
            "-c",
            line,
        ];
        self.abroad.run(&run)
    }

    fn boto3(&self) -> Output {
        self.shell(&format!(
            r#"{PYTHON}/venv/bin/python {PYTHON}/aws.py "$HTTPS_PROXY" "$SSL_CERT_FILE""#
        ))
    }

    /// Nothing that is a secret has come to anybody, but the token of a session, to the services alone.
    fn is_tight(&self, output: &Output) {
        assert!(
            self.abroad
                .world
                .hosts_that_got(&[&self.key.secret])
                .is_empty()
        );
        let shown = format!("{output:?}");
        assert!(!shown.contains(&self.key.secret), "{shown}");
        if let Some(session) = &self.key.session {
            assert!(!shown.contains(session), "{shown}");
        }
        assert!(self.abroad.world.strangers().is_empty());
    }

    fn refusals(&self) -> Vec<String> {
        self.refused.lock().unwrap().clone()
    }
}

fn text(status: u16, text: &str) -> Reply {
    Reply {
        status,
        headers: Vec::new(),
        body: text.as_bytes().to_vec(),
    }
}

fn answer(request: &Received, verified: &Verified) -> Reply {
    let is_in_pieces = request
        .header("x-amz-content-sha256")
        .is_some_and(|word| word.starts_with("STREAMING-AWS4"));
    if is_in_pieces {
        let data = pieces(&request.body, verified);
        return match data {
            Ok(data) => text(200, &format!("{} bytes", data.len())),
            Err(why) => text(403, &why),
        };
    }
    match &*request.host {
        host if host.starts_with("sts.") => text(
            200,
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
        ),
        host if host.starts_with("dynamodb.") => Reply::json(200, &json!({})),
        // What a server may not tell the program.
        host if host.starts_with("abc.") => text(200, &format!("{request:?}")),
        _ if request.parameter("list-type").is_some() => {
            text(200, "<ListBucketResult></ListBucketResult>")
        }
        _ if request.method == "GET" => text(200, "found"),
        _ => text(200, ""),
    }
}

#[test]
fn the_verifier_agrees_with_botocore() {
    let vectors: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
    let at = 1_772_368_245;
    let mut verified = 0;
    for vector in &vectors {
        let text = |key: &str| vector[key].as_str().unwrap();
        if text("name").ends_with("signs no body")
            || text("name").starts_with("unsigned")
            || text("name").starts_with("presigned")
            || vector["session"] == true
        {
            continue;
        }
        let (path, query) = text("target")
            .split_once('?')
            .unwrap_or((text("target"), ""));
        // Paths with dots are resolved by services, and the world's do not.
        if text("authorization").contains("/execute-api/") && path != "/a%20b" {
            continue;
        }
        let body = match &vector["body"] {
            Value::String(body) => body.clone(),
            body => body["of"]
                .as_str()
                .unwrap()
                .repeat(usize::try_from(body["times"].as_u64().unwrap()).unwrap()),
        };
        let headers = vector["headers"].as_array().unwrap().iter().map(|pair| {
            let name = pair[0].as_str().unwrap().to_lowercase();
            let value = if name == "authorization" {
                text("authorization")
            } else {
                pair[1].as_str().unwrap()
            };
            (name, value.to_owned())
        });
        let request = Received::new(
            text("method"),
            text("host"),
            path,
            query,
            headers.collect(),
            body.into_bytes(),
        );
        let key = |secret: &str| Key {
            id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: secret.to_owned(),
            session: None,
        };
        let scope = text("authorization")
            .split('/')
            .skip(2)
            .take(2)
            .collect::<Vec<_>>()
            .join("/");
        let right = key("cnry_000102030405060708090a0b0c0d0e0f");
        verify(&request, &right, &scope, at)
            .unwrap_or_else(|why| panic!("{}: {why}", text("name")));
        // The controls: another key, another moment, another scope, another body.
        let wrong = key("cnry_000102030405060708090a0b0c0d0e00");
        verify(&request, &wrong, &scope, at).unwrap_err();
        verify(&request, &right, &scope, at + 1000).unwrap_err();
        verify(&request, &right, "eu-west-1/other", at).unwrap_err();
        let mut other = request.clone();
        other.path.push('x');
        verify(&other, &right, &scope, at).unwrap_err();
        verified += 1;
    }
    assert!(verified >= 60, "{verified}");
}

#[test]
fn what_a_program_signs_with_placeholders_is_signed_again() {
    for session in [None, Some(canary())] {
        let cloud = Cloud::new(session);
        let output = cloud.boto3();
        assert_eq!(cloud.refusals(), Vec::<String>::new());
        assert_eq!(output.code, 0, "{output:?}");
        assert_eq!(output.stdout, "123456789012\ndone\n");
        let seen = cloud.abroad.world.seen();
        assert!(seen.len() >= 15, "{}", seen.len());
        cloud.is_tight(&output);
    }
}

#[test]
fn without_the_right_key_every_service_says_no_and_once() {
    // The controls: the same with a cloud that knows another secret, another session, another key.
    let changes: [fn(Key) -> Key; 3] = [
        |key| Key {
            secret: canary(),
            ..key
        },
        |key| Key {
            session: Some(canary()),
            ..key
        },
        |key| Key {
            id: "AKIAOTHER".to_owned(),
            ..key
        },
    ];
    for change in changes {
        let cloud = Cloud::knowing(Some(canary()), change);
        let output = cloud.boto3();
        assert_eq!(output.stderr, "SignatureDoesNotMatch 403\n");
        // 403 is no reason to send a request again.
        assert_eq!(cloud.abroad.world.seen().len(), 1);
        cloud.is_tight(&output);
    }
    // And past the sidecar, with the placeholders that the program has.
    let cloud = Cloud::new(None);
    let line =
        r#"printf '%s\n%s\n%s' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN""#;
    let output = cloud.shell(line);
    let held: Vec<&str> = output.stdout.split('\n').collect();
    assert!(
        held[0].starts_with("AKIA") && held[0] != cloud.key.id && held[2].is_empty(),
        "{held:?}"
    );
    let mut past = Command::new("curl");
    past.env_clear().envs(cloud.abroad.world.variables());
    past.args([
        "-sS",
        "--max-time",
        "20",
        "--aws-sigv4",
        "aws:amz:eu-west-1:sts",
        "-u",
    ]);
    past.arg(format!("{}:{}", held[0], held[1]));
    past.arg("https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15");
    let output = past.output().unwrap();
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("SignatureDoesNotMatch"),
        "{output:?}"
    );
    assert_eq!(cloud.refusals().len(), 1);
}

#[test]
fn curl_signs_or_lets_the_sidecar_do_it() {
    let cloud = Cloud::new(Some(canary()));
    let curl = "curl -sS --max-time 20 --fail-with-body";
    let keys = r#"-u "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY""#;
    for line in [
        format!(
            "{curl} --aws-sigv4 aws:amz:eu-west-1:sts {keys} -d 'Action=GetCallerIdentity&Version=2011-06-15' https://sts.eu-west-1.amazonaws.com/"
        ),
        format!("{curl} {keys} https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity"),
        format!("{curl} -d 'a=b c' https://sts.eu-west-1.amazonaws.com/"),
        format!("{curl} 'https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08&x=a+b'"),
        format!(
            "{curl} --http1.1 -T {PYTHON}/aws.py https://bucket.s3.eu-west-1.amazonaws.com/a+b"
        ),
        format!("{curl} --http2 -X DELETE https://bucket.s3.amazonaws.com/x?versionId=1"),
    ] {
        let output = cloud.shell(&line);
        assert_eq!(output.code, 0, "{line}: {output:?} {:?}", cloud.refusals());
        cloud.is_tight(&output);
    }
    assert_eq!(cloud.abroad.world.seen().len(), 6);
}
