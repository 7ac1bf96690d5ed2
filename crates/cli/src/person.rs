//! The person at this terminal, as the broker sees them.

use authkeep_core::{
    AskError, BoxFuture, BrowserUrl, DeviceCodePrompt, Event, FieldRequest, Interaction, Judge,
    Launch, Pasting,
};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::browser::{self, Choice, Started};
use crate::countdown::Countdown;
use crate::env;
use crate::output::Output;
use crate::process::Umask;
use crate::prompt::{self, Answer, Echo};

/// Asks on the terminal, reads the environment first, opens a browser.
#[derive(Debug)]
pub(crate) struct TerminalPerson {
    pub(crate) output: Output,
    pub(crate) browser: Choice,
    pub(crate) input: Input,
    pub(crate) umask: Umask,
    /// Runs while the login waits for somebody.
    pub(crate) countdown: Countdown,
    pub(crate) paste: Paste,
}

/// Whether the person has asked to paste the answer of the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paste {
    Wanted,
    IfNeeded,
}

/// Whether anybody may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    Allowed,
    Forbidden,
}

impl Interaction for TerminalPerson {
    fn open_url(&self, url: &BrowserUrl) -> Launch {
        let started = browser::open(url, &self.browser, self.umask);
        if started == Started::Yes {
            self.output.say(&format!(
                "Opening your browser. If nothing appears, open this address:\n  {url}"
            ));
            return Launch::Started;
        }
        let why = match started {
            Started::Failed(why) => why,
            Started::NotTried(why) => why.to_owned(),
            Started::Yes => String::new(),
        };
        // Without a terminal and without a browser nobody would ever see the address.
        if self.browser != Choice::None && !std::io::IsTerminal::is_terminal(&std::io::stderr()) {
            return Launch::Impossible(why);
        }
        self.output
            .instruct(&format!("Open this address in a browser ({why}):\n  {url}"));
        if env::is_ssh()
            && let Some(port) = url.redirect_port()
        {
            self.output.instruct(&format!(
                "To open it on another machine, forward the port first, from there: \
                 ssh -L {port}:127.0.0.1:{port} HOST"
            ));
        }
        Launch::Shown
    }

    fn ask(&self, field: &FieldRequest) -> Result<SecretString, AskError> {
        for variable in &field.variables {
            if let Some(value) = env::secret(variable) {
                self.output.say(&format!(
                    "Using {variable} from the environment for the {}.",
                    field.label
                ));
                return Ok(value);
            }
        }
        if self.input == Input::Forbidden {
            return Err(AskError::NotPossible);
        }
        if let Some(docs) = &field.docs {
            self.output.say(&format!("You find or create it at {docs}"));
        }
        let optional = if field.optional {
            " (empty for none)"
        } else {
            ""
        };
        let question =
            crate::printable::printable(&format!("{}{optional}: ", field.label)).into_owned();
        let echo = if field.secret { Echo::Off } else { Echo::On };
        match prompt::ask(&question, echo).map_err(AskError::Terminal)? {
            Answer::Text(text) => Ok(text),
            Answer::Cancelled => Err(AskError::Cancelled),
            Answer::NoTerminal => Err(AskError::NotPossible),
        }
    }

    fn no_browser(&self) -> Option<String> {
        // Where nobody is there, nobody would see the code.
        let why = browser::missing(&self.browser).filter(|_| self.input == Input::Allowed);
        why.map(str::to_owned)
    }

    fn pasting(&self) -> Pasting {
        if self.input == Input::Forbidden || !prompt::is_possible() {
            Pasting::Impossible
        } else if self.paste == Paste::Wanted {
            Pasting::Wanted
        } else if std::io::IsTerminal::is_terminal(&std::io::stderr()) {
            Pasting::Possible
        } else {
            Pasting::Impossible
        }
    }

    fn paste<'a>(&'a self, mut judge: Judge<'a>) -> BoxFuture<'a, Result<(), AskError>> {
        let lines = prompt::pasted();
        // Said when it is so: what is typed before would be seen.
        self.output.instruct(
            "When the browser shows its last page, which may be an error, copy the whole address of it, \
             paste it here and press Enter. It is not shown.",
        );
        Box::pin(async move {
            let mut lines = lines.map_err(AskError::Terminal)?;
            loop {
                match lines.next().await.map_err(AskError::Terminal)? {
                    Answer::Text(text) if judge(&text).is_break() => return Ok(()),
                    Answer::Text(_) => {}
                    Answer::Cancelled => return Err(AskError::Cancelled),
                    Answer::NoTerminal => return Err(AskError::NotPossible),
                }
            }
        })
    }

    fn tell(&self, event: &Event) {
        // Whatever it is, something has happened; and what is said must not run into the line of the countdown.
        self.countdown.stop();
        match event {
            Event::DeviceCode(prompt) => self.show_code(prompt),
            Event::FlowChosen {
                flow,
                instead_of,
                why,
            } => self.output.say(&format!(
                "Using the {} flow because {why}; --flow {instead_of} opens a browser instead.",
                flow.as_str().replace('_', " ")
            )),
            Event::Waiting {
                redirect_uri,
                patience,
            } => {
                // Nobody comes back to an https address: it stays in the address bar.
                let what = if redirect_uri.starts_with("https:") {
                    format!("Waiting for an address that begins with {redirect_uri}")
                } else {
                    format!("Waiting for the browser to come back to {redirect_uri}")
                };
                self.countdown.start(&self.output, what, *patience);
            }
            Event::Registering { server } => self.output.say(&format!(
                "Registering a client at {server}, so that you need not …"
            )),
            Event::NotPasted { why } => self.output.warn(&format!("{why}; try again")),
            Event::Exchanging => self.output.say("Exchanging the code for tokens …"),
            Event::LooksWrong { label, hint } => {
                let hint = hint
                    .as_deref()
                    .map(|hint| format!(" {hint}"))
                    .unwrap_or_default();
                self.output.warn(&format!(
                    "the {label} does not look like one.{hint} It is stored all the same."
                ));
            }
            Event::FewerScopes { missing } => {
                self.output.warn(&format!(
                    "these scopes were not granted: {}",
                    missing.join(" ")
                ));
            }
            Event::FieldsDropped { names } => self.output.warn(&format!(
                "the login that this one replaces also held {}; the new one does not",
                names.join(", ")
            )),
            Event::AskingWhose { service } => self.output.say(&format!(
                "The login is saved. Asking {service} whose it is …"
            )),
            Event::AccountUnknown { service, why } => self.output.say(&format!(
                "The login is saved, but {service} did not say whose it is: {why}."
            )),
            Event::OtherAccount { before, now } => self.output.warn(&format!(
                "this connection was {before} before, and is {now} now"
            )),
            Event::WithoutPkce => self
                .output
                .say("This provider does not use PKCE; the state alone guards the callback."),
            _ => {}
        }
    }
}

impl TerminalPerson {
    /// Shows what has to be approved and where. Programs get it as one line of JSON, because they hand it on.
    fn show_code(&self, prompt: &DeviceCodePrompt) {
        if self.output.is_json() {
            self.output.instruct_program(&as_json(prompt));
        } else {
            self.output.instruct(&in_words(prompt));
            let complete = prompt.verification_uri_complete.as_ref();
            let address = complete.unwrap_or(&prompt.verification_uri);
            self.output.show_qr_code(address.as_str());
        }
        let what = "Waiting for your approval".to_owned();
        self.countdown.start(&self.output, what, prompt.patience);
    }
}

fn in_words(prompt: &DeviceCodePrompt) -> String {
    let DeviceCodePrompt {
        display_name,
        connection,
        user_code,
        verification_uri,
        client_id,
        scopes,
        ..
    } = prompt;
    let access = match scopes.as_slice() {
        [] => "access".to_owned(),
        scopes => format!("access to: {}", scopes.join(" ")),
    };
    let complete = prompt.verification_uri_complete.as_ref();
    let complete = complete
        .map(|uri| format!("The code is filled in already at:\n  {uri}\n"))
        .unwrap_or_default();
    format!(
        "To log in to {display_name} ({connection}), open this address on any device:\n  \
         {verification_uri}\nand enter the code:\n  {user_code}\n{complete}\
         You give the OAuth client {client_id} {access}\n\
         Approve only if the page shows this code and asks for that."
    )
}

fn as_json(prompt: &DeviceCodePrompt) -> Value {
    json!({
        "event": "device_code",
        "provider": prompt.provider.as_str(),
        "connection": prompt.connection.as_str(),
        "user_code": prompt.user_code,
        "verification_uri": prompt.verification_uri.as_str(),
        "verification_uri_complete":
            prompt.verification_uri_complete.as_ref().map(BrowserUrl::as_str),
        "client_id": prompt.client_id,
        "scopes": prompt.scopes,
        "expires_in": prompt.patience.as_secs(),
    })
}
