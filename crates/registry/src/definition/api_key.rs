//! API keys: the fields to ask for and how the key is used.

use super::read_docs;
use super::{Exchange, Injection, Signing};
use crate::address::Locality;
use crate::reader::{Fields, Report, Variables};
use crate::template;

/// How an API key is asked for and used.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApiKey {
    /// The values that make up the key, in the order of asking; never empty.
    pub fields: Vec<Field>,
    /// How it becomes a token, where it is not used itself.
    pub exchange: Option<Exchange>,
    /// How it, or the token that it became, is put into a request.
    pub injection: Injection,
    /// The page where a key is made.
    pub docs: Option<String>,
}

/// One value of an API key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Field {
    /// Its name in templates.
    pub name: String,
    /// What to call it when asking for it.
    pub label: String,
    /// Whether it is masked and redacted.
    pub secret: bool,
    /// Whether it may be left out.
    pub optional: bool,
    /// A regular expression for how a value starts; see [`Field::looks_wrong`].
    pub pattern: Option<String>,
    /// Help for the person who is asked.
    pub hint: Option<String>,
}

impl Field {
    /// True when a value does not look like what the service hands out. It is a reason to ask again, not
    /// to refuse: services change their prefixes.
    #[must_use]
    pub fn looks_wrong(&self, value: &str) -> bool {
        let regex = self
            .pattern
            .as_deref()
            .and_then(|pattern| super::compile(pattern).ok());
        regex.is_some_and(|regex| !regex.is_match(value))
    }

    pub(super) fn check_pattern(&self, path: &str, report: &Report) {
        if let Some(Err(why)) = self.pattern.as_deref().map(super::compile) {
            report.fault(path, why);
        }
    }

    fn token() -> Self {
        Self {
            name: "token".to_owned(),
            label: "API key".to_owned(),
            secret: true,
            optional: false,
            pattern: None,
            hint: None,
        }
    }

    fn read(mut fields: Fields<'_>) -> Option<Self> {
        let name = fields.take_required_text("name");
        if let Some(name) = &name
            && (!template::is_variable(name)
                || name == "refresh_token"
                || name.starts_with("client_"))
        {
            fields.fault("name", "is not a name for a field of an API key");
        }
        let label = fields.take_text("label");
        let secret = fields.take_flag("secret").unwrap_or(true);
        let optional = fields.take_flag("optional").unwrap_or(false);
        let pattern = fields.take_text("pattern");
        let hint = fields.take_text("hint");
        fields.finish();
        let name = name?;
        let label = label.unwrap_or_else(|| {
            if name == "token" {
                "API key".to_owned()
            } else {
                name.clone()
            }
        });
        Some(Self {
            name,
            label,
            secret,
            optional,
            pattern,
            hint,
        })
    }
}

impl ApiKey {
    pub(super) fn read(mut section: Fields<'_>, locality: Locality) -> Self {
        let docs = read_docs(&mut section, locality);
        let sign = section.take_parsed::<Signing>("sign");
        let exchange = section.take_object("exchange").and_then(Exchange::read);
        let declared = section.take("fields").is_some();
        let items = section.take_list("fields");
        let mut fields: Vec<Field> = Vec::new();
        for (path, item) in items {
            let Some(object) = section.report.object(path.clone(), item) else {
                continue;
            };
            let Some(field) = Field::read(object) else {
                continue;
            };
            if fields.iter().any(|seen| seen.name == field.name) {
                section
                    .report
                    .fault(path, format!("`{}` is there already", field.name));
                continue;
            }
            fields.push(field);
        }
        if exchange.is_some() && (!declared || fields.iter().any(|field| field.name == "token")) {
            section.fault(
                "fields",
                "must have names other than `token`: that is what the exchange gives",
            );
        }
        if !declared {
            fields.push(Field::token());
        } else if fields.is_empty() {
            section.fault("fields", "must have at least one field");
        }
        if !fields.is_empty() && fields.iter().all(|field| field.optional) {
            section.fault("fields", "must have a field that is not optional");
        }
        let injection = Injection::read(&mut section, Variables::KeyFields);
        if sign.is_some() {
            check_signing(&section, &fields);
            if injection.is_some() || exchange.is_some() {
                section.fault(
                    "sign",
                    "leaves nothing to put into requests, and nothing to exchange",
                );
            }
        }
        let injection = sign.map(Injection::signature).or(injection);
        let injection = injection.unwrap_or_else(|| {
            if !section.report.key_fields.contains("token") {
                section.fault(
                    "headers",
                    "is missing: say how the key is put into a request",
                );
            }
            Injection::bearer()
        });
        section.finish();
        Self {
            fields,
            exchange,
            injection,
            docs,
        }
    }
}

/// A key that signs has the fields that signatures are made of.
fn check_signing(section: &Fields<'_>, fields: &[Field]) {
    let has = |name: &str| fields.iter().any(|field| field.name == name);
    if !(has("access_key_id") && has("token")) {
        section.fault("sign", "needs the fields `access_key_id` and `token`");
    }
}
