//! From what was found to the record of a login, by our definition of its provider.
//!
//! A secret goes on going where it went. Where our definition would send it elsewhere, it is not taken over, and the
//! report says so: a service may have moved, but two services may also share a name.

use std::collections::BTreeMap;

use authkeep_registry::{BindError, Definition, Flow, Provider};
use secrecy::SecretString;
use url::Url;

use super::{Content, Credentials, Endpoint, FoundClient, FoundLogin, Kind, Left, Secrets, Tokens};
use crate::login::usable;
use crate::pinned::Pinned;
use crate::record::{ClientRecord, ConnectionRecord, Imported, Verdict};
use crate::{Timestamp, TokenId};

/// A login to store, and what there is to know about it.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) record: ConnectionRecord,
    pub(super) note: Option<String>,
    /// Whether a person has to log in before it is of use, or before it runs out.
    pub(super) needs_login: bool,
}

/// The name of all secrets of an item, to know it again.
fn mark(secrets: &Secrets) -> TokenId {
    match secrets {
        Secrets::Key(fields) => TokenId::of_all(fields.iter().map(|(name, v)| (name.as_str(), v))),
        Secrets::Tokens(tokens) => {
            let client = tokens.client.as_ref().and_then(|c| c.secret.as_ref());
            let named = [
                ("access", tokens.access.as_ref()),
                ("refresh", tokens.refresh.as_ref()),
                ("client", client),
            ];
            TokenId::of_all(named.into_iter().filter_map(|(name, v)| Some((name, v?))))
        }
    }
}

/// The record of a login. `source` names the program it came from.
pub(super) fn login(
    found: FoundLogin,
    definition: &Definition,
    source: &str,
    now: Timestamp,
) -> Result<Made, Left> {
    let left = |why: String| Left::because(Kind::Login, why).of_connection(&found.connection);
    let provider = bound(definition, &found.params)
        .map_err(|error| left(error.to_string()).next(login_with_params(definition, &error)))?;
    if let Some(host) = found
        .sent_to
        .host
        .as_deref()
        .filter(|h| !is_sent_to(&provider, h))
    {
        return Err(left(format!(
            "it was sent to {host}, which is none of the hosts of `{}` here",
            provider.name
        ))
        .next("register a definition with that host under another name"));
    }
    let mut record =
        ConnectionRecord::new_at(found.obtained_at.unwrap_or(now), Pinned::to(&provider));
    record.imported = Some(Imported {
        from: source.to_owned(),
        id: mark(&found.secrets),
    });
    record.verdict = found.verdict;
    record.account.clone_from(&found.account);
    record.params.clone_from(&provider.params);
    let mut made = Made {
        record,
        note: found.note.clone(),
        needs_login: found.verdict != Verdict::Good,
    };
    match found.secrets {
        Secrets::Key(ref fields) => {
            made.record.fields =
                key(fields, &provider).map_err(|left| left.of_connection(&found.connection))?;
            Flow::ApiKey.as_str().clone_into(&mut made.record.flow);
        }
        Secrets::Tokens(tokens) => {
            let flow = [Flow::AuthorizationCode, Flow::DeviceCode];
            let flow = flow.into_iter().find(|flow| provider.flows.contains(flow));
            let Some(flow) = flow else {
                return Err(Left::because(
                    Kind::Login,
                    format!(
                        "it is an OAuth login, and `{}` has none here",
                        provider.name
                    ),
                )
                .of_connection(&found.connection)
                .next(format!("authkeep login {}", provider.name)));
            };
            flow.as_str().clone_into(&mut made.record.flow);
            put_tokens(&mut made, tokens, &provider, &found.sent_to.token_endpoint);
        }
    }
    if let Some(name) = unknown(definition, &provider) {
        // It could be sent, but not to the right place or not with all that belongs to it.
        made.record.verdict = Verdict::ReauthRequired;
        let why = "is not among what was found, and a login finds it out or asks for it";
        made.note.get_or_insert_with(|| format!("`{name}` {why}"));
        made.needs_login = true;
    }
    Ok(made)
}

/// A parameter that only a login could have given.
fn unknown<'a>(definition: &'a Definition, provider: &'a Provider) -> Option<&'a str> {
    let captures = provider.captures.iter().filter(|capture| capture.required);
    let secrets = definition.secret_params().filter(|(_, p)| !p.optional);
    captures
        .map(|capture| capture.param.as_str())
        .chain(secrets.map(|(name, _)| name.as_str()))
        .next()
}

fn put_tokens(made: &mut Made, tokens: Tokens, provider: &Provider, issued_by: &Endpoint) {
    let record = &mut made.record;
    record.token_type = tokens.token_type;
    record.scopes_asked = tokens.scopes;
    record.expires_at = tokens.expires_at;
    let renews_there = is_token_endpoint(provider, issued_by);
    if !renews_there {
        // Whoever gets a refresh token, or a client's secret, has the account.
        record.verdict = Verdict::ReauthRequired;
        made.note = Some(elsewhere(provider, issued_by));
        made.needs_login = true;
        return;
    }
    record.access_token = tokens.access;
    record.refresh_token = tokens.refresh;
    record.client = tokens.client.map(|client| client_record(client, provider));
    if record.refresh_token.is_some() && record.client.is_none() {
        made.note = Some(
            "the OAuth client that its refresh token belongs to is not there, so it cannot be renewed"
                .to_owned(),
        );
        made.needs_login = true;
        record.refresh_token = None;
        if record.access_token.is_none() {
            record.verdict = Verdict::ReauthRequired;
        }
    }
}

/// The record of an OAuth client.
pub(super) fn client(found: FoundClient, definition: &Definition) -> Result<ClientRecord, Left> {
    let left = |why: String| Left::because(Kind::Client, why);
    let provider = bound(definition, &found.params)
        .map_err(|error| left(error.to_string()).next(login_with_params(definition, &error)))?;
    let Some(oauth) = &provider.oauth else {
        return Err(left(format!("`{}` has no OAuth login here", provider.name)));
    };
    if oauth.registration_url.is_some() {
        return Err(left(
            "it was registered by a program, and a login registers one of its own".to_owned(),
        ));
    }
    if !is_token_endpoint(&provider, &found.sent_to.token_endpoint) {
        return Err(left(elsewhere(&provider, &found.sent_to.token_endpoint))
            .next("enter it at the next login"));
    }
    Ok(client_record(found.credentials, &provider))
}

fn client_record(client: Credentials, provider: &Provider) -> ClientRecord {
    ClientRecord::new(client.id, client.secret, Pinned::to(provider))
}

/// The fields of a key as they are stored.
fn key(
    found: &BTreeMap<String, SecretString>,
    provider: &Provider,
) -> Result<BTreeMap<String, SecretString>, Left> {
    let left = |why: String| Left::because(Kind::Login, why);
    let log_in = format!("authkeep login {}", provider.name);
    let Some(key) = provider
        .api_key
        .as_ref()
        .filter(|_| provider.flows.contains(&Flow::ApiKey))
    else {
        return Err(left(format!("`{}` takes no API key here", provider.name)).next(log_in));
    };
    if key.exchange.is_some() {
        return Err(left("this key has to be exchanged for a token".to_owned()).next(log_in));
    }
    let mut fields = BTreeMap::new();
    for field in &key.fields {
        match found.get(&field.name).map(usable) {
            Some(Ok(value)) => {
                fields.insert(field.name.clone(), value);
            }
            Some(Err(_)) | None if field.optional => {}
            Some(Err(why)) => {
                return Err(left(format!("its {} cannot be used: {why}", field.label)));
            }
            None => return Err(left(format!("its {} is not there", field.label)).next(log_in)),
        }
    }
    Ok(fields)
}

/// Binds those of the parameters that the definition has.
fn bound(definition: &Definition, found: &BTreeMap<String, String>) -> Result<Provider, BindError> {
    let known = found
        .iter()
        .filter(|(name, _)| definition.params.contains_key(*name));
    definition.bind(&known.map(|(name, v)| (name.clone(), v.clone())).collect())
}

fn login_with_params(definition: &Definition, error: &BindError) -> String {
    match error {
        BindError::Missing { param, .. } => {
            format!("authkeep login {} --param {param}=VALUE", definition.name)
        }
        _ => format!("authkeep login {}", definition.name),
    }
}

fn is_sent_to(provider: &Provider, host: &str) -> bool {
    // What comes without a scheme is a host and perhaps a path.
    let text = match host.contains("://") {
        true => host.to_owned(),
        false => format!("https://{host}"),
    };
    let Ok(url) = Url::parse(&text) else {
        return false;
    };
    let port = url.port_or_known_default().unwrap_or(443);
    let host = url.host_str().unwrap_or_default();
    // A rule for one path only does not take in all that the other program sent.
    provider
        .hosts
        .iter()
        .any(|rule| rule.pattern.matches(host, port, url.path()))
}

fn is_token_endpoint(provider: &Provider, issued_by: &Endpoint) -> bool {
    let ours = provider
        .oauth
        .as_ref()
        .and_then(|oauth| oauth.token_url.as_ref());
    match issued_by {
        Endpoint::Usual => ours.is_some(),
        Endpoint::At(text) => Url::parse(text).is_ok_and(|theirs| Some(&theirs) == ours),
        Endpoint::Unknown => false,
    }
}

fn elsewhere(provider: &Provider, issued_by: &Endpoint) -> String {
    let ours = provider
        .oauth
        .as_ref()
        .and_then(|oauth| oauth.token_url.as_ref());
    let ours = ours.map_or_else(|| "what its issuer names".to_owned(), Url::to_string);
    match issued_by {
        Endpoint::At(theirs) => {
            format!(
                "it belongs to {theirs}, and `{}` uses {ours} here",
                provider.name
            )
        }
        _ => format!(
            "nobody knows which server it belongs to, and `{}` uses {ours} here",
            provider.name
        ),
    }
}

impl Content {
    /// What it is, for the report.
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Login(_) => Kind::Login,
            Self::Client(_) => Kind::Client,
            Self::Definition(_) => Kind::Definition,
            Self::Left(left) => left.kind,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(params: &str) -> Made {
        let text = format!(
            r#"{{"schema_version": 2, "name": "acme", "display_name": "Acme", "flows": ["authorization_code"],
                "hosts": ["api.acme.example"], "params": {params},
                "oauth": {{"authorization_url": "https://acme.example/a", "token_url": "https://acme.example/t"}}}}"#
        );
        let definition = Definition::from_json("acme.json", &text).unwrap();
        let tokens = Tokens {
            access: Some("cnry_000102030405060708090a0b0c0d0e0f".into()),
            ..Tokens::default()
        };
        let found = FoundLogin::new("default", Secrets::Tokens(tokens));
        login(found, &definition, "test", Timestamp::UNIX_EPOCH)
            .ok()
            .unwrap()
    }

    #[test]
    fn what_only_a_login_finds_out_is_not_taken_for_known() {
        for needed in [
            r#"{"site": {"from": "token:/site"}}"#,
            r#"{"developer": {"secret": true}}"#,
        ] {
            let made = made(needed);
            assert!(made.needs_login, "{needed}");
            assert_eq!(made.record.verdict, Verdict::ReauthRequired, "{needed}");
        }
        for known in [
            "{}",
            r#"{"site": {"from": "token:/site", "default": "eu"}}"#,
            r#"{"developer": {"secret": true, "optional": true}}"#,
        ] {
            assert!(!made(known).needs_login, "{known}");
        }
    }
}
