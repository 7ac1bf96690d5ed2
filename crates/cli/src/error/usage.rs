//! A command line of `login` that is not understood. What was typed is not repeated: it may be a secret that was
//! meant for stdin, and messages end up in the logs of CI systems.

use std::ffi::OsString;

use clap::CommandFactory as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::CommandError;
use crate::args::Cli;
use crate::exit_code::ExitCode;

/// The error to show instead of clap's own, where that one would repeat what was typed after `login`.
pub(crate) fn without_the_words(
    arguments: &[OsString],
    error: &clap::Error,
) -> Option<CommandError> {
    let repeats = matches!(
        error.kind(),
        ErrorKind::UnknownArgument
            | ErrorKind::InvalidValue
            | ErrorKind::ValueValidation
            | ErrorKind::TooManyValues
            | ErrorKind::WrongNumberOfValues
    );
    if !repeats || !arguments.iter().any(|argument| argument == "login") {
        return None;
    }
    let option = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(text)) if text.starts_with('-') => {
            let name = text.split(['=', ' ']).next().unwrap_or_default();
            format!(" (at {name})")
        }
        _ => String::new(),
    };
    let refused = CommandError::new(
        ExitCode::Usage,
        "usage",
        format!(
            "`login` was given something that it does not take{option}; it is not repeated here, in case it is a secret"
        ),
    );
    let refused = match told(error) {
        Some(hint) => refused.hint(hint),
        None => refused,
    };
    Some(
        refused
            .hint("keys come from the environment, a prompt or a pipe: authkeep login PROVIDER --with-token < FILE")
            .hint("`authkeep login --help` shows what it takes"),
    )
}

/// What would have been right, in the words of `--help`; nothing of what was typed.
fn told(error: &clap::Error) -> Option<String> {
    if let Some(ContextValue::String(known)) = error.get(ContextKind::SuggestedArg) {
        return Some(format!("did you mean {known}?"));
    }
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let mut command = Cli::command();
    command.build();
    let mut arguments = command.find_subcommand("login")?.get_arguments();
    let meant = arguments.find(|known| known.to_string() == *argument)?;
    Some(format!("{argument}: {}", meant.get_help()?))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn shown(words: &[&str]) -> Option<String> {
        let all = std::iter::once("authkeep").chain(words.iter().copied());
        let error = Cli::try_parse_from(all).unwrap_err();
        let arguments: Vec<OsString> = words.iter().map(OsString::from).collect();
        without_the_words(&arguments, &error).map(|error| format!("{:?}", error))
    }

    #[test]
    fn a_secret_in_the_wrong_place_is_not_repeated() {
        let secret = "cnry_0123456789abcdef0123456789abcdef";
        for words in [
            &["login", "openai", secret][..],
            &["login", "openai", &format!("--with-token={secret}")],
            &["login", "openai", "--token", secret],
            &["login", "openai", &format!("--api-key={secret}")],
            &["login", "openai", "--flow", secret],
            &["login", "openai", "--timeout", secret],
            &["login", "openai", "--param", secret],
        ] {
            let shown = shown(words).unwrap_or_else(|| panic!("{words:?} is repeated"));
            assert!(!shown.contains("cnry_"), "{shown}");
            assert!(shown.contains("--with-token <"), "{shown}");
        }
    }

    #[test]
    fn what_would_have_been_right_is_said() {
        for (words, right) in [
            (&["login", "openai", "--flow", "magic"][..], "device_code"),
            (&["login", "openai", "--timeout", "soon"], "10m"),
            (&["login", "openai", "--param", "x"], "--param <NAME=VALUE>"),
            (&["login", "openai", "--scopes", "+a,b"], "plus before each"),
            (&["login", "openai", "--connection", "a/b"], "letters"),
            (&["login", "a b"], "https://"),
            (
                &["login", "openai", "--flwo", "api_key"],
                "did you mean --flow",
            ),
        ] {
            let shown = shown(words).unwrap_or_default();
            assert!(shown.contains(right), "{words:?}: {shown}");
        }
    }

    #[test]
    fn other_commands_are_told_what_they_typed() {
        assert!(shown(&["get", "openai", "oops"]).is_none());
    }
}
