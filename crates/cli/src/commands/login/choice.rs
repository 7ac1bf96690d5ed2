//! `authkeep login` with nobody named: the person types a part of a name and chooses.

mod closeness;

use std::collections::BTreeSet;

use authkeep_core::ProviderState;
use authkeep_registry::{ProviderName, Summary};

use self::closeness::closeness;
use crate::context::{Context, OnInterrupt, block_on};
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::person::Input;
use crate::prompt::{self, Candidates, Picked};

/// The provider that the person has chosen.
pub(super) fn chosen(context: &Context, input: Input) -> Result<ProviderName, CommandError> {
    if input == Input::Forbidden || !prompt::is_possible() {
        return Err(nobody_named());
    }
    let providers = Providers::here(context)?;
    let picked = block_on(OnInterrupt::Drop, async {
        let picked = prompt::pick("Log in to:", &providers).await;
        picked.map_err(|error| {
            CommandError::caused(ExitCode::Other, "terminal", &error)
                .hint("name the provider: authkeep login PROVIDER")
        })
    })?;
    match picked {
        Picked::One(at) => Ok(providers.summaries[at].name.clone()),
        Picked::Nothing => {
            Err(
                CommandError::new(ExitCode::Interrupted, "cancelled", "no provider was chosen")
                    .hint("`authkeep providers` lists them all"),
            )
        }
        Picked::NoTerminal => Err(nobody_named()),
    }
}

fn nobody_named() -> CommandError {
    CommandError::new(
        ExitCode::Usage,
        "provider_needed",
        "no provider is named, and there is no terminal to choose one on",
    )
    .hint("name one: authkeep login PROVIDER")
    .hint("`authkeep providers --search TEXT` finds its name")
}

/// All that can be logged in to.
struct Providers {
    summaries: Vec<Summary>,
    connected: BTreeSet<ProviderName>,
}

impl Providers {
    fn here(context: &Context) -> Result<Self, CommandError> {
        let home = context.home()?;
        // A broken definition cannot be logged in to.
        let summaries = context.registry(home.as_ref()).summaries()?;
        let connected = match context.broker()? {
            None => BTreeSet::new(),
            Some(broker) => (broker.list()?.into_iter())
                .filter(|provider| provider.state == ProviderState::Connected)
                .map(|provider| provider.name)
                .collect(),
        };
        Ok(Self {
            summaries: summaries.into_iter().flatten().collect(),
            connected,
        })
    }
}

impl Candidates for Providers {
    fn matching(&self, typed: &str) -> Vec<usize> {
        let all = self.summaries.iter().enumerate();
        let mut found: Vec<_> = all
            .filter_map(|(at, summary)| Some((closeness(typed, summary)?, &summary.name, at)))
            .collect();
        found.sort();
        found.into_iter().map(|(_, _, at)| at).collect()
    }

    fn line(&self, candidate: usize) -> String {
        let Some(summary) = self.summaries.get(candidate) else {
            return String::new();
        };
        let connected = match self.connected.contains(&summary.name) {
            true => "  (connected)",
            false => "",
        };
        let (name, shown) = (summary.name.as_str(), &summary.display_name);
        format!("{name:<24} {shown}, {}{connected}", summary.category)
    }
}
