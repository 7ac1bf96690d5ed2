//! The chain: the first way that leads to a working credential. What is saved, else a token that the environment's
//! OAuth client buys for itself, else an API key of the environment. Never a browser: that is what `login` is for.
//!
//! Only where the caller names no connection: who names one wants that one. And only where nothing is saved, or what
//! is saved is over: a provider that cannot answer just now is no reason to become somebody else.

use std::time::Duration;

use authkeep_registry::{Definition, Flow};

use crate::login::client_variable;
use crate::lookup::field_variables;
use crate::{Broker, Connection, Environment, LookupError, ResolveError, Target};

/// The way that led to a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// It was saved, and refreshed if it was due.
    SavedToken,
    /// The environment's OAuth client bought a token of its own (RFC 6749 §4.4).
    ClientCredentials,
    /// An API key of the environment.
    ApiKey,
}

impl Method {
    /// The word that `--json` shows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SavedToken => "saved_token",
            Self::ClientCredentials => "client_credentials",
            Self::ApiKey => "api_key",
        }
    }
}

/// A credential, and the way that led to it.
#[derive(Debug)]
pub struct Obtained {
    /// The login; one by an API key of the environment is not stored.
    pub connection: Connection,
    /// The way.
    pub method: Method,
}

/// A way that starts in the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Which one.
    pub method: Method,
    /// The variables that are not set and needed, all of them; of several names for one value any will do.
    pub missing: Vec<Vec<String>>,
}

impl Way {
    /// Whether all that it needs is set.
    pub fn is_open(&self) -> bool {
        self.missing.is_empty()
    }
}

/// The ways from the environment to a credential of this provider, in the order in which they are tried.
pub fn ways(definition: &Definition, environment: &Environment) -> Vec<Way> {
    let needed = |method| match method {
        Method::ClientCredentials => client_needs(definition),
        Method::ApiKey => key_needs(definition),
        Method::SavedToken => None,
    };
    let way = |method| {
        let mut missing = needed(method)?;
        missing.retain(|names: &Vec<String>| !names.iter().any(|name| environment.has(name)));
        Some(Way { method, missing })
    };
    [Method::ClientCredentials, Method::ApiKey]
        .into_iter()
        .filter_map(way)
        .collect()
}

/// `None`: the environment alone is not enough.
fn client_needs(definition: &Definition) -> Option<Vec<Vec<String>>> {
    if !definition.flows.contains(&Flow::ClientCredentials) {
        return None;
    }
    let secret = definition.oauth.as_ref()?.client_auth.secret_field();
    let client = ["client_id", secret];
    let client = client.map(|field| vec![client_variable(definition, field)]);
    let mentioned = definition
        .oauth
        .iter()
        .filter_map(|oauth| oauth.client_credentials.as_ref())
        .flat_map(|grant| &grant.params)
        .flat_map(|(_, template)| template.variables())
        .collect();
    let params = param_needs(definition, mentioned)?;
    Some(client.into_iter().chain(params).collect())
}

fn key_needs(definition: &Definition) -> Option<Vec<Vec<String>>> {
    let key = definition.api_key.as_ref()?;
    // A key that has to be exchanged first is no credential yet: a login makes one of it.
    if !definition.flows.contains(&Flow::ApiKey) || key.exchange.is_some() {
        return None;
    }
    let fields = key.fields.iter().filter(|field| !field.optional);
    let mut needed: Vec<_> = fields
        .map(|field| field_variables(definition, &field.name))
        .collect();
    if needed.iter().any(Vec::is_empty) {
        return None;
    }
    needed.extend(param_needs(definition, Vec::new())?);
    Some(needed)
}

/// The variables of the parameters that must have a value; those in `mentioned` must even where they are optional.
fn param_needs(definition: &Definition, mentioned: Vec<&str>) -> Option<Vec<Vec<String>>> {
    let needed = definition.params.iter().filter(|(name, param)| {
        let may_be_absent = param.may_be_absent() && !mentioned.contains(&name.as_str());
        param.default.is_none() && !may_be_absent
    });
    let variables = definition.oauth.as_ref().map(|oauth| &oauth.client_env);
    needed
        .map(|(name, _)| Some(vec![variables?.get(name)?.to_string()]))
        .collect()
}

impl Broker {
    /// The ways from this broker's environment to a credential of the provider; none for one without a definition.
    ///
    /// # Errors
    ///
    /// [`LookupError::Registry`] where the definition cannot be read.
    pub fn ways(&self, target: &Target) -> Result<Vec<Way>, LookupError> {
        let (_, definition) = self.canonical(&target.provider)?;
        Ok(definition.map_or_else(Vec::new, |d| ways(&d, self.environment())))
    }

    /// Goes the ways in their order, as far as `last`, and says which one led to a credential.
    ///
    /// # Errors
    ///
    /// [`ResolveError`] of what is saved, or of a client that the provider turned away.
    pub async fn obtain(
        &self,
        target: &Target,
        min_ttl: Option<Duration>,
        last: Method,
    ) -> Result<Obtained, ResolveError> {
        let error = match self.resolve_saved(target, min_ttl).await {
            Ok(connection) if !self.is_superseded(target, &connection)? => {
                return Ok(Obtained {
                    connection,
                    method: Method::SavedToken,
                });
            }
            Ok(_) => None,
            Err(error) if !error.leaves_room() => return Err(error),
            Err(error) => Some(error),
        };
        let (provider, definition) = self
            .canonical(&target.provider)
            .map_err(LookupError::from)?;
        let missing = |ways| ResolveError::Missing {
            provider: provider.clone(),
            ways,
        };
        let (Some(definition), None) = (definition, &target.connection) else {
            return Err(error.unwrap_or_else(|| missing(Vec::new())));
        };
        let ways = ways(&definition, self.environment());
        let mut refused = None;
        for way in ways.iter().filter(|way| way.is_open()) {
            let outcome = match way.method {
                Method::ClientCredentials => self.client_of_environment(&definition, min_ttl).await,
                _ if last == Method::ApiKey => self.key_of_environment(&definition),
                _ => continue,
            };
            match outcome {
                Ok(connection) => {
                    return Ok(Obtained {
                        connection,
                        method: way.method,
                    });
                }
                Err(why) => {
                    tracing::warn!(%provider, method = way.method.as_str(), %why, "a way that is open leads nowhere");
                    refused.get_or_insert(why);
                }
            }
        }
        Err(refused.or(error).unwrap_or_else(|| missing(ways)))
    }
}
