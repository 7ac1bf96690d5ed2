//! The main job in a few seconds: log in once, hand out a working credential.
//!
//! This is a demonstration, not a mock: it drives the real `authkeep` binary in a throwaway home, against a real
//! (if tiny) authorization server and API on loopback. One thing is played: the person. Instead of a browser, this
//! program itself is what `BROWSER` names; it fetches the consent page and presses "approve".
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a demonstration talks to who watches it"
)]

mod failed;
mod stage;
mod tool;

use std::process::ExitCode;

use authkeep_testkit::browser::{Person, follow};
use authkeep_testkit::home::TestHome;
use authkeep_testkit::oauth_server::{OAuthServer, ServerOptions};

use crate::failed::Failed;
use crate::stage::Stage;
use crate::tool::CALL_API;

fn main() -> ExitCode {
    let done = match std::env::args().nth(1) {
        None => show(),
        Some(word) if word == CALL_API => tool::call_api(),
        // authkeep opens its browser with the address as the one argument: then this program plays the person.
        Some(address) => play_the_person(&address),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed(why)) => {
            eprintln!("\nthe demonstration failed: {why}");
            ExitCode::FAILURE
        }
    }
}

fn play_the_person(address: &str) -> Result<(), Failed> {
    match follow(address, Person::Approve) {
        Ok(visit) if visit.status() < 400 => Ok(()),
        Ok(visit) => Err(Failed(format!("the last page answered {}", visit.status()))),
        Err(error) => Err(Failed(error.to_string())),
    }
}

fn show() -> Result<(), Failed> {
    let server = OAuthServer::start(ServerOptions::default());
    let home = TestHome::new();
    home.write_definition(&server.definition("demo"));
    let stage = Stage::new(&home, &server)?;

    println!(
        "A demonstration. An authorization server and an API were started at {}, and authkeep\n\
         works in a throwaway home. A script plays the person at the browser; all else is real.",
        server.url()
    );
    stage.act(
        "Log in once: authorization code with PKCE, a loopback callback, tokens into the vault.",
        &["login", "demo"],
    )?;
    stage.act("What is there now.", &["list", "--connected"])?;
    stage.act(
        "What is known of the login; its secrets stay inside.",
        &["get", "demo"],
    )?;
    stage.hand_to_tool("Hand the credential to a program, which calls the API with it.")?;
    server.expire_access_tokens();
    println!("\n(The server has just declared the access token dead.)");
    stage.act(
        "Renew it: the refresh token is redeemed once, under a lock, and rotated.",
        &["get", "demo", "--refresh", "--field", "status"],
    )?;
    stage.hand_to_tool("The same program works again.")?;
    stage.act("Every release is on record.", &["audit", "log"])?;
    stage.act(
        "Log out: revoked at the server, deleted here.",
        &["logout", "demo"],
    )?;

    let dead = server
        .secrets()
        .iter()
        .filter(|secret| server.token_is_active(secret))
        .count();
    if dead > 0 {
        return Err(Failed(format!("the server still accepts {dead} tokens")));
    }
    println!("\nThe server accepts none of the tokens any more. The throwaway home is deleted.");
    println!("With a service of your own: authkeep providers, then authkeep login PROVIDER.");
    Ok(())
}
