//! `authkeep inspect`: what a provider will ask for, and where it will send the credential.

use std::collections::BTreeMap;
use std::io::{self, Write};

use authkeep_core::{redirect_address, usable_flows};
use authkeep_registry::{Definition, Flow, OAuthEndpoints, Param, Provider, ProviderName, Source};
use clap::Args;
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::CommandError;
use crate::output::{Done, View};

/// Show what a provider asks for and where it sends the credential.
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The provider.
    provider: ProviderName,
}

pub(crate) fn run(context: &Context, args: &InspectArgs) -> Result<Done, CommandError> {
    let home = context.home()?;
    let registry = context.registry(home.as_ref());
    let Some(found) = registry.find(&args.provider)? else {
        return Err(CommandError::unknown_provider(
            &args.provider,
            &registry.closest(args.provider.as_str()),
        ));
    };
    Ok(Done::view(Inspection::new(found.definition, found.source)))
}

/// A definition as a user reads it; shared by `inspect` and `register`.
pub(super) struct Inspection {
    definition: Definition,
    source: &'static str,
    /// With its parameters' defaults; absent where a parameter has none.
    provider: Option<Provider>,
}

impl Inspection {
    pub(super) fn new(definition: Definition, source: Source) -> Self {
        let provider = definition.bind(&BTreeMap::new()).ok();
        Self {
            definition,
            source: source.as_str(),
            provider,
        }
    }

    fn flows(&self) -> Vec<(&'static str, bool)> {
        let usable = self.provider.as_ref().map(usable_flows).unwrap_or_default();
        self.definition
            .flows
            .iter()
            .map(|flow| (flow.as_str(), usable.contains(flow)))
            .collect()
    }

    fn hosts(&self) -> Vec<String> {
        self.provider
            .iter()
            .flat_map(|provider| provider.hosts.iter().map(|host| host.pattern.to_string()))
            .collect()
    }

    fn oauth(&self) -> Option<&OAuthEndpoints> {
        self.provider.as_ref()?.oauth.as_ref()
    }

    fn issuer(&self) -> Option<&str> {
        self.oauth()?.issuer.as_deref()
    }

    /// What tokens are for, where they are for one resource alone.
    fn resource(&self) -> Option<&str> {
        self.oauth()?.resource.as_deref()
    }

    fn endpoints(&self) -> Vec<(&'static str, String)> {
        let Some(provider) = &self.provider else {
            return Vec::new();
        };
        let key = provider.api_key.as_ref();
        let exchange = key.and_then(|key| key.exchange.as_ref()?.bound_url());
        let exchange = exchange.map(|url| ("exchange", url.to_string()));
        let Some(oauth) = &provider.oauth else {
            return exchange.into_iter().collect();
        };
        [
            (
                "authorization",
                oauth.authorization_url.as_ref().map(ToString::to_string),
            ),
            (
                "device",
                oauth
                    .device_authorization_url
                    .as_ref()
                    .map(ToString::to_string),
            ),
            ("token", oauth.token_url.as_ref().map(ToString::to_string)),
            (
                "revocation",
                oauth
                    .revocation
                    .as_ref()
                    .map(|revocation| revocation.url.as_str().to_owned()),
            ),
        ]
        .into_iter()
        .filter_map(|(name, url)| Some((name, url?)))
        .chain(exchange)
        .collect()
    }

    /// The redirect address to register, where a browser login can run here.
    fn redirect(&self) -> Option<String> {
        let provider = self.provider.as_ref()?;
        let usable = usable_flows(provider).contains(&Flow::AuthorizationCode);
        provider
            .oauth
            .as_ref()
            .filter(|_| usable)
            .map(redirect_address)
    }

    fn docs(&self) -> Option<&str> {
        let provider = self.provider.as_ref()?;
        let oauth = provider
            .oauth
            .as_ref()
            .and_then(|oauth| oauth.docs.as_deref());
        oauth.or_else(|| {
            provider
                .api_key
                .as_ref()
                .and_then(|key| key.docs.as_deref())
        })
    }

    fn fields(&self) -> Vec<(String, String)> {
        let key = self.definition.api_key.as_ref();
        key.iter()
            .flat_map(|key| &key.fields)
            .map(|field| {
                let optional = if field.optional { ", optional" } else { "" };
                (field.name.clone(), format!("{}{optional}", field.label))
            })
            .collect()
    }

    fn scopes(&self) -> &[String] {
        self.oauth()
            .map(|oauth| oauth.scopes.as_slice())
            .unwrap_or_default()
    }
}

fn param_text(param: &Param) -> String {
    let mut text = param.label.clone();
    if let Some(default) = &param.default {
        text.push_str(&format!(", default {default}"));
    }
    if let Some(example) = &param.example {
        text.push_str(&format!(", such as {example}"));
    }
    text
}

impl View for Inspection {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let definition = &self.definition;
        writeln!(
            out,
            "{} ({}), {}, {}",
            definition.display_name, definition.name, definition.category, self.source
        )?;
        for (flow, usable) in self.flows() {
            let note = if usable {
                ""
            } else {
                "  (not available in this version)"
            };
            writeln!(out, "  flow          {flow}{note}")?;
        }
        if let Some(issuer) = self.issuer() {
            let asked = self.oauth().is_some_and(OAuthEndpoints::needs_discovery);
            let note = if asked {
                "  (names the endpoints at login)"
            } else {
                ""
            };
            writeln!(out, "  issuer        {issuer}{note}")?;
        }
        for (name, url) in self.endpoints() {
            writeln!(out, "  {name:<13} {url}")?;
        }
        if let Some(resource) = self.resource() {
            writeln!(out, "  tokens for    {resource}")?;
        }
        if let Some(redirect) = self.redirect() {
            writeln!(out, "  redirect to   {redirect}")?;
        }
        if !self.scopes().is_empty() {
            writeln!(out, "  scopes        {}", self.scopes().join(" "))?;
        }
        for (name, text) in self.fields() {
            writeln!(out, "  field         {name}: {text}")?;
        }
        for (name, param) in &definition.params {
            writeln!(out, "  parameter     {name}: {}", param_text(param))?;
        }
        writeln!(out, "  sent to       {}", self.hosts().join(" "))?;
        let variables: Vec<_> = definition
            .env
            .iter()
            .map(|(name, _)| name.to_string())
            .collect();
        if !variables.is_empty() {
            writeln!(out, "  exports       {}", variables.join(" "))?;
        }
        if let Some(docs) = self.docs() {
            writeln!(out, "  set up at     {docs}")?;
        }
        if let Some(notes) = &definition.notes {
            writeln!(out, "\n{notes}")?;
        }
        Ok(())
    }

    fn json(&self) -> Value {
        let definition = &self.definition;
        json!({
            "provider": definition.name.as_str(),
            "display_name": definition.display_name,
            "category": definition.category,
            "source": self.source,
            "flows": self.flows().iter().map(|(flow, usable)| json!({ "flow": flow, "available": usable })).collect::<Vec<_>>(),
            "issuer": self.issuer(),
            "resource": self.resource(),
            "endpoints": self.endpoints().into_iter().map(|(name, url)| (name.to_owned(), json!(url))).collect::<serde_json::Map<_, _>>(),
            "redirect": self.redirect(),
            "scopes": self.scopes(),
            "fields": self.fields().iter().map(|(name, _)| name).collect::<Vec<_>>(),
            "params": definition.params.keys().collect::<Vec<_>>(),
            "hosts": self.hosts(),
            "variables": definition.env.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>(),
            "docs": self.docs(),
            "notes": definition.notes,
        })
    }
}
