//! The person, as a joint: open a URL, ask for a value, be told what happens.

use std::fmt::Debug;
use std::ops::ControlFlow;
use std::time::Duration;

use authkeep_registry::{Flow, ProviderName};
use secrecy::SecretString;

use crate::{Answers, BoxFuture, BrowserUrl, Collected, ConnectionName, Inquiry, Unanswered};

/// Somebody (or a test) who can look at a browser and answer questions.
///
/// A browser may be opened in a blocking way; whoever asks does not block, so that a login that is given up ends at
/// once.
pub trait Interaction: Send + Sync + Debug {
    /// Opens `url` in a browser, and shows it to the person in any case.
    fn open_url(&self, url: &BrowserUrl) -> Launch;

    /// Obtains one value that the login needs.
    ///
    /// # Errors
    ///
    /// [`AskError::NotPossible`] where nobody can answer, [`AskError::Cancelled`] where somebody declined to.
    fn ask<'a>(&'a self, field: &'a FieldRequest) -> BoxFuture<'a, Result<SecretString, AskError>>;

    /// Why no browser can be opened here, such as `there is no display`; `None` where one can be. A login whose
    /// provider offers the device code flow uses that instead.
    fn no_browser(&self) -> Option<String> {
        None
    }

    /// Whether the person can be asked to paste the address that the browser ends at.
    fn pasting(&self) -> Pasting {
        Pasting::Impossible
    }

    /// Asks the person to paste, at once, and hands each text that is pasted to `judge` until it has enough. Called only
    /// where [`pasting`](Self::pasting) allows it; what is returned is dropped as soon as the browser comes back by
    /// itself.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask).
    fn paste<'a>(&'a self, _judge: Judge<'a>) -> BoxFuture<'a, Result<(), AskError>> {
        Box::pin(async { Err(AskError::NotPossible) })
    }

    /// Obtains all values that a login needs, so that they can stand in one form.
    ///
    /// Unless it is written anew, it asks for one after the other. A value that may be left out and that nobody can
    /// be asked for is left out.
    ///
    /// # Errors
    ///
    /// [`Unanswered`] names the value that was not given, or all where nobody can be asked.
    fn ask_all<'a>(&'a self, inquiry: &'a Inquiry) -> BoxFuture<'a, Result<Answers, Unanswered>> {
        Box::pin(async move {
            let mut collected = Collected::new(inquiry, Answers::none(inquiry));
            for (index, field) in inquiry.fields.iter().enumerate() {
                collected.take(index, self.ask(field).await)?;
            }
            collected.finish()
        })
    }

    /// Told at each step of a login that a person may be waiting through.
    fn tell(&self, event: &Event);
}

/// Looks at a text that was pasted: go on asking, or enough.
pub type Judge<'a> = Box<dyn FnMut(&SecretString) -> ControlFlow<()> + Send + 'a>;

/// What became of opening a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Launch {
    /// A browser was started.
    Started,
    /// The URL was shown; a person opens it.
    Shown,
    /// There is neither a browser nor a person to show it to; the text says why.
    Impossible(String),
}

/// Whether a person can hand over by hand what the browser brings back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pasting {
    /// There is nobody, or no way to ask without its being shown.
    Impossible,
    /// It is offered where no browser could be started.
    Possible,
    /// The person has asked for it.
    Wanted,
}

/// One value to obtain from the person.
#[derive(Debug, Clone)]
pub struct FieldRequest {
    /// What the definition calls it: `token`, `client_id`.
    pub name: String,
    /// What to call it, for people: `OpenAI API key`.
    pub label: String,
    /// Environment variables that may hold it, in order of preference.
    pub variables: Vec<String>,
    /// Whether it must not be echoed.
    pub secret: bool,
    /// Whether an empty answer is an answer.
    pub optional: bool,
    /// How to recognise or find it.
    pub hint: Option<String>,
    /// A regular expression that usual values match. What does not match draws a warning, never a refusal.
    pub pattern: Option<String>,
    /// The page where the person creates it.
    pub docs: Option<String>,
}

/// Why a value could not be obtained.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// Nobody can be asked: no terminal, or asking is switched off.
    #[error("there is no terminal to ask for it on")]
    NotPossible,
    /// The person declined.
    #[error("cancelled")]
    Cancelled,
    /// Nobody filled in the form in time.
    #[error("the form was not sent within {0:?}")]
    TimedOut(Duration),
    /// The terminal failed.
    #[error("the terminal failed")]
    Terminal(#[source] std::io::Error),
}

/// A step of a login, told as it happens.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// The redirect is awaited on this loopback address, for at most this long.
    Waiting {
        /// Where the browser will be sent back to.
        redirect_uri: String,
        /// How long the login waits.
        patience: Duration,
    },
    /// What was pasted is not the answer to this login. The wait goes on.
    NotPasted {
        /// Why not.
        why: String,
    },
    /// A value does not look like what the provider issues. It is used all the same.
    LooksWrong {
        /// The field's label.
        label: String,
        /// What it usually looks like.
        hint: Option<String>,
    },
    /// No browser can be opened here, so another flow is used than the one that comes first.
    FlowChosen {
        /// The flow that is used.
        flow: Flow,
        /// The one that comes first.
        instead_of: Flow,
        /// Why.
        why: String,
    },
    /// The person has to approve this on a device that has a browser, and the login waits for it. Without it being
    /// shown the login cannot succeed.
    DeviceCode(Box<DeviceCodePrompt>),
    /// An authorization server is being asked for its endpoints.
    Discovering {
        /// Its host.
        server: String,
    },
    /// A client is being registered with the authorization server, instead of by the person.
    Registering {
        /// The host that registers it.
        server: String,
    },
    /// The code arrived and is being exchanged for tokens.
    Exchanging,
    /// A client, or a key, is being taken for a token.
    AskingForToken {
        /// The service, as people know it.
        service: String,
    },
    /// The provider granted less than was asked for.
    FewerScopes {
        /// The scopes that are missing.
        missing: Vec<String>,
    },
    /// The login is saved, and the service is asked whose it is.
    AskingWhose {
        /// The service, as people know it.
        service: String,
    },
    /// The service did not say whose login it is. The login stands all the same.
    AccountUnknown {
        /// The service, as people know it.
        service: String,
        /// What went wrong.
        why: String,
    },
    /// The login is another account's than the one it replaces.
    OtherAccount {
        /// Whose the login was.
        before: String,
        /// Whose it is.
        now: String,
    },
    /// The login that is replaced held these fields, and the new one does not.
    FieldsDropped {
        /// Their names.
        names: Vec<String>,
    },
    /// The definition turns PKCE off: said aloud, because it is weaker.
    WithoutPkce,
}

/// What a person has to see to approve a login from another device (RFC 8628 §3.3).
#[derive(Debug, Clone)]
pub struct DeviceCodePrompt {
    /// The provider that is logged in to.
    pub provider: ProviderName,
    /// What the provider is called, for people.
    pub display_name: String,
    /// The connection that is made or renewed.
    pub connection: ConnectionName,
    /// The code to type, or to compare with the one that the page shows. Visible ASCII.
    pub user_code: String,
    /// Where to type it.
    pub verification_uri: BrowserUrl,
    /// The same address with the code in it, where the provider has one.
    pub verification_uri_complete: Option<BrowserUrl>,
    /// The OAuth client that is given access.
    pub client_id: String,
    /// What it is given access to.
    pub scopes: Vec<String>,
    /// How long the login waits.
    pub patience: Duration,
}
