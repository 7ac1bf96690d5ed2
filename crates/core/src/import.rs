//! Taking over what other programs keep: their files become [`Item`]s, and items become logins of this vault.
//!
//! One file a program reads its files, and each reads only: authsome, PlanOpticon, GitHub's CLI, the AWS CLI, `.env`
//! files. [`crate::Broker::import`] does the rest, the same for all of them. Nothing is sent anywhere, so nobody has asked the
//! services whether what was taken over still works.

mod apply;
mod authsome;
mod aws;
mod env_file;
mod file;
mod gh;
mod planopticon;
mod record_of;
mod report;
mod variables;

use std::collections::BTreeMap;

use secrecy::SecretString;

pub use self::apply::{ImportMode, ImportOptions};
pub use self::authsome::{AuthsomeError, AuthsomeHome};
pub use self::aws::{AwsFiles, read_aws};
pub use self::env_file::{Assignment, EnvFileError, parse_env};
pub use self::file::{FileError, read_text};
pub use self::gh::{GhError, read_gh};
pub use self::planopticon::read_planopticon;
pub use self::report::{Entry, Kind, Outcome};
pub use self::variables::{Claims, items_of};
use crate::Timestamp;
use crate::record::Verdict;

/// One thing that was found in another program's files.
#[derive(Debug)]
pub struct Item {
    /// Where it was, in words that can be shown: a file, a section, a name.
    pub place: String,
    /// What that program calls the provider.
    pub provider: String,
    pub(crate) content: Content,
}

#[derive(Debug)]
pub(crate) enum Content {
    Login(Box<FoundLogin>),
    Client(FoundClient),
    /// A provider definition, as text that the registry reads.
    Definition(String),
    /// Something that is there and is not taken over.
    Left(Left),
}

/// A login as its program kept it.
#[derive(Debug)]
pub(crate) struct FoundLogin {
    pub(crate) connection: String,
    pub(crate) secrets: Secrets,
    /// Values for those parameters of the definition that it has.
    pub(crate) params: BTreeMap<String, String>,
    pub(crate) account: Option<String>,
    pub(crate) obtained_at: Option<Timestamp>,
    pub(crate) verdict: Verdict,
    pub(crate) sent_to: SentTo,
    /// Whether its program uses it where none is named.
    pub(crate) chosen: bool,
    /// What there is to know about it beside its outcome.
    pub(crate) note: Option<String>,
}

#[derive(Debug)]
pub(crate) enum Secrets {
    /// The fields of an API key, by the definition's names.
    Key(BTreeMap<String, SecretString>),
    Tokens(Tokens),
}

#[derive(Debug, Default)]
pub(crate) struct Tokens {
    pub(crate) access: Option<SecretString>,
    pub(crate) refresh: Option<SecretString>,
    pub(crate) token_type: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) client: Option<Credentials>,
}

/// The name and the secret of an OAuth client.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    pub(crate) id: String,
    pub(crate) secret: Option<SecretString>,
}

/// An OAuth client that a person had entered there.
#[derive(Debug)]
pub(crate) struct FoundClient {
    pub(crate) credentials: Credentials,
    pub(crate) params: BTreeMap<String, String>,
    pub(crate) sent_to: SentTo,
}

/// Where the program sent the secrets, as far as that is known. What is known has to be what our definition says too.
#[derive(Debug, Clone, Default)]
pub(crate) struct SentTo {
    pub(crate) token_endpoint: Endpoint,
    /// The host of the API, where it is not what the service's name implies.
    pub(crate) host: Option<String>,
}

/// The token endpoint that a login was issued by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// The one that everybody uses: the program had no other.
    #[default]
    Usual,
    /// This one.
    At(String),
    /// Nobody knows.
    Unknown,
}

/// Why something is not taken over, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) kind: Kind,
    pub(crate) connection: Option<String>,
    pub(crate) why: String,
    pub(crate) next: Option<String>,
    /// Whether it is broken, rather than nothing for us.
    pub(crate) damaged: bool,
}

impl Item {
    fn left(place: impl Into<String>, provider: impl Into<String>, left: Left) -> Self {
        Self {
            place: place.into(),
            provider: provider.into(),
            content: Content::Left(left),
        }
    }
}

impl Left {
    fn because(kind: Kind, why: impl Into<String>) -> Self {
        Self {
            kind,
            connection: None,
            why: why.into(),
            next: None,
            damaged: false,
        }
    }

    fn damaged(kind: Kind, why: impl Into<String>) -> Self {
        Self {
            damaged: true,
            ..Self::because(kind, why)
        }
    }

    fn next(self, next: impl Into<String>) -> Self {
        Self {
            next: Some(next.into()),
            ..self
        }
    }

    fn of_connection(self, connection: impl Into<String>) -> Self {
        Self {
            connection: Some(connection.into()),
            ..self
        }
    }
}

impl FoundLogin {
    fn new(connection: impl Into<String>, secrets: Secrets) -> Self {
        Self {
            connection: connection.into(),
            secrets,
            params: BTreeMap::new(),
            account: None,
            obtained_at: None,
            verdict: Verdict::Good,
            sent_to: SentTo::default(),
            chosen: false,
            note: None,
        }
    }
}
