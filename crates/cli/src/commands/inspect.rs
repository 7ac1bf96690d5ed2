//! `authkeep inspect`: what a provider will ask for, where it will send the credential, and how to set it up.

mod setup;

use std::io::{self, Write};

use authkeep_core::prospect::{AskedFor, AskedKind, asked_for, found_out};
use authkeep_core::{SetupStep, redirect_address, setup_steps, usable_flows};
use authkeep_registry::{
    Definition, Destination, Flow, OAuthEndpoints, Provider, ProviderName, Registry, Source,
};
use clap::Args;
use serde_json::{Value, json};

use super::missing::found;
use crate::context::Context;
use crate::error::CommandError;
use crate::output::{Done, View};

/// Show what a provider asks for, where it sends the credential, and how to set it up.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    authkeep inspect github\n  \
    authkeep inspect shopify --json")]
pub(crate) struct InspectArgs {
    /// The provider.
    provider: ProviderName,
}

pub(crate) fn run(context: &Context, args: &InspectArgs) -> Result<Done, CommandError> {
    let found = found(context, &args.provider)?;
    Ok(Done::view(Inspection::new(found.definition, found.source)))
}

/// A definition as a user reads it; shared by `inspect` and `register`.
pub(super) struct Inspection {
    definition: Definition,
    source: Source,
    /// With its parameters' defaults, or samples where they have none.
    provider: Option<Provider>,
    asked: Vec<AskedFor>,
    steps: Vec<SetupStep>,
    destinations: Vec<Destination>,
    /// Those that the bundled definition of the same name does not have.
    new: Vec<Destination>,
}

impl Inspection {
    pub(super) fn new(definition: Definition, source: Source) -> Self {
        Self {
            provider: definition.bind(&definition.sample_params()).ok(),
            asked: asked_for(&definition),
            steps: setup_steps(&definition),
            destinations: definition.destinations(),
            new: new_destinations(&definition, source),
            definition,
            source,
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

    fn hosts(&self) -> impl Iterator<Item = &Destination> {
        self.destinations.iter().filter(|each| each.role == "host")
    }

    fn endpoints(&self) -> impl Iterator<Item = &Destination> {
        let apart = ["host", "issuer"];
        self.destinations
            .iter()
            .filter(move |each| !apart.contains(&each.role))
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
        let definition = &self.definition;
        let oauth = definition
            .oauth
            .as_ref()
            .and_then(|oauth| oauth.docs.as_deref());
        let key = definition
            .api_key
            .as_ref()
            .and_then(|key| key.docs.as_deref());
        oauth.or(key).or(definition.docs.as_deref())
    }

    fn scopes(&self) -> &[String] {
        self.oauth()
            .map(|oauth| oauth.scopes.as_slice())
            .unwrap_or_default()
    }

    fn asked(&self, kind: AskedKind) -> impl Iterator<Item = &AskedFor> {
        self.asked.iter().filter(move |asked| asked.kind == kind)
    }

    fn is_new(&self, destination: &Destination) -> bool {
        self.new.contains(destination)
    }
}

/// The places of a definition that takes a bundled one's place, and that one does not have.
pub(super) fn new_destinations(definition: &Definition, source: Source) -> Vec<Destination> {
    if source != Source::UserOverridesBundled {
        return Vec::new();
    }
    match Registry::new(None).find(&definition.name) {
        Ok(Some(bundled)) => definition.destinations_beyond(&bundled.definition),
        _ => Vec::new(),
    }
}

fn asked_text(asked: &AskedFor) -> String {
    let mut text = asked.label.clone();
    if let Some(default) = &asked.default {
        text.push_str(&format!(", default {default}"));
    } else if asked.optional {
        text.push_str(", optional");
    }
    if let Some(example) = &asked.example {
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
            definition.display_name,
            definition.name,
            definition.category,
            self.source.as_str()
        )?;
        if definition.community_checked {
            writeln!(
                out,
                "  its facts come from one public source: check them before you rely on them"
            )?;
        }
        if self.source == Source::UserOverridesBundled {
            writeln!(
                out,
                "  it takes the place of the bundled definition; places that one does not have are marked NEW"
            )?;
        }
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
        let marked = |place: &Destination| if self.is_new(place) { "  NEW" } else { "" };
        for each in self.endpoints() {
            writeln!(out, "  {:<13} {}{}", each.role, each.place, marked(each))?;
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
        for (kind, word) in [
            (AskedKind::Parameter, "parameter"),
            (AskedKind::Client, "client"),
            (AskedKind::Key, "field"),
        ] {
            for asked in self.asked(kind) {
                writeln!(out, "  {word:<13} {}: {}", asked.name, asked_text(asked))?;
            }
        }
        for (name, place) in found_out(definition) {
            writeln!(out, "  found out     {name}: {place}")?;
        }
        for host in self.hosts() {
            writeln!(out, "  sent to       {}{}", host.place, marked(host))?;
        }
        let read: Vec<&str> = self
            .asked
            .iter()
            .flat_map(|asked| &asked.variables)
            .map(String::as_str)
            .collect();
        if !read.is_empty() {
            writeln!(out, "  login reads   {}", read.join(" "))?;
        }
        let variables: Vec<_> = definition
            .env
            .iter()
            .map(|(name, _)| name.to_string())
            .collect();
        if !variables.is_empty() {
            writeln!(out, "  exports       {}", variables.join(" "))?;
        }
        setup::show(&self.steps, out)?;
        // A link of the steps is not said again.
        let said = |docs: &str| {
            let mut links = self.steps.iter().filter_map(|step| step.link.as_deref());
            links.any(|link| link == docs)
        };
        if let Some(docs) = self.docs().filter(|docs| !said(docs)) {
            writeln!(out, "\nMore: {docs}")?;
        }
        if let Some(notes) = &definition.notes {
            writeln!(out, "\n{notes}")?;
        }
        Ok(())
    }

    fn json(&self) -> Value {
        let definition = &self.definition;
        let names = |kind| {
            self.asked(kind)
                .map(|asked| asked.name.as_str())
                .collect::<Vec<_>>()
        };
        json!({
            "provider": definition.name.as_str(),
            "display_name": definition.display_name,
            "aliases": definition.aliases.iter().map(|alias| alias.as_str()).collect::<Vec<_>>(),
            "category": definition.category,
            "source": self.source.as_str(),
            "extends": definition.extends.as_ref().map(|parent| parent.as_str()),
            "community_checked": definition.community_checked,
            "flows": self.flows().iter().map(|(flow, usable)| json!({ "flow": flow, "available": usable })).collect::<Vec<_>>(),
            "issuer": self.issuer(),
            "resource": self.resource(),
            "endpoints": self.endpoints().map(|each| (each.role.to_owned(), json!(each.place))).collect::<serde_json::Map<_, _>>(),
            "redirect": self.redirect(),
            "scopes": self.scopes(),
            "asks": self.asked.iter().map(asked_json).collect::<Vec<_>>(),
            "fields": names(AskedKind::Key),
            "params": definition.params.keys().collect::<Vec<_>>(),
            "hosts": self.hosts().map(|host| &host.place).collect::<Vec<_>>(),
            "new_places": self.new.iter().map(|each| json!({ "role": each.role, "place": each.place })).collect::<Vec<_>>(),
            "variables": definition.env.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>(),
            "setup": setup::json(&self.steps),
            "docs": self.docs(),
            "notes": definition.notes,
        })
    }
}

fn asked_json(asked: &AskedFor) -> Value {
    json!({
        "name": asked.name,
        "label": asked.label,
        "kind": asked.kind.as_str(),
        "secret": asked.secret,
        "optional": asked.optional,
        "variables": asked.variables,
        "default": asked.default,
        "example": asked.example,
        "hint": asked.hint,
    })
}
