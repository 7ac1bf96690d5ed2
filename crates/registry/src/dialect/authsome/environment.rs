//! `export`: which variables carry the credential. One has its name from the provider's unless the file says otherwise; 0.7 adds more.

use serde_json::{Map, Value, json};

use super::section::Log;
use super::{Translation, Way, literal};
use crate::env_var::EnvVarName;

/// A provider's name as the beginning of variables: `google-admin` is `GOOGLE_ADMIN`.
pub(super) fn prefix(name: &str) -> String {
    let upper = name.to_uppercase();
    let words: Vec<&str> = upper
        .split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit()))
        .filter(|word| !word.is_empty())
        .collect();
    words.join("_")
}

/// Sets `env` for an OAuth login or an API key.
pub(super) fn translate(translation: &mut Translation, way: Option<Way>, log: &mut Log) {
    let mut export = translation.root.section("export", log);
    let mut roles = export.section("env", log);
    let mut env = Map::new();
    let (role, suffix) = match way {
        Some(Way::ApiKey) => ("api_key", "API_KEY"),
        _ => ("access_token", "ACCESS_TOKEN"),
    };
    let usual = format!("{}_{suffix}", translation.prefix);
    let name = roles.text(role, log).unwrap_or(usual);
    add(
        &mut env,
        &format!("export.env.{role}"),
        name,
        "{token}",
        log,
    );
    if roles.text("refresh_token", log).is_some() {
        log.warn(
            "export.env.refresh_token",
            "was left out: refresh tokens are handed to no program",
        );
    }
    for (field, _, _) in roles.entries() {
        log.warn(&field, "was left out: nothing of that name is handed out");
    }
    for (field, name, source) in export.entries() {
        let source = source.as_str().unwrap_or_default().to_ascii_uppercase();
        let value = match (source.as_str(), &translation.api_url) {
            ("ACCESS_TOKEN" | "API_TOKEN", _) => "{token}".to_owned(),
            ("BASE_URL", _) if translation.base_url.is_some() => {
                translation.has_base_url = true;
                "{base_url}".to_owned()
            }
            ("API_URL", Some(url)) => literal(url),
            _ => {
                log.warn(&field, "was left out: it names nothing that is handed out");
                continue;
            }
        };
        add(&mut env, &field, name, &value, log);
    }
    translation.set("env", Value::Object(env));
}

/// Adds a variable, unless no shell could have it.
pub(super) fn add(
    env: &mut Map<String, Value>,
    field: &str,
    name: String,
    value: &str,
    log: &mut Log,
) {
    match name.parse::<EnvVarName>() {
        Ok(_) => {
            env.insert(name, json!(value));
        }
        Err(error) => log.warn(field, format!("was left out: {error}")),
    }
}
