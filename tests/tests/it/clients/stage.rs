//! A user who is logged in to an API, and programs that are run behind the sidecar.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use authkeep_testkit::canary::canary;
use authkeep_testkit::home::{Output, run};
use authkeep_testkit::tls_origin::{SeenRequest, TlsOrigin};
use authkeep_tests::{Product, search_path};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

pub(super) struct Stage {
    pub(super) origin: TlsOrigin,
    product: Product,
    secret: String,
    /// The certificates that the user trusts.
    roots: String,
}

/// What became of a program.
pub(super) struct Run {
    pub(super) output: Output,
    /// What the server saw of it.
    pub(super) seen: Vec<SeenRequest>,
    /// What a request must bear.
    credentials: [(&'static str, String); 3],
}

impl Stage {
    pub(super) fn new() -> Self {
        let (origin, product, secret) = (TlsOrigin::start(), Product::new(), canary());
        let host = origin.host();
        product.home().write_definition(&json!({
            "schema_version": 2, "name": "acme", "display_name": "Acme", "category": "test",
            "local": true, "flows": ["api_key"],
            "hosts": [
                host,
                { "host": format!("{host}/anthropic/"), "headers": { "x-api-key": "{token}" } },
                { "host": format!("{host}/repository.git/"), "basic": ["git", "{token}"] },
            ],
            "api_key": { "headers": { "Authorization": "Bearer {token}" } },
            "env": {
                "ACME_API_KEY": "{token}", "OPENAI_API_KEY": "{token}",
                "ANTHROPIC_API_KEY": "{token}", "AWS_BEARER_TOKEN_BEDROCK": "{token}",
            },
        }));
        let login = product.run_with_input(&["login", "acme", "--with-token"], &secret);
        assert_eq!(login.code, 0, "{login:?}");
        Self {
            roots: origin.ca_pem().to_owned(),
            origin,
            product,
            secret,
        }
    }

    /// The same for a user who trusts one more authority.
    pub(super) fn trusting(mut self, pem: &str) -> Self {
        self.roots.push_str(pem);
        self
    }

    /// Runs a line of shell behind the sidecar, without some of the variables that it sets.
    pub(super) fn run(&self, line: &str, without: &[&str]) -> Run {
        let trusted = self.product.home().tmp().join("origin.pem");
        std::fs::write(&trusted, &self.roots).unwrap();
        let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/clients");
        assert!(
            clients.join("built/Client.class").is_file(),
            "the clients are not installed: run `cargo xtask setup`"
        );
        let removed = without.iter().flat_map(|name| ["-u", name]);
        let before = self.origin.seen().len();
        let mut command = self.product.command(&["run", "--quiet", "--", "env"]);
        command
            .args(removed)
            .args(["sh", "-c", line])
            .env("PATH", path())
            // Whom authkeep trusts; the program is told of it as well, and of the sidecar's authority.
            .env("SSL_CERT_FILE", trusted)
            .env("URL", format!("{}/client-fixture", self.origin.url()))
            .env("ORIGIN", self.origin.url())
            .env("CLIENTS", clients)
            .env("CARGO", env!("CARGO"))
            .env("REQWEST_CLIENT", env!("CARGO_BIN_EXE_reqwest_client"));
        let output = run(&mut command);
        let basic = STANDARD.encode(format!("git:{}", self.secret));
        Run {
            output,
            seen: self.origin.seen().split_off(before),
            credentials: [
                ("/anthropic/", self.secret.clone()),
                ("/repository.git/", format!("Basic {basic}")),
                ("/", format!("Bearer {}", self.secret)),
            ],
        }
    }

    /// Whether a program got hold of what it must never have.
    pub(super) fn is_secret_in(&self, output: &Output) -> bool {
        output.stdout.contains(&self.secret) || output.stderr.contains(&self.secret)
    }
}

impl Run {
    /// Whether the server saw the program, and each of its requests with the one credential that belongs there.
    pub(super) fn arrived(&self) -> bool {
        !self.seen.is_empty() && self.seen.iter().all(|request| self.is_right(request))
    }

    fn is_right(&self, request: &SeenRequest) -> bool {
        let mut rules = self.credentials.iter();
        let rule = rules.find(|(path, _)| request.path.starts_with(path));
        let Some((path, expected)) = rule else {
            return false;
        };
        let name = match *path {
            "/anthropic/" => "x-api-key",
            _ => "authorization",
        };
        request.header(name) == [expected]
    }
}

/// The folder of the `cargo` of this test, and of the compiler that belongs to it.
fn toolchain() -> PathBuf {
    Path::new(env!("CARGO")).parent().unwrap().to_owned()
}

/// The machine's own programs, and that toolchain before any that a wrapper would have to choose.
pub(super) fn path() -> OsString {
    let machine = search_path();
    let folders = std::iter::once(toolchain()).chain(std::env::split_paths(&machine));
    std::env::join_paths(folders).unwrap()
}
