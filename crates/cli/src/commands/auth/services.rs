//! What each provider would use if it were asked for now. Nothing is sent and nothing is made.

use std::io::{self, Write};

use authkeep_core::{
    ConnectionStatus, ProviderStatus, Timestamp, Way, available, is_supported, ways,
};
use comfy_table::{Table, presets};
use serde_json::{Value, json};

use crate::context::Context;
use crate::env;
use crate::error::{CommandError, variables};
use crate::output::{Done, View};

pub(super) fn run(context: &Context) -> Result<Done, CommandError> {
    let home = context.home()?;
    let registry = context.registry(home.as_ref());
    let (providers, now) = match context.broker()? {
        Some(broker) => (broker.list()?, broker.now()),
        None => (available(&registry)?, Timestamp::UNIX_EPOCH),
    };
    let environment = env::environment();
    let services = providers.into_iter().map(|provider| {
        let definition = registry.find(&provider.name).ok().flatten();
        let ways = definition.map_or_else(Vec::new, |found| ways(&found.definition, &environment));
        Service::of(&provider, ways, now)
    });
    Ok(Done::view(Services(services.collect())))
}

struct Services(Vec<Service>);

struct Service {
    provider: String,
    method: Option<&'static str>,
    connection: Option<String>,
    ways: Vec<Way>,
}

impl Service {
    fn of(provider: &ProviderStatus, ways: Vec<Way>, now: Timestamp) -> Self {
        let saved = provider
            .default_connection()
            .filter(|login| login.status(now) == ConnectionStatus::Connected);
        let open = ways.iter().find(|way| way.is_open());
        let method = match (saved, open) {
            (Some(_), _) => Some("saved_token"),
            (None, Some(way)) => Some(way.method.as_str()),
            _ if provider.flows.iter().any(|flow| is_supported(*flow)) => Some("login"),
            _ => None,
        };
        Self {
            provider: provider.name.to_string(),
            method,
            connection: saved.map(|login| login.name().to_string()),
            ways,
        }
    }

    fn details(&self) -> String {
        match (&self.connection, self.method) {
            (Some(connection), _) => connection.clone(),
            (None, Some("login")) => {
                let missing: Vec<_> = self.ways.iter().map(|w| variables(&w.missing)).collect();
                match missing.as_slice() {
                    [] => "-".to_owned(),
                    missing => format!("or set {}", missing.join("; or ")),
                }
            }
            (None, Some(_)) => "from the environment".to_owned(),
            (None, None) => "-".to_owned(),
        }
    }
}

impl View for Services {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(["PROVIDER", "WOULD USE", "WHICH"]);
        for service in &self.0 {
            let method = service.method.unwrap_or("-");
            table.add_row([&service.provider, method, &service.details()]);
        }
        for line in table.lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    fn json(&self) -> Value {
        let services: Vec<_> = self
            .0
            .iter()
            .map(|service| {
                let ways: Vec<_> = service
                    .ways
                    .iter()
                    .map(|way| json!({"method": way.method.as_str(), "missing": way.missing}))
                    .collect();
                json!({
                    "provider": service.provider,
                    "method": service.method,
                    "connection": service.connection,
                    "environment": ways,
                })
            })
            .collect();
        json!({ "services": services })
    }
}
