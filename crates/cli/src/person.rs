//! The person at this terminal, as the broker sees them.

use std::collections::BTreeSet;
use std::time::Duration;

use authkeep_core::{
    Answers, AskError, BoxFuture, BrowserUrl, Collected, DeviceCodePrompt, Event, FieldRequest,
    Inquiry, Interaction, Judge, Launch, Pasting, RedirectPort, Unanswered,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use crate::browser::{self, Browser, Choice, Started};
use crate::countdown::Countdown;
use crate::env;
use crate::form;
use crate::output::Output;
use crate::prompt::{self, Answer, Echo, Lines};

/// Reads the environment first, then asks in a form or on the terminal; opens a browser.
#[derive(Debug)]
pub(crate) struct TerminalPerson {
    pub(crate) output: Output,
    pub(crate) browser: Browser,
    pub(crate) input: Input,
    /// Runs while the login waits for somebody.
    pub(crate) countdown: Countdown,
    pub(crate) paste: Paste,
    /// Where values are asked for.
    pub(crate) asking: Asking,
    /// How long a form waits.
    pub(crate) patience: Duration,
}

/// Whether the person has asked to paste the answer of the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paste {
    Wanted,
    IfNeeded,
}

/// Where values are asked for, if anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asking {
    /// In a form, where there is a browser; else on the terminal.
    InTheBrowser,
    /// On the terminal.
    OnTheTerminal,
}

/// Whether anybody may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    Allowed,
    Forbidden,
}

impl TerminalPerson {
    /// The value of the first variable that is set. It stays in this process's environment: to take it out would
    /// take unsafe code, and who may read that may read this process's memory. But it goes no further.
    fn environment_value(&self, field: &FieldRequest) -> Option<SecretString> {
        if field.secret {
            self.browser.withhold(&field.variables);
        }
        let mut variables = field.variables.iter();
        let (variable, value) =
            variables.find_map(|name| env::secret(name).map(|value| (name, value)))?;
        self.output.say(&format!(
            "Using {variable} from the environment for the {}.",
            field.label
        ));
        Some(value)
    }

    /// Whether a form would be seen by somebody.
    fn may_show_forms(&self) -> bool {
        self.input == Input::Allowed
            && self.asking == Asking::InTheBrowser
            && self.paste == Paste::IfNeeded
            && browser::is_within_reach(&self.browser.choice)
    }

    async fn prompt(&self, field: &FieldRequest) -> Result<SecretString, AskError> {
        let optional = if field.optional {
            " (empty for none)"
        } else {
            ""
        };
        let question =
            crate::printable::printable(&format!("{}{optional}: ", field.label)).into_owned();
        let echo = if field.secret { Echo::Off } else { Echo::On };
        loop {
            let asked = prompt::ask(&question, echo).await;
            match asked.map_err(AskError::Terminal)? {
                Answer::Text(text) => return Ok(text),
                Answer::SeveralLines => self.output.warn(&format!(
                    "the {} is one line, and several were pasted; none was taken",
                    field.label
                )),
                Answer::Cancelled => return Err(AskError::Cancelled),
                Answer::NoTerminal => return Err(AskError::NotPossible),
            }
        }
    }

    /// A value that may not be empty is asked for until it is not.
    async fn insist(&self, field: &FieldRequest) -> Result<SecretString, AskError> {
        if let Some(hint) = &field.hint {
            self.output.say(hint);
        }
        loop {
            let answer = self.prompt(field).await?;
            // EXPOSE: looked at, not kept.
            if field.optional || !answer.expose_secret().trim().is_empty() {
                return Ok(answer);
            }
            self.output
                .warn(&format!("the {} is needed; Ctrl-C cancels", field.label));
        }
    }

    /// What a form would say above the fields and beside them.
    fn explain(&self, inquiry: &Inquiry) {
        let docs: BTreeSet<_> = inquiry
            .fields
            .iter()
            .filter_map(|field| field.docs.as_ref())
            .collect();
        for page in docs {
            self.output.say(&format!("You find or create it at {page}"));
        }
        if let Some(redirect) = &inquiry.redirect {
            let port = match redirect.port {
                RedirectPort::Any => ", which stands for any port",
                RedirectPort::Fixed => "",
            };
            self.output.say(&format!(
                "The redirect address to register there{port}:\n  {}",
                redirect.address
            ));
        }
    }
}

impl Interaction for TerminalPerson {
    fn open_url(&self, url: &BrowserUrl) -> Launch {
        let started = self.browser.open(url);
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
        if self.browser.choice != Choice::None
            && !std::io::IsTerminal::is_terminal(&std::io::stderr())
        {
            return Launch::Impossible(why);
        }
        self.output
            .instruct(&format!("Open this address in a browser ({why}):\n  {url}"));
        if env::is_ssh()
            && let Some((host, port)) = url.redirected_to()
        {
            let this_machine = env::ssh_destination().unwrap_or_else(|| "HOST".to_owned());
            self.output.instruct(&format!(
                "To open it on another machine, forward the port first, from there: \
                 ssh -L {port}:{host}:{port} {this_machine}"
            ));
        }
        Launch::Shown
    }

    fn ask<'a>(&'a self, field: &'a FieldRequest) -> BoxFuture<'a, Result<SecretString, AskError>> {
        Box::pin(async move {
            if let Some(value) = self.environment_value(field) {
                return Ok(value);
            }
            match self.input {
                Input::Allowed => self.prompt(field).await,
                Input::Forbidden => Err(AskError::NotPossible),
            }
        })
    }

    fn ask_all<'a>(&'a self, inquiry: &'a Inquiry) -> BoxFuture<'a, Result<Answers, Unanswered>> {
        Box::pin(async move {
            let mut answers = Answers::none(inquiry);
            for (index, field) in inquiry.fields.iter().enumerate() {
                answers.values[index] = self.environment_value(field);
            }
            let left = form::without(inquiry, &answers);
            if left.fields.is_empty() {
                return Ok(answers);
            }
            if self.may_show_forms() {
                match form::fill_in(&left, self).await {
                    Ok(Some(sent)) => {
                        form::merge(&mut answers, sent);
                        return Ok(answers);
                    }
                    Ok(None) => {}
                    Err(source) => {
                        let values = answers.values.iter().zip(&inquiry.fields).enumerate();
                        let missing = values
                            .filter(|(_, (value, field))| value.is_none() && !field.optional)
                            .map(|(index, _)| index)
                            .collect();
                        return Err(Unanswered { missing, source });
                    }
                }
            }
            if self.input == Input::Allowed && prompt::is_possible() {
                self.explain(&left);
            }
            let mut collected = Collected::new(inquiry, answers);
            for (index, field) in inquiry.fields.iter().enumerate() {
                if collected.has(index) {
                    continue;
                }
                let answer = match self.input {
                    Input::Allowed => self.insist(field).await,
                    Input::Forbidden => Err(AskError::NotPossible),
                };
                collected.take(index, answer)?;
            }
            collected.finish()
        })
    }

    fn no_browser(&self) -> Option<String> {
        // Where nobody is there, nobody would see the code.
        let why = browser::missing(&self.browser.choice).filter(|_| self.input == Input::Allowed);
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
        let lines = Lines::begin();
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
                    Answer::Text(_) | Answer::SeveralLines => {}
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
            Event::Discovering { server } => self
                .output
                .say(&format!("Asking {server} for its endpoints …")),
            Event::Registering { server } => self.output.say(&format!(
                "Registering a client at {server}, so that you need not …"
            )),
            Event::NotPasted { why } => self.output.warn(&format!("{why}; try again")),
            Event::Exchanging => self.output.say("Exchanging the code for tokens …"),
            Event::AskingForToken { service } => {
                self.output.say(&format!("Asking {service} for a token …"));
            }
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
