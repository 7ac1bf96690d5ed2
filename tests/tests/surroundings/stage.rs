//! A home with two logins: an API key and an OAuth connection, both canaries.

use std::path::PathBuf;
use std::process::Command;

use authkeep_testkit::browser::fake_open;
use authkeep_testkit::canary::canary;
use authkeep_testkit::home::{Output, TestHome, run, run_with_input};
use authkeep_testkit::oauth_server::{OAuthServer, ServerOptions};
use authkeep_tests::authkeep_bin;

pub(crate) struct Stage {
    pub(crate) home: TestHome,
    pub(crate) server: OAuthServer,
    pub(crate) key: String,
}

impl Stage {
    /// A home without any login; the provider `demo` is defined.
    pub(crate) fn empty() -> Self {
        let server = OAuthServer::start(ServerOptions::default());
        let home = TestHome::new();
        home.write_definition(&server.definition("demo"));
        Self {
            home,
            server,
            key: canary(),
        }
    }

    /// The same, logged in to `openai` by key and to `demo` by browser.
    pub(crate) fn logged_in() -> Self {
        let stage = Self::empty();
        let output = run_with_input(
            stage.command().args(["login", "openai", "--with-token"]),
            stage.key.as_bytes(),
        );
        assert_eq!(output.code, 0, "{}", output.stderr);
        let output = stage.run(&["login", "demo"]);
        assert_eq!(output.code, 0, "{}", output.stderr);
        stage
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = self.home.command(&authkeep_bin());
        self.equip(&mut command);
        command
    }

    /// The person approves in a browser that is no browser.
    pub(crate) fn equip(&self, command: &mut Command) {
        command
            .env("BROWSER", fake_open())
            .env("FAKE_OPEN_PERSON", "approve")
            .env("DEMO_CLIENT_ID", "test-client");
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        run(self.command().args(arguments))
    }

    /// Runs `script` in a shell, with the binary as `$AUTHKEEP`.
    pub(crate) fn shell(&self, script: &str) -> Output {
        let mut shell = self.home.command(&PathBuf::from("sh"));
        self.equip(&mut shell);
        run(shell
            .args(["-c", script])
            .env("AUTHKEEP", authkeep_bin())
            .env("KEY", &self.key))
    }

    /// Everything that must not leak.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let mut secrets = self.server.secrets();
        secrets.push(self.key.clone());
        secrets
    }
}
