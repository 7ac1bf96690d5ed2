//! Handing a secret out: first the record of it, then the secret.

use authkeep_audit::{Action, AppendError, Outcome};

use crate::{Broker, Connection, Credential};

/// What a secret is released for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be printed.
    Show,
    /// As lines for a shell or a file.
    Export,
    /// Into a child's environment.
    Environment,
    /// Into the requests of a child that never holds it.
    Sidecar,
}

impl Purpose {
    /// The word in the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Show => "get",
            Self::Export => "export",
            Self::Environment => "run-env",
            Self::Sidecar => "run",
        }
    }
}

/// The release could not be recorded, so it did not happen.
#[derive(Debug, thiserror::Error)]
#[error("the release cannot be recorded in the audit log, so the credential stays locked up")]
pub struct ReleaseError(#[from] AppendError);

impl Broker {
    /// Gives the secrets of `connection` out, once the release is on record.
    ///
    /// # Errors
    ///
    /// [`ReleaseError`] where the audit log cannot be written; then nothing is released.
    pub fn release(
        &self,
        connection: Connection,
        purpose: Purpose,
    ) -> Result<Credential, ReleaseError> {
        self.record(
            Action::Release,
            connection.provider(),
            Some(connection.name()),
            Outcome::Ok,
            &[("purpose", purpose.as_str())],
        )?;
        Ok(Credential::of(connection))
    }
}
