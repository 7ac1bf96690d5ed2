//! `authkeep whoami`: which home and profile are in force here.

use std::io::{self, Write};

use authkeep_core::ProviderState;
use clap::Args;
use serde_json::{Value, json};

use crate::context::{Context, shown};
use crate::error::CommandError;
use crate::output::{Done, View};

/// Show the home, the profile and the key mode that are in force.
#[derive(Debug, Args)]
pub(crate) struct WhoamiArgs {}

pub(crate) fn run(context: &Context, _args: &WhoamiArgs) -> Result<Done, CommandError> {
    let home = context.home()?;
    let mode = home
        .as_ref()
        .map(|home| home.config().encryption_mode.as_str());
    let connected = match context.broker()? {
        None => 0,
        Some(broker) => broker
            .list()?
            .iter()
            .filter(|provider| provider.state == ProviderState::Connected)
            .count(),
    };
    Ok(Done::view(Whoami {
        home: shown(&context.home_path()?),
        exists: home.is_some(),
        profile: context.profile(home.as_ref())?.to_string(),
        mode,
        connected,
    }))
}

struct Whoami {
    home: String,
    exists: bool,
    profile: String,
    mode: Option<&'static str>,
    connected: usize,
}

impl View for Whoami {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let note = if self.exists { "" } else { "  (not made yet)" };
        writeln!(out, "home       {}{note}", self.home)?;
        writeln!(out, "profile    {}", self.profile)?;
        writeln!(out, "master key {}", self.mode.unwrap_or("-"))?;
        writeln!(out, "connected  {} providers", self.connected)?;
        writeln!(out, "version    {}", env!("CARGO_PKG_VERSION"))
    }

    fn json(&self) -> Value {
        json!({
            "home": self.home,
            "home_exists": self.exists,
            "profile": self.profile,
            "encryption_mode": self.mode,
            "connected_providers": self.connected,
            "version": env!("CARGO_PKG_VERSION"),
        })
    }
}
