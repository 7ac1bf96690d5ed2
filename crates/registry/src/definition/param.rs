//! Parameters: what differs from one user of a service to the next.
//!
//! Their values end up in URLs, host patterns and messages, none of which are sealed. A secret one goes into none of
//! these: it is kept like the fields of an API key, and goes where they go.

use std::collections::BTreeMap;

use super::{HostRule, Whoami};
use crate::reader::{Fields, Report, Variables, parse_at};
use crate::template::{self, Template};

/// A parameter of a definition, such as a tenant.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Param {
    /// What to call it when asking for it.
    pub label: String,
    /// Its value when the user says nothing.
    pub default: Option<String>,
    /// Whether it may be left out; whatever mentions it is then left out too.
    pub optional: bool,
    /// An example value, for messages.
    pub example: Option<String>,
    /// A regular expression for the whole value.
    pub pattern: Option<String>,
    /// Help for the person who is asked.
    pub hint: Option<String>,
    /// Where the service itself reveals the value during login.
    pub from: Option<ParamSource>,
    /// Whether it is masked, sealed, and kept out of URLs and hosts.
    pub secret: bool,
    /// Another parameter: [`Param::default`] holds only while that one has its own default.
    pub if_default: Option<String>,
}

/// Where the value of a parameter can be found during login.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParamSource {
    /// `callback:NAME`: a parameter of the redirect.
    Callback(String),
    /// `token:/POINTER`: a JSON pointer (RFC 6901) into the token response.
    Token(String),
    /// `whoami:/POINTER`: a JSON pointer into the answer of the whoami request.
    Whoami(String),
    /// `GET URL /POINTER`: a JSON pointer into the answer of one more request.
    Get {
        /// The URL to ask, with the fresh credential.
        url: Template,
        /// The pointer into its answer.
        pointer: String,
    },
}

impl Param {
    /// True when binding works without a value from the user.
    #[must_use]
    pub fn may_be_absent(&self) -> bool {
        self.default.is_none() && (self.optional || self.from.is_some())
    }

    /// Whether a value matches the pattern as a whole; true without a pattern.
    #[must_use]
    pub fn accepts(&self, value: &str) -> bool {
        self.pattern.as_ref().is_none_or(|pattern| {
            super::compile(&format!("^(?:{pattern})$")).is_ok_and(|regex| regex.is_match(value))
        })
    }

    pub(super) fn check_pattern(&self, path: &str, report: &Report) {
        if let Some(Err(why)) = self.pattern.as_deref().map(super::compile) {
            report.fault(path, why);
        }
    }
}

/// Reads the top-level `params`.
pub(super) fn read(fields: &mut Fields<'_>) -> BTreeMap<String, Param> {
    let mut params = BTreeMap::new();
    for (path, name, value) in fields.take_entries("params") {
        if matches!(
            name,
            "token" | "refresh_token" | "client_id" | "client_secret"
        ) {
            fields
                .report
                .fault(&path, "is the name of a credential, not of a parameter");
        } else if !template::is_variable(name) {
            fields
                .report
                .fault(&path, "is not a name that a template can mention");
        }
        if let Some(object) = fields.report.object(path, value) {
            params.insert(name.to_owned(), read_one(name, object));
        }
    }
    for (name, param) in &params {
        let Some(other) = &param.if_default else {
            continue;
        };
        if other == name
            || params
                .get(other)
                .is_none_or(|other| other.default.is_none())
        {
            fields.fault(
                &format!("params.{name}.if_default"),
                "must be the name of another parameter with a default",
            );
        }
    }
    params
}

fn read_one(name: &str, mut fields: Fields<'_>) -> Param {
    let param = Param {
        label: fields.take_text("label").unwrap_or_else(|| name.to_owned()),
        default: fields.take_text("default"),
        optional: fields.take_flag("optional").unwrap_or(false),
        example: fields.take_text("example"),
        pattern: fields.take_text("pattern"),
        hint: fields.take_text("hint"),
        from: read_source(&mut fields),
        secret: fields.take_flag("secret").unwrap_or(false),
        if_default: fields.take_text("if_default"),
    };
    if param.secret && (param.default.is_some() || param.from.is_some()) {
        fields.fault("secret", "may have neither `default` nor `from`");
    }
    fields.finish();
    param
}

fn read_source(fields: &mut Fields<'_>) -> Option<ParamSource> {
    let text = fields.take_text("from")?;
    let is_pointer = |pointer: &str| pointer.starts_with('/');
    if let Some(name) = text
        .strip_prefix("callback:")
        .filter(|name| !name.is_empty())
    {
        return Some(ParamSource::Callback(name.to_owned()));
    }
    if let Some(pointer) = text.strip_prefix("token:").filter(|p| is_pointer(p)) {
        return Some(ParamSource::Token(pointer.to_owned()));
    }
    if let Some(pointer) = text.strip_prefix("whoami:").filter(|p| is_pointer(p)) {
        return Some(ParamSource::Whoami(pointer.to_owned()));
    }
    if let Some((url, pointer)) = text
        .strip_prefix("GET ")
        .and_then(|rest| rest.split_once(' '))
        && is_pointer(pointer)
    {
        let url = fields
            .report
            .template(&fields.path_of("from"), url, Variables::Params)?;
        return Some(ParamSource::Get {
            url,
            pointer: pointer.to_owned(),
        });
    }
    fields.fault(
        "from",
        "must be `callback:NAME`, `token:/POINTER`, `whoami:/POINTER` or `GET URL /POINTER`",
    );
    None
}

/// What a service names may become a host only if the definition says what such hosts look like: otherwise an answer could
/// send the credential anywhere.
pub(super) fn check_captured(
    root: &Fields<'_>,
    params: &BTreeMap<String, Param>,
    hosts: &[HostRule],
    whoami: Option<&Whoami>,
) {
    let asked = params.values().filter_map(|param| match &param.from {
        Some(ParamSource::Get { url, .. }) => Some(url),
        _ => None,
    });
    let places: Vec<&Template> = (hosts.iter().map(|rule| &rule.pattern))
        .chain(whoami.map(|whoami| &whoami.url))
        .chain(asked)
        .collect();
    for (name, param) in params {
        let field = format!("params.{name}");
        let in_a_place = places
            .iter()
            .any(|place| place.variables().any(|v| v == name));
        if param.from.is_some() && param.pattern.is_none() && in_a_place {
            let why = "is missing: the service's answer becomes a part of a host or URL";
            root.fault(&format!("{field}.pattern"), why);
        }
        if matches!(param.from, Some(ParamSource::Whoami(_)))
            && whoami.is_none_or(|whoami| whoami.url.variables().any(|v| v == name))
        {
            root.fault(
                &format!("{field}.from"),
                "needs a `whoami` that does without it",
            );
        }
        if let Some(ParamSource::Get { url, .. }) = &param.from
            && url.variables().any(|v| v == name)
        {
            root.fault(
                &format!("{field}.from"),
                "may not mention the parameter itself",
            );
        }
    }
}

/// A JSON pointer field (RFC 6901), such as `/authed_user`.
pub(super) fn take_pointer(fields: &mut Fields<'_>, key: &'static str) -> Option<String> {
    let pointer: Pointer = fields.take_parsed(key)?;
    Some(pointer.0)
}

/// A list of JSON pointers.
pub(super) fn take_pointers(fields: &mut Fields<'_>, key: &'static str) -> Vec<String> {
    let items = fields.take_list(key);
    let parse = |(path, item): &(String, &serde_json::Value)| {
        let text = crate::reader::as_text(fields.report, path, item)?;
        parse_at::<Pointer>(fields.report, path, text)
    };
    items
        .iter()
        .filter_map(parse)
        .map(|pointer| pointer.0)
        .collect()
}

struct Pointer(String);

impl std::str::FromStr for Pointer {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with('/') {
            Ok(Self(text.to_owned()))
        } else {
            Err("must be a JSON pointer such as `/data/token`")
        }
    }
}
