//! A form on this machine for what a login asks for: one page, for one browser, sent once.
//!
//! Its address holds a token that nobody can guess, and the first browser that opens it is the only one it is
//! for. The page works without script, shows no value again, and ends with the answers, with the time, or with
//! whoever waits for it. It opens no browser; that is the caller's to do.

mod door;
mod markup;
mod submission;
mod token;

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use authkeep_vault::{Entropy, EntropyError};

use self::door::Door;
use super::loopback::connections;
use super::{BrowserUrl, ForbiddenUrl, Loopbacks};
use crate::{Answers, Inquiry};

/// After the answers, the browser gets this long to fetch its last page.
const LAST_PAGE: Duration = Duration::from_millis(800);

/// A form that can be opened, and waits for its answers.
///
/// # Example
///
/// ```no_run
/// # async fn example(inquiry: &authkeep_core::Inquiry, entropy: authkeep_vault::Entropy)
/// # -> Result<(), authkeep_core::FormError> {
/// let form = authkeep_core::Form::bind(inquiry, entropy)?;
/// println!("open {}", form.url());
/// let answers = form.answers(authkeep_core::Form::LIFETIME).await?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Form {
    listener: TcpListener,
    url: BrowserUrl,
    door: Door,
    answers: tokio::sync::oneshot::Receiver<Answers>,
}

/// Why a form has no answers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// No listener can be opened.
    #[error("no listener can be opened on the loopback address")]
    Bind(#[from] io::Error),
    /// No randomness, no address that cannot be guessed.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// Its own address is none.
    #[error("the form has no usable address")]
    Address(#[from] ForbiddenUrl),
    /// Nobody sent it.
    #[error("the form was not sent within {0:?}")]
    TimedOut(Duration),
}

impl Form {
    /// The longest that a form is there for.
    pub const LIFETIME: Duration = Duration::from_secs(300);

    /// Binds a port of the system's choice on 127.0.0.1. Whoever opens it from now on waits until
    /// [`answers`](Self::answers) is called.
    ///
    /// # Errors
    ///
    /// [`FormError`], all but [`FormError::TimedOut`].
    pub fn bind(inquiry: &Inquiry, entropy: Entropy) -> Result<Self, FormError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let authority = format!("127.0.0.1:{}", listener.local_addr()?.port());
        let (door, answers) = Door::new(inquiry.clone(), authority, entropy)?;
        let url = BrowserUrl::parse(&door.address(), Loopbacks::Allowed)?;
        Ok(Self {
            listener,
            url,
            door,
            answers,
        })
    }

    /// The address to open. Whoever knows it can be the one browser that fills the form in.
    pub fn url(&self) -> &BrowserUrl {
        &self.url
    }

    /// Serves the form until it has been sent, and no longer than `patience` or [`Self::LIFETIME`].
    ///
    /// # Errors
    ///
    /// [`FormError::TimedOut`]; the port is closed then.
    pub async fn answers(self, patience: Duration) -> Result<Answers, FormError> {
        let patience = patience.min(Self::LIFETIME);
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let door = Arc::new(self.door);
        let serving = Arc::clone(&door);
        let serve = move |stream| door::serve(stream, Arc::clone(&serving));
        // Dropped, it takes the listener and all connections with it: no end of waiting leaves the port open.
        let mut acceptor = tokio::task::JoinSet::new();
        acceptor.spawn(connections::accept(listener, serve));
        let answers = tokio::time::timeout(patience, self.answers).await;
        if answers.is_ok() {
            let _shown_or_not = tokio::time::timeout(LAST_PAGE, door.last_page_shown()).await;
        }
        acceptor.shutdown().await;
        match answers {
            Ok(Ok(answers)) => Ok(answers),
            _ => Err(FormError::TimedOut(patience)),
        }
    }
}
