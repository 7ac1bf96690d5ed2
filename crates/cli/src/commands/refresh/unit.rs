//! The text of a user service that runs `authkeep refresh --watch`. It is printed, and installed by nobody but the
//! person: the commands for that are in it.

mod launchd;
mod systemd;

use std::io::{self, Write};
use std::path::Path;

use clap::ValueEnum;
use serde_json::{Value, json};

use super::RefreshArgs;
use crate::context::Context;
use crate::env;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output::{Done, View};

/// Who runs the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum UnitKind {
    /// A user unit of systemd, on Linux.
    Systemd,
    /// A launch agent of macOS. Not tested by us.
    Launchd,
}

pub(super) fn run(
    context: &Context,
    args: &RefreshArgs,
    kind: UnitKind,
) -> Result<Done, CommandError> {
    let program = std::env::current_exe().map_err(|error| {
        CommandError::caused(ExitCode::Other, "executable", &error)
            .hint("the system does not say where authkeep itself is; write the service by hand")
    })?;
    let home = context.home()?;
    let named = context.global.profile.is_some() || env::profile().is_some();
    let profile = if named {
        Some(context.profile(home.as_ref())?.to_string())
    } else {
        None
    };
    let mut environment = Vec::new();
    if env::is_set(env::HOME) {
        let path = std::path::absolute(context.home_path()?).map_err(|error| {
            CommandError::caused(ExitCode::Other, "home", &error)
                .hint("set AUTHKEEP_HOME to an absolute path")
        })?;
        environment.push((env::HOME, plain(&path)?));
    }
    if env::is_set(UNCLEAR_FILE_SYSTEM) {
        environment.push((UNCLEAR_FILE_SYSTEM, "1".to_owned()));
    }
    let service = Service {
        program: plain(&program)?,
        arguments: arguments(args, profile.as_deref()),
        environment,
        name: name(args, profile.as_deref()),
    };
    let text = match kind {
        UnitKind::Systemd => systemd::text(&service),
        UnitKind::Launchd => launchd::text(&service),
    };
    let file = match kind {
        UnitKind::Systemd => systemd::file(&service),
        UnitKind::Launchd => launchd::file(&service),
    };
    Ok(Done::view(Unit { kind, file, text }))
}

/// What a service has to know.
#[derive(Debug)]
struct Service {
    /// The executable, absolute.
    program: String,
    /// Its arguments.
    arguments: Vec<String>,
    /// What is set for it, where it is set here.
    environment: Vec<(&'static str, String)>,
    /// What it is called, without the suffix.
    name: String,
}

/// A service that did not have it would refuse the home that its owner has answered for.
const UNCLEAR_FILE_SYSTEM: &str = "AUTHKEEP_ALLOW_UNCLEAR_FILE_SYSTEM";

/// A path that a line of text can hold.
fn plain(path: &Path) -> Result<String, CommandError> {
    match path.to_str() {
        Some(text) if !text.chars().any(char::is_control) => Ok(text.to_owned()),
        _ => Err(CommandError::new(
            ExitCode::Other,
            "path",
            format!("the path `{}` cannot stand in a service", path.display()),
        )
        .hint("use a path of printable UTF-8 characters")),
    }
}

fn arguments(args: &RefreshArgs, profile: Option<&str>) -> Vec<String> {
    let mut arguments = vec!["refresh".to_owned(), "--watch".to_owned()];
    let mut flag = |name: &str, value: &str| {
        arguments.push(name.to_owned());
        arguments.push(value.to_owned());
    };
    if let Some(profile) = profile {
        flag("--profile", profile);
    }
    if let Some(hook) = &args.hook {
        flag("--hook", &hook.text);
    }
    if let Some(connection) = &args.connection {
        flag("--connection", connection.as_str());
    }
    arguments.extend(args.provider.as_ref().map(ToString::to_string));
    arguments
}

/// Services for different logins do not replace one another.
fn name(args: &RefreshArgs, profile: Option<&str>) -> String {
    let provider = args.provider.as_ref().map(ToString::to_string);
    let connection = args.connection.as_ref().map(ToString::to_string);
    let parts = [
        Some("authkeep-refresh".to_owned()),
        profile.map(str::to_owned),
        provider,
        connection,
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("-")
}

struct Unit {
    kind: UnitKind,
    file: String,
    text: String,
}

impl View for Unit {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(self.text.as_bytes())
    }

    fn json(&self) -> Value {
        let kind = match self.kind {
            UnitKind::Systemd => "systemd",
            UnitKind::Launchd => "launchd",
        };
        json!({ "unit": kind, "file": self.file, "text": self.text })
    }
}
