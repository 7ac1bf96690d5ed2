//! A certified OpenID provider as a child process, with an event log and faults on demand.
//!
//! Every protocol decision is made by the npm package `oidc-provider`; `server.mjs` beside it only
//! configures it. Its secrets do not look like canaries: they are the package's own.

mod definition;

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use authkeep_testkit::plain_http::{Answer, Request};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fixture::{SETUP, oidc_folder, search_path};

pub use definition::OidcClient;

/// Node takes a second to start; more than this and it will not.
const START_DEADLINE: Duration = Duration::from_secs(60);

/// `harness` may introspect: its name and secret, form-encoded (they need no escapes), in base64.
const HARNESS: &str = "Basic aGFybmVzczpoYXJuZXNzLXNlY3JldC0wMTIzNDU2Nzg5YWJjZGVm";

/// How the provider is set up. Lifetimes are in seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcOptions {
    /// Lifetime of access tokens.
    pub access_token_ttl: u64,
    /// Lifetime of refresh tokens.
    pub refresh_token_ttl: u64,
    /// Whether refresh tokens rotate.
    pub rotation: OidcRotation,
    /// Further variables for `server.mjs`, which lists them.
    pub env: Vec<(String, String)>,
}

impl Default for OidcOptions {
    fn default() -> Self {
        Self {
            access_token_ttl: 3600,
            refresh_token_ttl: 86_400,
            rotation: OidcRotation::default(),
            env: Vec::new(),
        }
    }
}

/// When a refresh token is replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OidcRotation {
    /// At every refresh; a second use of an old one kills the grant.
    #[default]
    Always,
    /// Never.
    Never,
    /// As the package decides by itself.
    PackageDefault,
}

/// A running provider; killed when dropped.
#[derive(Debug)]
pub struct OidcProvider {
    child: Child,
    issuer: String,
    metadata: Value,
    /// Its sockets and files; removed after it.
    _folder: TempDir,
}

impl OidcProvider {
    /// Starts it on a free port of 127.0.0.1 and waits until it serves.
    ///
    /// Panics when node or its modules are missing or it does not come up.
    #[must_use]
    pub fn start(options: &OidcOptions) -> Self {
        let fixture = oidc_folder();
        let folder = TempDir::with_prefix("authkeep-oidc-").expect("a temporary directory");
        let errors = folder.path().join("stderr.txt");
        let rotate = match options.rotation {
            OidcRotation::Always => "always",
            OidcRotation::Never => "never",
            OidcRotation::PackageDefault => "default",
        };
        let mut child = Command::new("node")
            .arg("server.mjs")
            .current_dir(&fixture)
            .env_clear()
            .env("PATH", search_path())
            .env("TMPDIR", folder.path())
            .env("HOME", folder.path())
            .env("PORT", "0")
            .env("READY_FILE", folder.path().join("ready.json"))
            .env("TTL_ACCESS", options.access_token_ttl.to_string())
            .env("TTL_REFRESH", options.refresh_token_ttl.to_string())
            .env("ROTATE", rotate)
            .envs(options.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&errors).expect("a file for the provider's errors"))
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start `node` ({error}): {SETUP}"));
        let stdout = child.stdout.take().expect("a piped standard output");
        let Some(issuer) = issuer_when_ready(stdout) else {
            let killed = child.kill();
            let said = fs::read_to_string(&errors).unwrap_or_default();
            panic!("the provider did not come up (killed: {killed:?}):\n{said}");
        };
        let url = format!("{issuer}/.well-known/openid-configuration");
        let metadata = sent(&Request::get(&url)).json();
        let provider = Self {
            child,
            issuer,
            metadata,
            _folder: folder,
        };
        // The question above is the harness's own.
        provider.forget_events();
        provider
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Its published metadata.
    #[must_use]
    pub fn metadata(&self) -> &Value {
        &self.metadata
    }

    /// A provider definition (schema version 2) under `name`, its endpoints taken from the
    /// metadata, for one of the clients registered there.
    #[must_use]
    pub fn definition(&self, name: &str, client: OidcClient) -> Value {
        definition::definition(self, name, client)
    }

    /// What it saw and did since the start or the last [`forget_events`](Self::forget_events),
    /// oldest first, secrets left out. Each has a `type` such as `http` (with `path` and `form`),
    /// `grant.success`, `grant.error`, `refresh_token.consumed` or `api.ok`.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        let answer = sent(&Request::get(&self.at("/__fixture/events")));
        answer.json().as_array().cloned().expect("a list of events")
    }

    /// How many events of that type there were.
    #[must_use]
    pub fn count(&self, event_type: &str) -> usize {
        self.events()
            .iter()
            .filter(|event| event["type"] == event_type)
            .count()
    }

    /// Empties the list of events.
    pub fn forget_events(&self) {
        let mut request = Request::get(&self.at("/__fixture/events"));
        "DELETE".clone_into(&mut request.method);
        sent(&request);
    }

    /// The next matching request meets this fault, as `server.mjs` describes them: for instance
    /// `{"path": "/token", "grant_type": "refresh_token", "mode": "lost"}`.
    pub fn fault(&self, fault: &Value) {
        let answer = sent(&Request::json(&self.at("/__fixture/fault"), fault));
        assert_eq!(
            answer.status,
            200,
            "the fault `{fault}` was refused: {}",
            answer.text()
        );
    }

    /// What it says about a token (RFC 7662): `active` and, if so, its client, scope and expiry.
    #[must_use]
    pub fn introspect(&self, token: &str) -> Value {
        let url = self.endpoint("introspection_endpoint");
        let answer =
            sent(&Request::form(url, &[("token", token)]).header("authorization", HARNESS));
        assert_eq!(
            answer.status,
            200,
            "introspection failed: {}",
            answer.text()
        );
        answer.json()
    }

    /// Whether a token is good at this moment.
    #[must_use]
    pub fn token_is_active(&self, token: &str) -> bool {
        self.introspect(token) != json!({ "active": false })
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// An endpoint, by its name in the provider's metadata.
    ///
    /// Panics when the metadata does not name it.
    #[must_use]
    pub fn endpoint(&self, name: &str) -> &str {
        self.metadata[name]
            .as_str()
            .unwrap_or_else(|| panic!("the metadata has no `{name}`"))
    }
}

impl Drop for OidcProvider {
    fn drop(&mut self) {
        if self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}

/// Reads standard output to its end in the background: a full pipe would stop the provider.
fn issuer_when_ready(stdout: ChildStdout) -> Option<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let ready = line
                .strip_prefix("READY ")
                .map(|issuer| sender.send(issuer.to_owned()));
            // Nobody waits any more: the test has failed, and the provider is being killed.
            if ready.is_some_and(|sent| sent.is_err()) {
                return;
            }
        }
    });
    receiver.recv_timeout(START_DEADLINE).ok()
}

fn sent(request: &Request) -> Answer {
    request
        .send()
        .unwrap_or_else(|error| panic!("`{}` cannot be reached: {error}", request.url))
}
