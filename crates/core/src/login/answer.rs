//! The answer of the browser, by whichever way it comes first: the callback that the listener receives, or the address
//! that the person pastes.
//!
//! Both are judged alike. What is not the answer to this login changes nothing, and the wait goes on.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use authkeep_flows::{BareCode, Callback, read_pasted};
use authkeep_registry::ProviderName;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use super::loopback::{Closing, Expectation};
use super::{LoginError, Loopback};
use crate::{AskError, Event, Interaction, Judge, Launch, Pasting};

/// What is waited for, and who may help.
pub(super) struct Answer<'a> {
    pub(super) provider: &'a ProviderName,
    pub(super) expectation: Arc<Expectation>,
    pub(super) bare_code: BareCode,
    pub(super) patience: Duration,
    pub(super) person: &'a dyn Interaction,
    pub(super) by_hand: ByHand,
}

/// Whether the person is asked to paste the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByHand {
    /// The listener receives it, or nobody does.
    No,
    /// It may be pasted.
    Offered,
    /// The listener cannot receive it.
    Needed,
}

impl ByHand {
    /// As the person and the browser allow it.
    pub(super) fn of(person: &dyn Interaction, launch: &Launch) -> Self {
        match (person.pasting(), launch) {
            (Pasting::Wanted, _) | (Pasting::Possible, Launch::Shown) => Self::Offered,
            _ => Self::No,
        }
    }
}

impl Answer<'_> {
    /// Waits for it. The listener that received it still has a last page to show.
    pub(super) async fn wait(
        self,
        loopback: Loopback,
    ) -> Result<(Callback, Option<Closing>), LoginError> {
        let waiting = Waiting {
            redirect_uri: loopback.redirect_uri().to_string(),
            deadline: Instant::now() + self.patience,
        };
        let pasted = Mutex::new(None);
        let pasting = (self.by_hand != ByHand::No).then(|| {
            let judge: Judge<'_> = Box::new(|text| self.judge(text, &waiting, &pasted));
            self.person.paste(judge)
        });
        waiting.tell(self.person);
        let received = loopback.wait(Arc::clone(&self.expectation), self.patience);
        let by_hand = async {
            match pasting {
                Some(pasting) => self.outcome(pasting.await),
                None => ControlFlow::Continue(()),
            }
        };
        let by_hand = async {
            match by_hand.await {
                ControlFlow::Break(outcome) => outcome,
                ControlFlow::Continue(()) => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            received = received => {
                let (callback, closing) = received?;
                return Ok((callback, Some(closing)));
            }
            outcome = by_hand => outcome?,
        }
        let pasted = pasted.into_inner().unwrap_or_else(PoisonError::into_inner);
        let callback = pasted.ok_or_else(|| self.not_pasted(AskError::Cancelled))?;
        Ok((callback, None))
    }

    fn judge(
        &self,
        text: &SecretString,
        waiting: &Waiting,
        pasted: &Mutex<Option<Callback>>,
    ) -> ControlFlow<()> {
        // EXPOSE: judged, and the code in it is a secret type again.
        let text = text.expose_secret();
        match read_pasted(text, &self.expectation.callback(), self.bare_code) {
            Ok(callback) => {
                *pasted.lock().unwrap_or_else(PoisonError::into_inner) = Some(callback);
                ControlFlow::Break(())
            }
            Err(why) => {
                let why = why.to_string();
                self.person.tell(&Event::NotPasted { why });
                waiting.tell(self.person);
                ControlFlow::Continue(())
            }
        }
    }

    /// What the end of asking means; `Continue` where the browser may still come back.
    fn outcome(&self, asked: Result<(), AskError>) -> ControlFlow<Result<(), LoginError>> {
        match asked {
            Ok(()) => ControlFlow::Break(Ok(())),
            Err(source)
                if self.by_hand == ByHand::Needed || matches!(source, AskError::Cancelled) =>
            {
                ControlFlow::Break(Err(self.not_pasted(source)))
            }
            // The terminal is gone.
            Err(_) => ControlFlow::Continue(()),
        }
    }

    fn not_pasted(&self, source: AskError) -> LoginError {
        LoginError::ValueNeeded {
            provider: self.provider.clone(),
            label: "address that the browser ends at".to_owned(),
            variables: Vec::new(),
            source,
        }
    }
}

/// What the person is told of the wait.
struct Waiting {
    redirect_uri: String,
    deadline: Instant,
}

impl Waiting {
    fn tell(&self, person: &dyn Interaction) {
        person.tell(&Event::Waiting {
            redirect_uri: self.redirect_uri.clone(),
            patience: self.deadline.saturating_duration_since(Instant::now()),
        });
    }
}
