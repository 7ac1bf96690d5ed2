//! Acquiring a credential: which flow, which values, and the record that is stored at the end.
//!
//! One file a flow: `authorization_code`, `device_code`, `client_credentials` and `api_key`. Nothing is stored before a
//! flow has succeeded, so
//! an interrupted login leaves everything as it was.

mod account;
mod answer;
mod api_key;
mod authorization_code;
mod browser_url;
mod capture;
mod client_credentials;
mod device_code;
mod error;
mod form;
mod from_environment;
mod issued;
mod loopback;
mod oauth_client;
mod pages;
mod params;
mod registration;
mod setup_steps;
mod upgrade;

use std::collections::BTreeMap;
use std::time::Duration;

use authkeep_audit::{Action, Outcome};
use authkeep_registry::{
    ClientAuthMethod, Definition, Flow, OAuthEndpoints, Provider, ProviderName, RedirectKind,
};
use authkeep_vault::Expected;
use secrecy::SecretString;
use url::Url;

pub(crate) use self::api_key::{key_variables, usable};
pub use self::browser_url::{BrowserUrl, ForbiddenUrl, Loopbacks};
pub use self::error::LoginError;
pub use self::form::{Form, FormError};
pub use self::loopback::{Loopback, LoopbackError, redirect_address};
pub(crate) use self::oauth_client::client_variable;
pub use self::setup_steps::{SetupStep, setup_steps};

use crate::record::{self, ClientRecord, ConnectionRecord, Stored};
use crate::{
    Broker, Connection, ConnectionName, ConnectionStatus, CredentialKind, Event, Interaction,
    Pasting,
};

/// What to log in to, and how.
#[derive(Debug)]
pub struct LoginRequest {
    /// The provider, by its name or an alias.
    pub provider: ProviderName,
    /// The connection to make or renew.
    pub connection: ConnectionName,
    /// The flow; without it the first of the definition's that can run here.
    pub flow: Option<Flow>,
    /// The scopes to ask for instead of the definition's.
    pub scopes: Option<Vec<String>>,
    /// Values of the definition's parameters, such as `base_url`.
    pub params: BTreeMap<String, String>,
    /// The OAuth client to use instead of a saved one.
    pub client_id: Option<String>,
    /// What to do about a login that works already.
    pub replace: Replace,
    /// Values that are at hand already; for all others the person is asked.
    pub supplied: Supplied,
    /// How long to wait for the person. Without it a browser is waited for five minutes, and a device code for as
    /// long as it is good.
    pub patience: Option<Duration>,
}

/// What to do about a login that works already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replace {
    /// Leave it, and say so.
    IfBroken,
    /// Make a new one and put it in its place.
    Always,
    /// The same, and ask for the OAuth client anew.
    AlwaysWithNewClient,
}

/// Secrets by field name (`token`, `client_secret`, …), for a login that nobody has to be asked for.
#[derive(Debug, Default)]
pub struct Supplied(pub BTreeMap<String, SecretString>);

/// How a login ended well.
#[derive(Debug)]
pub enum LoginOutcome {
    /// It was there, it works, and it was left alone.
    AlreadyConnected(Connection),
    /// It was made.
    LoggedIn(Connection),
}

/// What a flow acquired: the connection, and the OAuth client if there is one to remember.
struct Acquired {
    connection: ConnectionRecord,
    client: Option<ClientRecord>,
    /// What the browser brought back besides a code.
    callback: BTreeMap<String, String>,
}

impl Broker {
    /// Logs in, asking `person` for what is needed.
    ///
    /// # Errors
    ///
    /// [`LoginError`]; nothing was stored, and a login that existed before is as it was.
    pub async fn login(
        &self,
        request: &LoginRequest,
        person: &dyn Interaction,
    ) -> Result<LoginOutcome, LoginError> {
        let Some(found) = self.find(&request.provider)? else {
            let closest = self.parts.registry.closest(request.provider.as_str());
            return Err(LoginError::UnknownProvider {
                name: request.provider.clone(),
                closest,
            });
        };
        let definition = found.definition;
        if request.replace == Replace::IfBroken
            && let Some(connection) = self.working(&definition, &request.connection)?
        {
            match difference(&connection, request) {
                None => return Ok(LoginOutcome::AlreadyConnected(connection)),
                Some(Difference::MoreScopes) => {}
                Some(Difference::Other(what)) => {
                    return Err(LoginError::Differs {
                        provider: definition.name,
                        connection: request.connection.clone(),
                        what,
                    });
                }
            }
        }
        let provider = definition.bind(&self.with_environment_params(&definition, request))?;
        let provider = match asks_the_issuer(&provider, request) {
            Some(server) => {
                person.tell(&Event::Discovering { server });
                let completed = self.completed(provider).await;
                completed
                    .inspect_err(|error| self.note_failure(&definition.name, request, error))?
            }
            None => provider,
        };
        let flow = choose(&provider, request, person)?;
        tracing::debug!(provider = %provider.name, connection = %request.connection, flow = flow.as_str(), source = found.source.as_str(), "logging in");
        let made = self.acquired(&definition, provider, flow, request, person);
        match made.await {
            Ok((provider, acquired)) => {
                let before = self.account_of(&definition.name, &request.connection);
                let saved = self
                    .save(&definition.name, &request.connection, acquired)
                    .await?;
                Ok(self.with_account(saved, before, &provider, person).await)
            }
            Err(error) => {
                self.note_failure(&definition.name, request, &error);
                Err(error)
            }
        }
    }

    /// Runs the flow, and whatever else it takes until the credential is complete.
    async fn acquired(
        &self,
        definition: &Definition,
        provider: Provider,
        flow: Flow,
        request: &LoginRequest,
        person: &dyn Interaction,
    ) -> Result<(Provider, Acquired), LoginError> {
        let secrets = params::secrets(definition, &provider, request, person).await?;
        let acquired = match flow {
            Flow::AuthorizationCode => self.authorization_code(&provider, request, person).await,
            Flow::DeviceCode => self.device_code(&provider, request, person).await,
            Flow::ApiKey => self.api_key(definition, &provider, request, person).await,
            Flow::ClientCredentials => {
                self.client_credentials(definition, &provider, request, person)
                    .await
            }
            flow => Err(LoginError::FlowNotAvailable {
                provider: provider.name.clone(),
                flow,
                usable: usable_flows(&provider),
            }),
        };
        let mut acquired = self.upgraded(&provider, acquired?).await?;
        acquired.connection.secret_params = secrets;
        self.with_captures(definition, provider, acquired, person)
            .await
    }

    /// The scopes that the login has asked for, or else those that its definition would ask for, and `more`.
    ///
    /// # Errors
    ///
    /// [`LoginError`] where the definition or the login cannot be read.
    pub fn scopes_with(
        &self,
        provider: &ProviderName,
        connection: &ConnectionName,
        flow: Option<Flow>,
        more: &[String],
    ) -> Result<Vec<String>, LoginError> {
        let key = self.keys(provider).connection(connection)?;
        let stored: Option<Stored<ConnectionRecord>> = record::read(self.store(), &key)?;
        let asked = stored.map(|stored| stored.record.scopes_asked);
        let mut scopes = match asked.filter(|asked| !asked.is_empty()) {
            Some(asked) => asked,
            None => {
                let found = self.find(provider)?;
                let oauth = found.and_then(|found| found.definition.oauth);
                oauth.map_or_else(Vec::new, |oauth| oauth.scopes_for(flow).to_vec())
            }
        };
        for scope in more {
            if !scopes.contains(scope) {
                scopes.push(scope.clone());
            }
        }
        Ok(scopes)
    }

    fn note_failure(&self, provider: &ProviderName, request: &LoginRequest, error: &LoginError) {
        let outcome = Outcome::Failed(error.kind().to_owned());
        let connection = Some(&request.connection);
        let noted = self.record(Action::Login, provider, connection, outcome, &[]);
        if let Err(error) = noted {
            tracing::warn!(%error, "the failed login could not be recorded");
        }
    }

    /// The parameters that were given, and those that the environment gives where they were not.
    fn with_environment_params(
        &self,
        definition: &Definition,
        request: &LoginRequest,
    ) -> BTreeMap<String, String> {
        let mut params: BTreeMap<_, _> =
            self.environment().params(definition).into_iter().collect();
        params.extend(request.params.clone());
        params
    }

    fn working(
        &self,
        definition: &Definition,
        name: &ConnectionName,
    ) -> Result<Option<Connection>, LoginError> {
        let key = self.keys(&definition.name).connection(name)?;
        let stored: Option<Stored<ConnectionRecord>> = record::read(self.store(), &key)?;
        Ok(stored
            .map(|stored| Connection::new(definition.name.clone(), name.clone(), stored.record))
            .filter(|connection| connection.status(self.now()) == ConnectionStatus::Connected)
            .filter(|connection| !connection.is_without_client(self.now())))
    }

    async fn save(
        &self,
        provider: &ProviderName,
        name: &ConnectionName,
        acquired: Acquired,
    ) -> Result<LoginOutcome, LoginError> {
        let key = self.keys(provider).connection(name)?;
        let client_key = self.keys(provider).client()?;
        // A refresh of the login that is being replaced may be under way.
        let guard = self.lock(&key, self.lock_patience()).await;
        let _guard = guard.map_err(LoginError::Lock)?;
        let Acquired {
            mut connection,
            client,
            ..
        } = acquired;
        provider.as_str().clone_into(&mut connection.provider);
        name.as_str().clone_into(&mut connection.connection);
        // First the record of it, then the login: what is not on record does not exist.
        let flow = connection.flow.clone();
        self.record(
            Action::Login,
            provider,
            Some(name),
            Outcome::Ok,
            &[("flow", &flow)],
        )
        .map_err(LoginError::NotRecorded)?;
        // One is registered beside an entered one only if the person has asked for a new client; logins without a person
        // leave that one alone.
        let replaces_entered = flow != Flow::ClientCredentials.as_str()
            && client
                .as_ref()
                .is_some_and(|client| client.registration.is_some());
        if let Some(client) = client {
            let key = match &client.registration {
                Some(made) => self.keys(provider).registration(&made.slot)?,
                None => client_key.clone(),
            };
            record::write(self.store(), &key, &client, Expected::Any)
                .map_err(LoginError::NotSaved)?;
        }
        record::write(self.store(), &key, &connection, Expected::Any)
            .map_err(LoginError::NotSaved)?;
        if replaces_entered {
            self.store()
                .delete(&client_key, Expected::Any)
                .map_err(LoginError::NotSaved)?;
        }
        Ok(LoginOutcome::LoggedIn(Connection::new(
            provider.clone(),
            name.clone(),
            connection,
        )))
    }
}

/// What is not so in the login that exists.
enum Difference {
    /// It has all that is asked for but scopes: whoever has them added loses nothing of it.
    MoreScopes,
    /// What it would lose.
    Other(&'static str),
}

fn difference(connection: &Connection, request: &LoginRequest) -> Option<Difference> {
    let params = &connection.record.params;
    let has_params = |(name, value)| params.get(name) == Some(value);
    if request.flow.is_some() && request.flow != connection.flow() {
        return Some(Difference::Other("flow"));
    }
    if request.client_id.is_some() && request.client_id.as_deref() != connection.client_id() {
        return Some(Difference::Other("client id"));
    }
    if !request.params.iter().all(has_params) {
        return Some(Difference::Other("parameter"));
    }
    // An API key has no scopes that could be asked for.
    if connection.kind() == CredentialKind::ApiKey {
        return None;
    }
    let (asked, has) = (request.scopes.as_ref()?, &connection.record.scopes_asked);
    if has.iter().any(|scope| !asked.contains(scope)) {
        return Some(Difference::Other("set of scopes"));
    }
    let more = asked.iter().any(|scope| !has.contains(scope));
    more.then_some(Difference::MoreScopes)
}

/// The host that has to be asked for the endpoints first. A key needs none.
fn asks_the_issuer(provider: &Provider, request: &LoginRequest) -> Option<String> {
    let oauth = provider.oauth.as_ref().filter(|o| o.needs_discovery())?;
    let by_key = match request.flow {
        Some(flow) => flow == Flow::ApiKey,
        None => {
            request.supplied.0.contains_key("token")
                || provider.flows.first() == Some(&Flow::ApiKey)
        }
    };
    let issuer = Url::parse(oauth.issuer.as_ref()?).ok()?;
    Some(issuer.host_str()?.to_owned()).filter(|_| !by_key)
}

/// The flows of the definition that this version can run on this machine. Of those whose endpoints the issuer has yet to
/// name, it is not known what the issuer offers.
pub fn usable_flows(provider: &Provider) -> Vec<Flow> {
    let has = |endpoint: fn(&OAuthEndpoints) -> bool| {
        let oauth = provider.oauth.as_ref();
        oauth.is_some_and(|oauth| {
            oauth.needs_discovery() || (oauth.token_url.is_some() && endpoint(oauth))
        })
    };
    let can_redirect = has(|oauth| oauth.authorization_url.is_some());
    let has_device_endpoint = has(|oauth| oauth.device_authorization_url.is_some());
    let has_own_client = has(|_| true)
        && (provider.oauth.as_ref()).is_some_and(|o| o.client_auth != ClientAuthMethod::None);
    provider
        .flows
        .iter()
        .copied()
        .filter(|flow| is_supported(*flow))
        .filter(|flow| match flow {
            Flow::AuthorizationCode => can_redirect,
            Flow::ClientCredentials => has_own_client,
            Flow::DeviceCode => has_device_endpoint,
            _ => provider.api_key.is_some(),
        })
        .collect()
}

/// Whether this version can run a flow at all.
pub fn is_supported(flow: Flow) -> bool {
    matches!(
        flow,
        Flow::AuthorizationCode | Flow::DeviceCode | Flow::ClientCredentials | Flow::ApiKey
    )
}

fn choose(
    provider: &Provider,
    request: &LoginRequest,
    person: &dyn Interaction,
) -> Result<Flow, LoginError> {
    let usable = usable_flows(provider);
    // A key that was handed in is an API key, whatever comes first in the definition.
    let handed_in = request.supplied.0.contains_key("token");
    let wanted = request.flow.or_else(|| handed_in.then_some(Flow::ApiKey));
    match wanted {
        Some(flow) if usable.contains(&flow) => Ok(flow),
        Some(flow) => Err(LoginError::FlowNotAvailable {
            provider: provider.name.clone(),
            flow,
            usable,
        }),
        None => {
            let first =
                unasked(&usable, provider, person).ok_or_else(|| LoginError::NoUsableFlow {
                    provider: provider.name.clone(),
                    offered: provider.flows.clone(),
                })?;
            Ok(without_browser(first, &usable, person))
        }
    }
}

/// The flow that comes first, or the device code flow where the first needs a browser and there is none.
fn without_browser(first: Flow, usable: &[Flow], person: &dyn Interaction) -> Flow {
    if first == Flow::AuthorizationCode
        && usable.contains(&Flow::DeviceCode)
        && let Some(why) = person.no_browser()
    {
        person.tell(&Event::FlowChosen {
            flow: Flow::DeviceCode,
            instead_of: first,
            why,
        });
        return Flow::DeviceCode;
    }
    first
}

/// The first flow of them. One that cannot end without the person's hands is not begun unasked, if there is another.
fn unasked(usable: &[Flow], provider: &Provider, person: &dyn Interaction) -> Option<Flow> {
    let redirect = provider.oauth.as_ref().map(|oauth| oauth.redirect);
    let needs_hands = |flow: &Flow| {
        *flow == Flow::AuthorizationCode
            && redirect == Some(RedirectKind::Https)
            && person.pasting() != Pasting::Wanted
    };
    let mut handy = usable.iter().filter(|flow| !needs_hands(flow));
    handy.next().or(usable.first()).copied()
}
