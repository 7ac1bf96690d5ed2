//! Which logins `export` and `run` hand out, and their variables, released.

use authkeep_core::{Broker, Connection, ProviderState, Purpose, Target, Variables};

use super::resolving::each;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output::Output;

/// The logins that were named, all of which must work; or, where none was named, all that do.
pub(super) fn wanted(
    broker: &Broker,
    output: &Output,
    named: &[Target],
) -> Result<Vec<Connection>, CommandError> {
    if !named.is_empty() {
        return each(broker, output, named)?.into_iter().collect();
    }
    let targets: Vec<_> = broker
        .list()?
        .into_iter()
        .filter(|provider| provider.state == ProviderState::Connected)
        .map(|provider| Target {
            provider: provider.name,
            connection: None,
        })
        .collect();
    let mut connections = Vec::new();
    for (target, outcome) in targets.iter().zip(each(broker, output, &targets)?) {
        match outcome {
            Ok(connection) => connections.push(connection),
            Err(error) => {
                output.warn(&format!(
                    "{} is left out: {}",
                    target.provider,
                    error.message()
                ));
            }
        }
    }
    Ok(connections)
}

/// The variables of these logins, released. Whatever can be found wrong is found before anything is released.
pub(super) fn released(
    broker: &Broker,
    connections: Vec<Connection>,
    purpose: Purpose,
) -> Result<Variables, CommandError> {
    check_names(&connections)?;
    let mut variables = Variables::default();
    for connection in connections {
        variables.extend(broker.release(connection, purpose)?.environment())?;
    }
    Ok(variables)
}

fn check_names(connections: &[Connection]) -> Result<(), CommandError> {
    let mut taken: Vec<(&str, &Connection)> = Vec::new();
    for connection in connections {
        let provider = connection.provider();
        if connection.variables().next().is_none() {
            return Err(CommandError::new(
                ExitCode::Other,
                "no_variables",
                format!("the definition of `{provider}` names no environment variable"),
            )
            .hint(format!(
                "use `authkeep get {provider} --field token --show-secret`, or add `env` to the definition \
                 and log in again"
            )));
        }
        for name in connection.variables() {
            if let Some((_, other)) = taken.iter().find(|(known, _)| *known == name) {
                return Err(CommandError::new(
                    ExitCode::Other,
                    "variable_conflict",
                    format!(
                        "{}={} and {provider}={} both set `{name}`",
                        other.provider(),
                        other.name(),
                        connection.name()
                    ),
                )
                .hint("name one of them only"));
            }
            taken.push((name, connection));
        }
    }
    Ok(())
}
