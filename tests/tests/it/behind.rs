//! A home, logins in it, and an API behind TLS that they are for: what every test of a proxied request works with.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use authkeep_testkit::canary::canary;
use authkeep_testkit::home::{Output, run};
use authkeep_testkit::tls_origin::TlsOrigin;
use authkeep_tests::Product;
use serde_json::{Value, json};

/// An API at `https://api.localhost:PORT`, and a login to it by a key that is a canary.
#[derive(Debug)]
pub(crate) struct Behind {
    pub(crate) product: Product,
    pub(crate) origin: TlsOrigin,
    pub(crate) key: String,
}

impl Behind {
    pub(crate) fn new() -> Self {
        let behind = Self {
            product: Product::new(),
            origin: TlsOrigin::start(),
            key: canary(),
        };
        behind.define("acme", json!({}));
        behind.log_in("acme", "default", &behind.key);
        fs::write(behind.roots(), behind.origin.ca_pem()).unwrap();
        behind
    }

    /// A service at the origin whose key is a bearer token, with this beside.
    pub(crate) fn define(&self, name: &str, more: Value) {
        let upper = name.to_uppercase();
        let mut definition = json!({
            "schema_version": 2, "name": name, "display_name": name, "category": "dev", "local": true,
            "flows": ["api_key"],
            "hosts": [self.origin.host()],
            "api_key": {
                "docs": "https://docs.example/keys",
                "fields": [{ "name": "token" }],
                "headers": { "Authorization": "Bearer {token}" },
            },
        });
        definition["env"][format!("{upper}_API_KEY")] = "{token}".into();
        for (field, value) in more.as_object().unwrap() {
            definition[field] = value.clone();
        }
        self.product.home().write_definition(&definition);
    }

    pub(crate) fn log_in(&self, provider: &str, connection: &str, key: &str) {
        let arguments = [
            "login",
            provider,
            "--connection",
            connection,
            "--with-token",
            "--force",
        ];
        let given = json!({ "token": key }).to_string();
        let login = self.product.run_with_input(&arguments, &given);
        assert_eq!(login.code, 0, "{login:?}");
    }

    /// The file of the authorities that this machine is to trust.
    fn roots(&self) -> PathBuf {
        self.product.home().root().join("roots.pem")
    }

    /// `authkeep` with these arguments on a machine that trusts the origin.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.product.command(arguments);
        command.env("SSL_CERT_FILE", self.roots());
        command
    }

    /// A shell script behind the sidecar, which has the origin's address in `$URL`.
    pub(crate) fn script(&self, options: &[&str], script: &str) -> Command {
        let mut command = self.command(&[&["run"], options, &["--", "sh", "-c", script]].concat());
        command.env("URL", self.origin.url());
        command
    }

    pub(crate) fn run(&self, script: &str) -> Output {
        run(&mut self.script(&[], script))
    }

    /// What came as `Authorization`, request by request.
    pub(crate) fn authorizations(&self) -> Vec<String> {
        let seen = self.origin.seen().into_iter();
        seen.map(|request| request.header("authorization").join(","))
            .collect()
    }
}
