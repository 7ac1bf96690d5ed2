//! `authkeep providers`: the definitions there are.

use std::io::{self, Write};

use authkeep_registry::{Found, RegistryError};
use clap::Args;
use comfy_table::{Table, presets};
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::CommandError;
use crate::output::{Done, View};

/// List the providers that can be logged in to.
#[derive(Debug, Args)]
pub(crate) struct ProvidersArgs {
    /// Only those whose name, display name or category contains this.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
}

pub(crate) fn run(context: &Context, args: &ProvidersArgs) -> Result<Done, CommandError> {
    let home = context.home()?;
    let (mut found, mut broken) = (Vec::new(), Vec::new());
    for each in context.registry(home.as_ref()).all()? {
        match each {
            Ok(each) if matches(&each, args.search.as_deref()) => found.push(each),
            Ok(_) => {}
            Err(error) => broken.push(error),
        }
    }
    Ok(Done::view(Providers {
        search: args.search.clone(),
        found,
        broken,
    }))
}

fn matches(found: &Found, search: Option<&str>) -> bool {
    let Some(search) = search.map(str::to_lowercase) else {
        return true;
    };
    let definition = &found.definition;
    [
        definition.name.as_str(),
        &definition.display_name,
        &definition.category,
    ]
    .iter()
    .any(|text| text.to_lowercase().contains(&search))
}

struct Providers {
    search: Option<String>,
    found: Vec<Found>,
    broken: Vec<RegistryError>,
}

impl View for Providers {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if let (true, Some(search)) = (self.found.is_empty(), &self.search) {
            writeln!(out, "No provider has `{search}` in its name or category.")?;
            return self.broken_ones(out);
        }
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(["PROVIDER", "NAME", "CATEGORY", "SOURCE", "FLOWS"]);
        for Found {
            definition, source, ..
        } in &self.found
        {
            let flows: Vec<_> = definition.flows.iter().map(|flow| flow.as_str()).collect();
            table.add_row([
                definition.name.as_str(),
                &definition.display_name,
                &definition.category,
                source.as_str(),
                &flows.join(", "),
            ]);
        }
        for line in table.lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        self.broken_ones(out)
    }

    fn json(&self) -> Value {
        let providers: Vec<_> = self
            .found
            .iter()
            .map(|found| {
                json!({
                    "provider": found.definition.name.as_str(),
                    "display_name": found.definition.display_name,
                    "category": found.definition.category,
                    "source": found.source.as_str(),
                    "flows": found.definition.flows.iter().map(|flow| flow.as_str()).collect::<Vec<_>>(),
                })
            })
            .collect();
        let broken: Vec<_> = self.broken.iter().map(ToString::to_string).collect();
        json!({ "providers": providers, "broken": broken })
    }
}

impl Providers {
    fn broken_ones(&self, out: &mut dyn Write) -> io::Result<()> {
        for error in &self.broken {
            writeln!(out, "\nbroken: {error}")?;
        }
        Ok(())
    }
}
