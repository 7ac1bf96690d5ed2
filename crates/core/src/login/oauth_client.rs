//! Which OAuth client a login uses: the saved one, or one that the person enters once per provider and profile.

use authkeep_registry::{ClientAuthMethod, Definition, EnvVarName, Flow, Provider, ProviderName};
use secrecy::{ExposeSecret, SecretString};

use super::{LoginError, LoginRequest, Replace};
use crate::pinned::Pinned;
use crate::record::{self, ClientRecord, Stored};
use crate::{AskError, Broker, FieldRequest, Interaction};

/// The client, and whether it still has to be saved.
pub(super) enum OAuthClient {
    Saved(ClientRecord),
    Entered(ClientRecord),
}

impl OAuthClient {
    pub(super) fn record(&self) -> &ClientRecord {
        match self {
            Self::Saved(record) | Self::Entered(record) => record,
        }
    }
}

impl Broker {
    pub(super) fn oauth_client(
        &self,
        provider: &Provider,
        request: &LoginRequest,
        flow: Flow,
        person: &dyn Interaction,
    ) -> Result<OAuthClient, LoginError> {
        let key = self.keys(&provider.name).client()?;
        let saved: Option<Stored<ClientRecord>> = record::read(self.store(), &key)?;
        if let Some(saved) = saved
            && request.replace != Replace::AlwaysWithNewClient
            && request
                .client_id
                .as_ref()
                .is_none_or(|id| *id == saved.record.client_id)
            && is_for(&saved.record, provider, flow)
        {
            return Ok(OAuthClient::Saved(saved.record));
        }
        let questions = Questions {
            provider,
            request,
            person,
        };
        let client_id = match &request.client_id {
            Some(id) => id.clone(),
            None => {
                let id = questions.answer("client_id", "client id", Needed::Yes)?;
                // EXPOSE: a client id is public; it came through the same door as the secrets.
                id.map(|id| id.expose_secret().to_owned())
                    .unwrap_or_default()
            }
        };
        let client_secret = match secret_needed(provider, flow) {
            Some(needed) => questions.answer("client_secret", "client secret", needed)?,
            None => None,
        };
        let pinned = Pinned::to(provider);
        Ok(OAuthClient::Entered(ClientRecord::new(
            client_id,
            client_secret,
            pinned,
        )))
    }
}

/// A saved client secret goes only to the endpoints that it was entered for. One that was saved without, because the
/// flow of that time needed none, does not do where one is needed.
fn is_for(saved: &ClientRecord, provider: &Provider, flow: Flow) -> bool {
    if saved.client_secret.is_none() {
        return secret_needed(provider, flow) != Some(Needed::Yes);
    }
    provider.oauth.as_ref().is_some_and(|oauth| {
        saved.pinned.admits_token_requests(oauth)
            && (flow != Flow::DeviceCode || saved.pinned.admits_device_requests(oauth))
    })
}

/// Services that want a secret in the browser flow often want none of a device, which could not keep it (GitHub).
fn secret_needed(provider: &Provider, flow: Flow) -> Option<Needed> {
    let oauth = provider.oauth.as_ref()?;
    match oauth.client_auth {
        ClientAuthMethod::None => None,
        _ if oauth.public_client || flow == Flow::DeviceCode => Some(Needed::IfAny),
        _ => Some(Needed::Yes),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Needed {
    Yes,
    IfAny,
}

/// What the person is asked about a client.
pub(super) struct Questions<'a> {
    pub(super) provider: &'a Provider,
    pub(super) request: &'a LoginRequest,
    pub(super) person: &'a dyn Interaction,
}

impl Questions<'_> {
    pub(super) fn answer(
        &self,
        field: &str,
        words: &str,
        needed: Needed,
    ) -> Result<Option<SecretString>, LoginError> {
        if let Some(value) = self.request.supplied.0.get(field) {
            return Ok(Some(value.clone()));
        }
        let oauth = self.provider.oauth.as_ref();
        let named = oauth.and_then(|oauth| oauth.client_env.get(field));
        let variable = variable(&self.provider.name, named, field);
        let question = FieldRequest {
            label: format!("{} {words}", self.provider.display_name),
            variables: vec![variable],
            secret: field == "client_secret",
            optional: needed == Needed::IfAny,
            hint: None,
            docs: self
                .provider
                .oauth
                .as_ref()
                .and_then(|oauth| oauth.docs.clone()),
        };
        let answer = match self.person.ask(&question) {
            Ok(answer) => answer,
            Err(AskError::NotPossible) if needed == Needed::IfAny => return Ok(None),
            Err(source) => {
                return Err(LoginError::ValueNeeded {
                    provider: self.provider.name.clone(),
                    label: words.to_owned(),
                    variables: question.variables,
                    source,
                });
            }
        };
        // EXPOSE: looked at, not kept.
        let trimmed = answer.expose_secret().trim();
        match (trimmed.is_empty(), needed) {
            (false, _) => Ok(Some(SecretString::from(trimmed.to_owned()))),
            (true, Needed::IfAny) => Ok(None),
            (true, Needed::Yes) => Err(LoginError::UnusableValue {
                provider: self.provider.name.clone(),
                label: words.to_owned(),
                why: "it is empty",
            }),
        }
    }
}

/// The definition's own name for the variable of a client's value, or `ACME_CLIENT_ID` for a provider `acme`.
pub(crate) fn client_variable(definition: &Definition, field: &str) -> String {
    let oauth = definition.oauth.as_ref();
    variable(
        &definition.name,
        oauth.and_then(|oauth| oauth.client_env.get(field)),
        field,
    )
}

fn variable(provider: &ProviderName, named: Option<&EnvVarName>, field: &str) -> String {
    named.map_or_else(
        || {
            let stem = provider
                .as_str()
                .replace(|c: char| !c.is_ascii_alphanumeric(), "_");
            format!("{stem}_{field}").to_ascii_uppercase()
        },
        ToString::to_string,
    )
}
