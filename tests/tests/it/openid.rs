//! A product that knows the real OpenID provider, and a real browser to log in with.

use authkeep_testkit::home::{Output, run};
use authkeep_testkit::plain_http::{Answer, Request};
use authkeep_tests::{
    Browser, BrowserAction, OidcClient, OidcOptions, OidcProvider, Product, wait_until,
};

pub(crate) struct OpenId {
    pub(crate) provider: OidcProvider,
    pub(crate) product: Product,
}

impl OpenId {
    pub(crate) fn new(options: &OidcOptions, client: OidcClient) -> Self {
        let provider = OidcProvider::start(options);
        let product = Product::new();
        let definition = provider.definition("acme", client);
        product.home().write_definition(&definition);
        Self { provider, product }
    }

    /// `login acme` in the real browser, the client's id and secret in the environment.
    pub(crate) fn login(
        &self,
        action: BrowserAction,
        (id, secret): (&str, Option<&str>),
        more: &[&str],
    ) -> Output {
        let mut arguments = vec!["login", "acme"];
        arguments.extend(more);
        let mut command = self.product.command(&arguments);
        Browser::chromium().acting(action).apply(&mut command);
        command.env("ACME_CLIENT_ID", id);
        if let Some(secret) = secret {
            command.env("ACME_CLIENT_SECRET", secret);
        }
        let output = run(&mut command);
        // The browser is left to itself by the product; here it must not outlive its folder.
        let tmp = self.product.home().tmp();
        wait_until("the browser has gone", || {
            std::fs::read_dir(&tmp).is_ok_and(|mut entries| {
                !entries.any(|entry| {
                    entry.is_ok_and(|e| e.file_name().to_string_lossy().starts_with("fb-"))
                })
            })
        });
        output
    }

    /// The protected API with that token.
    pub(crate) fn api(&self, token: &str) -> Answer {
        Request::get(&format!("{}/api/anything", self.provider.issuer()))
            .header("authorization", &format!("Bearer {token}"))
            .send()
            .unwrap()
    }

    /// How many token requests of that grant there were, whatever came of them.
    pub(crate) fn token_requests(&self, grant: &str) -> usize {
        let events = self.provider.events();
        let asked = events
            .iter()
            .filter(|event| event["type"] == "http" && event["path"] == "/token");
        asked
            .filter(|event| event["form"]["grant_type"] == grant)
            .count()
    }
}
