//! A provider `acme` that really answers, known to a product of its own.

use authkeep_testkit::home::{Output, run};
use authkeep_testkit::oauth_server::{Client, OAuthServer, ServerOptions};
use authkeep_tests::{Consent, Product};
use serde_json::Value;

pub(crate) struct Acme {
    pub(crate) server: OAuthServer,
    pub(crate) product: Product,
}

impl Acme {
    /// Defined, and nobody is logged in.
    pub(crate) fn new() -> Self {
        Self::with(ServerOptions::default())
    }

    /// A client with a secret, which goes in the form.
    pub(crate) fn confidential(secret: &str) -> Self {
        Self::with(ServerOptions {
            clients: vec![Client::post("test-client", secret)],
            ..ServerOptions::default()
        })
    }

    pub(crate) fn with(options: ServerOptions) -> Self {
        let server = OAuthServer::start(options);
        let product = Product::new();
        product.home().write_definition(&server.definition("acme"));
        Self { server, product }
    }

    /// The same with somebody logged in.
    pub(crate) fn connected() -> Self {
        let acme = Self::new();
        let output = acme.login(Consent::Approve, &[]);
        assert_eq!(output.code, 0, "{output:?}");
        acme
    }

    pub(crate) fn login(&self, consent: Consent, more: &[&str]) -> Output {
        let mut arguments = vec!["login", "acme", "--client-id", "test-client"];
        arguments.extend(more);
        run(&mut self.product.command_with_browser(consent, &arguments))
    }

    /// What the next `get` will say without touching anything.
    pub(crate) fn details(&self) -> Value {
        let (code, details) = self.product.json(&["get", "acme"]);
        assert_eq!(code, 0, "{details}");
        details
    }

    /// Whether anything is stored for it.
    pub(crate) fn is_connected(&self) -> bool {
        self.product.json(&["get", "acme"]).0 == 0
    }
}
