//! `authkeep providers`: the definitions there are.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use authkeep_registry::{Flow, RegistryError, Source, Summary};
use clap::Args;
use comfy_table::{Table, presets};
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output::{Done, Output, View};

/// List the providers that can be logged in to, by category.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    authkeep providers --search mail\n  \
    authkeep providers --category crm --flow api_key\n  \
    authkeep inspect stripe")]
pub(crate) struct ProvidersArgs {
    /// Only those with these words in their name, aliases, display name or category.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,

    /// Only those of this category.
    #[arg(long, value_name = "CATEGORY")]
    category: Option<String>,

    /// Only those that offer this flow: authorization_code, device_code, client_credentials or api_key.
    #[arg(long, value_name = "FLOW")]
    flow: Option<Flow>,
}

impl ProvidersArgs {
    fn admits(&self, summary: &Summary) -> bool {
        let category = self.category.as_ref();
        category.is_none_or(|category| summary.category.eq_ignore_ascii_case(category))
            && self.flow.is_none_or(|flow| summary.flows.contains(&flow))
            && self.search.as_ref().is_none_or(|search| {
                let text = searchable(summary);
                let mut words = search.split_whitespace().map(str::to_lowercase);
                words.all(|word| text.contains(&word))
            })
    }

    /// What was asked for, for messages.
    fn in_words(&self) -> String {
        let search = self.search.as_ref().map(|text| format!(" with `{text}`"));
        let category = self.category.as_ref().map(|word| format!(" in {word}"));
        let flow = self.flow.map(|flow| format!(" that offers {flow}"));
        [search, category, flow].into_iter().flatten().collect()
    }
}

/// All that a search looks at, in lower case.
pub(super) fn searchable(summary: &Summary) -> String {
    let aliases: Vec<&str> = summary.aliases.iter().map(|alias| alias.as_str()).collect();
    let name = summary.name.as_str();
    let text = [
        name,
        &summary.display_name,
        &summary.category,
        &aliases.join(" "),
    ]
    .join(" ");
    text.to_lowercase()
}

pub(crate) fn run(
    context: &Context,
    output: &Output,
    args: &ProvidersArgs,
) -> Result<Done, CommandError> {
    let home = context.home()?;
    let (mut found, mut broken) = (Vec::new(), Vec::new());
    for each in context.registry(home.as_ref()).summaries()? {
        match each {
            Ok(each) => found.push(each),
            Err(error) => broken.push(error),
        }
    }
    if let Some(category) = &args.category {
        check_category(category, &found)?;
    }
    let total = found.len();
    found.retain(|summary| args.admits(summary));
    if !output.is_json() && !found.is_empty() {
        let of = match found.len() == total {
            true => String::new(),
            false => format!(" of {total}"),
        };
        output.say(&format!(
            "{}{of} providers; `authkeep inspect PROVIDER` says how to set one up.",
            found.len()
        ));
    }
    Ok(Done::view(Providers {
        asked: args.in_words(),
        found,
        broken,
    }))
}

fn check_category(category: &str, all: &[Summary]) -> Result<(), CommandError> {
    let known: BTreeSet<&str> = all
        .iter()
        .map(|summary| summary.category.as_str())
        .collect();
    if known
        .iter()
        .any(|known| known.eq_ignore_ascii_case(category))
    {
        return Ok(());
    }
    let known: Vec<&str> = known.into_iter().collect();
    Err(CommandError::new(
        ExitCode::Usage,
        "unknown_category",
        format!("there is no category `{category}`"),
    )
    .hint(format!("choose one of {}", known.join(", "))))
}

struct Providers {
    asked: String,
    found: Vec<Summary>,
    broken: Vec<RegistryError>,
}

impl View for Providers {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.found.is_empty() {
            writeln!(out, "No provider{}.", self.asked)?;
        }
        let mut categories: BTreeMap<&str, Vec<&Summary>> = BTreeMap::new();
        for summary in &self.found {
            categories
                .entry(&summary.category)
                .or_default()
                .push(summary);
        }
        // One table, so that its columns are the same all the way down.
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        for summary in categories.values().flatten() {
            let flows: Vec<_> = summary.flows.iter().map(|flow| flow.as_str()).collect();
            table.add_row([
                summary.name.as_str(),
                &summary.display_name,
                &flows.join(", "),
                mark(summary.source),
            ]);
        }
        let mut lines = table.lines();
        for (at, (category, members)) in categories.iter().enumerate() {
            if at > 0 {
                writeln!(out)?;
            }
            writeln!(out, "{category} ({})", members.len())?;
            for line in lines.by_ref().take(members.len()) {
                writeln!(out, "  {}", line.trim_end())?;
            }
        }
        for error in &self.broken {
            writeln!(out, "\nbroken: {error}")?;
        }
        Ok(())
    }

    fn json(&self) -> Value {
        let providers: Vec<_> = self
            .found
            .iter()
            .map(|summary| {
                json!({
                    "provider": summary.name.as_str(),
                    "display_name": summary.display_name,
                    "aliases": summary.aliases.iter().map(|alias| alias.as_str()).collect::<Vec<_>>(),
                    "category": summary.category,
                    "source": summary.source.as_str(),
                    "flows": summary.flows.iter().map(|flow| flow.as_str()).collect::<Vec<_>>(),
                    "extends": summary.extends.as_ref().map(|parent| parent.as_str()),
                    "community_checked": summary.community_checked,
                })
            })
            .collect();
        let broken: Vec<_> = self.broken.iter().map(ToString::to_string).collect();
        json!({ "providers": providers, "broken": broken })
    }
}

/// What is said of a definition that is not the program's own.
pub(super) fn mark(source: Source) -> &'static str {
    match source {
        Source::Bundled => "",
        Source::User => "your own",
        Source::UserOverridesBundled => "your own, in place of the bundled one",
    }
}
