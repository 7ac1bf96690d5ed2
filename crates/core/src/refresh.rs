//! Renewing an access token (RFC 6749 §6) as one transaction:
//! lock the connection, read again, redeem, save, unlock.
//!
//! Whoever waited for the lock finds a fresh token and uses it. What was saved is never overwritten by an
//! older outcome: the save is a compare-and-swap on the revision that was read under the lock.

use std::fmt::Debug;
use std::time::Duration;

use authkeep_audit::{Action, Outcome};
use authkeep_flows::{
    self as flows, RefreshToken, TokenError, TokenSet, read_token_response, refresh_request,
};
use authkeep_registry::{ProviderName, RegistryError};
use authkeep_vault::{Expected, LockError, PutError};
use secrecy::{ExposeSecret, SecretString};

use crate::authorization_server::AuthorizationServer;
use crate::pinned::origin;
use crate::record::{self, ClientRecord, ConnectionRecord, RecordError, Stored, Verdict};
use crate::{BodyCap, BoxFuture, Broker, Connection, ConnectionName, HttpError, Timestamp};

/// How long a refresh waits for another process that holds the connection's lock.
const LOCK_PATIENCE: Duration = Duration::from_secs(45);

/// When to redeem the refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// Only if the token is still due once the lock is held.
    IfDue {
        /// The life that the caller needs it to have.
        min_ttl: Option<Duration>,
    },
    /// In any case.
    Always,
}

/// Where the redeem-and-save step runs.
pub trait RefreshRunner: Send + Sync + Debug {
    /// Renews one connection. On success the vault holds the outcome; nothing is returned through memory.
    fn run<'a>(
        &'a self,
        broker: &'a Broker,
        provider: &'a ProviderName,
        connection: &'a ConnectionName,
        renewal: Renewal,
    ) -> BoxFuture<'a, Result<(), RefreshError>>;
}

/// Refreshes in the calling process and task.
#[derive(Debug, Clone, Copy, Default)]
pub struct InProcess;

impl RefreshRunner for InProcess {
    fn run<'a>(
        &'a self,
        broker: &'a Broker,
        provider: &'a ProviderName,
        connection: &'a ConnectionName,
        renewal: Renewal,
    ) -> BoxFuture<'a, Result<(), RefreshError>> {
        Box::pin(broker.refresh_under_lock(provider, connection, renewal))
    }
}

/// Why a token was not renewed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// Another process holds the connection's lock and did not let go.
    #[error("another process is refreshing `{provider}` and has not finished")]
    Busy {
        /// The provider.
        provider: ProviderName,
    },
    /// The lock cannot be had at all. Without it nothing is redeemed.
    #[error("the connection's lock cannot be taken, so nothing was refreshed")]
    LockUnavailable(#[source] std::io::Error),
    /// The login was removed meanwhile.
    #[error("the login to `{provider}` was removed meanwhile")]
    Gone {
        /// The provider.
        provider: ProviderName,
    },
    /// It has no refresh token.
    #[error("`{provider}` gave no refresh token, so it cannot be renewed without a person")]
    NotRefreshable {
        /// The provider.
        provider: ProviderName,
    },
    /// The authorization server said that the refresh token is no longer good (`invalid_grant`).
    #[error("`{provider}` no longer accepts the saved login")]
    Refused {
        /// The provider.
        provider: ProviderName,
        /// What the server said, if it said more.
        description: Option<String>,
    },
    /// The authorization server refused the request for a reason that is not the login's.
    #[error("`{provider}` refused to refresh: {error}")]
    Rejected {
        /// The provider.
        provider: ProviderName,
        /// The OAuth error code, such as `invalid_client`.
        error: String,
    },
    /// The server is out of order or asks to wait.
    #[error("`{provider}` cannot refresh right now (status {status})")]
    Unavailable {
        /// The provider.
        provider: ProviderName,
        /// The HTTP status.
        status: u16,
    },
    /// The server's answer is not a token response.
    #[error("`{provider}` answered with something that is not a token response")]
    Malformed {
        /// The provider.
        provider: ProviderName,
        /// What was wrong with it.
        #[source]
        why: TokenError,
    },
    /// No answer was had.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The definition has changed since the login, and names another place for the refresh token.
    #[error("the token endpoint of `{provider}` is not the one that was logged in to (now {now})")]
    Moved {
        /// The provider.
        provider: ProviderName,
        /// The origin that the definition names now.
        now: String,
    },
    /// The definition is gone or unusable.
    #[error("there is no usable definition of `{provider}` any more")]
    NoDefinition {
        /// The provider.
        provider: ProviderName,
    },
    /// The definitions could not be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The stored record could not be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The new tokens could not be saved.
    #[error("the refreshed token could not be saved")]
    NotSaved(#[source] PutError),
}

impl RefreshError {
    /// Whether the same attempt may succeed later without a person doing anything.
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Busy { .. }
                | Self::LockUnavailable(_)
                | Self::Unavailable { .. }
                | Self::Malformed { .. }
                | Self::Http(_)
        )
    }
}

impl Broker {
    async fn refresh_under_lock(
        &self,
        provider: &ProviderName,
        name: &ConnectionName,
        renewal: Renewal,
    ) -> Result<(), RefreshError> {
        let key = self.keys(provider).connection(name)?;
        let lock_key = key.clone();
        let _guard = self
            .blocking(move |store| store.lock(&lock_key, LOCK_PATIENCE))
            .await
            .map_err(|error| lock_failed(provider, error))?;

        let stored: Stored<ConnectionRecord> =
            record::read(self.store(), &key)?.ok_or_else(|| RefreshError::Gone {
                provider: provider.clone(),
            })?;
        let revision = stored.revision;
        let mut connection = Connection::new(provider.clone(), name.clone(), stored.record);
        if let Renewal::IfDue { min_ttl } = renewal
            && !connection.is_due(self.now(), min_ttl)
        {
            return Ok(()); // Somebody else renewed it while this one waited.
        }

        match self.redeem(&connection).await {
            Ok(tokens) => {
                apply(&mut connection.record, tokens, self.now());
                record::write(
                    self.store(),
                    &key,
                    &connection.record,
                    Expected::Revision(revision),
                )
                .map_err(RefreshError::NotSaved)?;
                self.note(provider, name, Outcome::Ok);
                Ok(())
            }
            Err(error) => {
                if let RefreshError::Refused { .. } = error {
                    connection.record.verdict = Verdict::ReauthRequired;
                    let marked = record::write(
                        self.store(),
                        &key,
                        &connection.record,
                        Expected::Revision(revision),
                    );
                    if let Err(error) = marked {
                        tracing::warn!(%error, "the verdict could not be saved");
                    }
                }
                self.note(provider, name, Outcome::Failed(kind(&error).to_owned()));
                Err(error)
            }
        }
    }

    /// Sends the refresh request to the endpoint that was pinned at login, as the client that the tokens
    /// were issued to.
    async fn redeem(&self, connection: &Connection) -> Result<TokenSet, RefreshError> {
        let provider = connection.provider();
        let record = &connection.record;
        let refresh_token =
            record
                .refresh_token
                .as_ref()
                .ok_or_else(|| RefreshError::NotRefreshable {
                    provider: provider.clone(),
                })?;
        let no_definition = || RefreshError::NoDefinition {
            provider: provider.clone(),
        };
        let definition = self.find(provider)?.ok_or_else(no_definition)?.definition;
        let bound = definition
            .bind(&record.params)
            .map_err(|_| no_definition())?;
        let server = AuthorizationServer::of(&bound).ok_or_else(no_definition)?;
        let endpoint = server.token_endpoint().ok_or_else(no_definition)?;
        if !record.pinned.admits_token_endpoint(&endpoint.url) {
            return Err(RefreshError::Moved {
                provider: provider.clone(),
                now: origin(&endpoint.url),
            });
        }
        let client = self.issuing_client(connection, &server)?;
        // EXPOSE: into flows' own secret type.
        let refresh_token = RefreshToken::new(refresh_token.expose_secret().to_owned());
        let request = refresh_request(&endpoint, &client, &refresh_token, None);
        let response = self.parts.http.send(&request, BodyCap::Token).await?;
        read_token_response(&response, &server.rules()).map_err(|error| refused(provider, error))
    }

    fn issuing_client(
        &self,
        connection: &Connection,
        server: &AuthorizationServer<'_>,
    ) -> Result<flows::Client, RefreshError> {
        let key = self.keys(connection.provider()).client()?;
        let saved: Option<Stored<ClientRecord>> = record::read(self.store(), &key)?;
        let issued_to = connection.client_id().unwrap_or_default();
        Ok(match saved {
            Some(saved) if saved.record.client_id == issued_to => server.client(&saved.record),
            _ => server.client_from(issued_to, None),
        })
    }

    /// A refresh is no release: that it could not be recorded does not undo it.
    fn note(&self, provider: &ProviderName, name: &ConnectionName, outcome: Outcome) {
        if let Err(error) = self.record(Action::Refresh, provider, Some(name), outcome, &[]) {
            tracing::warn!(%error, "the refresh could not be recorded");
        }
    }
}

/// Puts a token response into the record. What the response does not mention stays as it was (RFC 6749 §6).
pub(crate) fn apply(record: &mut ConnectionRecord, tokens: TokenSet, now: Timestamp) {
    // EXPOSE: from flows' secret types into the record's.
    record.access_token = Some(SecretString::from(tokens.access_token.expose().to_owned()));
    if let Some(refresh_token) = tokens.refresh_token {
        record.refresh_token = Some(SecretString::from(refresh_token.expose().to_owned()));
    }
    record.token_type = Some(tokens.token_type);
    record.expires_at = tokens
        .expires_in
        .and_then(|life| now.checked_add(life).ok());
    record.refreshed_at = Some(now);
    if tokens.scope.is_some() {
        record.scopes = tokens.scope;
    }
    record.verdict = Verdict::Good;
}

fn lock_failed(provider: &ProviderName, error: LockError) -> RefreshError {
    match error {
        LockError::Busy { .. } => RefreshError::Busy {
            provider: provider.clone(),
        },
        LockError::Unavailable(source) => RefreshError::LockUnavailable(source),
        other => RefreshError::LockUnavailable(std::io::Error::other(other)),
    }
}

fn refused(provider: &ProviderName, error: TokenError) -> RefreshError {
    let provider = provider.clone();
    match error {
        dead if dead.is_invalid_grant() => RefreshError::Refused {
            provider,
            description: match dead {
                TokenError::Refused { description, .. } => description,
                _ => None,
            },
        },
        TokenError::Refused { error, .. } => RefreshError::Rejected { provider, error },
        TokenError::Transient { status, .. } => RefreshError::Unavailable { provider, status },
        why => RefreshError::Malformed { provider, why },
    }
}

/// A word for the audit log.
fn kind(error: &RefreshError) -> &'static str {
    match error {
        RefreshError::Refused { .. } => "refused",
        RefreshError::Rejected { .. } => "rejected",
        RefreshError::Unavailable { .. } => "unavailable",
        RefreshError::Malformed { .. } => "malformed",
        RefreshError::Http(_) => "no_answer",
        RefreshError::Moved { .. } => "moved",
        RefreshError::NotRefreshable { .. } => "not_refreshable",
        _ => "failed",
    }
}
