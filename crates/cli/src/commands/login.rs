//! `authkeep login`: acquires a credential and stores it.

mod address;
mod choice;
mod scopes;

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write};
use std::time::Duration;

use authkeep_core::{
    Connection, ConnectionName, Form, Interaction as _, LoginOutcome, LoginRequest, LookupError,
    Pasting, Replace, Supplied, Timestamp,
};
use authkeep_registry::{Flow, ProviderName};
use clap::Args;
use secrecy::SecretString;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use self::address::{AddressArgs, Service, provider_at};
use self::scopes::ScopeArgs;
use super::ending;
use super::missing::defined;
use crate::browser::{Browser, Choice};
use crate::context::{Context, OnInterrupt, block_on};
use crate::countdown::Countdown;
use crate::duration;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output::{Done, Output, View};
use crate::person::{Asking, Input, Paste, TerminalPerson};

/// Log in to a provider and keep the credential.
///
/// Values are taken from the environment variables that the definition names, or asked for: in a form in the browser
/// where there is one, else on the terminal; never from arguments. A login that works already is left alone unless --force is
/// given, or scopes that it does not have.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    authkeep login\n  \
    authkeep login github\n  \
    authkeep login openai --with-token < key.txt\n  \
    authkeep login github --flow device_code\n  \
    authkeep login github --scopes +gist\n  \
    DD_API_KEY=… DD_APP_KEY=… authkeep login datadog --no-input --param site=datadoghq.eu\n  \
    authkeep login https://mcp.example.com/mcp\n  \
    authkeep login gitlab --connection work --base-url https://gitlab.example.com")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(crate) struct LoginArgs {
    /// The provider, as `authkeep providers` lists it; or the address of a server that says by itself how to log in to
    /// it, such as an MCP server (https://…). Without it you choose from a list.
    #[arg(value_name = "PROVIDER|URL")]
    service: Option<Service>,

    /// Name of the connection, for several accounts at one provider: letters, digits, `.` `_` `@` `+` `-`. Without it the one that `authkeep use` has
    /// chosen, or `default`.
    #[arg(long, value_name = "NAME")]
    connection: Option<ConnectionName>,

    /// How to log in: authorization_code, device_code, client_credentials or api_key. Without it the first that works
    /// here.
    #[arg(long, value_name = "FLOW")]
    flow: Option<Flow>,

    /// Ask for these scopes instead of the definition's (separated by commas or spaces). With a plus before each, ask
    /// for them besides those of the login that is there, or else besides the definition's: `--scopes +repo,+gist`.
    #[arg(long, value_name = "SCOPES", value_parser = ScopeArgs::parse)]
    scopes: Option<ScopeArgs>,

    /// The base URL of a self-hosted service (the parameter `base_url`).
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,

    /// Set a parameter of the definition. May be repeated.
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parameter)]
    params: Vec<(String, String)>,

    /// The OAuth client to use. Its secret comes from the environment or the prompt.
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,

    /// Read the API key from stdin; for several fields, or a client's id and secret, a JSON object. Replaces a login
    /// that is there.
    #[arg(long, conflicts_with = "client_id")]
    with_token: bool,

    /// The browser to open: a command (`%s` stands for the address), or `none` to print the address only.
    #[arg(long, value_name = "COMMAND", value_parser = |text: &str| Ok::<_, String>(Choice::from(text)))]
    browser: Option<Choice>,

    /// Open no browser: show the address, and take the one that the browser ends at, or the code, by paste.
    #[arg(long, conflicts_with = "with_token")]
    paste: bool,

    /// Ask on the terminal, even where a form could be opened in the browser.
    #[arg(long)]
    prompt: bool,

    /// How long to wait for you (90s, 10m): without it five minutes for a browser, and as long as it is good for a device code.
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    timeout: Option<Duration>,

    #[command(flatten)]
    address: AddressArgs,

    /// Replace a login that works.
    #[arg(long)]
    force: bool,

    /// Replace it, and ask for the OAuth client again.
    #[arg(long)]
    reset: bool,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub(crate) fn run(
    context: &Context,
    output: &Output,
    args: &LoginArgs,
) -> Result<Done, CommandError> {
    let supplied = if args.with_token {
        read_supplied()?
    } else {
        Supplied::default()
    };
    let mut params: BTreeMap<_, _> = args.params.iter().cloned().collect();
    params.extend(
        args.base_url
            .clone()
            .map(|url| ("base_url".to_owned(), url)),
    );
    let choice = match (&args.browser, args.paste) {
        (Some(browser), _) => browser.clone(),
        (None, true) => Choice::None,
        (None, false) => Choice::default(),
    };
    let person = TerminalPerson {
        output: output.clone(),
        browser: Browser::new(choice, context.umask, &context.home_path()?),
        input: if context.global.no_input {
            Input::Forbidden
        } else {
            Input::Allowed
        },
        countdown: Countdown::default(),
        paste: if args.paste {
            Paste::Wanted
        } else {
            Paste::IfNeeded
        },
        asking: if args.prompt {
            Asking::OnTheTerminal
        } else {
            Asking::InTheBrowser
        },
        patience: args.timeout.unwrap_or(Form::LIFETIME),
    };
    if args.paste && person.pasting() == Pasting::Impossible {
        return Err(no_paste());
    }
    let service = match &args.service {
        Some(service) => service.clone(),
        None => Service::Named(choice::chosen(context, person.input)?),
    };
    let provider = match &service {
        Service::Named(name) if args.address.is_given() => return Err(no_address(name)),
        Service::Named(name) => {
            let defined = defined(context, name);
            // Nobody says `https://` aloud.
            let is_host = name.as_str().contains('.');
            let hinted = |error: CommandError| match is_host {
                true => error.hint(format!(
                    "an address begins with its scheme: authkeep login https://{name}"
                )),
                false => error,
            };
            defined.map_err(hinted)?.name
        }
        Service::At(text) => provider_at(context, text, &args.address, &person)?,
    };
    let broker = context.broker_or_new()?;
    let connection = match &args.connection {
        Some(name) => name.clone(),
        None => broker
            .chosen_connection(&provider)
            .map_err(LookupError::from)?
            .unwrap_or_default(),
    };
    let scopes = match &args.scopes {
        None => None,
        Some(ScopeArgs::Exactly(scopes)) => Some(scopes.clone()),
        Some(ScopeArgs::Besides(more)) => {
            Some(broker.scopes_with(&provider, &connection, args.flow, more)?)
        }
    };
    let request = LoginRequest {
        provider,
        connection,
        flow: args.flow,
        scopes,
        params,
        client_id: args.client_id.clone(),
        replace: match (args.reset, args.force || args.with_token) {
            (true, _) => Replace::AlwaysWithNewClient,
            (_, true) => Replace::Always,
            _ => Replace::IfBroken,
        },
        supplied,
        patience: args.timeout,
    };
    let outcome = block_on(OnInterrupt::Drop, async {
        Ok(broker.login(&request, &person).await?)
    })?;
    let now = broker.now();
    Ok(Done::view(match outcome {
        LoginOutcome::AlreadyConnected(connection) => {
            LoggedIn::of(&connection, "already_connected", now)
        }
        LoginOutcome::LoggedIn(connection) => LoggedIn::of(&connection, "logged_in", now),
    }))
}

fn no_paste() -> CommandError {
    CommandError::new(
        ExitCode::Usage,
        "no_terminal",
        "--paste needs a terminal to paste into",
    )
    .hint("run it in a terminal, in the foreground and without --no-input")
}

fn no_address(name: &ProviderName) -> CommandError {
    CommandError::new(
        ExitCode::Usage,
        "no_address",
        format!("--yes, --name and --local are for addresses, and `{name}` is a name"),
    )
    .hint(format!("run `authkeep login {name}` without them"))
}

/// stdin as one token, or as a JSON object of fields.
fn read_supplied() -> Result<Supplied, CommandError> {
    const MAX: u64 = 64 * 1024;
    let wrong = |message: &str| {
        CommandError::new(ExitCode::Usage, "stdin", message)
            .hint("pipe the key in: authkeep login PROVIDER --with-token < FILE")
    };
    if io::IsTerminal::is_terminal(&io::stdin()) {
        return Err(wrong(
            "--with-token reads from stdin, and stdin is a terminal",
        ));
    }
    let mut text = Zeroizing::new(String::with_capacity(MAX as usize));
    io::stdin()
        .take(MAX + 1)
        .read_to_string(&mut text)
        .map_err(|_| wrong("stdin is not text"))?;
    if text.len() as u64 > MAX {
        return Err(wrong("stdin is longer than 64 KiB"));
    }
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(wrong("stdin is empty"));
    }
    if !trimmed.starts_with('{') {
        return Ok(Supplied(
            [("token".to_owned(), SecretString::from(trimmed.to_owned()))].into(),
        ));
    }
    let fields: BTreeMap<String, SecretString> = serde_json::from_str(trimmed)
        .map_err(|_| wrong("stdin looks like JSON, but is not an object of text fields"))?;
    Ok(Supplied(fields))
}

struct LoggedIn {
    outcome: &'static str,
    provider: String,
    connection: String,
    account: Option<String>,
    auth: &'static str,
    scopes: Vec<String>,
    scopes_missing: Vec<String>,
    expires_at: Option<String>,
    time_left: Option<String>,
    refreshable: bool,
    /// When a person has to log in again, in words and for programs.
    ending: Option<String>,
    login_expires: Value,
}

impl LoggedIn {
    fn of(connection: &Connection, outcome: &'static str, now: Timestamp) -> Self {
        Self {
            outcome,
            provider: connection.provider().to_string(),
            connection: connection.name().to_string(),
            account: connection.account().map(str::to_owned),
            auth: connection.kind().as_str(),
            scopes: connection.scopes().to_vec(),
            scopes_missing: (connection.scopes_missing().into_iter())
                .map(str::to_owned)
                .collect(),
            expires_at: connection.expires_at().map(|at| at.to_string()),
            time_left: connection
                .expires_at()
                .and_then(|at| duration::left(now, at)),
            refreshable: connection.is_refreshable(),
            ending: ending::words(connection, now),
            login_expires: ending::as_json(connection),
        }
    }
}

impl View for LoggedIn {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self {
            provider,
            connection,
            ..
        } = self;
        let whose = self.account.as_ref();
        let whose = whose
            .map(|account| format!(" as {account}"))
            .unwrap_or_default();
        if self.outcome == "already_connected" {
            writeln!(
                out,
                "{provider} ({connection}) is connected already{whose}. Use --force to replace it."
            )?;
        } else {
            writeln!(out, "Logged in to {provider} ({connection}){whose}.")?;
        }
        match (&self.time_left, self.refreshable) {
            (Some(left), true) => {
                writeln!(out, "The token lives for {left} and is renewed by itself.")?
            }
            (Some(left), false) => {
                writeln!(out, "The token lives for {left}; then you log in again.")?
            }
            (None, _) => {}
        }
        if let Some(ending) = &self.ending {
            let mut letters = ending.chars();
            let first = letters.next().map(|letter| letter.to_ascii_uppercase());
            writeln!(out, "{}{}.", first.unwrap_or_default(), letters.as_str())?;
        }
        let (named, joined) = if *connection == *ConnectionName::default().as_str() {
            (String::new(), String::new())
        } else {
            (
                format!(" --connection {connection}"),
                format!("={connection}"),
            )
        };
        writeln!(
            out,
            "Next: authkeep get {provider}{named}, or authkeep run --provider {provider}{joined} -- COMMAND"
        )
    }

    fn json(&self) -> Value {
        json!({
            "outcome": self.outcome,
            "provider": self.provider,
            "connection": self.connection,
            "account": self.account,
            "auth": self.auth,
            "status": "connected",
            "scopes": self.scopes,
            "scopes_missing": self.scopes_missing,
            "expires_at": self.expires_at,
            "refreshable": self.refreshable,
            "login_expires": self.login_expires,
        })
    }
}
