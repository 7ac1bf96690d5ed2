//! A home with some logins, from their beginning to their end, in a world with their services.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::{Arc, Mutex};

use authkeep_testkit::home::run_with_input;
use serde_json::{Value, json};

use super::super::strict::{Account, Strict};
use super::super::{Abroad, at_the_registered_port, has_registered_port, shipped_whole, variable};

/// Some logins, one a provider.
pub(super) struct Batch {
    pub(super) abroad: Abroad,
    logins: Vec<(String, String)>,
    pub(super) strict: Arc<Mutex<Strict>>,
    wrong: Vec<String>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) wrong: Vec<String>,
    /// How often each kind of request was granted.
    pub(super) granted: BTreeMap<String, u32>,
    pub(super) flows: BTreeMap<String, u32>,
    /// Bytes of requests with a credential that came to hosts of others.
    pub(super) strayed: usize,
}

impl Found {
    pub(super) fn add(&mut self, other: Self) {
        self.wrong.extend(other.wrong);
        for (what, count) in other.granted {
            *self.granted.entry(what).or_default() += count;
        }
        for (flow, count) in other.flows {
            *self.flows.entry(flow).or_default() += count;
        }
        self.strayed += other.strayed;
    }
}

impl Batch {
    pub(super) fn new(accounts: Vec<Account>) -> Self {
        let abroad = Abroad::new();
        let logins = accounts.iter();
        let logins = logins.map(|account| (account.provider.clone(), account.flow.clone()));
        Self {
            logins: logins.collect(),
            strict: Strict::serve(&abroad.world, accounts),
            abroad,
            wrong: Vec::new(),
        }
    }

    /// Every login, request, renewal and logout.
    pub(super) fn run(&mut self) -> Found {
        for index in 0..self.logins.len() {
            self.log_in(index);
        }
        self.ask();
        for index in 0..self.logins.len() {
            self.renew(index);
        }
        for index in 0..self.logins.len() {
            self.log_out(index);
        }
        self.found()
    }

    fn complain(&mut self, index: usize, why: &str) {
        let (provider, flow) = &self.logins[index];
        self.wrong.push(format!("{provider} by {flow}: {why}"));
    }

    /// Whether the service has granted such a request.
    fn granted(&self, index: usize, what: &str) -> u32 {
        let strict = self.strict.lock().unwrap();
        strict.accounts[index]
            .granted
            .get(what)
            .copied()
            .unwrap_or_default()
    }

    /// How many requests to its API.
    fn asked(&self, index: usize) -> u32 {
        ["api", "capture", "whoami"]
            .map(|what| self.granted(index, what))
            .iter()
            .sum()
    }

    pub(super) fn log_in(&mut self, index: usize) {
        let (arguments, variables, input) = {
            let strict = self.strict.lock().unwrap();
            let account = &strict.accounts[index];
            (account.arguments(), account.variables(), account.input())
        };
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (provider, flow) = self.logins[index].clone();
        let redirect = shipped_whole(&provider)["oauth"]["redirect"].clone();
        let said = if redirect == "https" && flow == "authorization_code" {
            self.abroad.paste(&variables, &words[1..].join(" "))
        } else {
            let mut command = self.abroad.command(&words);
            command
                .envs(variables)
                .args(["--timeout", "20s", "--no-input"]);
            let mut attempt = || run_with_input(&mut command, input.as_bytes());
            let output = match flow == "authorization_code" && has_registered_port(&provider) {
                true => at_the_registered_port(attempt, |output| output.stderr.clone()),
                false => attempt(),
            };
            format!("{}{}", output.stdout, output.stderr)
        };
        if !said.contains("Logged in to") {
            self.complain(
                index,
                &format!("no login: {}", said.trim().replace('\n', " / ")),
            );
        }
    }

    /// One program asks all hosts of all logins.
    fn ask(&mut self) {
        let mut config = String::new();
        let mut expected = Vec::new();
        {
            let strict = self.strict.lock().unwrap();
            for (index, account) in strict.accounts.iter().enumerate() {
                if account.facts["api_key"]["sign"].is_string() {
                    continue;
                }
                let mut urls = account.urls();
                expected.push((index, urls.len()));
                for url in &mut urls {
                    let provider = &account.provider;
                    config.push_str(&format!(
                        "url = \"{url}\"\nheader = \"Authkeep-Connection: {provider}=default\"\nheader = \"User-Agent:\"\nheader = \"Accept:\"\n\
                         silent\noutput = \"/dev/null\"\nmax-time = 20\nwrite-out = \"%{{http_code}} {provider} {url}\\n\"\nnext\n"
                    ));
                }
            }
        }
        let config = config.trim_end_matches("next\n").to_owned();
        let file = self.abroad.product.home().root().join("requests");
        fs::write(&file, config).unwrap();
        let file = file.display().to_string();
        let before: Vec<u32> = expected
            .iter()
            .map(|(index, _)| self.asked(*index))
            .collect();
        let output = self
            .abroad
            .run(&["run", "--quiet", "--", "curl", "-K", &file]);
        for ((index, count), before) in expected.into_iter().zip(before) {
            let (provider, _) = self.logins[index].clone();
            let granted = self.asked(index) - before;
            if granted as usize != count {
                let mine = output
                    .stdout
                    .lines()
                    .filter(|line| line.contains(&format!(" {provider} ")));
                let answers: Vec<&str> = mine.collect();
                self.complain(
                    index,
                    &format!("{granted} of {count} requests granted: {answers:?}"),
                );
            }
        }
    }

    fn renew(&mut self, index: usize) {
        let provider = self.logins[index].0.clone();
        let is_renewable = {
            let strict = self.strict.lock().unwrap();
            strict.accounts[index].is_renewable()
        };
        let output = self.abroad.run(&["refresh", &provider]);
        let renewed = self.granted(index, "refresh") > 0
            || self.granted(index, "token") > 1
            || self.granted(index, "exchange") > 1;
        if is_renewable && (output.code != 0 || !renewed) {
            self.complain(index, &format!("not renewed: {}", output.stderr.trim()));
        }
    }

    fn log_out(&mut self, index: usize) {
        let provider = self.logins[index].0.clone();
        let revokes = {
            let strict = self.strict.lock().unwrap();
            strict.accounts[index].is_revocable()
        };
        let output = self.abroad.run(&["logout", &provider]);
        if output.code != 0 || revokes && self.granted(index, "revocation") == 0 {
            self.complain(
                index,
                &format!(
                    "not revoked: {} {}",
                    output.stdout.trim(),
                    output.stderr.trim()
                ),
            );
        }
    }

    fn found(&self) -> Found {
        let strangers: BTreeSet<String> = self.abroad.world.strangers().into_iter().collect();
        let strict = self.strict.lock().unwrap();
        let mut found = Found {
            wrong: self.wrong.clone(),
            ..Found::default()
        };
        if !strangers.is_empty() || !strict.unclaimed.is_empty() {
            let unclaimed = &strict.unclaimed;
            found
                .wrong
                .push(format!("asked for elsewhere: {strangers:?} {unclaimed:?}"));
        }
        for account in &strict.accounts {
            let (provider, flow) = (&account.provider, &account.flow);
            let refused = account.refused.iter();
            found
                .wrong
                .extend(refused.map(|why| format!("{provider} by {flow}: {why}")));
            for (what, count) in &account.granted {
                *found.granted.entry((*what).to_owned()).or_default() += count;
            }
            *found.flows.entry(flow.clone()).or_default() += 1;
            found.strayed += account.strayed;
        }
        found
    }
}

impl Account {
    /// What is typed to log in.
    fn arguments(&self) -> Vec<String> {
        let mut arguments: Vec<String> = ["login", &self.provider, "--flow", &self.flow]
            .map(str::to_owned)
            .into();
        let params = self.facts["params"].as_object().into_iter().flatten();
        let given = params.map(|(name, value)| (name, value.clone()));
        let captured = self.facts["captured"].as_object().into_iter().flatten();
        let known = captured.map(|(name, captured)| (name, captured["value"].clone()));
        // Who has a key types what else a login finds out, where it is asked for.
        let asked = shipped_whole(&self.provider)["params"].clone();
        let by_key =
            known.filter(|(name, _)| self.flow == "api_key" && asked.get(name.as_str()).is_some());
        let is_secret = |name: &String| self.secret_params().any(|secret| secret == name);
        let said = given.chain(by_key).filter(|(name, _)| !is_secret(name));
        for (name, value) in said {
            let value = value.as_str().unwrap_or_default();
            arguments.extend(["--param".to_owned(), format!("{name}={value}")]);
        }
        if self.flow == "api_key" {
            arguments.push("--with-token".to_owned());
        } else if self.facts["oauth"]["registration_url"].is_null()
            && self.facts["oauth"]["anonymous"].is_null()
        {
            arguments.extend(["--client-id".to_owned(), self.client_id.clone()]);
        }
        arguments.extend(self.more.iter().cloned());
        arguments
    }

    /// Where the client's secret is looked for.
    fn variables(&self) -> Vec<(String, String)> {
        let upper = variable(&self.provider);
        let named = &self.facts["oauth"]["client_env"];
        let client = [
            ("client_id", &self.client_id),
            ("client_secret", &self.client_secret),
        ];
        let client = client
            .into_iter()
            .filter(|(_, value)| !value.is_empty() && self.flow != "api_key");
        client
            .filter(|(name, _)| *name == "client_secret" || self.flow == "client_credentials")
            .map(|(name, value)| {
                let usual = format!("{upper}_{}", name.to_uppercase());
                let name = named[name].as_str().map_or(usual, str::to_owned);
                (name, value.clone())
            })
            .chain(self.secret_params().map(|name| {
                let value = self.facts["params"][name].as_str().unwrap_or_default();
                (format!("{upper}_{}", name.to_uppercase()), value.to_owned())
            }))
            .collect()
    }

    fn secret_params(&self) -> impl Iterator<Item = &str> {
        let names = self.facts["secret_params"].as_array().into_iter().flatten();
        names.filter_map(Value::as_str)
    }

    /// What comes on standard input.
    fn input(&self) -> String {
        match &*self.flow {
            "api_key" => json!(self.fields).to_string(),
            _ => String::new(),
        }
    }

    /// An address at each host.
    fn urls(&self) -> Vec<String> {
        let hosts = self.facts["hosts"].as_array().into_iter().flatten();
        hosts
            .filter_map(|host| Some(host["url"].as_str()?.to_owned()))
            .collect()
    }

    fn is_renewable(&self) -> bool {
        let upgrade_only =
            self.facts["oauth"]["upgrade"].is_object() && self.facts["oauth"]["refresh"].is_null();
        match &*self.flow {
            "api_key" => self.facts["api_key"]["exchange"].is_object(),
            _ => {
                !upgrade_only
                    && !["no-refresh-token"]
                        .contains(&self.facts["oauth"]["renewal"].as_str().unwrap_or(""))
            }
        }
    }

    fn is_revocable(&self) -> bool {
        let oauth = &self.facts["oauth"];
        self.flow != "api_key"
            && (oauth["revocation"].is_object() || oauth["revocation_url"].is_string())
    }
}
