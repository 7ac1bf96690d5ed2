//! Writes a page for each bundled provider into a folder, and an index of them: `cargo xtask docs` has it run.
//!
//! What a page says comes from the definition; the steps are those that `authkeep inspect` shows.
#![expect(
    clippy::print_stderr,
    reason = "a chore talks to the developer who runs it"
)]

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use authkeep_core::setup_steps;
use authkeep_registry::{Definition, Flow, Injection, Param, Registry};

const MADE: &str = "Made from the definitions; `cargo xtask docs` writes it anew.";

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("which folder?");
        return ExitCode::from(2);
    };
    match write_all(&folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn write_all(folder: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let mut by_category: BTreeMap<String, Vec<Definition>> = BTreeMap::new();
    for found in Registry::new(None).all()? {
        let definition = found?.definition;
        let file = folder.join(format!("{}.md", definition.name));
        fs::write(file, page(&definition)?)?;
        let category = by_category.entry(definition.category.clone());
        category.or_default().push(definition);
    }
    fs::write(folder.join("README.md"), index(&by_category)?)?;
    Ok(())
}

fn index(by_category: &BTreeMap<String, Vec<Definition>>) -> Result<String, Box<dyn Error>> {
    let count: usize = by_category.values().map(Vec::len).sum();
    let mut out = format!(
        "# Providers\n\n{count} services that authkeep knows without being told. Others are added with \
         [a definition](../reference/definitions.md) or logged in to by their address. {MADE}\n"
    );
    for (category, definitions) in by_category {
        write!(
            out,
            "\n## {category}\n\n| provider | service | flows |\n|---|---|---|\n"
        )?;
        for definition in definitions {
            let (name, flows) = (&definition.name, &definition.flows);
            let flows: Vec<_> = flows.iter().map(|flow| in_words(*flow)).collect();
            let service = in_cell(&definition.display_name);
            writeln!(
                out,
                "| [`{name}`]({name}.md) | {service} | {} |",
                flows.join(", ")
            )?;
        }
    }
    Ok(out)
}

fn page(definition: &Definition) -> Result<String, Box<dyn Error>> {
    let name = &definition.name;
    let mut out = format!(
        "# {}\n\n```sh\nauthkeep login {name}\n```\n",
        in_text(&definition.display_name)
    );
    let aliases: Vec<_> = definition
        .aliases
        .iter()
        .map(|alias| format!("`{alias}`"))
        .collect();
    let mut about = format!("Category: {}.", definition.category);
    if !aliases.is_empty() {
        write!(about, " Also called {}.", aliases.join(", "))?;
    }
    if let Some(parent) = &definition.extends {
        write!(about, " Built on [`{parent}`]({parent}.md).")?;
    }
    write!(out, "\n{about} [All providers](README.md)\n")?;
    if definition.community_checked {
        out.push_str(
            "\nCommunity-checked: what is said here has one source only. Look twice at where the credential goes, and \
             tell us if it works.\n",
        );
    }
    if let Some(notes) = &definition.notes {
        write!(out, "\n{}\n", in_text(notes))?;
    }
    out.push_str("\n## Setting it up\n");
    let steps = setup_steps(definition);
    for flow in &definition.flows {
        write!(out, "\n### {}\n\n", in_words(*flow))?;
        for (at, step) in steps.iter().filter(|step| step.flow == *flow).enumerate() {
            let link = step.link.as_ref();
            let link = link.map_or_else(String::new, |link| format!(" <{link}>"));
            writeln!(out, "{}. {}{link}", at + 1, in_text(&step.text))?;
        }
    }
    asked(&mut out, definition)?;
    sent(&mut out, definition)?;
    if !definition.env.is_empty() {
        out.push_str("\n## Variables that programs get\n\n| variable | value |\n|---|---|\n");
        for (variable, value) in &definition.env {
            writeln!(out, "| `{variable}` | {} |", code(value.as_str()))?;
        }
    }
    write!(out, "\n{MADE}\n")?;
    Ok(out)
}

/// What the login asks for, besides an app's client.
fn asked(out: &mut String, definition: &Definition) -> Result<(), Box<dyn Error>> {
    let fields = definition.api_key.iter().flat_map(|key| &key.fields);
    let offers_key = definition.flows.contains(&Flow::ApiKey);
    let mut rows = String::new();
    for field in fields.filter(|_| offers_key) {
        let secret = if field.secret { "secret" } else { "not secret" };
        let optional = if field.optional { ", optional" } else { "" };
        let label = in_cell(&field.label);
        writeln!(rows, "| `{}` | {label} | {secret}{optional} |", field.name)?;
    }
    for (name, param) in &definition.params {
        let label = in_cell(&param.label);
        writeln!(
            rows,
            "| `--param {name}=` | {label} | {} |",
            of_param(param)
        )?;
    }
    if !rows.is_empty() {
        write!(
            out,
            "\n## What it asks for\n\n| name | what | |\n|---|---|---|\n{rows}"
        )?;
    }
    Ok(())
}

fn of_param(param: &Param) -> String {
    let mut about = Vec::new();
    about.extend(param.secret.then(|| "secret".to_owned()));
    match &param.default {
        Some(default) => about.push(format!("{} by default", code(default))),
        None if param.from.is_some() => about.push("found out at the login".to_owned()),
        None if param.optional => about.push("optional".to_owned()),
        None => {}
    }
    if let Some(example) = &param.example {
        about.push(format!("such as {}", code(example)));
    }
    let about = about.join("; ");
    match &param.hint {
        Some(hint) if about.is_empty() => in_cell(hint),
        Some(hint) => format!("{about}. {}", in_cell(hint)),
        None => about,
    }
}

/// Where the credential may go, and how it is put into a request there.
fn sent(out: &mut String, definition: &Definition) -> Result<(), Box<dyn Error>> {
    let key = definition.api_key.as_ref();
    let key = key.filter(|_| definition.flows.contains(&Flow::ApiKey));
    let oauth = definition.oauth.as_ref();
    let by_oauth = definition.flows.iter().any(|flow| *flow != Flow::ApiKey);
    let oauth = oauth.filter(|_| by_oauth);
    let mut usual = Vec::new();
    usual.extend(key.map(|key| format!("API key: {}", how(&key.injection))));
    usual.extend(oauth.map(|oauth| format!("access token: {}", how(&oauth.injection))));
    out.push_str("\n## Where the credential goes\n\n| host | how |\n|---|---|\n");
    for rule in &definition.hosts {
        let special = rule.injection.as_ref().map(how);
        let how = special.unwrap_or_else(|| usual.join("; "));
        writeln!(out, "| {} | {how} |", code(rule.pattern.as_str()))?;
    }
    let mut endpoints: Vec<(&str, &str)> = Vec::new();
    if let Some(oauth) = oauth {
        for (label, url) in [
            ("issuer", &oauth.issuer),
            ("authorization", &oauth.authorization_url),
            ("token", &oauth.token_url),
            ("device", &oauth.device_authorization_url),
            ("registration", &oauth.registration_url),
        ] {
            endpoints.extend(url.as_ref().map(|url| (label, url.as_str())));
        }
        let revocation = oauth.revocation.as_ref();
        endpoints.extend(revocation.map(|request| ("revocation", request.url.as_str())));
    }
    let exchange = key.and_then(|key| key.exchange.as_ref());
    endpoints.extend(exchange.map(|exchange| ("exchange", exchange.url.as_str())));
    if !endpoints.is_empty() {
        out.push_str("\n| endpoint | |\n|---|---|\n");
        for (label, url) in endpoints {
            writeln!(out, "| {label} | {} |", code(url))?;
        }
    }
    Ok(())
}

fn how(injection: &Injection) -> String {
    let mut parts = Vec::new();
    for (name, value) in &injection.headers {
        parts.push(code(&format!("{name}: {value}")));
    }
    for (name, value) in &injection.query {
        parts.push(code(&format!("?{name}={value}")));
    }
    if let Some((user, password)) = &injection.basic {
        let pair = [user, password].map(|part| match part.as_str() {
            "" => "nothing".to_owned(),
            part => code(part),
        });
        parts.push(format!("HTTP Basic, {} and {}", pair[0], pair[1]));
    }
    if let Some(path) = &injection.path {
        parts.push(format!("{} before the path", code(path.as_str())));
    }
    if let Some(sign) = injection.sign {
        parts.push(format!(
            "it signs the request ({sign})",
            sign = code(sign.as_str())
        ));
    }
    parts.join(", ")
}

fn in_words(flow: Flow) -> &'static str {
    match flow {
        Flow::AuthorizationCode => "browser",
        Flow::DeviceCode => "device code",
        Flow::ClientCredentials => "client credentials",
        Flow::ApiKey => "API key",
        Flow::Browser => "browser session",
    }
}

/// Text in which Markdown finds no markup.
fn in_text(text: &str) -> String {
    text.replace('<', "\\<").replace('*', "\\*")
}

fn in_cell(text: &str) -> String {
    in_text(text).replace('|', "\\|")
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}
