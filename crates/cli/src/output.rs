//! What is printed: the only place that writes to stdout or stderr.
//!
//! stdout is data, everything else goes to stderr. All text passes the sanitiser, except where a secret was
//! asked for by name: that goes out byte for byte.

mod live;
mod qr_code;
mod status;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode as ProcessExit;

use anstyle::{AnsiColor, Style};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

pub(crate) use self::live::{Live, Size};

use crate::args::GlobalArgs;
use crate::env;
use crate::error::{CommandError, without_the_words};
use crate::exit_code::ExitCode;
use crate::printable::{printable, printable_json};

/// What a command has to show.
pub(crate) trait View {
    /// For people.
    fn human(&self, out: &mut dyn Write) -> io::Result<()>;

    /// For programs. The shape is a promise.
    fn json(&self) -> Value;

    /// How the program ends after showing it.
    fn exit_code(&self) -> ExitCode {
        ExitCode::Ok
    }
}

/// The end of a command that succeeded.
pub(crate) enum Done {
    /// Show this.
    View(Box<dyn View>),
    /// Print this secret as it is: the user asked for it by name.
    Secret(SecretString),
    /// Print nothing more: what there was to show was shown while it ran.
    Ended(ExitCode),
    /// Print nothing more, and end with the code of the program that was run.
    Exited(u8),
}

impl Done {
    pub(crate) fn view(view: impl View + 'static) -> Self {
        Self::View(Box::new(view))
    }
}

/// Where and how to print.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    json: bool,
    quiet: bool,
    color: bool,
}

impl Output {
    pub(crate) fn new(global: &GlobalArgs) -> Self {
        Self {
            json: global.json,
            quiet: global.quiet,
            color: !global.no_color
                && !env::no_color()
                && io::IsTerminal::is_terminal(&io::stderr()),
        }
    }

    /// Before the arguments are understood: a usage error is shown as JSON if `--json` is among them.
    pub(crate) fn before_arguments(arguments: &[OsString]) -> Self {
        let json = arguments
            .iter()
            .take_while(|argument| *argument != "--")
            .any(|a| a == "--json");
        Self {
            json,
            ..Self::new(&GlobalArgs::default())
        }
    }

    /// Whether programs read stdout.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Says something to the person, beside the data.
    pub(crate) fn say(&self, text: &str) {
        if !self.quiet {
            self.to_stderr(&format!("{}\n", printable(text)));
        }
    }

    /// Says what the person has to do now: without it they would wait in vain, so `--quiet` does not hide it.
    pub(crate) fn instruct(&self, text: &str) {
        self.to_stderr(&format!("{}\n", printable(text)));
    }

    /// The same for a program that reads stderr: one object on one line.
    pub(crate) fn instruct_program(&self, event: &Value) {
        self.to_stderr(&printable_json(&format!("{event}\n")));
    }

    /// Warns the person. Not even `--quiet` hides it.
    pub(crate) fn warn(&self, text: &str) {
        self.to_stderr(&format!(
            "{} {}\n",
            self.label("warning:", AnsiColor::Yellow),
            printable(text)
        ));
    }

    /// Says what failed, and what to do about it, of one of several things. Programs find it in the data.
    pub(crate) fn complain(&self, subject: &str, error: &CommandError) {
        if !self.json {
            self.to_stderr(&self.complaint(&format!("{subject}: {}", error.message()), error));
        }
    }

    /// Shows one event of a command that goes on: at once, with `--json` one object a line.
    ///
    /// # Errors
    ///
    /// Nobody reads any more, or standard output cannot be written to.
    pub(crate) fn line(&self, view: &dyn View) -> io::Result<()> {
        if self.json {
            return write_now(printable_json(&format!("{}\n", view.json())).as_bytes());
        }
        let mut text = Vec::new();
        view.human(&mut text)?;
        write_now(printable(&String::from_utf8_lossy(&text)).as_bytes())
    }

    /// Shows what a program amounted to that was run: on stderr, for stdout is the program's.
    pub(crate) fn aside(&self, view: &dyn View) {
        let mut text = Vec::new();
        if self.quiet {
        } else if self.json {
            self.instruct_program(&view.json());
        } else if view.human(&mut text).is_ok() {
            self.to_stderr(&printable(&String::from_utf8_lossy(&text)));
        }
    }

    /// A text that is redrawn in place, where people look at a terminal that can do that.
    pub(crate) fn live(&self) -> Option<Live> {
        let able = !self.json && !env::is_dumb_terminal() && terminal_size().is_some();
        able.then(Live::default)
    }

    /// Puts `text` in the place of what `live` showed before.
    ///
    /// # Errors
    ///
    /// As [`line`](Self::line).
    pub(crate) fn redraw(&self, live: &mut Live, text: &str) -> io::Result<()> {
        let size = terminal_size().unwrap_or(Size {
            columns: 80,
            rows: 24,
        });
        match live.frame(&printable(text), size) {
            Some(frame) => write_now(frame.as_bytes()),
            None => Ok(()),
        }
    }

    /// Shows the result.
    pub(crate) fn success(&self, done: Done) -> ProcessExit {
        match done {
            Done::Ended(code) => code.into(),
            Done::Exited(code) => code.into(),
            Done::Secret(secret) => {
                // EXPOSE: the one way out, by a command that names the secret.
                self.to_stdout(secret.expose_secret().as_bytes(), ExitCode::Ok)
            }
            Done::View(view) if self.json => {
                let text = format!("{:#}\n", view.json());
                self.to_stdout(printable_json(&text).as_bytes(), view.exit_code())
            }
            Done::View(view) => {
                let mut text = Vec::new();
                if view.human(&mut text).is_err() {
                    return ExitCode::Other.into(); // Writing to memory does not fail.
                }
                let text = String::from_utf8_lossy(&text);
                self.to_stdout(printable(&text).as_bytes(), view.exit_code())
            }
        }
    }

    /// Shows what went wrong and what to do about it.
    pub(crate) fn failure(&self, error: &CommandError) -> ProcessExit {
        if self.json {
            let text = format!("{:#}\n", error.json());
            return self.to_stdout(printable_json(&text).as_bytes(), error.exit_code());
        }
        self.to_stderr(&self.complaint(&error.message(), error));
        error.exit_code().into()
    }

    fn complaint(&self, message: &str, error: &CommandError) -> String {
        let mut text = format!(
            "{} {}\n",
            self.label("error:", AnsiColor::Red),
            printable(message)
        );
        for hint in error.hints() {
            text.push_str(&format!(
                "{} {}\n",
                self.label("hint:", AnsiColor::Cyan),
                printable(hint)
            ));
        }
        text
    }

    /// Shows what is wrong with the command line; `--help` and `--version` come this way too.
    pub(crate) fn usage(&self, arguments: &[OsString], error: &clap::Error) -> ProcessExit {
        if let Some(error) = without_the_words(arguments, error) {
            return self.failure(&error);
        }
        if !error.use_stderr() {
            return self.to_stdout(error.to_string().as_bytes(), ExitCode::Ok);
        }
        let text = error.to_string();
        if self.json {
            let text = format!("{:#}\n", usage_json(&text));
            return self.to_stdout(printable_json(&text).as_bytes(), ExitCode::Usage);
        }
        self.to_stderr(&printable(&text));
        ExitCode::Usage.into()
    }

    fn label(&self, word: &str, color: AnsiColor) -> String {
        if !self.color {
            return word.to_owned();
        }
        let style = Style::new().bold().fg_color(Some(color.into()));
        format!("{style}{word}{style:#}")
    }

    fn to_stderr(&self, text: &str) {
        // Nobody can be told that stderr is closed.
        let _written = anstream::stderr().write_all(text.as_bytes());
    }

    fn to_stdout(&self, bytes: &[u8], code: ExitCode) -> ProcessExit {
        match write_now(bytes) {
            Ok(()) => code.into(),
            // The reader has seen enough: `authkeep list | head`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => code.into(),
            Err(error) => {
                self.to_stderr(&format!("error: cannot write the output: {error}\n"));
                ExitCode::Other.into()
            }
        }
    }
}

/// Writes to stdout, and keeps nothing back.
fn write_now(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// The size of the terminal on stdout, if it is one.
#[cfg(unix)]
fn terminal_size() -> Option<Size> {
    let stdout = io::stdout();
    if !io::IsTerminal::is_terminal(&stdout) {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(&stdout).ok()?;
    // Some terminals do not say; those that do not are mostly of the usual size.
    let or = |said: u16, usual| if said == 0 { usual } else { usize::from(said) };
    Some(Size {
        columns: or(size.ws_col, 80),
        rows: or(size.ws_row, 24),
    })
}

/// Elsewhere it is not asked for, and lines are printed one below the other.
#[cfg(not(unix))]
fn terminal_size() -> Option<Size> {
    None
}

/// A usage error in the shape of all errors. Its first paragraph says what is wrong, the others what to type.
fn usage_json(text: &str) -> Value {
    let mut paragraphs = text
        .split("\n\n")
        .map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|paragraph| !paragraph.is_empty());
    let first = paragraphs.next().unwrap_or_default();
    let message = first.strip_prefix("error: ").unwrap_or(&first);
    let hint = paragraphs.collect::<Vec<_>>().join("\n");
    json!({ "error": "usage", "message": message, "hint": hint })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usage_error_is_one_sentence_and_a_hint() {
        let text = "error: the following required arguments were not provided:\n  <PROVIDER>\n\n\
                    Usage: authkeep get <PROVIDER>\n\nFor more information, try '--help'.\n";
        assert_eq!(
            usage_json(text),
            json!({
                "error": "usage",
                "message": "the following required arguments were not provided: <PROVIDER>",
                "hint": "Usage: authkeep get <PROVIDER>\nFor more information, try '--help'.",
            })
        );
    }
}
