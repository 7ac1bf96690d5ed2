//! A credential that works now: what is saved if it is fresh, a refreshed one if it is due.
//!
//! Never opens a browser: that is what `login` is for.

use std::time::Duration;

use authkeep_registry::ProviderName;
use tokio::time::timeout;

use crate::{
    Broker, Connection, ConnectionName, ConnectionStatus, LoginError, Lookup, LookupError, Method,
    RefreshError, RefreshOrder, Renewal, Target, Way,
};

/// Why there is no working credential.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// There is no login of this provider in the profile.
    #[error("there is no credential for `{provider}` in this profile")]
    Missing {
        /// The provider.
        provider: ProviderName,
        /// What the environment lacks for one.
        ways: Vec<Way>,
    },
    /// The OAuth client of the environment was turned away, or a value of it cannot be used.
    #[error(transparent)]
    Client(Box<LoginError>),
    /// There is a login, but only a person can make it work again.
    #[error("the login to `{provider}` is {status}")]
    NeedsLogin {
        /// The provider.
        provider: ProviderName,
        /// The connection.
        connection: ConnectionName,
        /// How it stands.
        status: ConnectionStatus,
    },
    /// The target could not be found out.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// The refresh did not succeed, and the old token has run out.
    #[error("{error}")]
    Refresh {
        /// The connection that was to be refreshed.
        connection: ConnectionName,
        /// Why it was not.
        #[source]
        error: RefreshError,
    },
}

impl ResolveError {
    /// Whether the next way may be tried: there is nothing saved that works, or could work without a person.
    pub(crate) fn leaves_room(&self) -> bool {
        match self {
            Self::Missing { .. } | Self::NeedsLogin { .. } => true,
            Self::Refresh { error, .. } => error.ends_the_login(),
            _ => false,
        }
    }
}

impl Broker {
    /// Obtains a login of `target` that is good for at least `min_ttl`, refreshing it if need be. Where nothing is
    /// saved, or what is saved is over, it comes from the [environment](Self::with_environment): see
    /// [`obtain`](Self::obtain).
    ///
    /// While the present token is still valid, only a refusal that ends the login makes a failed refresh an error,
    /// and a slow server is waited for a few seconds only: the refresh goes on without the caller.
    ///
    /// # Errors
    ///
    /// [`ResolveError`] says what has to be done: log in, wait, or name another connection.
    pub async fn resolve(
        &self,
        target: &Target,
        min_ttl: Option<Duration>,
    ) -> Result<Connection, ResolveError> {
        let obtained = self.obtain(target, min_ttl, Method::ApiKey).await?;
        Ok(obtained.connection)
    }

    /// The same with what is saved and nothing else.
    pub(crate) async fn resolve_saved(
        &self,
        target: &Target,
        min_ttl: Option<Duration>,
    ) -> Result<Connection, ResolveError> {
        match self.settled(target, min_ttl)? {
            Settled::Fresh(connection) => Ok(connection),
            Settled::Due(connection) => self.renewed(connection, Renewal::IfDue { min_ttl }).await,
        }
    }

    /// The same without a refresh, for callers that have no runtime yet: `Ok(None)` means that
    /// [`resolve`](Self::resolve) has work to do.
    ///
    /// # Errors
    ///
    /// As [`resolve`](Self::resolve).
    pub fn resolve_from_vault(
        &self,
        target: &Target,
        min_ttl: Option<Duration>,
    ) -> Result<Option<Connection>, ResolveError> {
        match self.settled(target, min_ttl) {
            Ok(Settled::Fresh(connection)) => {
                Ok((!self.is_superseded(target, &connection)?).then_some(connection))
            }
            Ok(Settled::Due(_)) => Ok(None),
            Err(error) if error.leaves_room() && target.connection.is_none() => {
                let ways = self.ways(target)?;
                match ways.iter().find(|way| way.is_open()) {
                    Some(_) => Ok(None),
                    None => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Renews a login now, whatever life its token has left. Of several who do so at once, all get the token that
    /// the first one brought in.
    ///
    /// # Errors
    ///
    /// As [`resolve`](Self::resolve), and any failure to refresh, even while the present token is still valid:
    /// a new one was asked for.
    pub async fn renew(&self, target: &Target) -> Result<Connection, ResolveError> {
        match self.settled(target, None)? {
            Settled::Fresh(connection) | Settled::Due(connection) => {
                let seen = connection.token_id();
                self.renewed(connection, Renewal::Replace { seen }).await
            }
        }
    }

    fn settled(&self, target: &Target, min_ttl: Option<Duration>) -> Result<Settled, ResolveError> {
        match self.lookup(target, min_ttl)? {
            Lookup::Fresh(connection) => Ok(Settled::Fresh(connection)),
            Lookup::NeedsRefresh(connection) => Ok(Settled::Due(connection)),
            Lookup::NeedsLogin(connection, status) => Err(ResolveError::NeedsLogin {
                provider: connection.provider().clone(),
                connection: connection.name().clone(),
                status,
            }),
            Lookup::Missing { provider, .. } => Err(ResolveError::Missing {
                ways: self.ways(target)?,
                provider,
            }),
        }
    }

    async fn renewed(
        &self,
        connection: Connection,
        renewal: Renewal,
    ) -> Result<Connection, ResolveError> {
        let provider = connection.provider().clone();
        let name = connection.name().clone();
        let spare = matches!(renewal, Renewal::IfDue { .. }) && !connection.has_expired(self.now());
        let hurry = self
            .impatience()
            .filter(|_| spare && matches!(renewal, Renewal::IfDue { min_ttl: None }));
        if hurry.is_some() && connection.resting(self.now()).is_some() {
            return Ok(connection);
        }
        let failures = connection.trouble().map_or(0, |trouble| trouble.failures);
        let order = RefreshOrder {
            provider: provider.clone(),
            connection: name.clone(),
            renewal,
            patience: self.lock_patience(),
        };
        let renewing = self.have_renewed(order, failures);
        let outcome = if let Some(impatience) = hurry {
            match timeout(impatience, renewing).await {
                Ok(outcome) => outcome,
                Err(_) => {
                    tracing::warn!(%provider, connection = %name, "the refresh takes long and goes on, the present token is still valid");
                    return Ok(connection);
                }
            }
        } else {
            renewing.await
        };
        match outcome {
            Ok(()) => {}
            Err(error) if spare && error.spares_the_token() => {
                tracing::warn!(%provider, connection = %name, %error, "refresh failed, the present token is still valid");
                // As it is stored now: with what went wrong.
                let stored = self.stored(&provider, Some(&name)).ok().flatten();
                return Ok(stored.unwrap_or(connection));
            }
            Err(error) => {
                return Err(ResolveError::Refresh {
                    connection: name,
                    error,
                });
            }
        }
        // Whoever refreshed it, the vault has the outcome.
        self.stored(&provider, Some(&name))?
            .ok_or(ResolveError::Missing {
                provider,
                ways: Vec::new(),
            })
    }
}

enum Settled {
    Fresh(Connection),
    Due(Connection),
}
