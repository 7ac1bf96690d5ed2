//! Headless Chromium behind `BROWSER`, driven through whatever login page it is shown.

use std::path::PathBuf;
use std::process::Command;

use authkeep_testkit::home::{TestHome, run};
use serde_json::Value;

use crate::fixture::{SETUP, oidc_folder, search_path};

const CHROMIUM: &str = "/usr/bin/chromium";

/// What the person at the browser does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BrowserAction {
    /// Logs in and consents.
    #[default]
    Approve,
    /// Logs in and refuses.
    Deny,
    /// Closes the browser on the login page.
    Abandon,
    /// Opens the page and touches nothing; the visit tells what was on it.
    Open,
}

/// How to start the browser: a program for `BROWSER` and the variables it is steered by.
#[derive(Clone, Debug)]
pub struct Browser {
    command: PathBuf,
    env: Vec<(String, String)>,
}

/// What one visit came to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BrowserVisit {
    /// 0: the callback or a success page was reached; 3: an error page or stuck; 4: out of time;
    /// 5: anything else.
    pub code: i32,
    /// One object a step, with `step`, `ms`, and what was seen.
    pub steps: Vec<Value>,
    /// What the driver said on standard error.
    pub stderr: String,
}

impl Browser {
    /// The machine's Chromium; logs in as `alice` and consents.
    ///
    /// Panics when Chromium or the driver's modules are missing.
    #[must_use]
    pub fn chromium() -> Self {
        let command = oidc_folder().join("fake-browser");
        assert!(PathBuf::from(CHROMIUM).exists(), "no {CHROMIUM}: {SETUP}");
        let env = [("FB_CHROMIUM", CHROMIUM), ("FB_TIMEOUT", "60")];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            command,
            env: env.to_vec(),
        }
    }

    /// The same browser with another person at it.
    #[must_use]
    pub fn acting(self, action: BrowserAction) -> Self {
        let word = match action {
            BrowserAction::Approve => "approve",
            BrowserAction::Deny => "deny",
            BrowserAction::Abandon => "abandon",
            BrowserAction::Open => "open",
        };
        self.with("FB_ACTION", word)
    }

    /// The same browser with one more of the variables that `driver.mjs` lists.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The value for `BROWSER`. It returns at once, as `xdg-open` does, and goes on in the
    /// background for a minute at most; with `FB_WAIT` set to 1 it stays to the end.
    #[must_use]
    pub fn command(&self) -> &std::path::Path {
        &self.command
    }

    /// Makes this the browser of a command, through its environment.
    pub fn apply<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("BROWSER", &self.command)
            .env("PATH", search_path())
            .envs(self.env.iter().map(|(name, value)| (name, value)))
    }

    /// Opens `url` and waits for the end of the visit.
    #[must_use]
    pub fn visit(&self, url: &str) -> BrowserVisit {
        let home = TestHome::new();
        let mut command = home.command(&self.command);
        let output = run(self.apply(&mut command).env("FB_WAIT", "1").arg(url));
        let steps = output
            .stdout
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        BrowserVisit {
            code: output.code,
            steps: steps.collect(),
            stderr: output.stderr,
        }
    }
}
