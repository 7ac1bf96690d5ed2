//! The person at the browser: opens the authorization page, decides, and is sent back.
//!
//! It follows redirects and submits one form, which is all that a consent page without script
//! needs. It is not a browser; where a real one matters, use a real one.

mod page;

use std::io;
use std::path::PathBuf;

use url::Url;

use crate::plain_http::{Answer, Request};
use page::ConsentForm;

/// More redirects than any login here has.
const REDIRECTS: usize = 10;

/// What the person does with the consent page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Person {
    /// Logs in and agrees.
    #[default]
    Approve,
    /// Logs in and refuses.
    Deny,
    /// Looks at the page and walks away.
    Ignore,
}

/// One request of the browser and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hop {
    /// The method used.
    pub method: String,
    /// The URL asked for.
    pub url: String,
    /// The answer as it came, before any redirect was followed.
    pub answer: Answer,
}

/// Everything the browser saw, first page to last; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Visit {
    /// Each hop in order.
    pub trail: Vec<Hop>,
}

impl Visit {
    /// Where it ended.
    #[must_use]
    pub fn last(&self) -> &Hop {
        self.trail.last().expect("a visit has at least one hop")
    }

    /// The status of the last page.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.last().answer.status
    }

    /// The text of the last page.
    #[must_use]
    pub fn body(&self) -> String {
        self.last().answer.text()
    }

    /// A header of the last page.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.last().answer.header(name)
    }
}

/// Opens `url` and does what `person` would, until a page that is no redirect.
///
/// Errors: a URL outside loopback, a connection that fails, an endless chain of redirects. A page
/// without a consent form is not an error: the visit ends there, as it would for a person.
pub fn follow(url: &str, person: Person) -> io::Result<Visit> {
    let mut trail = Vec::new();
    open(Request::get(url), &mut trail)?;
    let page = trail.last().expect("opened a page");
    let decision = match person {
        Person::Approve => Some("approve"),
        Person::Deny => Some("deny"),
        Person::Ignore => None,
    };
    if let Some(decision) = decision
        && let Some(form) = ConsentForm::find(&page.answer.text())
    {
        let action = resolve(&page.url, &form.action)?;
        let fields = form.filled(decision);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (&**n, &**v)).collect();
        open(Request::form(&action, &fields), &mut trail)?;
    }
    Ok(Visit { trail })
}

/// Opens `url`, agrees, and returns the address that the browser is sent to: what its address bar would show. It does
/// not go there.
///
/// Errors: a URL outside loopback, a connection that fails, a page that asks for nothing or leads nowhere.
pub fn sent_back(url: &str) -> io::Result<String> {
    let lost = || io::Error::other("the page leads nowhere");
    let page = Request::get(url).send()?;
    let form = ConsentForm::find(&page.text()).ok_or_else(lost)?;
    let fields = form.filled("approve");
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (&**n, &**v)).collect();
    let answer = Request::form(&resolve(url, &form.action)?, &fields).send()?;
    resolve(url, answer.header("location").ok_or_else(lost)?)
}

/// The program `fake-open`, which does the same as [`follow`] when it stands in `BROWSER`. It reads
/// `FAKE_OPEN_LOG`, a file that gets one line `{"argv": […]}` a launch, and `FAKE_OPEN_PERSON`:
/// `approve`, `deny` or `ignore` (the default: it is a log only).
///
/// Panics when it has not been built next to the running test.
#[must_use]
pub fn fake_open() -> PathBuf {
    let test = std::env::current_exe().expect("the path of the running test");
    let profile = test
        .parent()
        .and_then(|folder| match folder.ends_with("deps") {
            true => folder.parent(),
            false => Some(folder),
        });
    let path = profile.expect("a target folder").join("fake-open");
    assert!(
        path.exists(),
        "no {}: build it with `cargo build -p authkeep-testkit`",
        path.display()
    );
    path
}

/// Sends `request` and follows redirects, adding each hop to `trail`.
fn open(mut request: Request, trail: &mut Vec<Hop>) -> io::Result<()> {
    for _ in 0..=REDIRECTS {
        let answer = request.send()?;
        let location = answer
            .header("location")
            .map(|to| resolve(&request.url, to))
            .transpose()?;
        let redirected = (300..400).contains(&answer.status);
        trail.push(Hop {
            method: request.method,
            url: request.url,
            answer,
        });
        match location {
            // A browser asks with GET after 301, 302 and 303; 307 and 308 have no place here.
            Some(location) if redirected => request = Request::get(&location),
            _ => return Ok(()),
        }
    }
    Err(io::Error::other(format!("more than {REDIRECTS} redirects")))
}

fn resolve(base: &str, reference: &str) -> io::Result<String> {
    let joined = Url::parse(base).and_then(|base| base.join(reference));
    joined.map(String::from).map_err(|error| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("`{reference}`: {error}"),
        )
    })
}
