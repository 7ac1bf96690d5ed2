//! Credentials that lie about in the environment: every program that is started from here gets them, authkeep or not.
//! Only names are looked at, never a value.

use std::collections::BTreeSet;

use authkeep_core::{Broker, credential_variables};
use authkeep_registry::Registry;

use crate::env;

/// How the names of most of them end.
const ENDINGS: [&str; 10] = [
    "_API_KEY",
    "_ACCESS_KEY",
    "_SECRET_KEY",
    "_TOKEN",
    "_SECRET",
    "_PASSWORD",
    "_PASSWD",
    "_PASSPHRASE",
    "_CREDENTIALS",
    "_PRIVATE_KEY",
];

/// What is named otherwise.
const OTHERS: [&str; 22] = [
    "AWS_ACCESS_KEY_ID",
    "AZURE_STORAGE_KEY",
    "AZURE_STORAGE_CONNECTION_STRING",
    "BW_SESSION",
    "CLOUDFLARE_KEY",
    "DATABASE_URL",
    "DD_APP_KEY",
    "DOCKER_AUTH_CONFIG",
    "KUBECONFIG",
    "LINEAR_KEY",
    "MONGODB_URI",
    "MONGO_URL",
    "MYSQL_PWD",
    "NGROK_AUTHTOKEN",
    "NPM_AUTH",
    "PGPASSFILE",
    "PGPASSWORD",
    "REDIS_URL",
    "SSHPASS",
    "STRIPE_KEY",
    "SUPABASE_SERVICE_ROLE_KEY",
    "TS_AUTHKEY",
];

/// What the environment holds, by name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ambient {
    /// What a program behind the sidecar does not see, because there is a login.
    kept_back: BTreeSet<String>,
    /// What every program sees.
    seen: BTreeSet<String>,
}

impl Ambient {
    /// Of this process's environment.
    pub(super) fn here(registry: &Registry, broker: Option<&Broker>) -> Self {
        let providers = broker.map(|broker| broker.list().unwrap_or_default());
        let providers = providers.into_iter().flatten();
        let connected: BTreeSet<_> = providers
            .filter(|provider| !provider.connections.is_empty())
            .map(|provider| provider.name)
            .collect();
        let (mut with_login, mut others) = (BTreeSet::new(), BTreeSet::new());
        for found in registry.all().unwrap_or_default().into_iter().flatten() {
            let of = match connected.contains(&found.definition.name) {
                true => &mut with_login,
                false => &mut others,
            };
            of.extend(credential_variables(&found.definition));
        }
        let names = env::names().into_iter();
        let names = names.filter_map(|name| name.into_string().ok());
        Self::among(names.filter(|name| env::is_set(name)), &with_login, &others)
    }

    fn among(
        names: impl Iterator<Item = String>,
        with_login: &BTreeSet<String>,
        others: &BTreeSet<String>,
    ) -> Self {
        let mut ambient = Self::default();
        for name in names {
            if with_login.contains(&name) {
                ambient.kept_back.insert(name);
            } else if others.contains(&name) || looks_like_one(&name) {
                ambient.seen.insert(name);
            }
        }
        ambient
    }

    /// What there is to know about it.
    pub(super) fn message(&self) -> String {
        let listed = |names: &BTreeSet<String>| {
            names
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let seen = match self.seen.is_empty() {
            true => "no variable that looks like a credential reaches every program".to_owned(),
            false => format!("every program that you start sees {}", listed(&self.seen)),
        };
        match self.kept_back.is_empty() {
            true => seen,
            false => format!(
                "{seen}; `authkeep run` keeps back {}",
                listed(&self.kept_back)
            ),
        }
    }
}

fn looks_like_one(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    ENDINGS.iter().any(|ending| upper.ends_with(ending)) || OTHERS.contains(&&*upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_credential_is_told_from_what_does_not() {
        let names = "AWS_SECRET_ACCESS_KEY AWS_ACCESS_KEY_ID GH_TOKEN npm_config_registry HOME PATH KEYBOARD DATABASE_URL \
            OPENAI_API_KEY OPENAI_BASE_URL my_password TOKENIZERS_PARALLELISM";
        let set = |names: &str| {
            names
                .split_whitespace()
                .map(str::to_owned)
                .collect::<BTreeSet<_>>()
        };
        let with_login = set("OPENAI_API_KEY OPENAI_TOKEN");
        let ambient = Ambient::among(set(names).into_iter(), &with_login, &set("GH_TOKEN"));
        let seen = "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY DATABASE_URL GH_TOKEN my_password";
        assert_eq!(ambient.seen, set(seen));
        assert_eq!(ambient.kept_back, set("OPENAI_API_KEY"));
        assert_eq!(
            Ambient::default().message(),
            "no variable that looks like a credential reaches every program"
        );
        assert!(ambient.message().ends_with("keeps back OPENAI_API_KEY"));
    }
}
