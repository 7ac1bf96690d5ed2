//! Parameters that nobody has to know, because the service reveals them at login: in the address that the browser comes
//! back to, in the token answer, or to whoever asks with the new credential.
//!
//! What it reveals is foreign text, and is checked like any value that a person gives: it has to look as the definition
//! says, and a host that it becomes a part of has to be as public as any other. It is found out once. A refresh changes
//! nothing of it, nor does a definition that asks elsewhere later.

use std::collections::BTreeMap;

use authkeep_flows::read_value;
use authkeep_registry::{BindError, Capture, Definition, Method, ParamSource, Provider};
use serde_json::Value;
use url::Url;

use super::account::{holds_secret, whoami_request};
use super::{Acquired, LoginError};
use crate::inject::authorized;
use crate::pinned::Pinned;
use crate::record::ConnectionRecord;
use crate::{BodyCap, Broker, Interaction, Reach};

impl Broker {
    /// The provider and the login with all that can be found out. `person` is asked for what is needed and cannot.
    pub(super) async fn with_captures(
        &self,
        definition: &Definition,
        provider: Provider,
        acquired: Acquired,
        person: &dyn Interaction,
    ) -> Result<(Provider, Acquired), LoginError> {
        let (provider, mut acquired) = self.captured(definition, provider, acquired).await?;
        let missing = missing(&provider);
        if missing.is_empty() {
            return Ok((provider, acquired));
        }
        let answers = super::params::ask_for(&missing, definition, &provider, person).await?;
        let provider = settled(definition, &provider, &mut acquired.connection, answers)?;
        needs_nothing(definition, &provider)?;
        Ok((provider, acquired))
    }

    /// The same where there is nobody to ask.
    pub(super) async fn with_captures_alone(
        &self,
        definition: &Definition,
        provider: Provider,
        acquired: Acquired,
    ) -> Result<Acquired, LoginError> {
        let (provider, acquired) = self.captured(definition, provider, acquired).await?;
        needs_nothing(definition, &provider)?;
        Ok(acquired)
    }

    async fn captured(
        &self,
        definition: &Definition,
        provider: Provider,
        mut acquired: Acquired,
    ) -> Result<(Provider, Acquired), LoginError> {
        if provider.captures.is_empty() {
            return Ok((provider, acquired));
        }
        let record = &mut acquired.connection;
        let told = provider.captures.iter().filter_map(|capture| {
            let value = match &capture.from {
                ParamSource::Callback(name) => acquired.callback.get(name).cloned(),
                ParamSource::Token(pointer) => told_with_the_token(record, pointer),
                _ => None,
            };
            Some((capture.param.clone(), value?))
        });
        let told: BTreeMap<_, _> = told.collect();
        let mut provider = settled(definition, &provider, record, told)?;
        // Now it is known whom to ask for the others.
        for capture in provider.captures.clone() {
            match self.asked(&capture, &provider, record).await {
                Ok(None) => {}
                Ok(Some(value)) => {
                    let found = BTreeMap::from([(capture.param, value)]);
                    provider = settled(definition, &provider, record, found)?;
                }
                Err(why) => {
                    tracing::debug!(provider = %provider.name, param = capture.param, why, "not revealed");
                }
            }
        }
        Ok((provider, acquired))
    }

    /// What the service answers to whoever asks with the credential; `None` where nobody is to be asked.
    async fn asked(
        &self,
        capture: &Capture,
        provider: &Provider,
        record: &ConnectionRecord,
    ) -> Result<Option<String>, String> {
        let nowhere = "the credential may not be sent there";
        let (request, pointer) = match &capture.from {
            ParamSource::Get { url, pointer } => {
                let params = &provider.params;
                let text = url.render(|name| params.get(name).map(String::as_str));
                let url = text
                    .and_then(|text| Url::parse(&text).ok())
                    .ok_or(nowhere)?;
                (authorized(Method::Get, url, provider, record), pointer)
            }
            ParamSource::Whoami(pointer) => {
                let whoami = provider.whoami.as_ref().ok_or(nowhere)?;
                (whoami_request(whoami, provider, record), pointer)
            }
            _ => return Ok(None),
        };
        let request = request.ok_or(nowhere)?;
        let http = &self.parts.http;
        let sent = http.send(&request, BodyCap::Token, Reach::of(provider));
        let response = sent.await.map_err(|error| error.to_string())?;
        let value = read_value(&response, pointer).map_err(|error| error.to_string())?;
        if holds_secret(provider, record, &value) {
            return Err("it answered with the credential".to_owned());
        }
        Ok(Some(value))
    }
}

/// Binds what was found to the definition, and the login to what comes out.
fn settled(
    definition: &Definition,
    provider: &Provider,
    record: &mut ConnectionRecord,
    found: BTreeMap<String, String>,
) -> Result<Provider, LoginError> {
    if found.is_empty() {
        return Ok(provider.clone());
    }
    let open = |name: &String| {
        provider
            .captures
            .iter()
            .any(|capture| capture.param == *name)
    };
    // Defaults of what is still to be found out do not count as given.
    let given = provider.params.iter().filter(|(name, _)| !open(name));
    let mut params: BTreeMap<_, _> = given.map(|(n, v)| (n.clone(), v.clone())).collect();
    params.extend(found);
    let mut bound = definition.bind(&params)?;
    // The endpoints are those of a moment ago, where the issuer named them.
    let before = Pinned::to(provider);
    before.complete(&mut bound);
    record.pinned = Pinned::to(&bound);
    if let Some(client) = &mut record.client {
        client.pinned.follow(&before, &record.pinned);
    }
    record.params.clone_from(&bound.params);
    Ok(bound)
}

fn missing(provider: &Provider) -> Vec<String> {
    let needed = provider.captures.iter().filter(|capture| capture.required);
    needed.map(|capture| capture.param.clone()).collect()
}

fn needs_nothing(definition: &Definition, provider: &Provider) -> Result<(), LoginError> {
    let Some(name) = missing(provider).into_iter().next() else {
        return Ok(());
    };
    let param = definition.params.get(&name);
    Err(LoginError::Bind(BindError::Missing {
        provider: provider.name.clone(),
        label: param.map_or_else(|| name.clone(), |param| param.label.clone()),
        example: param.and_then(|param| param.example.clone()),
        param: name,
    }))
}

fn told_with_the_token(record: &ConnectionRecord, pointer: &str) -> Option<String> {
    match Value::Object(record.token_response.clone()).pointer(pointer)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
