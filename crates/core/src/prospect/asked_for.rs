//! What a login asks for, known before anybody is asked: for `inspect`, the pages of the manual, and those who set up machines.

use authkeep_registry::{ClientAuthMethod, Definition, Flow, ParamSource};

use crate::login::{client_variable, is_supported, key_variables};

/// One value that a login needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedFor {
    /// Its name: a parameter, a field of the key, `client_id`, `client_secret` or `private_key`.
    pub name: String,
    /// What to call it.
    pub label: String,
    /// Which part of the login it belongs to.
    pub kind: AskedKind,
    /// Whether it is masked and sealed.
    pub secret: bool,
    /// Whether it may be left out.
    pub optional: bool,
    /// The variables it is taken from.
    pub variables: Vec<String>,
    /// What it is where nobody says otherwise.
    pub default: Option<String>,
    /// A value as it might be.
    pub example: Option<String>,
    /// Help for the person.
    pub hint: Option<String>,
}

/// Which part of a login a value belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedKind {
    /// What differs from one user of the service to the next; every flow needs it.
    Parameter,
    /// A field of the API key.
    Key,
    /// The OAuth client: entered once for all logins, unless the server registers clients.
    Client,
}

impl AskedKind {
    /// A word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parameter => "parameter",
            Self::Key => "key",
            Self::Client => "client",
        }
    }
}

/// Whether a server has every client registered by the login itself (RFC 7591), as far as the definition says.
pub(crate) fn registers_clients(definition: &Definition) -> bool {
    let oauth = definition.oauth.as_ref();
    oauth.is_some_and(|oauth| oauth.registration_url.is_some())
}

/// All that the flows of a definition ask for, in the order of asking. A value that the service reveals by itself during the
/// login is not asked for.
pub fn asked_for(definition: &Definition) -> Vec<AskedFor> {
    let flows = || definition.flows.iter().filter(|flow| is_supported(**flow));
    let params = definition
        .params
        .iter()
        .filter(|(_, param)| param.from.is_none());
    let params = params.map(|(name, param)| AskedFor {
        name: name.clone(),
        label: param.label.clone(),
        kind: AskedKind::Parameter,
        secret: param.secret,
        optional: param.optional || param.default.is_some(),
        variables: match param.secret {
            true => vec![client_variable(definition, name)],
            false => definition
                .oauth
                .iter()
                .filter_map(|oauth| oauth.client_env.get(name))
                .map(ToString::to_string)
                .collect(),
        },
        default: param.default.clone(),
        example: param.example.clone(),
        hint: param.hint.clone(),
    });
    let mut all: Vec<_> = params.collect();
    let uses_client = flows().any(|flow| *flow != Flow::ApiKey) && !registers_clients(definition);
    if let Some(oauth) = definition.oauth.as_ref().filter(|_| uses_client) {
        let client = |name: &str, label: &str, optional| AskedFor {
            name: name.to_owned(),
            label: label.to_owned(),
            kind: AskedKind::Client,
            secret: name != "client_id",
            optional,
            variables: vec![client_variable(definition, name)],
            default: None,
            example: None,
            hint: None,
        };
        all.push(client("client_id", "client id", false));
        match oauth.client_auth {
            ClientAuthMethod::None => {}
            ClientAuthMethod::PrivateKeyJwt => {
                all.push(client("private_key", "private key", false))
            }
            _ => all.push(client(
                "client_secret",
                "client secret",
                oauth.public_client,
            )),
        }
    }
    let key = definition
        .api_key
        .as_ref()
        .filter(|_| flows().any(|flow| *flow == Flow::ApiKey));
    all.extend(
        key.iter()
            .flat_map(|key| &key.fields)
            .map(|field| AskedFor {
                name: field.name.clone(),
                label: field.label.clone(),
                kind: AskedKind::Key,
                secret: field.secret,
                optional: field.optional,
                variables: key_variables(definition, &field.name),
                default: None,
                example: None,
                hint: field.hint.clone(),
            }),
    );
    all
}

/// The values that the service reveals by itself, and where.
pub fn found_out(definition: &Definition) -> Vec<(String, String)> {
    let source = |source: &ParamSource| match source {
        ParamSource::Callback(name) => format!("`{name}` of the redirect"),
        ParamSource::Token(pointer) => format!("`{pointer}` of the token's answer"),
        ParamSource::Whoami(pointer) => format!("`{pointer}` of the account's answer"),
        ParamSource::Get { url, pointer } => format!("`{pointer}` at {}", url.as_str()),
        _ => "the login".to_owned(),
    };
    definition
        .params
        .iter()
        .filter_map(|(name, param)| Some((name.clone(), source(param.from.as_ref()?))))
        .collect()
}
