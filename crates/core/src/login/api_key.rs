//! Login by API key: obtain the fields that the definition names, check them, store them.

use std::collections::BTreeMap;

use authkeep_registry::{Definition, Exchange, Field, Flow, Provider};
use secrecy::{ExposeSecret, SecretString};

use super::error::value_needed;
use super::oauth_client::client_variable;
use super::{Acquired, LoginError, LoginRequest};
use crate::exchange::{exchange_request, read_exchange};
use crate::lookup::field_variables;
use crate::pinned::Pinned;
use crate::record::{self, ConnectionRecord, Stored};
use crate::refresh::apply;
use crate::{BodyCap, Broker, Event, FieldRequest, Inquiry, Interaction, Reach};

/// Longer than any key in use; a pasted file is a mistake.
const MAX_LENGTH: usize = 16 * 1024;

impl Broker {
    pub(super) async fn api_key(
        &self,
        definition: &Definition,
        provider: &Provider,
        request: &LoginRequest,
        person: &dyn Interaction,
    ) -> Result<Acquired, LoginError> {
        let fields = provider
            .api_key
            .as_ref()
            .map(|key| key.fields.as_slice())
            .unwrap_or_default();
        let known: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        super::params::only_known(&known, definition, provider, request)?;
        let mut record = ConnectionRecord::new_at(self.now(), Pinned::to(provider));
        let mut values = obtain(fields, definition, provider, request, person).await?;
        for field in fields {
            let value = values.remove(&field.name);
            if let Some(value) = checked(field, value, provider, person)? {
                record.fields.insert(field.name.clone(), value);
            }
        }
        let dropped = self.dropped(provider, request, &record)?;
        if !dropped.is_empty() {
            person.tell(&Event::FieldsDropped { names: dropped });
        }
        Flow::ApiKey.as_str().clone_into(&mut record.flow);
        record.params.clone_from(&provider.params);
        if let Some(exchange) = provider
            .api_key
            .as_ref()
            .and_then(|key| key.exchange.as_ref())
        {
            person.tell(&Event::AskingForToken {
                service: provider.display_name.clone(),
            });
            self.exchange_key(exchange, provider, &mut record).await?;
        }
        Ok(Acquired {
            connection: record,
            client: None,
            callback: BTreeMap::new(),
        })
    }
}

impl Broker {
    /// Turns the key of `record` into a token, which shows at once whether the service accepts it.
    async fn exchange_key(
        &self,
        exchange: &Exchange,
        provider: &Provider,
        record: &mut ConnectionRecord,
    ) -> Result<(), LoginError> {
        let request =
            exchange_request(exchange, record).ok_or_else(|| LoginError::NoUsableFlow {
                provider: provider.name.clone(),
                offered: provider.flows.clone(),
            })?;
        let http = &self.parts.http;
        let sent = http.send(&request, BodyCap::Token, Reach::of(provider));
        let tokens = read_exchange(&sent.await?, exchange).map_err(|source| LoginError::Token {
            provider: provider.name.clone(),
            source,
        })?;
        apply(record, tokens, self.now());
        record.refreshed_at = None;
        Ok(())
    }

    /// The fields of the login that is being replaced which the new one lacks.
    fn dropped(
        &self,
        provider: &Provider,
        request: &LoginRequest,
        new: &ConnectionRecord,
    ) -> Result<Vec<String>, LoginError> {
        let key = self.keys(&provider.name).connection(&request.connection)?;
        // A damaged record is what the new login repairs: nothing can be said of its fields.
        let old: Option<Stored<ConnectionRecord>> =
            record::read(self.store(), &key).unwrap_or_default();
        let names = old
            .into_iter()
            .flat_map(|old| old.record.fields.into_keys());
        Ok(names
            .filter(|name| !new.fields.contains_key(name))
            .collect())
    }
}

/// All values, by field: those that were handed in, and for the others the person's answers.
async fn obtain(
    fields: &[Field],
    definition: &Definition,
    provider: &Provider,
    request: &LoginRequest,
    person: &dyn Interaction,
) -> Result<BTreeMap<String, SecretString>, LoginError> {
    let mut values = request.supplied.0.clone();
    let wanted: Vec<&Field> = fields
        .iter()
        .filter(|field| !values.contains_key(&field.name))
        // Whoever hands one field in by a pipe is not sitting at a prompt for the others.
        .filter(|field| !field.optional || values.is_empty())
        .collect();
    if wanted.is_empty() {
        return Ok(values);
    }
    let docs = provider.api_key.as_ref().and_then(|key| key.docs.as_ref());
    let inquiry = Inquiry {
        provider: provider.display_name.clone(),
        fields: wanted
            .iter()
            .map(|field| FieldRequest {
                name: field.name.clone(),
                label: label(field, provider),
                variables: key_variables(definition, &field.name),
                secret: field.secret,
                optional: field.optional,
                hint: field.hint.clone(),
                pattern: field.pattern.clone(),
                docs: docs.cloned(),
            })
            .collect(),
        redirect: None,
        scopes: None,
    };
    let answers = person.ask_all(&inquiry).await;
    let answers = answers.map_err(|unanswered| {
        let label = |name: &str| {
            let field = wanted.iter().find(|field| field.name == name);
            field.map_or_else(|| name.to_owned(), |field| field.label.clone())
        };
        value_needed(provider, &inquiry, label, unanswered)
    })?;
    for (field, value) in wanted.into_iter().zip(answers.values) {
        if let Some(value) = value {
            values.insert(field.name.clone(), value);
        }
    }
    Ok(values)
}

/// The variables that hand the field out, and hold it too; where there are none, one of its own, which is only read here.
pub(crate) fn key_variables(definition: &Definition, field: &str) -> Vec<String> {
    match field_variables(definition, field) {
        none if none.is_empty() => vec![client_variable(definition, field)],
        variables => variables,
    }
}

fn label(field: &Field, provider: &Provider) -> String {
    format!("{} {}", provider.display_name, field.label)
}

/// The value as it is stored, or why it cannot be.
fn checked(
    field: &Field,
    value: Option<SecretString>,
    provider: &Provider,
    person: &dyn Interaction,
) -> Result<Option<SecretString>, LoginError> {
    let unusable = |why| LoginError::UnusableValue {
        provider: provider.name.clone(),
        label: field.label.clone(),
        why,
    };
    let value = value.unwrap_or_default();
    // EXPOSE: looked at, not kept.
    if field.optional && value.expose_secret().trim().is_empty() {
        return Ok(None);
    }
    let value = usable(&value).map_err(unusable)?;
    // EXPOSE: looked at, not kept.
    if field.looks_wrong(value.expose_secret()) {
        person.tell(&Event::LooksWrong {
            label: label(field, provider),
            hint: field.hint.clone(),
        });
    }
    Ok(Some(value))
}

/// The key without the white space around it, or why it cannot be one.
pub(crate) fn usable(value: &SecretString) -> Result<SecretString, &'static str> {
    // EXPOSE: looked at, not kept. Keys arrive with the line break of the file or the clipboard they came from.
    let trimmed = value.expose_secret().trim();
    if trimmed.is_empty() {
        return Err("it is empty");
    }
    if trimmed.len() > MAX_LENGTH {
        return Err("it is longer than 16 KiB");
    }
    // A line break or a NUL in a key would become a second header where the key is injected.
    if trimmed.chars().any(char::is_control) {
        return Err("it holds a line break or another control character");
    }
    Ok(SecretString::from(trimmed.to_owned()))
}
