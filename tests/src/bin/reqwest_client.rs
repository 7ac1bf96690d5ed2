//! A program that knows nothing of authkeep: one request with reqwest as it comes, to `URL`.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a program of a user's, as short as users write it"
)]

use std::env::var;

fn main() {
    let provider = rustls::crypto::ring::default_provider();
    provider.install_default().expect("no other provider");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let (url, key) = (
        var("URL").expect("URL"),
        var("ACME_API_KEY").expect("a key"),
    );
    runtime.block_on(async {
        let request = reqwest::Client::new().get(url).bearer_auth(key);
        let answer = request.send().await.expect("an answer");
        let answer = answer.error_for_status().expect("a good answer");
        println!("{:?}", answer.version());
    });
}
