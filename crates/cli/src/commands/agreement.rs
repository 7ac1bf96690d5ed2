//! A yes of the person at the terminal, before something is trusted.

use secrecy::ExposeSecret as _;

use crate::context::{OnInterrupt, block_on};
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::person::Input;
use crate::prompt::{self, Answer, Echo};

/// What came of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Agreement {
    Given,
    Declined,
    /// Nobody can be asked.
    Impossible,
}

/// Asks for the word.
pub(super) fn ask(input: Input) -> Result<Agreement, CommandError> {
    if input == Input::Forbidden {
        return Ok(Agreement::Impossible);
    }
    block_on(OnInterrupt::Drop, async {
        let answer = prompt::ask("Type yes to trust them: ", Echo::On).await;
        let answer = answer.map_err(|error| {
            CommandError::caused(ExitCode::Other, "terminal", &error)
                .hint("run it in a terminal, or with --yes")
        })?;
        Ok(match answer {
            Answer::NoTerminal => Agreement::Impossible,
            // EXPOSE: a yes or a no.
            Answer::Text(text) => match text.expose_secret().trim().to_ascii_lowercase().as_str() {
                "yes" | "y" => Agreement::Given,
                _ => Agreement::Declined,
            },
            _ => Agreement::Declined,
        })
    })
}

/// What is said of a no.
pub(super) fn declined() -> CommandError {
    CommandError::new(
        ExitCode::Interrupted,
        "cancelled",
        "they are not trusted; nothing was stored",
    )
    .hint("run it again and type yes, if they are the right ones")
}

/// What is said where nobody can say yes.
pub(super) fn needed(what: &str) -> CommandError {
    CommandError::new(
        ExitCode::Usage,
        "trust_needed",
        format!("somebody has to say that {what} are to be trusted, and nobody can be asked here"),
    )
    .hint("add --yes, or run it in a terminal without --no-input")
}
