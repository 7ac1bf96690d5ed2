//! Stands in for `xdg-open` and `BROWSER`: notes how it was launched and, if told to, logs in.
//!
//! - `FAKE_OPEN_LOG`: a file that gets one JSON line `{"argv": […]}` for this launch.
//! - `FAKE_OPEN_PERSON`: `approve`, `deny`, or `ignore` (the default: note the launch, open nothing).
//!
//! - `FAKE_OPEN_WORLD`: the proxy of a world, through which pages elsewhere are opened.
//!
//! What it is given may be a page on the disk that leads on, as a browser would follow it.
//!
//! Exit code 0 when the last page was not an error, 1 when it was or the visit failed, 2 when the
//! variables make no sense.
#![expect(
    clippy::disallowed_methods,
    reason = "a program of its own, steered by its environment"
)]

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::process::ExitCode;

use authkeep_testkit::browser::{Person, follow};
use authkeep_testkit::world::visit_by;

fn main() -> ExitCode {
    let argv: Vec<String> = std::env::args_os()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    if let Err(error) = note(&argv) {
        return say(&format!("cannot write FAKE_OPEN_LOG: {error}"), 2);
    }
    let person = match std::env::var("FAKE_OPEN_PERSON").as_deref() {
        Ok("approve") => Person::Approve,
        Ok("deny") => Person::Deny,
        Ok("ignore") | Err(_) => return ExitCode::SUCCESS,
        Ok(other) => return say(&format!("FAKE_OPEN_PERSON has no `{other}`"), 2),
    };
    let address = match led_on(argv.last().map_or("", String::as_str)) {
        Ok(address) => address,
        Err(error) => return say(&format!("the page leads nowhere: {error}"), 1),
    };
    let address = match std::env::var("FAKE_OPEN_WORLD") {
        Ok(proxy) => match visit_by(&proxy, &address) {
            Ok(address) => address,
            Err(error) => return say(&format!("the page leads nowhere: {error}"), 1),
        },
        Err(_) => address,
    };
    match follow(&address, person) {
        Ok(visit) if visit.status() < 400 => ExitCode::SUCCESS,
        Ok(visit) => say(&format!("the last page answered {}", visit.status()), 1),
        Err(error) => say(&format!("the visit failed: {error}"), 1),
    }
}

/// The address that a page on the disk leads to; any other address as it is.
fn led_on(address: &str) -> io::Result<String> {
    let Some(file) = address.strip_prefix("file://") else {
        return Ok(address.to_owned());
    };
    let page = std::fs::read_to_string(file)?;
    let refresh = page.split_once("http-equiv=\"refresh\"");
    let to = refresh.and_then(|(_, rest)| rest.split_once("url=")?.1.split('"').next());
    to.map(|to| to.replace("&amp;", "&"))
        .ok_or_else(|| io::Error::other("it has no refresh"))
}

/// One write for the whole line: concurrent launches must not mix theirs.
fn note(argv: &[String]) -> io::Result<()> {
    let Some(path) = std::env::var_os("FAKE_OPEN_LOG") else {
        return Ok(());
    };
    let line = format!("{}\n", serde_json::json!({ "argv": argv }));
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)?
        .write_all(line.as_bytes())
}

fn say(message: &str, code: u8) -> ExitCode {
    // Standard error may be closed; the code says it as well.
    drop(writeln!(io::stderr(), "fake-open: {message}"));
    ExitCode::from(code)
}
