//! Which OAuth client a login uses: the saved one, or one that the person enters once per provider and profile.

use std::collections::BTreeSet;

use authkeep_flows::SigningKey;
use authkeep_registry::{ClientAuthMethod, Definition, EnvVarName, Flow, Provider, ProviderName};
use secrecy::{ExposeSecret, SecretString};

use super::error::value_needed;
use super::loopback::redirect_note;
use super::{LoginError, LoginRequest, Replace};
use crate::pinned::Pinned;
use crate::record::{self, ClientRecord, Stored};
use crate::{Broker, FieldRequest, Inquiry, Interaction, RecordError};

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

    /// The client if it is not saved yet.
    pub(super) fn unsaved(self) -> Option<ClientRecord> {
        match self {
            Self::Entered(record) => Some(record),
            Self::Saved(_) => None,
        }
    }
}

impl Broker {
    /// The client, and the scopes where the person was shown them and may have changed them.
    pub(super) async fn oauth_client(
        &self,
        provider: &Provider,
        request: &LoginRequest,
        flow: Flow,
        person: &dyn Interaction,
    ) -> Result<(OAuthClient, Option<Vec<String>>), LoginError> {
        if provider.oauth.as_ref().is_some_and(|oauth| oauth.anonymous) {
            return Ok((OAuthClient::Saved(ClientRecord::nobody()), None));
        }
        if let Some(saved) = self.saved_client(provider)?
            && request.replace != Replace::AlwaysWithNewClient
            && request
                .client_id
                .as_ref()
                .is_none_or(|id| *id == saved.client_id)
            && is_for(&saved, provider, flow)
        {
            return Ok((OAuthClient::Saved(saved), None));
        }
        let questions = Questions {
            provider,
            request,
            flow,
        };
        let entered = questions.ask(person).await?;
        let client = ClientRecord::entered(entered.id, entered.secret, provider)?;
        Ok((OAuthClient::Entered(client), entered.scopes))
    }
}

impl Broker {
    /// The client that a person has entered for this provider, or else for the one that its definition extends, or for
    /// that one's: one registration serves them all. Its secret goes where it was entered for and nowhere else, whoever
    /// extends what.
    pub(crate) fn saved_client(
        &self,
        provider: &Provider,
    ) -> Result<Option<ClientRecord>, RecordError> {
        let mut next = Some((provider.name.clone(), provider.extends.clone()));
        // One that overrides the parent of its own parent leads round in a circle.
        let mut seen = BTreeSet::new();
        while let Some((name, extends)) = next.filter(|(name, _)| seen.insert(name.clone())) {
            let saved = record::read(self.store(), &self.keys(&name).client()?)?;
            if let Some(Stored { record, .. }) = saved {
                return Ok(Some(record));
            }
            // A definition that cannot be read has nothing to share.
            next = extends.map(|parent| {
                let found = self.find(&parent).ok().flatten();
                let extends = found.and_then(|found| found.definition.extends);
                (parent, extends)
            });
        }
        Ok(None)
    }
}

impl ClientRecord {
    /// The client that a person named, with the secret that `provider` wants of its clients.
    pub(super) fn entered(
        id: String,
        secret: Option<SecretString>,
        provider: &Provider,
    ) -> Result<Self, LoginError> {
        let mut record = Self::new(id, None, Pinned::to(provider));
        if secret_field(provider) == PRIVATE_KEY {
            if let Some(Err(unusable)) = secret.as_ref().map(SigningKey::read) {
                return Err(LoginError::UnusableValue {
                    provider: provider.name.clone(),
                    label: words(PRIVATE_KEY).to_owned(),
                    why: unusable.why(),
                });
            }
            record.private_key = secret;
        } else {
            record.client_secret = secret;
        }
        Ok(record)
    }
}

const PRIVATE_KEY: &str = "private_key";

/// What the secret of this provider's clients is called.
pub(super) fn secret_field(provider: &Provider) -> &'static str {
    provider
        .oauth
        .as_ref()
        .map_or("client_secret", |oauth| oauth.client_auth.secret_field())
}

/// Whether the client has what this provider's clients prove themselves with.
pub(super) fn has_secret_for(client: &ClientRecord, provider: &Provider) -> bool {
    match secret_field(provider) {
        PRIVATE_KEY => client.private_key.is_some(),
        _ => client.client_secret.is_some(),
    }
}

/// A saved client secret goes only to the endpoints that it was entered for. One that was saved without, because the
/// flow of that time needed none, does not do where one is needed.
fn is_for(saved: &ClientRecord, provider: &Provider, flow: Flow) -> bool {
    if !has_secret_for(saved, provider) {
        return secret_needed(provider, flow) != Some(Needed::Yes);
    }
    provider.oauth.as_ref().is_some_and(|oauth| {
        saved.pinned.admits_refreshes(oauth)
            && saved.pinned.admits_upgrades(oauth)
            && (flow != Flow::DeviceCode || saved.pinned.admits_device_requests(oauth))
    })
}

/// Services that want a secret in the browser flow often want none of a device, which could not keep it (GitHub).
fn secret_needed(provider: &Provider, flow: Flow) -> Option<Needed> {
    let oauth = provider.oauth.as_ref()?;
    match oauth.client_auth {
        // A client that is its own user has nothing else to be known by.
        _ if flow == Flow::ClientCredentials => Some(Needed::Yes),
        ClientAuthMethod::None => None,
        ClientAuthMethod::PrivateKeyJwt => Some(Needed::Yes),
        _ if oauth.public_client || flow == Flow::DeviceCode => Some(Needed::IfAny),
        _ => Some(Needed::Yes),
    }
}

/// What a person said of the client.
pub(super) struct Entered {
    pub(super) id: String,
    pub(super) secret: Option<SecretString>,
    /// The scopes, where the person was shown them and may have changed them.
    pub(super) scopes: Option<Vec<String>>,
}

/// What the person is asked about a client.
pub(super) struct Questions<'a> {
    pub(super) provider: &'a Provider,
    pub(super) request: &'a LoginRequest,
    pub(super) flow: Flow,
}

impl Questions<'_> {
    /// Asks for what is not at hand, all at once.
    pub(super) async fn ask(&self, person: &dyn Interaction) -> Result<Entered, LoginError> {
        let inquiry = self.inquiry();
        let mut entered = Entered {
            id: self.request.client_id.clone().unwrap_or_default(),
            secret: None,
            scopes: None,
        };
        // Copied out of their map: what is handed in is handed in for this login only.
        let supplied = &self.request.supplied.0;
        if let Some(id) = supplied.get("client_id") {
            // EXPOSE: a client id is public; it came through the same door as the secrets.
            entered.id = id.expose_secret().trim().to_owned();
        }
        let secret = secret_field(self.provider);
        entered.secret = supplied.get(secret).cloned();
        if inquiry.fields.is_empty() {
            return Ok(entered);
        }
        let answers = person.ask_all(&inquiry).await.map_err(|unanswered| {
            value_needed(
                self.provider,
                &inquiry,
                |name| words(name).to_owned(),
                unanswered,
            )
        })?;
        entered.scopes = answers.scopes;
        for (field, answer) in inquiry.fields.iter().zip(answers.values) {
            let answer = answer.unwrap_or_default();
            // EXPOSE: looked at, not kept.
            let trimmed = answer.expose_secret().trim();
            match (trimmed.is_empty(), field.optional) {
                (false, _) if field.secret => {
                    entered.secret = Some(SecretString::from(trimmed.to_owned()));
                }
                // A client id is public, as above.
                (false, _) => trimmed.clone_into(&mut entered.id),
                (true, true) => {}
                (true, false) => {
                    return Err(LoginError::UnusableValue {
                        provider: self.provider.name.clone(),
                        label: words(&field.name).to_owned(),
                        why: "it is empty",
                    });
                }
            }
        }
        Ok(entered)
    }

    /// What is not at hand already.
    fn inquiry(&self) -> Inquiry {
        let oauth = self.provider.oauth.as_ref();
        let supplied = &self.request.supplied.0;
        let mut fields = Vec::new();
        if self.request.client_id.is_none() && !supplied.contains_key("client_id") {
            fields.push(self.field("client_id", Needed::Yes));
        }
        let secret = secret_field(self.provider);
        if let Some(needed) = secret_needed(self.provider, self.flow)
            && !supplied.contains_key(secret)
        {
            fields.push(self.field(secret, needed));
        }
        let grant = oauth.and_then(|oauth| oauth.client_credentials.as_ref());
        let scopes = match grant {
            Some(grant) if self.flow == Flow::ClientCredentials => Some(&grant.scopes),
            _ => oauth.map(|oauth| &oauth.scopes),
        };
        let redirect = oauth
            .filter(|_| self.flow == Flow::AuthorizationCode)
            .map(redirect_note);
        Inquiry {
            provider: self.provider.display_name.clone(),
            fields,
            redirect,
            scopes: (self.request.scopes.as_ref().or(scopes))
                .filter(|scopes| !scopes.is_empty())
                .cloned(),
        }
    }

    fn field(&self, name: &str, needed: Needed) -> FieldRequest {
        let oauth = self.provider.oauth.as_ref();
        let named = oauth.and_then(|oauth| oauth.client_env.get(name));
        FieldRequest {
            name: name.to_owned(),
            label: format!("{} {}", self.provider.display_name, words(name)),
            variables: vec![variable(&self.provider.name, named, name)],
            secret: name != "client_id",
            optional: needed == Needed::IfAny,
            hint: (name == PRIVATE_KEY)
                .then(|| "a PEM file's text, or the base64 inside of it in one line".to_owned()),
            pattern: None,
            docs: oauth.and_then(|oauth| oauth.docs.clone()),
        }
    }
}

/// The variable that a provider's client id may be in.
pub(super) fn id_variable(provider: &Provider) -> String {
    let oauth = provider.oauth.as_ref();
    let named = oauth.and_then(|oauth| oauth.client_env.get("client_id"));
    variable(&provider.name, named, "client_id")
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Needed {
    Yes,
    IfAny,
}

fn words(field: &str) -> &'static str {
    match field {
        "client_id" => "client id",
        PRIVATE_KEY => "private key",
        _ => "client secret",
    }
}
