//! Services as they are, one module each: a scripted server that behaves like the service and refuses all else, and the
//! real binary with the definition as it is shipped.

mod datadog;
mod notion;
mod slack;

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
        let [id, secret] = CLIENT;
        let upper = variable(provider);
        command.env(format!("{upper}_CLIENT_ID"), id);
        command.env(format!("{upper}_CLIENT_SECRET"), secret);
        at_the_registered_port(|| run(&mut command), |output| output.stderr.clone())
    }

    /// A login at a service that redirects to https: the person pastes what the address bar shows. All that was on the
    /// screen.
    pub(crate) fn login_pasted(&self, provider: &str, arguments: &str) -> String {
        let [id, secret] = CLIENT;
        let upper = variable(provider);
        let mut variables = format!("{upper}_CLIENT_ID={id} {upper}_CLIENT_SECRET={secret}");
        for (name, value) in self.world.variables() {
            variables.push_str(&format!(" {name}='{value}'"));
        }
        let arguments = format!("login {provider} --paste {arguments}");
        let attempt = || {
            let mut terminal = Terminal::with(&self.product, &variables, &arguments);
            terminal.see("a page or the end", |seen| {
                seen.contains("Waiting for") || seen.contains("the end\r\n")
            });
            let mut words = terminal.seen.split_whitespace();
            if let Some(address) =
                words.find(|word| word.starts_with("https://") && word.contains("redirect_uri="))
            {
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

/// Whether [`CLIENT`] sent it, and proved so by Basic and in no other way.
pub(crate) fn is_client_by_basic(request: &Received) -> bool {
    let client = request.basic_client();
    let is_named =
        request.field("client_secret").is_some() || request.json().get("client_secret").is_some();
    !is_named && client.is_some_and(|(id, secret)| [&*id, &*secret] == CLIENT)
}

/// What the names of a provider's variables begin with.
pub(crate) fn variable(provider: &str) -> String {
    provider.to_uppercase().replace(['-', '.'], "_")
}

/// Some services redirect to one port only, and there is one on the machine.
fn at_the_registered_port<T>(attempt: impl FnMut() -> T, said: impl Fn(&T) -> String) -> T {
    static PORT: Mutex<()> = Mutex::new(());
    let mut attempt = attempt;
    let mut turn = None;
    for _ in 0..100 {
        let ended = attempt();
        if !said(&ended).contains("port 27149") || !said(&ended).contains("is taken") {
            return ended;
        }
        // From here on one after another, as far as they are of this test program.
        turn.get_or_insert_with(|| PORT.lock().unwrap_or_else(PoisonError::into_inner));
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("port 27149 stays taken")
}
