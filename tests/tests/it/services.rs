//! Services as they are, one module each: a scripted server that behaves like the service and refuses all else, and the
//! real binary with the definition as it is shipped.

mod alchemy;
mod aws;
mod captured;
mod clients;
mod datadog;
mod endings;
mod every;
mod github;
mod google_maps;
mod issuer;
mod keys;
mod longer_lived;
mod machines;
mod mcp;
mod notion;
mod odd_requests;
mod scopes;
mod shared_client;
mod slack;
mod strict;
mod telegram;
mod tenants;

use std::fs;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use authkeep_testkit::home::{Output, run, run_with_input};
use authkeep_testkit::message::{Received, Reply};
use authkeep_testkit::world::World;
use authkeep_tests::{Consent, Product};
use serde_json::Value;

use crate::terminal::Terminal;

/// What somebody here types as the client of every service.
pub(crate) const CLIENT: [&str; 2] = ["the-client", "cnry_5ec2e7000000000000000000000c11e7"];

/// A home in a world that has nothing but the services of the test.
#[derive(Debug)]
pub(crate) struct Abroad {
    pub(crate) product: Product,
    pub(crate) world: World,
}

impl Abroad {
    pub(crate) fn new() -> Self {
        Self {
            product: Product::new(),
            world: World::start(),
        }
    }

    /// Puts a service with a state of its own at some hosts.
    pub(crate) fn house<S: Send + 'static>(
        &self,
        hosts: &[&str],
        state: S,
        answer: fn(&mut S, &Received) -> Reply,
    ) -> Arc<Mutex<S>> {
        let state = Arc::new(Mutex::new(state));
        for host in hosts {
            let served = Arc::clone(&state);
            let answer = move |request: &Received| answer(&mut served.lock().unwrap(), request);
            self.world.serve(host, answer);
        }
        state
    }

    /// `authkeep` with these arguments, nobody to talk to, and a browser that agrees to everything.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self
            .product
            .command_with_browser(Consent::Approve, arguments);
        command.envs(self.world.variables());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        run(&mut self.command(arguments))
    }

    /// The same with something on standard input.
    pub(crate) fn given(&self, arguments: &[&str], input: &str) -> Output {
        run_with_input(&mut self.command(arguments), input.as_bytes())
    }

    /// A login by a person at a browser, as [`CLIENT`].
    pub(crate) fn login(&self, provider: &str, more: &[&str]) -> Output {
        let mut command = self.command(&[&["login", provider], more].concat());
        command.envs(client_variables(provider));
        if !has_registered_port(provider) {
            return run(&mut command);
        }
        at_the_registered_port(|| run(&mut command), |output| output.stderr.clone())
    }

    /// A login at a service that redirects to https: the person pastes what the address bar shows. All that was on the
    /// screen.
    pub(crate) fn login_pasted(&self, provider: &str, more: &str) -> String {
        self.paste(&client_variables(provider), &format!("{provider} {more}"))
    }

    /// The same with some variables and all arguments.
    pub(crate) fn paste(&self, variables: &[(String, String)], arguments: &str) -> String {
        let mut words = String::new();
        for (name, value) in variables {
            words.push_str(&format!("{name}='{value}' "));
        }
        for (name, value) in self.world.variables() {
            words.push_str(&format!("{name}='{value}' "));
        }
        let arguments = format!("login --paste {arguments}");
        let attempt = || {
            let mut terminal = Terminal::with(&self.product, &words, &arguments);
            let is_asked = |seen: &str| seen.ends_with("(empty for none): ");
            let is_there =
                |seen: &str| seen.contains("Waiting for") || seen.contains("the end\r\n");
            terminal.see("a page, a question or the end", |seen| {
                is_there(seen) || is_asked(seen)
            });
            if is_asked(&terminal.seen) {
                terminal.types("\n");
                terminal.see("a page or the end", is_there);
            }
            let mut words = terminal.seen.split_whitespace();
            let is_page =
                |word: &&str| word.starts_with("https://") && word.contains("redirect_uri=");
            if let Some(address) = words.find(is_page) {
                // Who is stuck gives up.
                let typed = self.world.visit(address);
                let typed = typed.map_or_else(|_| "\x03".to_owned(), |end| format!("{end}\n"));
                terminal.types(&typed);
            }
            terminal.until("the end\r\n");
            std::mem::take(&mut terminal.seen)
        };
        at_the_registered_port(attempt, Clone::clone)
    }

    /// What curl says that asks the service from behind the sidecar. It holds no credential.
    pub(crate) fn ask(&self, provider: &str, curl: &[&str]) -> Output {
        let run = [
            "run",
            "--quiet",
            "--provider",
            provider,
            "--",
            "curl",
            "-sS",
        ];
        self.run(&[&run[..], &["--max-time", "20", "--fail-with-body"], curl].concat())
    }

    /// Puts a changed copy of a definition in the place of the one that is shipped.
    pub(crate) fn redefine(&self, provider: &str, change: impl FnOnce(&mut Value)) {
        let mut definition = shipped(provider);
        change(&mut definition);
        self.product.home().write_definition(&definition);
    }

    /// One live secret, by `get --field FIELD --show-secret`.
    pub(crate) fn secret(&self, provider: &str, field: &str) -> String {
        let output = self.run(&["get", provider, "--field", field, "--show-secret"]);
        assert_eq!(output.code, 0, "{output:?}");
        output.stdout.trim_end_matches('\n').to_owned()
    }
}

/// The definition as it is shipped.
pub(crate) fn shipped(provider: &str) -> Value {
    let file = format!(
        "{}/../crates/registry/providers/{provider}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The same with what it takes from the definition that it extends.
pub(crate) fn shipped_whole(provider: &str) -> Value {
    let definition = shipped(provider);
    match definition["extends"].as_str() {
        Some(parent) => merged(shipped_whole(parent), definition),
        None => definition,
    }
}

/// Objects are merged, all else is replaced.
fn merged(below: Value, above: Value) -> Value {
    match (below, above) {
        (Value::Object(mut below), Value::Object(above)) => {
            for (name, value) in above {
                let there = below.remove(&name).unwrap_or_default();
                below.insert(name, merged(there, value));
            }
            Value::Object(below)
        }
        (_, above) => above,
    }
}

/// The first request of this method to this address, of which the query is no part.
pub(crate) fn first<'a>(seen: &'a [Received], method: &str, url: &str) -> &'a Received {
    let is_it = |request: &&Received| {
        request.method == method && format!("https://{}{}", request.host, request.path) == url
    };
    seen.iter()
        .find(is_it)
        .unwrap_or_else(|| panic!("no {method} {url} in {seen:#?}"))
}

/// Whether [`CLIENT`] sent it, and proved so by Basic and in no other way.
pub(crate) fn is_client_by_basic(request: &Received) -> bool {
    let client = request.basic_client();
    let is_named =
        request.field("client_secret").is_some() || request.json().get("client_secret").is_some();
    !is_named && client.is_some_and(|(id, secret)| [&*id, &*secret] == CLIENT)
}

/// Where a login looks for [`CLIENT`].
fn client_variables(provider: &str) -> [(String, String); 2] {
    let upper = variable(provider);
    let [id, secret] = CLIENT.map(str::to_owned);
    [
        (format!("{upper}_CLIENT_ID"), id),
        (format!("{upper}_CLIENT_SECRET"), secret),
    ]
}

/// What the names of a provider's variables begin with.
pub(crate) fn variable(provider: &str) -> String {
    provider.to_uppercase().replace(['-', '.'], "_")
}

/// Whether the service redirects to one port only.
pub(crate) fn has_registered_port(provider: &str) -> bool {
    let definition = shipped_whole(provider);
    let redirect = definition["oauth"]["redirect"].as_str();
    redirect.is_some_and(|redirect| ["exact", "https"].contains(&redirect))
}

/// There is one such port on the machine. Those of this program wait for each other; others are tried again for.
pub(crate) fn at_the_registered_port<T>(
    mut attempt: impl FnMut() -> T,
    said: impl Fn(&T) -> String,
) -> T {
    static PORT: Mutex<()> = Mutex::new(());
    let _turn = PORT.lock().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..100 {
        let ended = attempt();
        if !said(&ended).contains("port 27149") || !said(&ended).contains("is taken") {
            return ended;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("port 27149 stays taken")
}
