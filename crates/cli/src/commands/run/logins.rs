//! Which logins a run has, and what its program finds in their place.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

use authkeep_core::{Broker, Connection, Outlet, Target, credential_variables};
use authkeep_proxy::Account;
use authkeep_registry::ProviderName;
use secrecy::{ExposeSecret as _, SecretString};

use crate::commands::condition::Condition;
use crate::commands::missing::broker_for;
use crate::commands::resolving::each;
use crate::context::{Context, entropy};
use crate::env;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output::Output;

/// The logins of one run.
#[derive(Default)]
pub(super) struct Logins {
    /// Where each one's credential goes.
    pub(super) outlets: Vec<Outlet>,
    /// Each one, and the target that leads to it.
    pub(super) accounts: Vec<(Account, Target)>,
    /// What stands for whose secrets.
    pub(super) placeholders: Vec<(String, Account)>,
    /// The program's variables, by name, with whose placeholders are in them.
    variables: BTreeMap<String, (Account, SecretString)>,
    /// Variables that may hold a real secret of a provider with a login.
    real: BTreeSet<String>,
    /// Variables that several providers set, so that none does.
    contested: BTreeSet<String>,
}

impl Logins {
    /// Those that were named, all of which must work; or else all there are, whether or not they work now.
    pub(super) fn of(
        context: &Context,
        output: &Output,
        named: &[Target],
    ) -> Result<(Option<Broker>, Self), CommandError> {
        let broker = match named.first() {
            Some(target) => Some(broker_for(context, &target.provider)?),
            None => context.broker()?,
        };
        let mut logins = Self::default();
        let Some(broker) = broker else {
            return Ok((None, logins));
        };
        let mut stored = Vec::new();
        for provider in broker.list()? {
            if provider.connections.is_empty() {
                continue;
            }
            logins.clear_of(&broker, &provider.name, &provider.connections);
            if named.is_empty() && provider.default_connection().is_none() {
                output.warn(&format!(
                    "{0} has several connections, and none is the default one, so its variables are not set: name one \
                     with --provider, or run `authkeep use {0} NAME`",
                    provider.name
                ));
            }
            stored.extend(provider.connections);
        }
        if named.is_empty() {
            for connection in stored {
                let account = account(&connection);
                if let Some(condition) = Condition::of(&connection, broker.now()) {
                    output.warn(&format!(
                        "{account}: {}; {}",
                        condition.message, condition.fix
                    ));
                }
                if let Err(error) = logins.add(&broker, output, &connection, Named::No) {
                    output.warn(&format!("{account} is left out: {}", error.message()));
                }
            }
        } else {
            for connection in each(&broker, output, named)? {
                let connection = connection?;
                let provider = connection.provider().clone();
                logins.clear_of(&broker, &provider, std::slice::from_ref(&connection));
                logins.add(&broker, output, &connection, Named::Yes)?;
            }
        }
        Ok((Some(broker), logins))
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    /// What is other in the program's environment than in ours: nothing of authkeep's own, no real secret of a
    /// provider that has a login, and placeholders in their place.
    pub(super) fn environment(&self) -> Vec<(OsString, Option<OsString>)> {
        let own = env::names().into_iter().filter(|name| env::is_own(name));
        let real = self.real.iter().map(OsString::from);
        let gone = own.chain(real).map(|name| (name, None));
        let set = self.variables.iter().map(|(name, (_, value))| {
            // EXPOSE: a placeholder, for the program that it is made for.
            (name.into(), Some(value.expose_secret().into()))
        });
        gone.chain(set).collect()
    }

    /// Keeps what the environment may hold of this provider's secrets from the program.
    fn clear_of(&mut self, broker: &Broker, provider: &ProviderName, connections: &[Connection]) {
        // A definition that cannot be read does not stand in the way of another provider's.
        if let Ok(Some(found)) = broker.registry().find(provider) {
            self.real.extend(credential_variables(&found.definition));
        }
        let pinned = connections.iter().flat_map(Connection::variables);
        self.real.extend(pinned.map(str::to_owned));
    }

    fn add(
        &mut self,
        broker: &Broker,
        output: &Output,
        connection: &Connection,
        named: Named,
    ) -> Result<(), CommandError> {
        let account = account(connection);
        if self.accounts.iter().any(|(known, _)| *known == account) {
            return Ok(());
        }
        let outlet = broker.outlet(connection)?;
        let stand_in = connection.stand_in(entropy).map_err(|error| {
            CommandError::caused(ExitCode::Other, "no_randomness", &error)
                .hint("check that the system's random source works")
        })?;
        let is_first = !self.outlets.iter().any(|o| o.provider == outlet.provider);
        let speaks_for_provider = match named {
            Named::Yes => is_first,
            Named::No => outlet.is_default,
        };
        if speaks_for_provider {
            for (name, value) in stand_in.environment() {
                self.set(output, name, &account, value, named)?;
            }
        }
        // EXPOSE: placeholders, for the proxy to know them by.
        let placeholders = stand_in
            .placeholders()
            .map(|text| text.expose_secret().to_owned());
        self.placeholders
            .extend(placeholders.map(|text| (text, account.clone())));
        // What is not saved is found in the environment again, by the provider alone.
        let saved = broker.show(&account.target()).is_ok();
        let target = Target {
            connection: saved.then(|| account.connection.clone()),
            provider: account.provider.clone(),
        };
        self.accounts.push((account, target));
        self.outlets.push(outlet);
        Ok(())
    }

    fn set(
        &mut self,
        output: &Output,
        name: String,
        account: &Account,
        value: SecretString,
        named: Named,
    ) -> Result<(), CommandError> {
        if self.contested.contains(&name) {
            return Ok(());
        }
        let Some((other, _)) = self.variables.get(&name) else {
            self.variables.insert(name, (account.clone(), value));
            return Ok(());
        };
        let message = format!("{other} and {account} both set `{name}`");
        match named {
            Named::Yes => Err(
                CommandError::new(ExitCode::Other, "variable_conflict", message)
                    .hint("name one of them only"),
            ),
            Named::No => {
                output.warn(&format!(
                    "{message}, so it is not set: name one of them with --provider"
                ));
                self.variables.remove(&name);
                self.contested.insert(name);
                Ok(())
            }
        }
    }
}

/// Whether a person has asked for a login by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Yes,
    No,
}

fn account(connection: &Connection) -> Account {
    Account {
        provider: connection.provider().clone(),
        connection: connection.name().clone(),
    }
}
