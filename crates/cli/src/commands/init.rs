//! `authkeep init`: makes the home and the default profile's vault. Other commands do so when they need it.

use std::io::{self, Write};

use clap::Args;
use serde_json::{Value, json};

use crate::context::{Context, entropy, shown};
use crate::error::CommandError;
use crate::output::{Done, View};

/// Make the home, its master key and an empty vault.
///
/// Not needed before `login`, which makes what is missing. Running it again changes nothing.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {}

pub(crate) fn run(context: &Context, _args: &InitArgs) -> Result<Done, CommandError> {
    let home = context.home_or_new()?;
    let profile = context.profile(Some(&home))?;
    home.open_or_create_vault(&profile, entropy)?;
    Ok(Done::view(Initialised {
        home: shown(home.root()),
        profile: profile.to_string(),
        mode: home.config().encryption_mode.as_str(),
    }))
}

struct Initialised {
    home: String,
    profile: String,
    mode: &'static str,
}

impl View for Initialised {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "The home {} is ready (profile {}, master key: {}).",
            self.home, self.profile, self.mode
        )?;
        writeln!(
            out,
            "Next: authkeep providers, then authkeep login PROVIDER"
        )
    }

    fn json(&self) -> Value {
        json!({ "home": self.home, "profile": self.profile, "encryption_mode": self.mode })
    }
}
