//! `authkeep profile`: isolated sets of credentials.

use std::io::{self, Write};

use authkeep_core::{ProfileChange, ProfileName};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::context::{Context, OnInterrupt, block_on, entropy};
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output::{Done, Output, View};
use crate::prompt::{self, Answer, Echo};

/// List, make, choose and delete profiles: isolated sets of credentials.
#[derive(Debug, Args)]
pub(crate) struct ProfileArgs {
    #[command(subcommand)]
    command: ProfileCommand,
}

#[derive(Debug, Subcommand)]
enum ProfileCommand {
    /// List the profiles.
    List,
    /// Make a profile with an empty vault.
    Create { name: ProfileName },
    /// Make a profile the default one.
    Use { name: ProfileName },
    /// Delete a profile and every credential in it. Nothing is revoked at the providers.
    Delete {
        name: ProfileName,
        /// Do not ask.
        #[arg(long, short)]
        yes: bool,
    },
}

pub(crate) fn run(
    context: &Context,
    output: &Output,
    args: &ProfileArgs,
) -> Result<Done, CommandError> {
    match &args.command {
        ProfileCommand::List => {
            let home = context.home()?;
            let in_force = context.profile(home.as_ref())?;
            let names = home
                .as_ref()
                .map(|home| home.profiles())
                .transpose()?
                .unwrap_or_default();
            Ok(Done::view(Profiles { names, in_force }))
        }
        ProfileCommand::Create { name } => {
            let done = context.home_or_new()?.create_profile(name, entropy)?;
            Ok(Done::view(Changed {
                name: name.clone(),
                verb: "created",
                done,
            }))
        }
        ProfileCommand::Use { name } => {
            let done = context.home_or_new()?.use_profile(name)?;
            Ok(Done::view(Changed {
                name: name.clone(),
                verb: "in use",
                done,
            }))
        }
        ProfileCommand::Delete { name, yes } => {
            let home = context.home_or_new()?;
            home.require(name)?;
            if !yes {
                confirm(context, output, name)?;
            }
            home.delete_profile(name)?;
            Ok(Done::view(Changed {
                name: name.clone(),
                verb: "deleted",
                done: ProfileChange::Done,
            }))
        }
    }
}

fn confirm(context: &Context, output: &Output, name: &ProfileName) -> Result<(), CommandError> {
    let not_confirmed = || {
        CommandError::new(
            ExitCode::Usage,
            "not_confirmed",
            format!("the profile `{name}` was not deleted"),
        )
        .hint(format!(
            "`authkeep profile delete {name} --yes` deletes it with every credential in it"
        ))
    };
    if context.global.no_input || output.is_json() {
        return Err(not_confirmed());
    }
    let question =
        format!("Delete the profile {name} and every credential in it? Type its name to confirm: ");
    let asked = block_on(OnInterrupt::Drop, async {
        Ok(prompt::ask(&question, Echo::On).await)
    })?;
    match asked {
        // EXPOSE: a profile's name, typed in the open.
        Ok(Answer::Text(text)) if secrecy::ExposeSecret::expose_secret(&text) == name.as_str() => {
            Ok(())
        }
        _ => Err(not_confirmed()),
    }
}

struct Profiles {
    names: Vec<ProfileName>,
    in_force: ProfileName,
}

impl View for Profiles {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.names.is_empty() {
            return writeln!(
                out,
                "There is no profile yet; `authkeep login PROVIDER` makes the first one."
            );
        }
        for name in &self.names {
            let mark = if *name == self.in_force { "*" } else { " " };
            writeln!(out, "{mark} {name}")?;
        }
        Ok(())
    }

    fn json(&self) -> Value {
        let names: Vec<_> = self.names.iter().map(ProfileName::as_str).collect();
        json!({ "profiles": names, "in_force": self.in_force.as_str() })
    }
}

struct Changed {
    name: ProfileName,
    verb: &'static str,
    done: ProfileChange,
}

impl View for Changed {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let already = if self.done == ProfileChange::AlreadySo {
            "already "
        } else {
            ""
        };
        writeln!(out, "The profile {} is {already}{}.", self.name, self.verb)
    }

    fn json(&self) -> Value {
        json!({ "profile": self.name.as_str(), "is": self.verb, "changed": self.done == ProfileChange::Done })
    }
}
