//! A provider definition, schema version 2, as read from its file.
//!
//! Reading checks everything that can be known without the user's parameters and reports every fault
//! at once. URLs and hosts are templates here; [`Definition::bind`] makes them concrete.

mod api_key;
mod exchange;
mod flow;
mod host_rule;
mod injection;
mod oauth;
mod param;
mod pkce;
mod request;
mod whoami;
mod word;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

pub use self::api_key::{ApiKey, Field};
pub use self::exchange::Exchange;
pub use self::flow::Flow;
pub use self::host_rule::HostRule;
pub use self::injection::{Injection, Signing};
pub(crate) use self::oauth::RESOURCE;
pub use self::oauth::{
    Assertion, ClientAuthMethod, ClientCredentials, DeviceRequest, OAuth, RedirectKind,
};
pub use self::param::{Param, ParamSource};
pub use self::pkce::Pkce;
pub use self::request::{BodyFormat, Method, Request, RequestAuth, Revocation, RevocationAuth};
pub use self::whoami::Whoami;
pub use self::word::UnknownWord;
use crate::address::Locality;
use crate::document;
use crate::endpoint;
use crate::env_var::EnvVarName;
use crate::error::DefinitionError;
use crate::name::ProviderName;
use crate::reader::{Fields, Report, Variables, as_text, parse_at};
use crate::template::Template;
use crate::text;

/// What is known about one service. Map-like lists are sorted by key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Definition {
    /// The name users type.
    pub name: ProviderName,
    /// The name users read.
    pub display_name: String,
    /// A word to group by, such as `dev`; `other` when the file has none.
    pub category: String,
    /// Other names it answers to.
    pub aliases: Vec<ProviderName>,
    /// The definition this one was laid over; its fields are already merged in.
    pub extends: Option<ProviderName>,
    /// Whether its facts have one source only, so that a person should look twice.
    pub community_checked: bool,
    /// Whether loopback and private hosts are allowed, and plain http on loopback.
    pub local: bool,
    /// The flows on offer, the default first; never empty.
    pub flows: Vec<Flow>,
    /// What the user has to say before the URLs are known: tenants, regions, base URLs.
    pub params: BTreeMap<String, Param>,
    /// Where the credential may be sent.
    pub hosts: Vec<HostRule>,
    /// Headers for every request, set only if the caller did not set them.
    pub headers: Vec<(String, Template)>,
    /// How OAuth works there.
    pub oauth: Option<OAuth>,
    /// How its API key is asked for and used.
    pub api_key: Option<ApiKey>,
    /// Environment variables that carry the credential.
    pub env: Vec<(EnvVarName, Template)>,
    /// A request that tells whose credential it is, and whether it works.
    pub whoami: Option<Whoami>,
    /// A page about the service's authentication.
    pub docs: Option<String>,
    /// What a person setting it up should know.
    pub notes: Option<String>,
}

/// How much a text is trusted to be well-formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Compiled in, and proved good by this crate's tests: the costly checks are skipped.
    Bundled,
    /// Anybody's.
    Foreign,
}

impl Definition {
    /// Reads a definition that stands alone. `file` is only used in messages.
    ///
    /// # Errors
    /// [`DefinitionError`] holds every fault. A definition with `extends` is refused here, because the
    /// other definition is needed: see [`crate::Registry::check`].
    pub fn from_json(file: &str, text: &str) -> Result<Self, DefinitionError> {
        let map = document::parse(file, text)?;
        if map.get("extends").is_some_and(|value| !value.is_null()) {
            return Err(DefinitionError::of(
                file,
                vec![crate::error::FieldError::new(
                    "extends",
                    "needs the other definition; read this one through the registry",
                )],
            ));
        }
        Self::read(file, &map, Trust::Foreign)
    }

    /// Reads a definition whose `extends` is already merged in.
    pub(crate) fn read(
        file: &str,
        map: &Map<String, Value>,
        trust: Trust,
    ) -> Result<Self, DefinitionError> {
        let report = Report::declaring(map);
        let definition = read_fields(Fields::root(map, &report));
        if let Some(definition) = &definition
            && trust == Trust::Foreign
        {
            definition.check_patterns(&report);
            // Only a definition that reads well can be tried out.
            if report.is_clean() {
                definition.dry_bind(&report);
            }
        }
        match definition {
            Some(definition) if report.is_clean() => Ok(definition),
            _ => Err(DefinitionError::of(file, report.into_faults())),
        }
    }

    /// The parameters that are secrets, by name.
    pub fn secret_params(&self) -> impl Iterator<Item = (&String, &Param)> {
        self.params.iter().filter(|(_, param)| param.secret)
    }

    pub(crate) fn locality(&self) -> Locality {
        if self.local {
            Locality::Local
        } else {
            Locality::Public
        }
    }

    fn check_patterns(&self, report: &Report) {
        for (name, param) in &self.params {
            param.check_pattern(&format!("params.{name}.pattern"), report);
        }
        for (at, field) in self
            .api_key
            .iter()
            .flat_map(|key| key.fields.iter().enumerate())
        {
            field.check_pattern(&format!("api_key.fields[{at}].pattern"), report);
        }
    }
}

impl Report {
    /// A report that knows which variables the document declares, so that fields can be read in any order.
    fn declaring(map: &Map<String, Value>) -> Self {
        let mut report = Self::default();
        if let Some(Value::Object(params)) = map.get("params") {
            let secret = |param: &Value| param.get("secret") == Some(&Value::Bool(true));
            let named = |secrets| {
                let some = params
                    .iter()
                    .filter(move |(_, param)| secret(param) == secrets);
                some.map(|(name, _)| name.clone()).collect()
            };
            (report.params, report.secret_params) = (named(false), named(true));
        }
        report.has_oauth = map.get("oauth").is_some_and(Value::is_object);
        if let Some(Value::Object(api_key)) = map.get("api_key") {
            if api_key.get("exchange").is_some_and(Value::is_object) {
                report.key_fields.insert("token".to_owned());
            }
            match api_key.get("fields") {
                Some(Value::Array(fields)) => {
                    let names = fields
                        .iter()
                        .filter_map(|field| field.get("name")?.as_str());
                    report.key_fields.extend(names.map(str::to_owned));
                }
                _ => {
                    report.key_fields.insert("token".to_owned());
                }
            }
        }
        report
    }
}

/// Reads every field, so that every fault is found, then assembles what is there.
fn read_fields(mut fields: Fields<'_>) -> Option<Definition> {
    match fields.take_number("schema_version") {
        Some(2) => {}
        Some(other) => {
            fields.fault(
                "schema_version",
                format!("is {other}; this version reads 2"),
            );
        }
        None if fields.take("schema_version").is_none() => {
            fields.fault("schema_version", "is missing")
        }
        None => {}
    }
    let name = match fields.take("name") {
        Some(_) => fields.take_parsed::<ProviderName>("name"),
        None => {
            fields.fault("name", "is missing");
            None
        }
    };
    let display_name = fields.take_required_text("display_name");
    let category = fields
        .take_text("category")
        .unwrap_or_else(|| "other".to_owned());
    let aliases: Vec<ProviderName> = fields.take_parsed_list("aliases");
    let extends = fields.take_parsed("extends");
    let community_checked = fields.take_flag("community_checked").unwrap_or(false);
    let local = fields.take_flag("local").unwrap_or(false);
    let locality = if local {
        Locality::Local
    } else {
        Locality::Public
    };
    let flows: Vec<Flow> = fields.take_parsed_list("flows");
    let params = param::read(&mut fields);
    let hosts = host_rule::read(&mut fields, &params);
    let headers = injection::read_headers(&mut fields, "headers", Variables::Params);
    let oauth = fields
        .take_object("oauth")
        .map(|section| OAuth::read(section, locality));
    let api_key = fields
        .take_object("api_key")
        .map(|section| ApiKey::read(section, locality));
    let env = read_env(&mut fields);
    let whoami = fields.take_object("whoami").and_then(Whoami::read);
    let docs = read_docs(&mut fields, locality);
    let notes = fields.take_text("notes");
    if fields.take("browser").is_some() {
        fields.fault("browser", "is not supported by this version");
    }
    flow::check(&fields, &flows, oauth.as_ref(), api_key.as_ref());
    for name in params
        .keys()
        .filter(|name| fields.report.key_fields.contains(*name))
    {
        fields.fault(
            "params",
            format!("`{name}` is also the name of a field of the API key"),
        );
    }
    if let Some(oauth) = &oauth {
        oauth.check_params(&fields, &params);
    }
    param::check_captured(&fields, &params, &hosts, whoami.as_ref());
    if let Some(name) = &name {
        check_aliases(&fields, name, &aliases);
    }
    // `$schema` is for editors.
    fields.finish_except(|key| key.starts_with("x-") || key == "$schema");
    Some(Definition {
        name: name?,
        display_name: display_name?,
        category,
        aliases,
        extends,
        community_checked,
        local,
        flows,
        params,
        hosts,
        headers,
        oauth,
        api_key,
        env,
        whoami,
        docs,
        notes,
    })
}

fn check_aliases(fields: &Fields<'_>, name: &ProviderName, aliases: &[ProviderName]) {
    for (at, alias) in aliases.iter().enumerate() {
        if alias == name || aliases[..at].contains(alias) {
            fields.fault(
                &format!("aliases[{at}]"),
                format!("`{alias}` is there already"),
            );
        }
    }
}

fn read_env(fields: &mut Fields<'_>) -> Vec<(EnvVarName, Template)> {
    let mut env = Vec::new();
    for (path, name, value) in fields.take_entries("env") {
        let name = parse_at::<EnvVarName>(fields.report, &path, name);
        if name.as_ref().is_some_and(EnvVarName::is_dangerous) {
            fields.report.fault(
                &path,
                "changes how programs run, so a definition may not set it",
            );
        }
        let source = as_text(fields.report, &path, value);
        let template =
            source.and_then(|source| fields.report.template(&path, source, Variables::Credential));
        env.extend(name.zip(template));
    }
    env
}

/// A link for a person to follow: https only, because it may be shown as a hyperlink.
fn read_docs(fields: &mut Fields<'_>, locality: Locality) -> Option<String> {
    let link = fields.take_text("docs")?;
    // Fragments are how consoles address their pages; nothing is ever sent there.
    let page = link.split_once('#').map_or(link.as_str(), |(page, _)| page);
    match endpoint::check(page, locality) {
        Ok(_) => Some(link),
        Err(why) => {
            fields.fault("docs", why);
            None
        }
    }
}

/// Compiles a pattern, or says why it is no pattern.
pub(crate) fn compile(pattern: &str) -> Result<regex_lite::Regex, String> {
    const LONGEST: usize = 200;
    if pattern.len() > LONGEST {
        return Err("is longer than 200 bytes".to_owned());
    }
    regex_lite::RegexBuilder::new(pattern)
        .size_limit(64 * 1024)
        .build()
        .map_err(|error| {
            format!(
                "is not a usable pattern ({})",
                text::clean(&error.to_string())
            )
        })
}

#[cfg(test)]
mod tests;
