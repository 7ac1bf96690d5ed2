//! Comparing what came with what should have come, name by name.

use std::collections::{BTreeMap, BTreeSet};

use authkeep_testkit::message::Received;
use serde_json::Value;

pub(super) type Pairs = BTreeMap<String, String>;

/// The parameters in the body, which is written as it should be.
pub(super) fn body(request: &Received, format: &str) -> Result<Pairs, String> {
    let kind = request.header("content-type").unwrap_or_default();
    match format {
        "none" if request.body.is_empty() => Ok(Pairs::new()),
        "form" if kind == "application/x-www-form-urlencoded" => once(&request.form),
        "json" if kind == "application/json" => {
            let json = request.json();
            let fields = json.as_object().ok_or("the body is no JSON object")?;
            let text = |value: &Value| value.as_str().map(str::to_owned);
            let fields = fields
                .iter()
                .map(|(name, value)| Some((name.clone(), text(value)?)));
            let fields: Option<Pairs> = fields.collect();
            fields.ok_or_else(|| format!("not all of {json} are texts"))
        }
        _ => Err(format!("the body has to be {format}, and it is `{kind}`")),
    }
}

/// Each parameter once (RFC 6749 section 3.2).
pub(super) fn once(pairs: &[(String, String)]) -> Result<Pairs, String> {
    let map: Pairs = pairs.iter().cloned().collect();
    match map.len() == pairs.len() {
        true => Ok(map),
        false => Err("a parameter is there twice".to_owned()),
    }
}

/// Nothing more, nothing less, and nothing else.
pub(super) fn same(what: &str, expected: &Pairs, got: &Pairs) -> Result<(), String> {
    let names = |pairs: &Pairs| pairs.keys().cloned().collect::<BTreeSet<_>>();
    let (wanted, there) = (names(expected), names(got));
    let missing: Vec<_> = wanted.difference(&there).collect();
    let more: Vec<_> = there.difference(&wanted).collect();
    let wrong = expected.iter().filter(|(name, value)| {
        let got = got.get(*name);
        got.is_some_and(|got| got != *value)
    });
    let wrong: Vec<_> = wrong
        .map(|(name, value)| format!("{name} is `{}`, not `{value}`", got[name]))
        .collect();
    match (missing.is_empty(), more.is_empty(), wrong.is_empty()) {
        (true, true, true) => Ok(()),
        _ => Err(format!(
            "{what}: missing {missing:?}, unexpected {more:?}, wrong {wrong:?}"
        )),
    }
}
