//! Login by API key: obtain the fields that the definition names, check them, store them.

use authkeep_registry::{Definition, Field, Flow, Provider};
use secrecy::{ExposeSecret, SecretString};

use super::{Acquired, LoginError, LoginRequest};
use crate::lookup::field_variables;
use crate::pinned::Pinned;
use crate::record::{self, ConnectionRecord, Stored};
use crate::{AskError, Broker, Event, FieldRequest, Interaction};

/// Longer than any key in use; a pasted file is a mistake.
const MAX_LENGTH: usize = 16 * 1024;

impl Broker {
    pub(super) fn api_key(
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
        let known: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
        if let Some(field) = request.supplied.0.keys().find(|name| !known.contains(name)) {
            return Err(LoginError::UnknownField {
                provider: provider.name.clone(),
                field: field.clone(),
                known,
            });
        }
        let mut record = ConnectionRecord::new_at(self.now(), Pinned::to(provider));
        for field in fields {
            if let Some(value) = obtain(field, definition, provider, request, person)? {
                record.fields.insert(field.name.clone(), value);
            }
        }
        let dropped = self.dropped(provider, request, &record)?;
        if !dropped.is_empty() {
            person.tell(&Event::FieldsDropped { names: dropped });
        }
        Flow::ApiKey.as_str().clone_into(&mut record.flow);
        record.params.clone_from(&provider.params);
        Ok(Acquired {
            connection: record,
            client: None,
        })
    }
}

impl Broker {
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

fn obtain(
    field: &Field,
    definition: &Definition,
    provider: &Provider,
    request: &LoginRequest,
    person: &dyn Interaction,
) -> Result<Option<SecretString>, LoginError> {
    let label = format!("{} {}", provider.display_name, field.label);
    let value = match request.supplied.0.get(&field.name) {
        Some(value) => value.clone(),
        // Whoever hands one field in by a pipe is not sitting at a prompt for the others.
        None if field.optional && !request.supplied.0.is_empty() => return Ok(None),
        None => {
            let question = FieldRequest {
                label: label.clone(),
                variables: field_variables(definition, &field.name),
                secret: field.secret,
                optional: field.optional,
                hint: field.hint.clone(),
                docs: provider.api_key.as_ref().and_then(|key| key.docs.clone()),
            };
            match person.ask(&question) {
                Ok(value) => value,
                Err(AskError::NotPossible) if field.optional => return Ok(None),
                Err(source) => {
                    return Err(LoginError::ValueNeeded {
                        provider: provider.name.clone(),
                        label: field.label.clone(),
                        variables: question.variables,
                        source,
                    });
                }
            }
        }
    };
    let unusable = |why| LoginError::UnusableValue {
        provider: provider.name.clone(),
        label: field.label.clone(),
        why,
    };
    // EXPOSE: looked at, not kept.
    if field.optional && value.expose_secret().trim().is_empty() {
        return Ok(None);
    }
    let value = usable(&value).map_err(unusable)?;
    // EXPOSE: looked at, not kept.
    if field.looks_wrong(value.expose_secret()) {
        person.tell(&Event::LooksWrong {
            label,
            hint: field.hint.clone(),
        });
    }
    Ok(Some(value))
}

/// The key without the white space around it, or why it cannot be one.
pub(super) fn usable(value: &SecretString) -> Result<SecretString, &'static str> {
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
