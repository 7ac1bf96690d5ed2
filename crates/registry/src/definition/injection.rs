//! How a credential is put into a request: headers, query parameters, Basic, a path prefix.
//!
//! One shape, used by the API key, by OAuth and by single hosts. A part whose template mentions a
//! value that is absent is left out when the request is made.

use super::word::words;
use crate::reader::{Fields, Variables, as_text, kind};
use crate::template::Template;
use crate::text;
use serde_json::Value;

words! {
    /// How a request is signed with a key that is not itself in it.
    pub enum Signing {
        /// AWS Signature Version 4, with the fields `access_key_id`, `token` (the secret access key) and, where there is
        /// one, `session_token`.
        AwsSigV4 = "aws_sigv4",
    }
}

/// How a credential is put into a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Injection {
    /// Headers to set, replacing the caller's.
    pub headers: Vec<(String, Template)>,
    /// Query parameters to set.
    pub query: Vec<(String, Template)>,
    /// User name and password of HTTP Basic (RFC 7617).
    pub basic: Option<(Template, Template)>,
    /// Text to put before the request's path.
    pub path: Option<Template>,
    /// How the request is signed; nothing else is put into one that is.
    pub sign: Option<Signing>,
}

impl Injection {
    /// `Authorization: Bearer {token}` (RFC 6750 section 2.1).
    #[must_use]
    pub fn bearer() -> Self {
        // "Bearer {token}" is a literal that parses; the fallback keeps this free of a panic.
        let value = Template::parse("Bearer {token}").unwrap_or_else(|_| Template::literal(""));
        Self {
            headers: vec![("Authorization".to_owned(), value)],
            ..Self::default()
        }
    }

    /// The credential signs, and is not itself sent.
    pub(super) fn signature(sign: Signing) -> Self {
        Self {
            sign: Some(sign),
            ..Self::default()
        }
    }

    /// Reads the injection fields of an object; `None` when it has none of them.
    pub(super) fn read(fields: &mut Fields<'_>, allowed: Variables) -> Option<Self> {
        let any = ["headers", "query", "basic", "path"].map(|key| fields.take(key).is_some());
        let injection = Self {
            headers: read_headers(fields, "headers", allowed),
            query: read_query(fields, allowed),
            basic: read_basic(fields, allowed),
            path: read_path(fields, allowed),
            sign: None,
        };
        any.contains(&true).then_some(injection)
    }

    /// The templates of all parts.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        let pairs = self
            .headers
            .iter()
            .chain(&self.query)
            .map(|(_, template)| template);
        let basic = self
            .basic
            .iter()
            .flat_map(|(user, password)| [user, password]);
        pairs.chain(basic).chain(&self.path)
    }

    /// Applies `change` to every template.
    pub(crate) fn map(&self, change: impl Fn(&Template) -> Template) -> Self {
        let pairs = |list: &[(String, Template)]| {
            list.iter()
                .map(|(name, template)| (name.clone(), change(template)))
                .collect()
        };
        Self {
            headers: pairs(&self.headers),
            query: pairs(&self.query),
            basic: self
                .basic
                .as_ref()
                .map(|(user, password)| (change(user), change(password))),
            path: self.path.as_ref().map(&change),
            sign: self.sign,
        }
    }
}

/// Reads an object of header templates.
pub(super) fn read_headers(
    fields: &mut Fields<'_>,
    key: &'static str,
    allowed: Variables,
) -> Vec<(String, Template)> {
    let mut headers: Vec<(String, Template)> = Vec::new();
    for (path, name, value) in fields.take_entries(key) {
        if let Some(why) = header_name_objection(name) {
            fields.report.fault(&path, why);
            continue;
        }
        if headers
            .iter()
            .any(|(seen, _)| seen.eq_ignore_ascii_case(name))
        {
            fields
                .report
                .fault(&path, "is there already in another spelling");
            continue;
        }
        let source = as_text(fields.report, &path, value);
        let Some(template) = source.and_then(|s| fields.report.template(&path, s, allowed)) else {
            continue;
        };
        if template
            .literals()
            .any(|literal| literal.bytes().any(|b| !(b' '..=b'~').contains(&b)))
        {
            fields.report.fault(&path, "must be printable ASCII");
            continue;
        }
        headers.push((name.to_owned(), template));
    }
    headers
}

/// Headers that frame or route the message are not a definition's business.
fn header_name_objection(name: &str) -> Option<String> {
    const FRAMING: [&str; 10] = [
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "http2-settings",
    ];
    let lower = name.to_ascii_lowercase();
    if !is_token(name) {
        Some("is not the name of a header".to_owned())
    } else if FRAMING.contains(&lower.as_str()) || lower.starts_with("proxy-") {
        Some(format!(
            "{} may not be set by a definition",
            text::quote(name)
        ))
    } else {
        None
    }
}

/// RFC 9110 section 5.6.2.
fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 128
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

fn read_query(fields: &mut Fields<'_>, allowed: Variables) -> Vec<(String, Template)> {
    read_pairs(fields, "query", allowed)
}

/// Reads an object of templates whose keys are names of form or query parameters.
pub(super) fn read_pairs(
    fields: &mut Fields<'_>,
    key: &'static str,
    allowed: Variables,
) -> Vec<(String, Template)> {
    let mut pairs = Vec::new();
    for (path, name, value) in fields.take_entries(key) {
        if name.is_empty() || text::objection(name).is_some() || !name.is_ascii() {
            fields.report.fault(&path, "is not the name of a parameter");
        }
        let source = as_text(fields.report, &path, value);
        let template = source.and_then(|s| fields.report.template(&path, s, allowed));
        pairs.extend(template.map(|template| (name.to_owned(), template)));
    }
    pairs
}

fn read_basic(fields: &mut Fields<'_>, allowed: Variables) -> Option<(Template, Template)> {
    let value = fields.take("basic")?;
    let path = fields.path_of("basic");
    let Value::Array(items) = value else {
        fields.report.fault(
            path,
            format!(
                "must be a list of user name and password (found {})",
                kind(value)
            ),
        );
        return None;
    };
    let [user, password] = items.as_slice() else {
        fields
            .report
            .fault(path, "must be a list of user name and password");
        return None;
    };
    let user =
        as_text(fields.report, &path, user).and_then(|s| fields.report.template(&path, s, allowed));
    let password = as_text(fields.report, &path, password)
        .and_then(|s| fields.report.template(&path, s, allowed));
    let (user, password) = user.zip(password)?;
    // RFC 7617 section 2: the first colon ends the user name.
    if user.literals().any(|literal| literal.contains(':')) {
        fields.report.fault(path, "has a colon in the user name");
        return None;
    }
    Some((user, password))
}

fn read_path(fields: &mut Fields<'_>, allowed: Variables) -> Option<Template> {
    let template = fields.take_template("path", allowed)?;
    let plain = template.literals().all(|literal| {
        literal
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"?#\\%".contains(&b))
            && !literal.contains("..")
    });
    if !template.as_str().starts_with('/') || template.as_str().starts_with("//") || !plain {
        fields.fault("path", "must be a plain path that starts with `/`");
        return None;
    }
    Some(template)
}
