//! `authkeep doctor --clients`: whether the programs of this machine speak through a sidecar and trust it.
//!
//! Each gets a sidecar of its own, without a single login, and asks it for the one host that it answers for by itself.
//! What counts is what the sidecar saw of it.

mod probes;

use std::io;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use authkeep_core::{ProxySettings, Resolver, SystemClock};
use authkeep_proxy::{
    BrokerSource, PROBE_HOST, Placeholders, Roots, Routes, Sidecar, SidecarParts, Tally, Unmatched,
};
use secrecy::{ExposeSecretMut as _, SecretBox};
use tokio::process::Command;

use self::probes::{PROBES, Probe};
use super::Report;
use crate::context::{OnInterrupt, block_on, entropy};
use crate::error::{CommandError, no_sidecar};
use crate::exit_code::ExitCode;
use crate::trust_kit::TrustKit;

/// A machine that compiles a program for the first time takes its time.
const LIMIT: Duration = Duration::from_secs(90);

/// Asks with all programs at once.
pub(super) fn check(report: &mut Report) -> Result<(), CommandError> {
    let findings = block_on(OnInterrupt::Drop, async {
        let mut asking = tokio::task::JoinSet::new();
        for (place, probe) in PROBES.iter().enumerate() {
            asking.spawn(async move { (place, ask(probe).await) });
        }
        let mut findings = asking.join_all().await;
        findings.sort_by_key(|(place, _)| *place);
        Ok(findings)
    })?;
    for (place, finding) in findings {
        let probe = &PROBES[place];
        match finding? {
            Finding::Through => report.note(
                probe.name,
                "goes through the sidecar and trusts it".to_owned(),
            ),
            Finding::NotInstalled => report.note(probe.name, "not installed".to_owned()),
            Finding::Distrusts => report.failed(
                probe.name,
                failed("does not trust the sidecar's certificates", probe.trust),
            ),
            Finding::Past(said) => report.failed(
                probe.name,
                failed(
                    &format!("does not go through the sidecar{said}"),
                    probe.proxy,
                ),
            ),
            Finding::Slow => report.failed(
                probe.name,
                failed(
                    "has not answered in time",
                    "run it once by itself, and look whether it waits for something",
                ),
            ),
        }
    }
    Ok(())
}

/// What the sidecar saw of a program.
enum Finding {
    Through,
    Distrusts,
    /// Nothing; with the last that the program said.
    Past(String),
    Slow,
    NotInstalled,
}

async fn ask(probe: &Probe) -> Result<Finding, CommandError> {
    let sidecar = Sidecar::bind(parts()?)
        .await
        .map_err(|error| no_sidecar(&error))?;
    let routed = [PROBE_HOST.to_owned()].into();
    let kit = TrustKit::for_child(&sidecar.proxy_url(), sidecar.ca_pem(), &routed);
    let kit = kit.map_err(|error| no_sidecar(&error))?;
    let mut command = Command::new(probe.program);
    command
        .args(probe.arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    for (name, value) in kit.variables() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if let Some((name, source)) = probe.source {
        command.arg(
            kit.file(name, source.as_bytes())
                .map_err(|error| no_sidecar(&error))?,
        );
    }
    let child = match command.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Finding::NotInstalled),
        Err(error) => return Ok(Finding::Past(format!(": {error}"))),
    };
    sidecar.admit_descendants_of(child.id().unwrap_or_default());
    let tally = sidecar.tally();
    tokio::select! {
        never = sidecar.serve() => match never {},
        ended = tokio::time::timeout(LIMIT, child.wait_with_output()) => Ok(match ended {
            Ok(ended) => finding(&tally, ended),
            Err(_) => Finding::Slow,
        }),
    }
}

fn finding(tally: &Tally, ended: io::Result<Output>) -> Finding {
    if tally.probed() > 0 {
        return Finding::Through;
    }
    if tally.minted() > 0 {
        return Finding::Distrusts;
    }
    let said = ended.map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
    let said = said.unwrap_or_else(|error| error.to_string());
    let last = said.lines().rfind(|line| !line.trim().is_empty());
    Finding::Past(
        last.map(|last| format!(": {}", last.trim()))
            .unwrap_or_default(),
    )
}

/// A sidecar that has nothing to give, and leads nowhere else.
fn parts() -> Result<SidecarParts, CommandError> {
    let mut random = SecretBox::new(Box::new([0; 32]));
    // EXPOSE: to be filled.
    entropy(random.expose_secret_mut()).map_err(|error| no_sidecar(&error))?;
    Ok(SidecarParts {
        routes: Routes::new(Vec::new()),
        placeholders: Placeholders::new(Vec::new()).map_err(|error| no_sidecar(&error))?,
        source: Arc::new(BrokerSource::default()),
        unmatched: Unmatched::Refuse,
        resolver: Resolver::system(),
        roots: Roots::System,
        egress: ProxySettings::default(),
        profile: None,
        clock: Arc::new(SystemClock),
        random,
    })
}

fn failed(what: &str, hint: &str) -> CommandError {
    CommandError::new(ExitCode::Other, "client", what.to_owned()).hint(hint)
}
