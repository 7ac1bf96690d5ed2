//! Environment variables as credentials: which provider a variable belongs to, by what the definitions say.
//!
//! A name may be claimed by several definitions. The one that it is named after has it; where none is, nobody guesses.

use std::collections::{BTreeMap, BTreeSet};

use authkeep_registry::{Definition, ProviderName};
use secrecy::{ExposeSecret, SecretString};

use super::{
    Content, Credentials, Endpoint, FoundClient, FoundLogin, Item, Kind, Left, Secrets, SentTo,
};
use crate::login::client_variable;
use crate::lookup::field_variables;
use crate::{TokenId, credential_variables};

/// Which variables each definition reads as credentials.
#[derive(Debug)]
pub struct Claims {
    definitions: Vec<Definition>,
    /// Variable, then the places in the list above.
    claimed: BTreeMap<String, Vec<usize>>,
    /// Variables that are read or set and cannot be kept as they are, and by whom.
    unkept: BTreeMap<String, ProviderName>,
}

impl Claims {
    /// The claims of these definitions.
    pub fn of(definitions: Vec<Definition>) -> Self {
        let mut claimed: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, definition) in definitions.iter().enumerate() {
            let key = key_variables(definition)
                .into_iter()
                .flat_map(|(_, names)| names);
            let variables: BTreeSet<_> = key.chain(client_variables(definition)).collect();
            for variable in variables {
                claimed.entry(variable).or_default().push(at);
            }
        }
        let mut unkept = BTreeMap::new();
        for definition in &definitions {
            for variable in credential_variables(definition) {
                if !claimed.contains_key(&variable) {
                    unkept
                        .entry(variable)
                        .or_insert_with(|| definition.name.clone());
                }
            }
        }
        Self {
            definitions,
            claimed,
            unkept,
        }
    }

    /// Whether a variable is a credential of some provider that is known here.
    pub fn knows(&self, variable: &str) -> bool {
        self.claimed.contains_key(variable)
    }

    /// The provider that a variable belongs to, or all that claim it.
    fn owner(
        &self,
        variable: &str,
        wanted: &BTreeMap<String, ProviderName>,
    ) -> Result<Option<&Definition>, Vec<&str>> {
        let claims = self
            .claimed
            .get(variable)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let claims: Vec<_> = claims.iter().map(|at| &self.definitions[*at]).collect();
        if let Some(name) = wanted.get(variable) {
            let meant = |d: &&&Definition| d.name == *name || d.aliases.contains(name);
            return Ok(claims.iter().find(meant).copied());
        }
        if let [] | [_] = claims[..] {
            return Ok(claims.first().copied());
        }
        let named_after = claims
            .iter()
            .filter_map(|d| Some((stem_length(d, variable)?, *d)));
        match named_after.max_by_key(|(length, _)| *length) {
            Some((_, definition)) => Ok(Some(definition)),
            None => Err(claims.iter().map(|d| d.name.as_str()).collect()),
        }
    }
}

/// How much of the variable is the provider's name, or an alias of it: `GITHUB_TOKEN` is `github`'s.
fn stem_length(definition: &Definition, variable: &str) -> Option<usize> {
    let stem = |name: &ProviderName| {
        let word = |c: char| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        };
        let stem: String = name.as_str().chars().map(word).collect();
        let rest = variable.strip_prefix(&stem)?;
        rest.starts_with('_').then_some(stem.len())
    };
    std::iter::once(&definition.name)
        .chain(&definition.aliases)
        .filter_map(stem)
        .max()
}

/// The variables of each field of the API key; none where a key alone is no credential.
fn key_variables(definition: &Definition) -> Vec<(String, Vec<String>)> {
    let key = definition
        .api_key
        .as_ref()
        .filter(|key| key.exchange.is_none());
    let fields = key.into_iter().flat_map(|key| &key.fields);
    fields
        .map(|field| {
            let mut names = field_variables(definition, &field.name);
            if names.is_empty() {
                names.push(client_variable(definition, &field.name));
            }
            (field.name.clone(), names)
        })
        .collect()
}

/// The variables of the OAuth client: its id and its secret.
fn client_variables(definition: &Definition) -> Vec<String> {
    let Some(oauth) = &definition.oauth else {
        return Vec::new();
    };
    ["client_id", oauth.client_auth.secret_field()]
        .map(|field| client_variable(definition, field))
        .into()
}

/// The credentials among `variables`, and those variables that are left for a reason. `file` names their source;
/// `wanted` says whose a variable is where it could be several providers'. A variable without a value is one that
/// depends on others.
pub fn items_of(
    claims: &Claims,
    file: &str,
    variables: &BTreeMap<String, Option<SecretString>>,
    wanted: &BTreeMap<String, ProviderName>,
    connection: &str,
) -> Vec<Item> {
    let mut items = Vec::new();
    let mut owners: BTreeMap<&str, (&Definition, BTreeSet<&str>)> = BTreeMap::new();
    for (name, value) in variables {
        let place = || format!("{file}: {name}");
        let left = |why: String| Left::because(Kind::Login, why);
        let owner = match claims.owner(name, wanted) {
            Ok(owner) => owner,
            Err(all) => {
                let why = left(format!("it could be a credential of {}", all.join(", ")));
                let next = why.next(format!("--as {name}=PROVIDER says which"));
                items.push(Item::left(place(), "", next));
                continue;
            }
        };
        let Some(definition) = owner else {
            if let Some(provider) = wanted.get(name) {
                let why = left(format!("`{provider}` reads no such variable"));
                items.push(Item::left(place(), provider.as_str(), why));
            } else if looks_secret(name) && value.as_ref().is_some_and(is_given) {
                items.push(match claims.unkept.get(name) {
                    Some(provider) => {
                        let why = left("it is of use only to a login".to_owned());
                        let next = why.next(format!("authkeep login {provider}"));
                        Item::left(place(), provider.as_str(), next)
                    }
                    None => {
                        let why = left("no provider that is defined here reads it".to_owned());
                        let next = why.next("authkeep register FILE, with a definition that does");
                        Item::left(place(), "", next)
                    }
                });
            }
            continue;
        };
        let provider = definition.name.as_str();
        if value.is_none() {
            let why = left("its value refers to other variables".to_owned());
            let next =
                why.next("write the value out, or put it in single quotes if it is meant as it is");
            items.push(Item::left(place(), provider, next));
        } else if value.as_ref().is_some_and(is_given) {
            owners
                .entry(provider)
                .or_insert((definition, BTreeSet::new()))
                .1
                .insert(name);
        }
    }
    for (definition, mine) in owners.into_values() {
        let set = Set {
            file,
            variables,
            definition,
            mine,
        };
        items.extend(set.key(connection));
        items.extend(set.client());
    }
    items
}

/// The variables of one provider that are set.
struct Set<'a> {
    file: &'a str,
    variables: &'a BTreeMap<String, Option<SecretString>>,
    definition: &'a Definition,
    mine: BTreeSet<&'a str>,
}

impl Set<'_> {
    fn value(&self, name: &str) -> Option<&SecretString> {
        let value = self.variables.get(name)?.as_ref();
        value.filter(|value| is_given(value))
    }

    fn item(&self, names: &[String], content: Content) -> Item {
        Item {
            place: format!("{}: {}", self.file, names.join(", ")),
            provider: self.definition.name.to_string(),
            content,
        }
    }

    fn key(&self, connection: &str) -> Option<Item> {
        let all = key_variables(self.definition);
        let is_mine = |name: &String| self.mine.contains(name.as_str());
        if !all.iter().flat_map(|(_, names)| names).any(is_mine) {
            return None;
        }
        let mut fields = BTreeMap::new();
        let mut used = Vec::new();
        let mut note = None;
        for (field, names) in all {
            let mut given = names
                .iter()
                .filter_map(|name| Some((name, self.value(name)?)));
            let Some((name, value)) = given.next() else {
                continue;
            };
            let other = given.find(|(_, other)| TokenId::of(other) != TokenId::of(value));
            if let Some((other, _)) = other {
                note = Some(format!("{other} holds another value, which was left"));
            }
            used.push(name.clone());
            fields.insert(field, value.clone());
        }
        let mut login = FoundLogin::new(connection, Secrets::Key(fields));
        login.params = self.params();
        login.note = note;
        Some(self.item(&used, Content::Login(Box::new(login))))
    }

    fn client(&self) -> Option<Item> {
        let names = client_variables(self.definition);
        let [id_name, secret_name] = &names[..] else {
            return None;
        };
        if !names.iter().any(|name| self.mine.contains(name.as_str())) {
            return None;
        }
        let Some(id) = self.value(id_name) else {
            let left = Left::because(Kind::Client, format!("{id_name} is not set"));
            return Some(self.item(std::slice::from_ref(secret_name), Content::Left(left)));
        };
        let secret = self.value(secret_name).cloned();
        let used = match secret {
            Some(_) => &names[..],
            None => &names[..1],
        };
        let client = FoundClient {
            credentials: Credentials {
                // EXPOSE: a client id is public; it came through the same door as the secrets.
                id: id.expose_secret().trim().to_owned(),
                secret,
            },
            params: self.params(),
            sent_to: SentTo {
                token_endpoint: Endpoint::Usual,
                host: None,
            },
        };
        Some(self.item(used, Content::Client(client)))
    }

    /// The parameters that the definition lets the environment set.
    fn params(&self) -> BTreeMap<String, String> {
        let named = self
            .definition
            .oauth
            .iter()
            .flat_map(|oauth| &oauth.client_env);
        let named = named.filter(|(name, _)| self.definition.params.contains_key(*name));
        named
            .filter_map(|(name, variable)| {
                // EXPOSE: what a definition calls a parameter goes into URLs.
                let value = self.value(variable.as_str())?.expose_secret().trim();
                Some((name.clone(), value.to_owned()))
            })
            .collect()
    }
}

fn is_given(value: &SecretString) -> bool {
    // EXPOSE: looked at, not kept.
    !value.expose_secret().trim().is_empty()
}

/// Whether a name is one that people give to secrets.
fn looks_secret(name: &str) -> bool {
    let words = [
        "KEY",
        "TOKEN",
        "SECRET",
        "PASSWORD",
        "PASSWD",
        "CREDENTIALS",
    ];
    let name = name.to_ascii_uppercase();
    name.split('_').any(|word| words.contains(&word))
}
