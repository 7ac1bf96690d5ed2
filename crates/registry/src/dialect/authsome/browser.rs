//! `browser`: a session kept in cookies. The person enters their values, for no browser's cookies are read here.

use serde_json::{Map, Value, json};

use super::section::{Log, Section};
use super::{Translation, environment, literal};

/// Sets `flows`, `api_key` and `env`: a key whose fields are the cookies.
pub(super) fn translate(translation: &mut Translation, log: &mut Log) {
    let mut browser = translation.root.section("browser", log);
    let page = browser.text("entry_url", log);
    let mut cookies: Vec<String> = Vec::new();
    for (_, cookie) in browser.texts("auth_cookies", log) {
        cookies.push(cookie);
    }
    let mut headers = Map::new();
    if let Some(Value::Object(extra)) = browser.take("extra_headers") {
        for (name, value) in extra {
            let value = value
                .as_str()
                .map_or(value.clone(), |text| json!(literal(text)));
            headers.insert(name, value);
        }
    }
    let mut lifted = Vec::new();
    for rule in rules(&mut browser, log) {
        let (Some(cookie), Some(header)) = (rule.cookie, rule.header) else {
            log.fault(
                "browser.extract",
                "needs a cookie and a header in each item",
            );
            continue;
        };
        if !cookies.contains(&cookie) {
            cookies.push(cookie.clone());
        }
        lifted.push((header, rule.prefix, cookie));
    }
    if cookies.is_empty() {
        log.fault("browser.auth_cookies", "is missing");
    }
    let fields: Vec<(String, String)> = named(&cookies);
    let variable = |cookie: &str| {
        let field = fields.iter().find(|(known, _)| known == cookie);
        field.map_or_else(String::new, |(_, name)| format!("{{{name}}}"))
    };
    for (header, prefix, cookie) in lifted {
        let value = format!("{}{}", literal(&prefix), variable(&cookie));
        headers.insert(header, json!(value));
    }
    let pairs: Vec<String> = cookies
        .iter()
        .map(|cookie| format!("{}={}", literal(cookie), variable(cookie)))
        .collect();
    headers.insert("Cookie".to_owned(), json!(pairs.join("; ")));

    let mut export = translation.root.section("export", log);
    let mut names = export.section("env", log);
    let mut env = Map::new();
    for cookie in &cookies {
        let usual = format!("{}_{}", translation.prefix, cookie.to_uppercase());
        let name = names.text(cookie, log).unwrap_or(usual);
        let field = format!("export.env.{cookie}");
        environment::add(&mut env, &field, name, &variable(cookie), log);
    }
    for (field, _, _) in names.entries() {
        log.warn(
            &field,
            "was left out: it is not among the cookies of the login",
        );
    }
    let hint = page.as_deref().map(|page| {
        format!("log in at {page} and copy the cookie out of the browser's developer tools")
    });
    let fields: Vec<Value> = fields
        .iter()
        .map(|(cookie, name)| json!({ "name": name, "label": format!("Cookie {cookie}"), "hint": hint }))
        .collect();
    log.warn(
        "browser",
        "the cookies are entered by hand, and entered again when the service no longer takes them",
    );
    translation.set("flows", json!(["api_key"]));
    translation.set("api_key", json!({ "fields": fields, "headers": headers }));
    translation.set("env", Value::Object(env));
    translation.root.put_back(browser);
}

/// One item of `extract`: a cookie that goes into a header as well.
struct Rule {
    cookie: Option<String>,
    header: Option<String>,
    prefix: String,
}

fn rules(browser: &mut Section, log: &mut Log) -> Vec<Rule> {
    let Some(Value::Array(items)) = browser.take("extract") else {
        return Vec::new();
    };
    let read = |item| {
        let Value::Object(map) = item else {
            return None;
        };
        let mut item = Section::new("browser.extract", map);
        Some(Rule {
            cookie: item.text("cookie", log),
            header: item.text("header", log),
            prefix: item.text("prefix", log).unwrap_or_default(),
        })
    };
    items.into_iter().filter_map(read).collect()
}

/// A name of a field for each cookie. The first is the secret that everything else calls `token`.
fn named(cookies: &[String]) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for (at, cookie) in cookies.iter().enumerate() {
        let plain: String = cookie
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        let name = if at == 0 {
            "token".to_owned()
        } else {
            format!("cookie_{plain}")
        };
        fields.push((cookie.clone(), name));
    }
    fields
}
