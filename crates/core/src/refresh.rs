//! Renewing an access token (RFC 6749 §6) as one transaction:
//! lock the connection, read again, redeem, save, unlock.
//!
//! Whoever waited for the lock finds a fresh token and uses it. What was saved is never overwritten by an
//! older outcome: the save is a compare-and-swap on the revision that was read under the lock.

mod error;

use std::fmt::Debug;
use std::time::Duration;

use authkeep_audit::{Action, Outcome};
use authkeep_flows::{RefreshToken, TokenSet, read_token_response, refresh_request};
use authkeep_registry::ProviderName;
use authkeep_vault::{EntryKey, Expected, PutError, Revision};
use secrecy::{ExposeSecret, SecretString};

pub use self::error::RefreshError;

use crate::authorization_server::{AuthorizationServer, ClientRequest};
use crate::record::{self, ClientRecord, ConnectionRecord, Stored, Verdict};
use crate::{BodyCap, BoxFuture, Broker, Connection, ConnectionName, Timestamp};

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

impl Broker {
    async fn refresh_under_lock(
        &self,
        provider: &ProviderName,
        name: &ConnectionName,
        renewal: Renewal,
    ) -> Result<(), RefreshError> {
        let key = self.keys(provider).connection(name)?;
        let _guard = self
            .lock(&key)
            .await
            .map_err(|error| RefreshError::lock(provider, error))?;

        let stored: Stored<ConnectionRecord> =
            record::read(self.store(), &key)?.ok_or_else(|| RefreshError::Gone {
                provider: provider.clone(),
            })?;
        let revision = stored.revision;
        let mut connection = Connection::new(provider.clone(), name.clone(), stored.record);
        if connection.record.verdict != Verdict::Good {
            // Whoever held the lock before was told so already. The server need not be asked once for each waiter.
            return Err(RefreshError::Refused {
                provider: provider.clone(),
                description: None,
            });
        }
        if let Renewal::IfDue { min_ttl } = renewal
            && !connection.is_due(self.now(), min_ttl)
        {
            return Ok(()); // Somebody else renewed it while this one waited.
        }

        let _transaction = self.transaction();
        tracing::debug!(%provider, connection = %name, "redeeming the refresh token, under the lock");
        let outcome = match self.redeem(&connection).await {
            Ok(tokens) => {
                apply(&mut connection.record, tokens, self.now());
                self.settle(&key, &connection, revision)
            }
            Err(refused @ RefreshError::Refused { .. }) => {
                connection.record.verdict = Verdict::ReauthRequired;
                match self.settle(&key, &connection, revision) {
                    Ok(Settled::Overtaken) => Ok(Settled::Overtaken),
                    Ok(Settled::Saved) => Err(refused),
                    Err(error) => {
                        tracing::warn!(%error, "that the login was refused could not be saved");
                        Err(refused)
                    }
                }
            }
            Err(error) => Err(error),
        };
        tracing::debug!(%provider, connection = %name, renewed = outcome.is_ok(), "the refresh is over");
        let noted = match &outcome {
            Ok(_) => Outcome::Ok,
            Err(error) => Outcome::Failed(error.kind().to_owned()),
        };
        self.note(provider, name, noted);
        outcome.map(drop)
    }

    /// Saves what came of a refresh, unless the record was replaced meanwhile by somebody who did not take the
    /// lock. Then theirs is the newer truth: if it is a working login it stands, and is what the caller gets.
    fn settle(
        &self,
        key: &EntryKey,
        connection: &Connection,
        revision: Revision,
    ) -> Result<Settled, RefreshError> {
        let expected = Expected::Revision(revision);
        let conflict = match record::write(self.store(), key, &connection.record, expected) {
            Ok(_) => return Ok(Settled::Saved),
            Err(conflict @ PutError::Conflict { .. }) => conflict,
            Err(error) => return Err(RefreshError::NotSaved(error)),
        };
        let provider = connection.provider().clone();
        let Some(theirs) = record::read(self.store(), key)? else {
            return Err(RefreshError::Gone { provider });
        };
        let theirs = Connection::new(provider, connection.name().clone(), theirs.record);
        if theirs.record.verdict == Verdict::Good && !theirs.is_due(self.now(), None) {
            return Ok(Settled::Overtaken);
        }
        Err(RefreshError::NotSaved(conflict))
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
        if !record.pinned.admits_token_requests(server.oauth) {
            return Err(RefreshError::Moved {
                provider: provider.clone(),
                now: endpoint.url.to_string(),
            });
        }
        let saved: Option<Stored<ClientRecord>> =
            record::read(self.store(), &self.keys(provider).client()?)?;
        let saved = saved.as_ref().map(|saved| &saved.record);
        let client = server.issuing_client(record, saved, ClientRequest::Token);
        // EXPOSE: into flows' own secret type.
        let refresh_token = RefreshToken::new(refresh_token.expose_secret().to_owned());
        let request = refresh_request(&endpoint, &client, &refresh_token, None);
        let response = self.parts.http.send(&request, BodyCap::Token).await?;
        read_token_response(&response, &server.rules())
            .map_err(|error| RefreshError::answered(provider, error))
    }

    /// A refresh is no release: that it could not be recorded does not undo it.
    fn note(&self, provider: &ProviderName, name: &ConnectionName, outcome: Outcome) {
        if let Err(error) = self.record(Action::Refresh, provider, Some(name), outcome, &[]) {
            tracing::warn!(%error, "the refresh could not be recorded");
        }
    }
}

/// What became of a record that was to be saved.
enum Settled {
    Saved,
    /// Somebody else's was there first, and it works.
    Overtaken,
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
