//! Who is let in: one browser, by the address that nobody can guess, and one set of answers.
//!
//! Each request is looked at from the outside in: the host that it names, the path, then for a form what the
//! browser says of where it comes from, the cookie, the body, and the mark that only the page has.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use authkeep_vault::{Entropy, EntropyError};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header::{
    CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN,
    SET_COOKIE,
};
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};

use super::markup::{self, Progress};
use super::submission::Submission;
use super::token::Token;
use crate::login::pages::{self, Kind, Page};
use crate::{Answers, Inquiry};

/// A request's head, and then its body, must arrive within this long …
const DEADLINE: Duration = Duration::from_secs(5);
/// … the head must fit in this many bytes …
const MAX_HEAD: usize = 8 * 1024;
/// … and the body in this many.
const MAX_BODY: usize = 64 * 1024;
const COOKIE_NAME: &str = "authkeep_form";

/// What all connections share.
#[derive(Debug)]
pub(super) struct Door {
    inquiry: Inquiry,
    authority: String,
    address: Token,
    cookie: Token,
    mark: Token,
    desk: Mutex<Desk>,
    last_page: Notify,
}

/// How far the form has come.
#[derive(Debug)]
struct Desk {
    is_opened: bool,
    was_sent: bool,
    values: BTreeMap<usize, SecretString>,
    scopes: Option<String>,
    /// Where the answers go, once.
    answers: Option<oneshot::Sender<Answers>>,
}

impl Desk {
    /// Whether the field of this name was received.
    fn has(&self, name: &str) -> bool {
        let scopes = name == markup::SCOPES && self.scopes.is_some();
        scopes || self.values.keys().any(|index| markup::name(*index) == name)
    }
}

impl Door {
    pub(super) fn new(
        inquiry: Inquiry,
        authority: String,
        entropy: Entropy,
    ) -> Result<(Self, oneshot::Receiver<Answers>), EntropyError> {
        let (sender, receiver) = oneshot::channel();
        let door = Self {
            inquiry,
            authority,
            address: Token::new(entropy)?,
            cookie: Token::new(entropy)?,
            mark: Token::new(entropy)?,
            desk: Mutex::new(Desk {
                is_opened: false,
                was_sent: false,
                values: BTreeMap::new(),
                scopes: None,
                answers: Some(sender),
            }),
            last_page: Notify::new(),
        };
        Ok((door, receiver))
    }

    /// The address of the form.
    pub(super) fn address(&self) -> String {
        format!("{}{}", self.origin(), self.path())
    }

    /// Returns when the page that follows the answers has been written out.
    pub(super) async fn last_page_shown(&self) {
        self.last_page.notified().await;
    }

    fn origin(&self) -> String {
        format!("http://{}", self.authority)
    }

    fn path(&self) -> String {
        format!("/{}", self.address.expose())
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Page, Refusal> {
        if !self.is_for_us(&request) {
            return Err(Refusal(
                StatusCode::MISDIRECTED_REQUEST,
                "This is another address than the form's.",
            ));
        }
        let path = request.uri().path();
        if path == pages::RECEIVED && request.method() == Method::GET {
            return if self.is_last(&request) {
                Ok(pages::received())
            } else {
                Ok(pages::not_found())
            };
        }
        let is_the_form = path
            .strip_prefix('/')
            .is_some_and(|token| self.address.matches(token));
        if !is_the_form || request.uri().query().is_some() {
            return Ok(pages::not_found());
        }
        match *request.method() {
            Method::GET => self.show(request.headers()),
            Method::POST => self.receive(request).await,
            _ => Err(Refusal(
                StatusCode::METHOD_NOT_ALLOWED,
                "Only GET and POST are answered here.",
            )),
        }
    }

    /// Whether a request names this server and no other: behind a name that an attacker's page was loaded from,
    /// it would count as of the same origin.
    fn is_for_us(&self, request: &Request<Incoming>) -> bool {
        let named = request.uri().authority();
        the_one(request.headers(), &HOST).is_some_and(|host| host == self.authority)
            && named.is_none_or(|named| named.as_str() == self.authority)
    }

    /// The page. The first browser that asks for it gets the cookie, and no other gets anything.
    fn show(&self, headers: &HeaderMap) -> Result<Page, Refusal> {
        // It is a page of its own, not a part of another one.
        let dest = said(headers, &SEC_FETCH_DEST).is_none_or(|dest| dest == "document");
        let mode = said(headers, &SEC_FETCH_MODE).is_none_or(|mode| mode == "navigate");
        if !dest || !mode {
            return Err(Refusal(
                StatusCode::FORBIDDEN,
                "The form is not part of other pages.",
            ));
        }
        let mut desk = self.desk();
        let is_first = !desk.is_opened;
        if desk.answers.is_none() || !(is_first || self.has_cookie(headers)) {
            return Err(Refusal(
                StatusCode::GONE,
                "This form was opened already, or was sent. Run the command again for a new one.",
            ));
        }
        desk.is_opened = true;
        let progress = Progress {
            is_kept: &|name| desk.has(name),
            was_sent: desk.was_sent,
        };
        let content = markup::form(&self.inquiry, self.mark.expose(), &self.path(), &progress);
        let title = format!("Connect {}", markup::escaped(&self.inquiry.provider));
        let mut page = pages::framed(StatusCode::OK, &title, &content, Kind::Form);
        if is_first {
            let cookie = format!(
                "{COOKIE_NAME}={}; Path={}; HttpOnly; SameSite=Strict; Max-Age=300",
                self.cookie.expose(),
                self.path()
            );
            // It is made of constants and tokens, all of them ASCII.
            if let Ok(cookie) = HeaderValue::from_str(&cookie) {
                page.headers_mut().insert(SET_COOKIE, cookie);
            }
        }
        Ok(page)
    }

    /// Takes a form that was sent. Every answer leads on to a page by GET, so that nothing is ever sent twice.
    async fn receive(&self, request: Request<Incoming>) -> Result<Page, Refusal> {
        let forbidden = || Refusal(StatusCode::FORBIDDEN, "This did not come from the form.");
        let headers = request.headers();
        let origin = the_one(headers, &ORIGIN).is_some_and(|origin| origin == self.origin());
        let site = said(headers, &SEC_FETCH_SITE)
            .is_none_or(|site| site == "same-origin" || site == "none");
        if !origin || !site || !self.has_cookie(headers) {
            return Err(forbidden());
        }
        let form =
            the_one(headers, &CONTENT_TYPE).map(|kind| kind.split(';').next().unwrap_or_default());
        if form.is_none_or(|kind| {
            !kind
                .trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        }) {
            return Err(Refusal(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Only a form is understood here.",
            ));
        }
        let body = body(request).await?;
        let submission = Submission::read(&body, self.inquiry.fields.len()).ok_or(Refusal(
            StatusCode::BAD_REQUEST,
            "This form is not the one that was shown.",
        ))?;
        if !self.mark.matches(&submission.mark) {
            return Err(forbidden());
        }
        self.take(submission)
    }

    fn take(&self, submission: Submission) -> Result<Page, Refusal> {
        let gone = || Refusal(StatusCode::GONE, "This form was sent already.");
        let mut desk = self.desk();
        if desk.answers.is_none() {
            return Err(gone());
        }
        desk.values.extend(submission.values);
        // Once they are there, nothing means no change; before, it means none.
        if let Some(scopes) = submission.scopes
            && (desk.scopes.is_none() || !scopes.trim().is_empty())
        {
            desk.scopes = Some(scopes);
        }
        desk.was_sent = true;
        let mut fields = self.inquiry.fields.iter().enumerate();
        if fields.any(|(index, field)| !field.optional && !desk.values.contains_key(&index)) {
            let form = HeaderValue::from_str(&self.path()).map_err(|_| gone())?;
            return Ok(pages::sent_on(form));
        }
        let mut answers = Answers::none(&self.inquiry);
        for (index, value) in std::mem::take(&mut desk.values) {
            answers.values[index] = Some(value);
        }
        let scopes = self.inquiry.scopes.is_some().then(|| desk.scopes.take());
        answers.scopes = scopes.flatten().map(|scopes| {
            let words = scopes.split(|c: char| c.is_whitespace() || c == ',');
            words
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect()
        });
        match desk.answers.take().map(|sender| sender.send(answers)) {
            Some(Ok(())) => Ok(pages::see_other(pages::RECEIVED)),
            _ => Err(gone()),
        }
    }

    fn has_cookie(&self, headers: &HeaderMap) -> bool {
        let cookies = headers.get_all(COOKIE).into_iter();
        let cookies = cookies.filter_map(|cookies| cookies.to_str().ok());
        cookies
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .any(|(name, value)| name == COOKIE_NAME && self.cookie.matches(value))
    }

    /// Whether a request asks for the page that follows the answers, and the answers are in.
    fn is_last(&self, request: &Request<Incoming>) -> bool {
        request.uri().path() == pages::RECEIVED && self.desk().answers.is_none()
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// A header that must be there exactly once.
fn the_one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut all = headers.get_all(name).into_iter();
    let first = all.next()?;
    all.next().is_none().then(|| first.to_str().ok()).flatten()
}

/// A header that may be absent; what cannot be read, or comes twice, is not what anybody hopes for.
fn said<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers
        .contains_key(name)
        .then(|| the_one(headers, name).unwrap_or_default())
}

async fn body(request: Request<Incoming>) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let too_large = || {
        Refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            "This is more than the form holds.",
        )
    };
    let declared =
        the_one(request.headers(), &CONTENT_LENGTH).and_then(|length| length.parse().ok());
    if declared.is_some_and(|length: usize| length > MAX_BODY) {
        return Err(too_large());
    }
    let body = Limited::new(request.into_body(), MAX_BODY);
    match tokio::time::timeout(DEADLINE, body.collect()).await {
        Ok(Ok(body)) => Ok(Zeroizing::new(body.to_bytes().to_vec())),
        Ok(Err(_)) => Err(too_large()),
        Err(_) => Err(Refusal(
            StatusCode::REQUEST_TIMEOUT,
            "The form did not arrive in time.",
        )),
    }
}

/// Why a request gets nothing: the status, and a sentence for whoever sees it.
struct Refusal(StatusCode, &'static str);

impl From<Refusal> for Page {
    fn from(Refusal(status, text): Refusal) -> Self {
        pages::page(status, "Nothing was taken", "bad", text)
    }
}

/// Serves one connection: one request, one answer.
pub(super) async fn serve(stream: TcpStream, door: Arc<Door>) {
    let shows_last_page = AtomicBool::new(false);
    let service = service_fn(|request| {
        shows_last_page.store(door.is_last(&request), Ordering::Relaxed);
        let door = &door;
        async move { Ok::<_, Infallible>(door.answer(request).await.unwrap_or_else(Page::from)) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(DEADLINE)
        .max_buf_size(MAX_HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    match served {
        Ok(()) if shows_last_page.load(Ordering::Relaxed) => door.last_page.notify_one(),
        Ok(()) => {}
        Err(error) => tracing::debug!(%error, "a connection to the form's port ended early"),
    }
}
