//! Ending a login: revoke it at the provider, then delete it here.
//!
//! The local copy goes in any case: a login that cannot be revoked must not stay usable here either.

use authkeep_audit::{Action, Outcome};
use authkeep_flows::{
    HttpRequest, RevocationError, TokenHint, read_revocation_response, revocation_request,
};
use authkeep_registry::{ProviderName, RegistryError};
use authkeep_vault::{Expected, LockError, PutError};

use crate::authorization_server::{AuthorizationServer, Carried, ClientRequest, Spelled};
use crate::record::{self, ConnectionRecord, RecordError, Stored, Verdict};
use crate::refresh::told;
use crate::{
    BodyCap, Broker, Connection, ConnectionName, CredentialKind, LookupError, Reach, Target,
};

/// What became of the login at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RemoteRevocation {
    /// The provider confirmed it.
    Revoked,
    /// There is nothing to revoke: an API key, or a provider without a revocation endpoint.
    NotOffered,
    /// It was tried and failed; the text says why.
    Failed(String),
}

/// What a logout did. The local copy is gone in every case.
#[derive(Debug)]
pub struct LogoutOutcome {
    /// The provider.
    pub provider: ProviderName,
    /// The connection that ended.
    pub connection: ConnectionName,
    /// What became of it at the provider.
    pub remote: RemoteRevocation,
}

/// Why nothing was ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogoutError {
    /// There is no such login.
    #[error("there is no login to `{provider}` in this profile")]
    NotLoggedIn {
        /// The provider.
        provider: ProviderName,
    },
    /// The target could not be found out.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// A refresh is under way and does not end.
    #[error("another process is using the login to `{provider}` and has not finished")]
    Busy {
        /// The provider.
        provider: ProviderName,
    },
    /// The lock cannot be had at all. Without it nothing is deleted.
    #[error("the connection's lock cannot be taken")]
    Lock(#[source] LockError),
    /// The vault could not be written.
    #[error("the login could not be deleted")]
    NotDeleted(#[source] PutError),
    /// The stored record could not be read.
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl Broker {
    /// Ends one login.
    ///
    /// # Errors
    ///
    /// [`LogoutError`] where there is none, or it cannot be deleted. A revocation that fails at the provider is
    /// an outcome, not an error: the local copy is gone all the same.
    pub async fn logout(&self, target: &Target) -> Result<LogoutOutcome, LogoutError> {
        let (provider, definition) = self
            .canonical(&target.provider)
            .map_err(LookupError::from)?;
        let connection = self
            .stored(&provider, target.connection.as_ref())?
            .ok_or_else(|| match definition {
                Some(_) => LogoutError::NotLoggedIn {
                    provider: provider.clone(),
                },
                None => LogoutError::Lookup(LookupError::UnknownProvider {
                    closest: self.parts.registry.closest(provider.as_str()),
                    name: provider.clone(),
                }),
            })?;
        self.end(Action::Logout, &provider, connection.name()).await
    }

    /// Ends every login of a provider and forgets its OAuth client.
    ///
    /// # Errors
    ///
    /// As [`logout`](Self::logout), at the first login that fails. With nothing stored there is nothing to
    /// do, and the list is empty.
    pub async fn revoke(&self, provider: &ProviderName) -> Result<Vec<LogoutOutcome>, LogoutError> {
        let (provider, _) = match self.canonical(provider) {
            // Its definition cannot be read and nothing is stored: there is nothing to end.
            Err(RegistryError::Definition(_)) => (provider.clone(), None),
            canonical => canonical.map_err(LookupError::from)?,
        };
        let mut outcomes = Vec::new();
        for connection in self.connections_of(&provider)? {
            outcomes.push(
                self.end(Action::Revoke, &provider, connection.name())
                    .await?,
            );
        }
        let prefix = self.keys(&provider).registrations_prefix();
        let registered = self.store().list(&prefix).map_err(RecordError::from)?;
        let registered = registered.into_iter().map(|(key, _)| key);
        for client in registered.chain([self.keys(&provider).client()?]) {
            self.store()
                .delete(&client, Expected::Any)
                .map_err(LogoutError::NotDeleted)?;
        }
        Ok(outcomes)
    }

    async fn end(
        &self,
        action: Action,
        provider: &ProviderName,
        name: &ConnectionName,
    ) -> Result<LogoutOutcome, LogoutError> {
        let key = self.keys(provider).connection(name)?;
        // Under the lock no refresh can bring the login back to life between reading and deleting.
        let _guard = self
            .lock(&key, self.lock_patience())
            .await
            .map_err(|error| match error {
                LockError::Busy { .. } => LogoutError::Busy {
                    provider: provider.clone(),
                },
                other => LogoutError::Lock(other),
            })?;
        let _transaction = self.transaction();
        let stored: Option<Stored<ConnectionRecord>> = record::read(self.store(), &key)?;
        let remote = match stored {
            Some(mut stored) => {
                // Were this cut off half-way, the login would seem to work with tokens that are dead.
                stored.record.verdict = Verdict::Revoked;
                let expected = Expected::Revision(stored.revision);
                if let Err(error) = record::write(self.store(), &key, &stored.record, expected) {
                    tracing::warn!(%provider, %error, "that the login is about to end could not be saved");
                }
                let connection = Connection::new(provider.clone(), name.clone(), stored.record);
                self.revoke_remotely(&connection).await
            }
            None => RemoteRevocation::NotOffered,
        };
        tracing::debug!(%provider, connection = %name, ?remote, "ended there, now deleting here");
        self.store()
            .delete(&key, Expected::Any)
            .map_err(LogoutError::NotDeleted)?;
        self.forget_choice(provider, name);
        let (outcome, word) = match &remote {
            RemoteRevocation::Revoked => (Outcome::Ok, "revoked"),
            RemoteRevocation::NotOffered => (Outcome::Ok, "not_offered"),
            RemoteRevocation::Failed(_) => (Outcome::Failed("not_revoked".to_owned()), "failed"),
        };
        if let Err(error) = self.record(action, provider, Some(name), outcome, &[("remote", word)])
        {
            tracing::warn!(%error, "the logout could not be recorded");
        }
        Ok(LogoutOutcome {
            provider: provider.clone(),
            connection: name.clone(),
            remote,
        })
    }

    pub(crate) async fn revoke_remotely(&self, connection: &Connection) -> RemoteRevocation {
        let revocations = match self.revocations(connection) {
            Ok(revocations) => revocations,
            Err(why) => return RemoteRevocation::Failed(why),
        };
        let Some(Revocations { requests, reach }) = revocations else {
            return RemoteRevocation::NotOffered;
        };
        let mut failed = None;
        for request in requests {
            let sent = self.parts.http.send(&request, BodyCap::Token, reach);
            let answer = match sent.await {
                Ok(response) => match read_revocation_response(&response) {
                    // A token that is dead already is what a logout wants.
                    Ok(()) | Err(RevocationError::AlreadyInvalid { .. }) => Ok(()),
                    Err(error) => Err(error.to_string()),
                },
                Err(error) => Err(error.to_string()),
            };
            if let Err(why) = answer {
                failed.get_or_insert(why);
            }
        }
        failed.map_or(RemoteRevocation::Revoked, RemoteRevocation::Failed)
    }

    /// The refresh token first: it is the one that outlives everything (RFC 7009 §2.1).
    fn revocations(&self, connection: &Connection) -> Result<Option<Revocations>, String> {
        let record = &connection.record;
        let Some(access_token) = &record.access_token else {
            return Ok(None);
        };
        if connection.kind() == CredentialKind::ApiKey {
            return Ok(None); // What a key was exchanged for is none of the OAuth server's tokens.
        }
        let definition = match self.find(connection.provider()) {
            Ok(Some(found)) => found.definition,
            _ => return Err("its definition is gone".to_owned()),
        };
        let bound = record
            .provider(&definition)
            .map_err(|_| "its definition no longer fits this login".to_owned())?;
        let server = AuthorizationServer::of(&bound);
        let Some((server, revocation)) = server.and_then(|server| {
            let revocation = server.oauth.revocation.as_ref()?;
            Some((server, revocation))
        }) else {
            // What could be revoked at login can be still, only not by this definition.
            return match record.pinned.revocation {
                Some(_) => Err("the definition no longer says how to revoke it".to_owned()),
                None => Ok(None),
            };
        };
        let client_id = connection.client_id().unwrap_or_default();
        let spelled = Spelled::revocation(revocation, client_id)
            .ok_or("its revocation address is not a URL")?;
        if !record.pinned.admits_revocation(revocation) {
            return Err(
                "the definition asks for another revocation request than at login".to_owned(),
            );
        }
        let saved = self
            .saved_client(&bound)
            .map_err(|error| error.to_string())?;
        let client = || {
            let request = ClientRequest::Revocation;
            let client = server.issuing_client(record, saved.as_ref(), request, self);
            client.map_err(|error| told(&error))
        };
        let tokens: Vec<_> = record
            .refresh_token
            .iter()
            .map(|token| (token, TokenHint::RefreshToken))
            .chain([(access_token, TokenHint::AccessToken)])
            .collect();
        let requests = if revocation.standard {
            tokens
                .into_iter()
                .map(|(token, hint)| Ok(revocation_request(spelled.url(), &client()?, token, hint)))
                .collect::<Result<_, String>>()?
        } else {
            let carried = Carried {
                token: access_token,
                refresh_token: record.refresh_token.as_ref(),
            };
            let request = spelled.made(&client()?, carried);
            let request = request
                .ok_or("its revocation request needs a value that this login does not have")?;
            vec![request]
        };
        let reach = Reach::of(&bound);
        Ok(Some(Revocations { requests, reach }))
    }
}

/// The requests that end a login, and how far they may go.
#[derive(Debug)]
struct Revocations {
    requests: Vec<HttpRequest>,
    reach: Reach,
}
