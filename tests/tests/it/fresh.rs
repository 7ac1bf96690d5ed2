//! A login by OAuth whose tokens run out, and an API that knows which of them do.

use std::process::Command;
use std::sync::Arc;

use authkeep_testkit::home::{Output, run};
use authkeep_testkit::oauth_server::{OAuthServer, ServerOptions};
use authkeep_testkit::tls_origin::{SeenRequest, TlsOrigin};
use authkeep_tests::{Consent, Product};

/// A login by OAuth, and an API that asks the authorization server about every token.
pub(crate) struct Fresh {
    pub(crate) product: Product,
    pub(crate) server: Arc<OAuthServer>,
    pub(crate) origin: TlsOrigin,
}

impl Fresh {
    pub(crate) fn new(options: ServerOptions) -> Self {
        let server = Arc::new(OAuthServer::start(options));
        let judge = Arc::clone(&server);
        let origin = TlsOrigin::judged_by(move |request| {
            bearer(request).is_some_and(|token| judge.token_is_active(&token))
        });
        let fresh = Self {
            product: Product::new(),
            server,
            origin,
        };
        let mut definition = fresh.server.definition("acme");
        let hosts = definition["hosts"].as_array_mut().unwrap();
        hosts.push(fresh.origin.host().into());
        fresh.product.home().write_definition(&definition);
        fresh.log_in();
        let roots = fresh.product.home().root().join("roots.pem");
        std::fs::write(roots, fresh.origin.ca_pem()).unwrap();
        fresh
    }

    pub(crate) fn log_in(&self) {
        let arguments = ["login", "acme", "--client-id", "test-client", "--force"];
        let login = run(&mut self
            .product
            .command_with_browser(Consent::Approve, &arguments));
        assert_eq!(login.code, 0, "{login:?}");
    }

    pub(crate) fn script(&self, script: &str) -> Command {
        let mut command = self.product.command(&["run", "--", "sh", "-c", script]);
        command.env(
            "SSL_CERT_FILE",
            self.product.home().root().join("roots.pem"),
        );
        command.env("URL", self.origin.url());
        command
    }

    pub(crate) fn run(&self, script: &str) -> Output {
        run(&mut self.script(script))
    }

    /// Whether the login still works.
    pub(crate) fn is_whole(&self) -> bool {
        let refreshed = self.product.run(&["refresh", "acme"]);
        refreshed.code == 0
            && self
                .server
                .token_is_active(&self.product.secret("acme", "token"))
    }
}

/// The token that a request carries.
pub(crate) fn bearer(request: &SeenRequest) -> Option<String> {
    let value = request.header("authorization").join(",");
    value.strip_prefix("Bearer ").map(str::to_owned)
}
