//! The person, as a joint: open a URL, ask for a value, be told what happens.

use std::fmt::Debug;
use std::time::Duration;

use authkeep_registry::{Flow, ProviderName};
use secrecy::SecretString;

use crate::{BrowserUrl, ConnectionName};

/// Somebody (or a test) who can look at a browser and answer questions.
///
/// Implementations may block: they are called where nothing else of a login runs.
pub trait Interaction: Send + Sync + Debug {
    /// Opens `url` in a browser, and shows it to the person in any case.
    fn open_url(&self, url: &BrowserUrl) -> Launch;

    /// Obtains one value that the login needs.
    ///
    /// # Errors
    ///
    /// [`AskError::NotPossible`] where nobody can answer, [`AskError::Cancelled`] where somebody declined to.
    fn ask(&self, field: &FieldRequest) -> Result<SecretString, AskError>;

    /// Why no browser can be opened here, such as `there is no display`; `None` where one can be. A login whose
    /// provider offers the device code flow uses that instead.
    fn no_browser(&self) -> Option<String> {
        None
    }

    /// Told at each step of a login that a person may be waiting through.
    fn tell(&self, event: &Event);
}

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

/// One value to obtain from the person.
#[derive(Debug, Clone)]
pub struct FieldRequest {
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
    /// A client is being registered with the authorization server, instead of by the person.
    Registering {
        /// The host that registers it.
        server: String,
    },
    /// The code arrived and is being exchanged for tokens.
    Exchanging,
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
