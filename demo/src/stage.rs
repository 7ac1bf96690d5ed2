//! Runs the real binary, and shows the command as a user would type it and what came back.

use std::path::{Path, PathBuf};
use std::process::Command;

use authkeep_testkit::home::{TestHome, run};
use authkeep_testkit::oauth_server::OAuthServer;

use crate::failed::Failed;
use crate::tool::{self, CALL_API};

pub(crate) struct Stage<'a> {
    home: &'a TestHome,
    server: &'a OAuthServer,
    binary: PathBuf,
    browser: PathBuf,
}

impl<'a> Stage<'a> {
    /// Builds the binary if it is not built yet.
    pub(crate) fn new(home: &'a TestHome, server: &'a OAuthServer) -> Result<Self, Failed> {
        let browser = std::env::current_exe().map_err(|error| Failed(error.to_string()))?;
        let folder = browser.parent().unwrap_or(Path::new(".")).to_owned();
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--locked", "--package", "authkeep-cli"]);
        if folder.ends_with("release") {
            build.arg("--release");
        }
        match build.current_dir(env!("CARGO_MANIFEST_DIR")).status() {
            Ok(status) if status.success() => {}
            _ => return Err(Failed("authkeep cannot be built".to_owned())),
        }
        let binary = folder.join(format!("authkeep{}", std::env::consts::EXE_SUFFIX));
        Ok(Self {
            home,
            server,
            binary,
            browser,
        })
    }

    /// Runs one command and shows both sides of it.
    pub(crate) fn act(&self, why: &str, arguments: &[&str]) -> Result<(), Failed> {
        self.show(why, &arguments.join(" "), arguments)
    }

    /// Hands the credential to a program: this one again, as the tool that a user might have.
    pub(crate) fn hand_to_tool(&self, why: &str) -> Result<(), Failed> {
        let program = self.browser.display().to_string();
        let run = [
            "run",
            "--env",
            "--provider",
            "demo",
            "--",
            &program,
            CALL_API,
        ];
        self.show(why, "run --env --provider demo -- ./some-tool", &run)
    }

    fn show(&self, why: &str, typed: &str, arguments: &[&str]) -> Result<(), Failed> {
        println!("\n# {why}\n$ authkeep {typed}");
        let mut command = self.home.command(&self.binary);
        command
            .args(arguments)
            .env("BROWSER", &self.browser)
            .env("DEMO_CLIENT_ID", "test-client")
            .env(tool::API, self.server.url());
        let output = run(&mut command);
        for line in output.stderr.lines().chain(output.stdout.lines()) {
            println!("  {line}");
        }
        match output.code {
            0 => Ok(()),
            code => Err(Failed(format!("authkeep {typed} ended with {code}"))),
        }
    }
}
