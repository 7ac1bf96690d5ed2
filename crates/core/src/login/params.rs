//! Parameters that a person is asked for: those without which a request would ask for something else, and those that are
//! secrets.

use std::collections::BTreeMap;

use authkeep_registry::{BindError, Definition, Provider};
use secrecy::{ExposeSecret, SecretString};

use super::api_key::usable;
use super::error::value_needed;
use super::oauth_client::client_variable;
use super::{LoginError, LoginRequest};
use crate::{AskError, FieldRequest, Inquiry, Interaction};

/// Refuses what was handed in and is neither one of the flow's `fields` nor a secret parameter.
pub(super) fn only_known(
    fields: &[&str],
    definition: &Definition,
    provider: &Provider,
    request: &LoginRequest,
) -> Result<(), LoginError> {
    let params = definition.secret_params().map(|(name, _)| name.as_str());
    let known: Vec<&str> = fields.iter().copied().chain(params).collect();
    let mut supplied = request.supplied.0.keys();
    match supplied.find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(field) => Err(LoginError::UnknownField {
            provider: provider.name.clone(),
            field: field.clone(),
            known: known.into_iter().map(str::to_owned).collect(),
        }),
    }
}

/// The values of the secret parameters. They are asked for at each login: they belong to it and to no other.
pub(super) async fn secrets(
    definition: &Definition,
    provider: &Provider,
    request: &LoginRequest,
    person: &dyn Interaction,
) -> Result<BTreeMap<String, SecretString>, LoginError> {
    let supplied = &request.supplied.0;
    let mut values = BTreeMap::new();
    let mut fields = Vec::new();
    for (name, param) in definition.secret_params() {
        match supplied.get(name) {
            Some(value) => drop(values.insert(name.clone(), value.clone())),
            None => fields.push(FieldRequest {
                name: name.clone(),
                label: format!("{} {}", definition.display_name, param.label),
                variables: vec![client_variable(definition, name)],
                secret: true,
                optional: param.optional,
                hint: param.hint.clone(),
                pattern: None,
                docs: definition
                    .oauth
                    .as_ref()
                    .and_then(|oauth| oauth.docs.clone()),
            }),
        }
    }
    let label = |name: &str| match definition.params.get(name) {
        Some(param) => param.label.clone(),
        None => name.to_owned(),
    };
    if !fields.is_empty() {
        let inquiry = inquiry(definition, fields);
        let answers = person.ask_all(&inquiry).await;
        let answers =
            answers.map_err(|unanswered| value_needed(provider, &inquiry, label, unanswered))?;
        let answers = inquiry.fields.iter().zip(answers.values);
        values.extend(answers.filter_map(|(field, value)| Some((field.name.clone(), value?))));
    }
    let mut checked = BTreeMap::new();
    for (name, param) in definition.secret_params() {
        let unusable = |why| LoginError::UnusableValue {
            provider: provider.name.clone(),
            label: param.label.clone(),
            why,
        };
        let value = match values.get(name).map(usable) {
            Some(Ok(value)) => value,
            _ if param.optional => continue,
            Some(Err(why)) => return Err(unusable(why)),
            None => return Err(unusable("it is empty")),
        };
        // EXPOSE: looked at, not kept.
        if !param.accepts(value.expose_secret()) {
            return Err(unusable("it does not look as it should"));
        }
        checked.insert(name.clone(), value);
    }
    Ok(checked)
}

fn inquiry(definition: &Definition, fields: Vec<FieldRequest>) -> Inquiry {
    Inquiry {
        provider: definition.display_name.clone(),
        fields,
        redirect: None,
        scopes: None,
    }
}

/// The values of parameters, by name.
pub(super) async fn ask_for(
    names: &[String],
    definition: &Definition,
    provider: &Provider,
    person: &dyn Interaction,
) -> Result<BTreeMap<String, String>, LoginError> {
    let oauth = definition.oauth.as_ref();
    let label = |name: &str| match definition.params.get(name) {
        Some(param) => param.label.clone(),
        None => name.to_owned(),
    };
    let field = |name: &String| {
        let variable = oauth.and_then(|oauth| oauth.client_env.get(name.as_str()));
        FieldRequest {
            name: name.clone(),
            label: format!("{} {}", definition.display_name, label(name)),
            variables: variable.iter().map(ToString::to_string).collect(),
            secret: false,
            optional: false,
            hint: (definition.params.get(name)).and_then(|param| param.hint.clone()),
            pattern: None,
            docs: oauth.and_then(|oauth| oauth.docs.clone()),
        }
    };
    let inquiry = inquiry(definition, names.iter().map(field).collect());
    let answers = person.ask_all(&inquiry).await.map_err(|unanswered| {
        let first = unanswered.missing.first();
        let field = first.and_then(|first| inquiry.fields.get(*first));
        match (&unanswered.source, field) {
            // A parameter can be typed as an argument, so that is what the caller is told.
            (AskError::NotPossible, Some(field)) if field.variables.is_empty() => {
                LoginError::Bind(BindError::Missing {
                    provider: definition.name.clone(),
                    param: field.name.clone(),
                    label: label(&field.name),
                    example: (definition.params.get(&field.name))
                        .and_then(|param| param.example.clone()),
                })
            }
            _ => value_needed(provider, &inquiry, label, unanswered),
        }
    })?;
    // EXPOSE: a parameter goes into URLs; it came through the same door as the secrets.
    let exposed = |value: SecretString| value.expose_secret().trim().to_owned();
    let values = answers
        .values
        .into_iter()
        .map(|value| value.map(exposed).unwrap_or_default());
    Ok(names.iter().cloned().zip(values).collect())
}
