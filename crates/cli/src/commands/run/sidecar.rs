//! `authkeep run` without `--env`: the program runs behind the sidecar, which is this process.

use std::sync::Arc;

use authkeep_core::{ProxySettings, Resolver, SystemClock};
use authkeep_proxy::{
    BrokerSource, Placeholders, Roots, Routes, Sidecar, SidecarParts, Tally, Unmatched,
};
use secrecy::{ExposeSecretMut as _, SecretBox};

use super::child::{End, Forwarding, Start};
use super::logins::Logins;
use super::summary::Summary;
use super::{Isolate, NOTHING, RunArgs, not_started};
use crate::context::{Context, entropy, workers};
use crate::env;
use crate::error::{CommandError, no_sidecar};
use crate::exit_code::ExitCode;
use crate::isolation::{Support, Walls};
use crate::output::{Done, Output};
use crate::process;
use crate::trust_kit::TrustKit;

pub(super) fn run(
    context: &Context,
    output: &Output,
    args: &RunArgs,
) -> Result<Done, CommandError> {
    // From here on there are secrets in this process.
    process::be_opaque();
    check_walls(output, args)?;
    let (broker, logins) = Logins::of(context, output, &args.providers)?;
    if logins.is_empty() {
        output.warn(NOTHING);
    }
    let environment = logins.environment();
    let parts = parts(context, args, logins, broker)?;
    let runtime = workers()?;
    let outcome = runtime.block_on(behind(context, args, parts, environment));
    // Connections that are still open end with their program.
    runtime.shutdown_background();
    let (end, tally) = outcome?;
    output.aside(&Summary::of(&tally));
    Ok(match end {
        End::Exited(code) => Done::Exited(code),
        #[cfg(unix)]
        End::Killed(signal) => Done::Exited(process::die_of(signal)),
    })
}

/// What the program shall be kept from, and cannot be here, is said before anything is started.
fn check_walls(output: &Output, args: &RunArgs) -> Result<(), CommandError> {
    let Some(isolate) = args.isolate else {
        return Ok(());
    };
    let support = Support::of_this_kernel();
    let missing = support.missing().join(", ");
    if isolate == Isolate::Required && !support.is_enough() {
        let message = format!("this kernel cannot isolate the program: {missing}");
        return Err(CommandError::new(ExitCode::Other, "not_isolated", message)
            .hint("Linux 6.7 can, with Landlock switched on")
            .hint("`--isolate` without `=required` does what can be done"));
    }
    if !missing.is_empty() {
        output.warn(&format!("the isolation has gaps on this kernel: {missing}"));
    }
    Ok(())
}

fn parts(
    context: &Context,
    args: &RunArgs,
    logins: Logins,
    broker: Option<authkeep_core::Broker>,
) -> Result<SidecarParts, CommandError> {
    let mut random = SecretBox::new(Box::new([0; 32]));
    // EXPOSE: to be filled.
    entropy(random.expose_secret_mut()).map_err(|error| no_sidecar(&error))?;
    let routes = Routes::new(logins.outlets);
    let source = broker.map(|broker| BrokerSource::new(broker, logins.accounts));
    Ok(SidecarParts {
        routes: match args.emulate_token_endpoint {
            true => routes.answering_token_requests(),
            false => routes,
        },
        placeholders: Placeholders::new(logins.placeholders).map_err(|error| no_sidecar(&error))?,
        source: Arc::new(source.unwrap_or_default()),
        unmatched: match args.deny_unmatched {
            true => Unmatched::Refuse,
            false => Unmatched::Tunnel,
        },
        resolver: Resolver::system(),
        roots: Roots::System,
        egress: egress(),
        profile: context.profile_to_name(context.home()?.as_ref())?,
        clock: Arc::new(SystemClock),
        random,
    })
}

/// The user's own proxy. In a run within a run that is the outer sidecar, which would put its own account's credential
/// in the place of this run's: it is gone round.
fn egress() -> ProxySettings {
    let settings = env::proxy();
    match settings.https.as_deref().is_some_and(Sidecar::is_proxy_url) {
        true => ProxySettings::default(),
        false => settings,
    }
}

/// Runs the program behind a sidecar of its own, to its end.
async fn behind(
    context: &Context,
    args: &RunArgs,
    parts: SidecarParts,
    mut environment: Vec<(std::ffi::OsString, Option<std::ffi::OsString>)>,
) -> Result<(End, Arc<Tally>), CommandError> {
    let routed = parts.routes.names();
    let sidecar = Sidecar::bind(parts)
        .await
        .map_err(|error| no_sidecar(&error))?;
    let kit = TrustKit::for_child(&sidecar.proxy_url(), sidecar.ca_pem(), &routed);
    let kit = kit.map_err(|error| no_sidecar(&error))?;
    environment.extend(kit.variables().iter().cloned());
    let start = Start {
        command: &args.command,
        environment,
        walls: match args.isolate {
            Some(_) => Some(Walls {
                keep_out: context.home_path()?,
                port: sidecar.address().port(),
            }),
            None => None,
        },
    };
    let signals = Forwarding::listen();
    let child = start.spawn(context);
    let child = child.map_err(|error| not_started(&args.command[0], &error))?;
    // Only now: the program keeps the limit that the user has set.
    process::allow_many_files();
    sidecar.admit_descendants_of(child.id());
    let tally = sidecar.tally();
    let serving = tokio::spawn(async move { sidecar.serve().await });
    let end = signals.until_the_end_of(child).await;
    serving.abort();
    drop(kit);
    Ok((end.map_err(|error| no_sidecar(&error))?, tally))
}
