//! The hosts a credential may be sent to, each with an injection of its own if it needs one.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Injection, Param};
use crate::reader::{Fields, Variables};
use crate::template::Template;

/// One entry of `hosts`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HostRule {
    /// The host pattern, or a parameter that holds a host or base URL.
    pub pattern: Template,
    /// How the credential is put into requests there, when it differs from the usual way.
    pub injection: Option<Injection>,
    /// A parameter: the rule holds only while that one has its default. It keeps a credential of a
    /// self-hosted instance away from the hosts of the public service.
    pub if_default: Option<String>,
}

/// Reads the top-level `hosts`.
pub(super) fn read(fields: &mut Fields<'_>, params: &BTreeMap<String, Param>) -> Vec<HostRule> {
    let items = fields.take_list("hosts");
    let rule = |(path, item): (String, &Value)| {
        if let Value::String(pattern) = item {
            let pattern = fields.report.template(&path, pattern, Variables::Params)?;
            return Some(HostRule {
                pattern,
                injection: None,
                if_default: None,
            });
        }
        let mut object = fields.report.object(path, item)?;
        if object.take("host").is_none() {
            object.fault("host", "is missing");
        }
        let pattern = object.take_template("host", Variables::Params);
        let if_default = object.take_text("if_default");
        if let Some(name) = &if_default
            && params.get(name).is_none_or(|param| param.default.is_none())
        {
            object.fault(
                "if_default",
                "must be the name of a parameter with a default",
            );
        }
        let injection = Injection::read(&mut object, Variables::Credential);
        object.finish();
        Some(HostRule {
            pattern: pattern?,
            injection,
            if_default,
        })
    };
    items.into_iter().filter_map(rule).collect()
}
