//! What became of each thing that was found.

use crate::ConnectionName;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A credential.
    Login,
    /// An OAuth client.
    Client,
    /// A provider definition.
    Definition,
    /// A file that holds several of these.
    Source,
}

impl Kind {
    /// The word that `--json` shows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Client => "client",
            Self::Definition => "definition",
            Self::Source => "source",
        }
    }
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the vault now; in a rehearsal: it would be.
    Imported,
    /// It is what the vault has, or what the vault's login was made of.
    AlreadyThere,
    /// The vault has something else under this name, which was kept.
    Differs,
    /// It is nothing that can be taken over.
    Skipped,
    /// It cannot be read.
    Damaged,
}

impl Outcome {
    /// The word that `--json` shows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Imported => "imported",
            Self::AlreadyThere => "already_there",
            Self::Differs => "differs",
            Self::Skipped => "skipped",
            Self::Damaged => "damaged",
        }
    }
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it was.
    pub place: String,
    /// The provider by our name, or by the source's where we have none.
    pub provider: String,
    /// What it is.
    pub kind: Kind,
    /// The connection; `None` for what is none.
    pub connection: Option<ConnectionName>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, or what else there is to know.
    pub reason: Option<String>,
    /// What to do next.
    pub next: Option<String>,
    /// The hosts that may receive it from now on, where it was taken over.
    pub hosts: Vec<String>,
    /// The token endpoint that renews it from now on.
    pub token_endpoint: Option<String>,
}
