//! Definitions that are out to get a stored credential: each is put in the place of the one that somebody logged in with,
//! every command is tried, and not a byte of the credential reaches a place that was not pinned at login.
//!
//! The places of the attacker are a whole server that would take whatever it is offered, and a page at the honest server
//! that publishes what it is sent.

mod refused;
mod swapped;

use std::process::Command;

use authkeep_testkit::canary::{Scanner, canary};
use authkeep_testkit::home::{Output, run};
use authkeep_testkit::oauth_server::{Client, ClientGrant, OAuthServer, ServerOptions};
use authkeep_tests::{Consent, Product, open_vault, put_record, rounds};
use serde_json::{Map, Value, json};

use self::refused::{REFUSED, Refused};
use self::swapped::{CLIENT, KEY, LOGIN, Swap, VENDOR};
use crate::acme::Acme;
use crate::refresh_world::in_parts;

/// Where the attacker would have it sent.
struct Places {
    honest: String,
    evil: String,
}

/// What is stored, and how it is had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A login by browser, with a refresh token and a client that has a secret.
    Login,
    /// A client with a token of its own.
    Client,
    /// A key that was exchanged for a token.
    Key,
    /// A login at a service that renews tokens in a way of its own, trades them, and reveals a part of a host.
    Vendor,
}

/// A working login, its definition, and an attacker.
struct World {
    acme: Acme,
    evil: OAuthServer,
    honest: Value,
    record: Map<String, Value>,
    /// The client's secret, or the key.
    secret: String,
}

impl World {
    fn new(kind: Kind) -> Self {
        let secret = canary();
        let options = || ServerOptions {
            clients: vec![Client::post("test-client", &secret)],
            client_grant: Some(ClientGrant::standard()),
            ..ServerOptions::default()
        };
        let server = OAuthServer::start(options());
        let honest = definition(&server, kind);
        let product = Product::new();
        product.home().write_definition(&honest);
        let acme = Acme { server, product };
        let mut login = acme
            .product
            .command_with_browser(Consent::Approve, &["login", "acme"]);
        login.arg("--no-input");
        login.env("ACME_CLIENT_ID", "test-client");
        login.env("ACME_CLIENT_SECRET", &secret);
        login.env("ACME_PASSWORD", &secret);
        let output = run(&mut login);
        assert_eq!(output.code, 0, "{output:?}");
        let record = acme.record().unwrap();
        Self {
            acme,
            // It knows the same client, so that nothing fails for want of its welcome.
            evil: OAuthServer::start(options()),
            honest,
            record,
            secret,
        }
    }

    fn places(&self) -> Places {
        Places {
            honest: self.acme.server.url(),
            evil: self.evil.url(),
        }
    }

    /// The login as it was, with tokens that work and have not been seen before, so that whatever is found was sent now.
    fn fresh(&self) -> (Map<String, Value>, Vec<String>) {
        let mut record = self.record.clone();
        let mut secrets = vec![self.secret.clone()];
        let granted = self.acme.server.grant("test-client");
        record["access_token"] = json!(granted.access_token);
        secrets.push(granted.access_token);
        if record.contains_key("refresh_token") {
            record["refresh_token"] = json!(granted.refresh_token);
            secrets.push(granted.refresh_token);
        }
        (record, secrets)
    }

    /// Stores `record`, puts `definition` in place, tries everything, and returns what was said and how many secrets
    /// reached the attacker.
    fn attack(&self, record: &Map<String, Value>, secrets: &[String], definition: &[u8]) -> Attack {
        let home = self.acme.product.home();
        put_record(&open_vault(&home.authkeep_home()), record);
        let file = home.authkeep_home().join("providers/acme.json");
        std::fs::write(&file, definition).unwrap();
        let (before, here) = (self.evil.log().len(), self.acme.server.log().len());
        let mut said = Vec::new();
        let mut program = |command: &mut Command| {
            let output = run(command);
            let crashed = output.code >= 100 || output.stderr.contains("panicked");
            assert!(!crashed, "{output:?}");
            said.push(output);
        };
        let product = &self.acme.product;
        program(&mut product.command(&["inspect", "acme"]));
        let variables = ["run", "--env", "--provider", "acme", "--", "env"];
        program(&mut product.command(&variables));
        self.acme.expire();
        program(&mut self.acme.get());
        if rounds(0, 1) == 1 {
            program(&mut product.command(&["refresh", "acme"]));
            program(&mut product.command(&["auth", "acme", "--no-input"]));
            program(&mut product.command(&["export", "acme"]));
        }
        // Somebody logs in again, to whatever page is opened. What was saved before goes there no more than anywhere.
        let again = ["login", "acme", "--force", "--no-input", "--timeout", "1"];
        program(&mut product.command_with_browser(Consent::Approve, &again));
        put_record(&open_vault(&home.authkeep_home()), record);
        program(&mut product.command(&["logout", "acme"]));
        let left = self.acme.record();
        std::fs::write(&file, self.honest.to_string()).unwrap();

        let published = |path: &str| path == "/published";
        let seen = self.evil.log().split_off(before);
        let here = self.acme.server.log().split_off(here);
        let here = here.into_iter().filter(|seen| published(&seen.path));
        let seen: Vec<_> = seen.into_iter().chain(here).collect();
        let leaked = Scanner::new(secrets).scan(format!("{seen:?}").as_bytes());
        Attack {
            said,
            requests: seen.len(),
            leaked: leaked.len(),
            local_copy: left.is_some(),
        }
    }
}

struct Attack {
    /// What the commands said: `inspect` first, the environment of a program second.
    said: Vec<Output>,
    /// How many requests reached the attacker.
    requests: usize,
    /// How many secrets were in them.
    leaked: usize,
    /// Whether the login outlived its logout.
    local_copy: bool,
}

fn definition(server: &OAuthServer, kind: Kind) -> Value {
    let mut definition = server.definition("acme");
    let url = server.url();
    definition["params"] = json!({"base_url": {"label": "Base URL", "default": url}});
    definition["oauth"]["token_url"] = json!("{base_url}/token");
    definition["env"]["ACME_BASE_URL"] = json!("{base_url}");
    definition["flows"] = match kind {
        Kind::Login | Kind::Vendor => json!(["authorization_code"]),
        Kind::Client => json!(["client_credentials"]),
        Kind::Key => json!(["api_key"]),
    };
    if kind == Kind::Vendor {
        let by_token = json!({"grant_type": "refresh_token", "refresh_token": "{refresh_token}"});
        let mut trade = by_token.clone();
        trade["old"] = json!("{token}");
        definition["oauth"]["refresh"] =
            json!({"url": format!("{url}/token?own"), "params": by_token});
        definition["oauth"]["upgrade"] = json!({"params": trade});
        definition["params"]["user"] =
            json!({"label": "User", "from": "whoami:/login", "pattern": "[a-z0-9-]+"});
        let hosts = definition["hosts"].as_array_mut().unwrap();
        hosts.push(json!("{user}.acme.example"));
    }
    if kind == Kind::Key {
        definition.as_object_mut().unwrap().remove("oauth");
        definition["api_key"] = json!({
            "fields": [{"name": "password"}],
            "exchange": {
                "url": format!("{url}/login"),
                "format": "json",
                "params": {"identifier": "test-client", "secret": "{password}"},
                "token_path": "/session/token",
                "expires_in_path": "/session/seconds",
            },
        });
        definition["env"]["ACME_PASSWORD"] = json!("{password}");
    }
    definition
}

/// The same record as if the login had been made with the attacker's places: the defence is off.
fn repinned(record: &Map<String, Value>, places: &Places) -> Map<String, Value> {
    let pins = |pinned: &mut Value| {
        let text = pinned.to_string().replace(&places.honest, &places.evil);
        *pinned = serde_json::from_str(&text).unwrap();
    };
    let mut record = record.clone();
    pins(&mut record["pinned"]);
    if let Some(client) = record.get_mut("client") {
        pins(&mut client["pinned"]);
    }
    record
}

fn tries(kind: Kind, swaps: &[Swap]) -> String {
    let count = u32::try_from(swaps.len()).unwrap();
    let controls: usize = in_parts(count, 4, |part| {
        let world = World::new(kind);
        let swaps = part.map(|at| &swaps[at as usize]);
        swaps
            .map(|swap| usize::from(world.tries(swap)))
            .sum::<usize>()
    })
    .into_iter()
    .sum();
    format!(
        "{kind:?}: {count} swapped after login, 0 secrets leaked; with the pins of the evil one \
         {controls} of {controls} leaked"
    )
}

impl World {
    /// Tries one of them, and with the defence off if that makes a difference; says whether it did.
    fn tries(&self, swap: &Swap) -> bool {
        let (what, places) = (swap.what, self.places());
        let mut evil = self.honest.clone();
        (swap.edit)(&mut evil, &places);
        let evil = evil.to_string();
        let (record, secrets) = self.fresh();
        let attack = self.attack(&record, &secrets, evil.as_bytes());
        assert_eq!(attack.said[0].code, 0, "{what}: {:?}", attack.said[0]);
        assert_eq!(attack.leaked, 0, "{what}: {:#?}", attack.said);
        let variables = &attack.said[1];
        assert_eq!(variables.code, 0, "{what}: {variables:?}");
        assert!(
            !variables.stdout.contains(&places.evil),
            "{what}: {variables:?}"
        );
        assert!(!attack.local_copy, "{what}: {:#?}", attack.said);
        if swap.moves {
            let (record, secrets) = self.fresh();
            let record = repinned(&record, &places);
            let attack = self.attack(&record, &secrets, evil.as_bytes());
            assert!(
                attack.requests > 0 && attack.leaked > 0,
                "{what}: {:#?}",
                attack.said
            );
        }
        swap.moves
    }
}

#[test]
fn there_are_forty_and_more() {
    let swapped = LOGIN.len() + CLIENT.len() + KEY.len() + VENDOR.len();
    assert!(swapped >= 35 && REFUSED.len() >= 35, "{swapped}");
}

#[test]
fn a_login_by_browser_follows_no_swapped_definition() {
    println!("figure: evil definitions, {}", tries(Kind::Login, LOGIN));
}

#[test]
fn a_client_with_a_token_of_its_own_follows_none() {
    println!("figure: evil definitions, {}", tries(Kind::Client, CLIENT));
}

#[test]
fn a_key_that_is_exchanged_follows_none() {
    println!("figure: evil definitions, {}", tries(Kind::Key, KEY));
}

#[test]
fn a_login_at_a_service_with_ways_of_its_own_follows_none() {
    println!("figure: evil definitions, {}", tries(Kind::Vendor, VENDOR));
}

#[test]
fn a_definition_that_is_refused_gets_nothing() {
    let count = u32::try_from(REFUSED.len()).unwrap();
    in_parts(count, 4, |part| {
        let world = World::new(Kind::Login);
        for at in part {
            world.refuses(&REFUSED[at as usize]);
        }
    });
    println!("figure: evil definitions, {count} refused, 0 requests");
}

impl World {
    fn refuses(&self, (what, make, why): &Refused) {
        let evil = make(&self.honest, &self.places());
        let (record, secrets) = self.fresh();
        let attack = self.attack(&record, &secrets, &evil);
        let inspected = &attack.said[0];
        assert_eq!(inspected.code, 1, "{what}: {inspected:?}");
        assert!(inspected.stderr.contains(why), "{what}: {inspected:?}");
        assert_eq!((attack.requests, attack.leaked), (0, 0), "{what}");
        assert!(!attack.local_copy, "{what}");
        // It cannot be taken in either, and leaves no file anywhere.
        let product = &self.acme.product;
        let files = product.files().into_keys().collect::<Vec<_>>();
        let downloaded = product.home().tmp().join("evil.json");
        std::fs::write(&downloaded, &evil).unwrap();
        let output = run(product.command(&["register", "--force"]).arg(&downloaded));
        assert_ne!(output.code, 0, "{what}: {output:?}");
        let now = product.files().into_keys().collect::<Vec<_>>();
        assert_eq!(now, files, "{what}");
    }
}

#[test]
fn a_bundled_name_is_taken_by_nobody_unseen() {
    let acme = Acme::new();
    let mut evil = acme.server.definition("acme");
    evil["name"] = json!("github");
    let file = acme.product.home().tmp().join("evil.json");
    std::fs::write(&file, evil.to_string()).unwrap();
    let register = |more: &[&str]| {
        let mut register = acme.product.command(&["register"]);
        run(register.arg(&file).args(more))
    };
    let output = register(&[]);
    assert_eq!(output.code, 1, "{output:?}");
    assert!(output.stderr.contains("--force"), "{output:?}");
    let source = || acme.product.json(&["inspect", "github"]).1["source"].clone();
    assert_eq!(source(), "bundled");
    // Nor by an alias.
    evil["name"] = json!("acme");
    evil["aliases"] = json!(["github", "gh"]);
    acme.product.home().write_definition(&evil);
    assert_eq!(source(), "bundled");
    // The negative control: who insists gets it, and sees it from then on.
    assert_eq!(register(&["--force"]).code, 0);
    assert_eq!(source(), "user-overrides-bundled");
}
