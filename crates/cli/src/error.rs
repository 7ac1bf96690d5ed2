//! A failure as the user meets it: what happened, what to do, a word for programs and an exit code.
//!
//! The hints are written in `error/`, one file for each operation of the core: what a user does next is said
//! there and nowhere else.

mod definition;
mod device_code;
mod discovery;
mod home;
mod login;
mod logout;
mod lookup;
mod refresh;
mod release;
mod sidecar;
mod store;
mod usage;

use std::borrow::Cow;
use std::fmt::Display;
use std::path::Path;

pub(crate) use self::lookup::variables;
pub(crate) use self::refresh::remedy;
pub(crate) use self::sidecar::no_sidecar;
pub(crate) use self::usage::without_the_words;
use serde_json::{Value, json};

use crate::exit_code::ExitCode;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(crate) struct CommandError {
    code: ExitCode,
    kind: &'static str,
    message: String,
    hints: Vec<String>,
}

impl CommandError {
    pub(crate) fn new(code: ExitCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            kind,
            message: message.into(),
            hints: Vec::new(),
        }
    }

    /// An error of the library with the causes behind it.
    pub(crate) fn caused(
        code: ExitCode,
        kind: &'static str,
        error: &(dyn std::error::Error + 'static),
    ) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Transparent wrappers repeat their source.
            if !message.ends_with(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            cause = error.source();
        }
        Self::new(code, kind, message)
    }

    /// What to do about it.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    pub(crate) fn message(&self) -> String {
        self.message.clone()
    }

    pub(crate) fn hints(&self) -> &[String] {
        &self.hints
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        self.code
    }

    /// The stable shape that `--json` shows.
    pub(crate) fn json(&self) -> Value {
        json!({ "error": self.kind, "message": self.message, "hint": self.hints.join("\n") })
    }
}

/// Names, for a hint.
fn listed<T: Display>(items: &[T]) -> String {
    items
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

/// A path as it can be pasted into a shell.
pub(crate) fn quoted(path: &Path) -> String {
    let path = path.to_string_lossy();
    shlex::try_quote(&path).map_or_else(|_| path.to_string(), Cow::into_owned)
}
