//! `authkeep doctor`: checks everything that a login depends on, with a line to mend each failure.

mod ambient;
mod clients;

use std::io::{self, Write};
use std::path::PathBuf;

use authkeep_audit::{AuditLog, Filter};
use authkeep_core::Home;
use authkeep_registry::{Found, Source};
use authkeep_vault::Store as _;
use clap::Args;
use serde_json::{Value, json};

use self::ambient::Ambient;
use super::inspect::new_destinations;
use crate::context::{Context, entropy, shown};
use crate::env;
use crate::error::{CommandError, quoted};
use crate::exit_code::ExitCode;
use crate::isolation::Support;
use crate::output::{Done, View};

/// Check the home, the vaults, the audit log, the definitions and the browser.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Check instead which programs of this machine speak through the sidecar of `run`, and trust it.
    ///
    /// Each program that is found is run once, and asks a host that the sidecar answers for by itself. Nothing leaves this machine.
    #[arg(long)]
    clients: bool,
}

pub(crate) fn run(context: &Context, args: &DoctorArgs) -> Result<Done, CommandError> {
    let mut report = Report::default();
    if args.clients {
        clients::check(&mut report)?;
        return Ok(Done::view(report));
    }
    match context.home() {
        Err(error) => report.failed("home", error),
        Ok(None) => report.note(
            "home",
            format!("{} is not made yet", shown(&context.home_path()?)),
        ),
        Ok(Some(home)) => check(context, &home, &mut report),
    }
    let browser = match (env::browser(), env::has_display()) {
        (Some(command), _) => format!("BROWSER is {command}"),
        (None, true) => "the system's own".to_owned(),
        (None, false) => "none: logins print the address instead".to_owned(),
    };
    report.note("browser", browser);
    let home = context.home().ok().flatten();
    let broker = context.broker().ok().flatten();
    let ambient = Ambient::here(&context.registry(home.as_ref()), broker.as_ref());
    report.note("environment", ambient.message());
    report.note("isolation", isolation());
    Ok(Done::view(report))
}

/// What the program is kept from, by the level of isolation.
fn isolation() -> String {
    let missing = Support::of_this_kernel().missing();
    let walls = match missing.is_empty() {
        true => {
            "`run --isolate` also keeps it from the vault, and from all TCP ports but the sidecar's"
                .to_owned()
        }
        false => format!(
            "`run --isolate` has gaps on this kernel: {}",
            missing.join(", ")
        ),
    };
    format!(
        "`run` keeps real values from the program, which as your user could still read the vault; {walls}; `run --env` gives \
         it the real values"
    )
}

fn check(context: &Context, home: &Home, report: &mut Report) {
    report.note("home", format!("{} can be used", shown(home.root())));
    match home.profiles() {
        Err(error) => report.failed("profiles", error.into()),
        Ok(profiles) => {
            for profile in profiles {
                let name = format!("vault {profile}");
                match home.open_vault(&profile, entropy) {
                    Err(error) => report.failed(&name, error.into()),
                    Ok(store) => match store.verify() {
                        Err(error) => report.failed(&name, error.into()),
                        Ok(verification) if verification.is_sound() => report.note(
                            &name,
                            format!("{} entries, all whole", verification.entries),
                        ),
                        Ok(verification) => report.failed(
                            &name,
                            CommandError::new(
                                ExitCode::StoreUnavailable,
                                "vault_damaged",
                                verification.problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
                            )
                            .hint("log in again to the providers named, or restore the profile's folder from a backup"),
                        ),
                    },
                }
            }
        }
    }
    match AuditLog::new(home.audit_log()).read(&Filter::default()) {
        Ok(lines) => report.note("audit log", format!("{} entries", lines.len())),
        Err(error) => report.failed(
            "audit log",
            CommandError::caused(ExitCode::StoreUnavailable, "audit", &error)
                .hint("move the file away if it is damaged; a new one is started"),
        ),
    }
    match context.registry(Some(home)).all() {
        Err(error) => report.failed("definitions", error.into()),
        Ok(all) => {
            let total = all.len();
            for found in all.iter().flatten() {
                if found.source == Source::UserOverridesBundled {
                    report.note("definitions", in_place(found));
                }
            }
            let broken: Vec<_> = all.into_iter().filter_map(Result::err).collect();
            report.note(
                "definitions",
                format!("{} of {total} can be used", total - broken.len()),
            );
            for error in broken {
                report.failed("definitions", error.into());
            }
        }
    }
    for path in open_paths(home) {
        report.failed(
            "permissions",
            CommandError::new(
                ExitCode::StoreUnavailable,
                "not_private",
                format!("`{}` is open to other users", shown(&path)),
            )
            .hint(format!("run `chmod go= {}`", quoted(&path))),
        );
    }
}

/// What is to be known of a definition that takes a bundled one's place.
fn in_place(found: &Found) -> String {
    let name = &found.definition.name;
    let new = new_destinations(&found.definition, found.source);
    let places: Vec<&str> = new.iter().map(|each| each.place.as_str()).collect();
    match places.is_empty() {
        true => {
            format!("`{name}` is your own, in place of the bundled one; it goes to the same places")
        }
        false => format!(
            "`{name}` is your own, in place of the bundled one; unlike that one it goes to {}",
            places.join(", ")
        ),
    }
}

/// Everything in the home that group or others have a right to that they should not have. Definitions hold no
/// secret and are often written by hand: there it only matters who can change them.
fn open_paths(home: &Home) -> Vec<PathBuf> {
    const ANY: u32 = 0o077;
    const WRITE: u32 = 0o022;
    let definitions = home.providers();
    let mut open = Vec::new();
    if home
        .root()
        .metadata()
        .is_ok_and(|metadata| is_open(&metadata, ANY))
    {
        open.push(home.root().to_owned());
    }
    let mut folders = vec![home.root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(metadata) = path.symlink_metadata() else {
                continue;
            };
            let rights = if folder == definitions { WRITE } else { ANY };
            if is_open(&metadata, rights) {
                open.push(path.clone());
            }
            if metadata.is_dir() {
                folders.push(path);
            }
        }
    }
    open.sort();
    open
}

#[cfg(unix)]
fn is_open(metadata: &std::fs::Metadata, rights: u32) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    metadata.mode() & rights != 0 && !metadata.is_symlink()
}

#[cfg(not(unix))]
fn is_open(_metadata: &std::fs::Metadata, _rights: u32) -> bool {
    false
}

#[derive(Default)]
struct Report {
    lines: Vec<(String, Result<String, CommandError>)>,
}

impl Report {
    fn note(&mut self, what: &str, text: String) {
        self.lines.push((what.to_owned(), Ok(text)));
    }

    fn failed(&mut self, what: &str, error: CommandError) {
        self.lines.push((what.to_owned(), Err(error)));
    }
}

impl View for Report {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for (what, finding) in &self.lines {
            match finding {
                Ok(text) => writeln!(out, "ok    {what}: {text}")?,
                Err(error) => {
                    writeln!(out, "FAIL  {what}: {}", error.message())?;
                    for hint in error.hints() {
                        writeln!(out, "      fix: {hint}")?;
                    }
                }
            }
        }
        Ok(())
    }

    fn json(&self) -> Value {
        let checks: Vec<_> = self
            .lines
            .iter()
            .map(|(what, finding)| match finding {
                Ok(text) => json!({ "check": what, "ok": true, "message": text }),
                Err(error) => json!({
                    "check": what, "ok": false, "message": error.message(), "fix": error.hints().join("\n"),
                }),
            })
            .collect();
        json!({ "ok": self.exit_code() == ExitCode::Ok, "checks": checks })
    }

    fn exit_code(&self) -> ExitCode {
        let first = self
            .lines
            .iter()
            .find_map(|(_, finding)| finding.as_ref().err());
        first.map_or(ExitCode::Ok, CommandError::exit_code)
    }
}
