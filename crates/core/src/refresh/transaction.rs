//! The transaction itself: lock the connection, read again, save the intent, redeem, save the outcome, unlock.
//!
//! Whoever waited for the lock finds a fresh token and leaves. What was saved is never overwritten by an older
//! outcome: every save is a compare-and-swap on the revision that was read or written under the lock. Between the
//! request and the save the login hangs by this one task; the intent tells whoever comes next if it was cut off.

use std::time::Duration;

use authkeep_audit::{Action, Outcome};
use authkeep_flows::TokenSet;
use authkeep_registry::ProviderName;
use authkeep_vault::{EntryKey, Expected, PutError, Revision, StoreError};
use secrecy::SecretString;
use tokio::time::{Instant, sleep, timeout};

use super::redemption::Redemption;
use super::{Backoff, Intent, Need, RefreshError, RefreshOrder, Trouble, Wanted, told};
use crate::record::{self, ConnectionRecord, Stored, Verdict};
use crate::{Broker, Connection, ConnectionName, Renewal, Timestamp};

/// How long the authorization server has in all, retries included.
const DEADLINE: Duration = Duration::from_secs(30);
/// No further request is begun with less time than this: it could be cut off where a connection is still being made.
const ONE_REQUEST: Duration = Duration::from_secs(10);
/// How long a full disk or a busy database has to recover while an outcome waits to be saved, and how often it is
/// tried. New tokens exist nowhere else.
const SAVING: Duration = Duration::from_secs(30);
const SAVING_PAUSE: Duration = Duration::from_millis(50);

impl Broker {
    /// Renews one connection as one transaction, in the calling task.
    ///
    /// Whoever calls this must let it come to its end: where it is dropped between the request and the save, the
    /// login is in doubt. [`resolve`](Self::resolve) and [`renew`](Self::renew) go through the
    /// [`RefreshRunner`](crate::RefreshRunner), which sees to that.
    ///
    /// # Errors
    ///
    /// [`RefreshError`]. What failed is saved with the login, and the login is kept unless the server has said
    /// that it is over.
    pub async fn carry_out(&self, order: &RefreshOrder) -> Result<(), RefreshError> {
        let provider = &order.provider;
        let key = self.keys(provider).connection(&order.connection);
        let key = key.map_err(|error| RefreshError::stored(provider, &error))?;
        let _guard = self
            .lock(&key, order.patience)
            .await
            .map_err(|error| RefreshError::lock(provider, &error))?;
        let wanted = match self.need(order)? {
            Need::Nothing => return Ok(()), // Somebody else renewed it while this one waited.
            Need::Rest { error, .. } => return Err(error),
            Need::Renewal(wanted) => wanted,
        };
        let _transaction = self.transaction();
        let outcome = self.redeem_and_save(&key, *wanted, &order.renewal).await;
        tracing::debug!(%provider, connection = %order.connection, renewed = outcome.is_ok(), "the refresh is over");
        let noted = match &outcome {
            Ok(()) => Outcome::Ok,
            Err(error) => Outcome::Failed(error.kind().to_owned()),
        };
        self.note(provider, &order.connection, noted);
        outcome
    }

    async fn redeem_and_save(
        &self,
        key: &EntryKey,
        wanted: Wanted,
        renewal: &Renewal,
    ) -> Result<(), RefreshError> {
        let Wanted {
            mut connection,
            revision,
        } = wanted;
        let redemption = self.redemption(&connection)?;
        let Some(token) = &redemption.token else {
            return self
                .buy_and_save(key, connection, revision, redemption, renewal)
                .await;
        };
        let found = connection.record.refresh_intent.take();
        let in_doubt = Intent::is_in_doubt(found.as_ref(), token);
        let intent = Intent::next(found.as_ref(), token.clone(), self.now());
        if in_doubt {
            tracing::warn!(
                provider = %connection.provider(), connection = %connection.name(), since = %intent.since,
                deaths = intent.deaths, "an earlier refresh was cut off, and its outcome is not known"
            );
        }
        if intent.is_hopeless() {
            let cut_off = RefreshError::CutOff {
                provider: connection.provider().clone(),
            };
            return self
                .save_failure(key, connection, revision, None, cut_off)
                .await;
        }
        self.parts.http.prepare(redemption.reach);
        connection.record.refresh_intent = Some(intent.clone());
        let expected = Expected::Revision(revision);
        let revision = match record::write(self.store(), key, &connection.record, expected) {
            Ok(revision) => revision,
            // Nothing was sent yet, so there is nothing to lose: what is there now is what counts.
            Err(PutError::Conflict { .. }) => return self.overtaken(key, &connection),
            Err(error) => return Err(unsaved(connection.provider(), &error)),
        };

        let sent = Instant::now();
        let backoff = self.backoff_for(&connection, renewal);
        let outcome = self.redeem(&connection, redemption, &backoff).await;
        match outcome {
            Ok(tokens) => {
                apply(&mut connection.record, tokens, self.now());
                let saved = self.save_tokens(key, &connection, revision).await;
                tracing::info!(
                    provider = %connection.provider(), connection = %connection.name(), saved = saved.is_ok(),
                    in_doubt_us = u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX),
                    "redeemed the refresh token"
                );
                saved
            }
            Err(RefreshError::Refused { provider, .. }) => {
                let refused = RefreshError::Refused { provider, in_doubt };
                self.save_failure(key, connection, revision, None, refused)
                    .await
            }
            Err(error) => {
                let still = (in_doubt || error.leaves_doubt()).then(|| intent.unanswered());
                self.save_failure(key, connection, revision, still, error)
                    .await
            }
        }
    }

    /// The same where the token is bought with the client itself (RFC 6749 §4.4), with a key, or with the token that it
    /// follows. Nothing is used up, so there is no doubt to write down beforehand: whoever was cut off is followed by
    /// somebody who asks again.
    async fn buy_and_save(
        &self,
        key: &EntryKey,
        mut connection: Connection,
        revision: Revision,
        redemption: Redemption,
        renewal: &Renewal,
    ) -> Result<(), RefreshError> {
        let backoff = self.backoff_for(&connection, renewal);
        match self.redeem(&connection, redemption, &backoff).await {
            Ok(mut tokens) => {
                // That is enough (§4.4.3); a refresh token that comes along would only be one more secret.
                tokens.refresh_token = None;
                apply(&mut connection.record, tokens, self.now());
                self.save_tokens(key, &connection, revision).await
            }
            Err(error) => {
                let error = error.about_the_client();
                self.save_failure(key, connection, revision, None, error)
                    .await
            }
        }
    }

    /// A caller with a token that still works is not kept waiting for a server that is out of order.
    fn backoff_for(&self, connection: &Connection, renewal: &Renewal) -> Backoff {
        let mut backoff = *self.backoff();
        if matches!(renewal, Renewal::IfDue { min_ttl: None })
            && !connection.has_expired(self.now())
        {
            backoff.tries = 1;
        }
        backoff
    }

    /// Sends the request, again where that can do no harm, within the deadline.
    async fn redeem(
        &self,
        connection: &Connection,
        mut redemption: Redemption,
        backoff: &Backoff,
    ) -> Result<TokenSet, RefreshError> {
        let provider = connection.provider();
        let started = Instant::now();
        let mut sent = 0;
        loop {
            sent += 1;
            tracing::debug!(%provider, connection = %connection.name(), sent, "redeeming the refresh token, under the lock");
            let left = DEADLINE.saturating_sub(started.elapsed());
            let error = match timeout(left, self.ask(provider, &redemption)).await {
                Ok(Ok(tokens)) => return Ok(tokens),
                Ok(Err(error)) => error,
                Err(_) => RefreshError::NoAnswer {
                    provider: provider.clone(),
                    why: format!("it took longer than {} s", DEADLINE.as_secs()),
                },
            };
            let pause = backoff.pause(sent, &error, redemption.uses_up(), self.chance());
            match pause.filter(|pause| started.elapsed() + *pause + ONE_REQUEST <= DEADLINE) {
                Some(pause) => {
                    tracing::debug!(%provider, %error, ?pause, "the server is asked again");
                    sleep(pause).await;
                    // An assertion of the client is good for one request.
                    redemption = self.redemption(connection)?;
                }
                None => return Err(error),
            }
        }
    }

    /// Saves new tokens, unless the record was replaced meanwhile.
    async fn save_tokens(
        &self,
        key: &EntryKey,
        connection: &Connection,
        revision: Revision,
    ) -> Result<(), RefreshError> {
        let provider = connection.provider();
        match self.write_in_time(key, connection, revision).await {
            Ok(()) => return Ok(()),
            Err(PutError::Conflict { .. }) => {}
            Err(error) => return Err(unsaved(provider, &error)),
        }
        let outcome = self.overtaken(key, connection);
        if matches!(outcome, Err(RefreshError::Gone { .. })) {
            // Somebody logged out without the lock. What was issued meanwhile must not outlive that.
            let revoked = self.revoke_remotely(connection).await;
            tracing::info!(%provider, ?revoked, "the login is gone, so the new tokens were revoked");
        }
        outcome
    }

    /// Writes the record, again and again while the disk is full or the database busy.
    async fn write_in_time(
        &self,
        key: &EntryKey,
        connection: &Connection,
        revision: Revision,
    ) -> Result<(), PutError> {
        let started = Instant::now();
        loop {
            let expected = Expected::Revision(revision);
            match record::write(self.store(), key, &connection.record, expected) {
                Err(PutError::Store(
                    error @ (StoreError::Busy | StoreError::Full { .. } | StoreError::Io { .. }),
                )) if started.elapsed() < SAVING => {
                    tracing::warn!(provider = %connection.provider(), %error, "the outcome cannot be saved yet");
                    sleep(SAVING_PAUSE).await;
                }
                outcome => return outcome.map(drop),
            }
        }
    }

    /// Saves that a refresh failed, and returns the failure; unless the record was replaced meanwhile by somebody
    /// who did not take the lock. Then theirs is the newer truth, and if it works it is what the caller gets.
    async fn save_failure(
        &self,
        key: &EntryKey,
        mut connection: Connection,
        revision: Revision,
        intent: Option<Intent>,
        error: RefreshError,
    ) -> Result<(), RefreshError> {
        let record = &mut connection.record;
        record.refresh_intent = intent;
        let before = record.refresh_trouble.take();
        let failures = before.map_or(0, |before| before.failures).saturating_add(1);
        let rest = if error.may_pass() || matches!(error, RefreshError::Rejected { .. }) {
            self.backoff().rest(failures, &error)
        } else {
            Duration::ZERO
        };
        record.refresh_trouble = Some(Trouble::of(&error, failures, self.now(), rest));
        if error.ends_the_login() {
            record.verdict = Verdict::ReauthRequired;
        }
        // Were it not saved, the intent would be taken for one of a refresher that died.
        match self.write_in_time(key, &connection, revision).await {
            Ok(()) => Err(error),
            Err(PutError::Conflict { .. }) => self.overtaken(key, &connection).map_err(|_| error),
            Err(unsaved) => {
                tracing::warn!(
                    error = told(&unsaved),
                    "that the refresh failed could not be saved"
                );
                Err(error)
            }
        }
    }

    /// What is to be said where the record was changed behind the lock's back: if a working login stands in its place,
    /// the caller gets that.
    fn overtaken(&self, key: &EntryKey, ours: &Connection) -> Result<(), RefreshError> {
        let provider = ours.provider().clone();
        let theirs: Option<Stored<ConnectionRecord>> = record::read(self.store(), key)
            .map_err(|error| RefreshError::stored(&provider, &error))?;
        // A login that somebody is ending at this moment is as good as gone.
        let theirs = theirs.filter(|theirs| theirs.record.verdict != Verdict::Revoked);
        let Some(theirs) = theirs else {
            return Err(RefreshError::Gone { provider });
        };
        let theirs = Connection::new(provider.clone(), ours.name().clone(), theirs.record);
        if theirs.record.verdict == Verdict::Good && !theirs.is_due(self.now(), None) {
            return Ok(());
        }
        Err(RefreshError::Changed { provider })
    }

    /// A refresh is no release: that it could not be recorded does not undo it.
    fn note(&self, provider: &ProviderName, name: &ConnectionName, outcome: Outcome) {
        if let Err(error) = self.record(Action::Refresh, provider, Some(name), outcome, &[]) {
            tracing::warn!(%error, "the refresh could not be recorded");
        }
    }

    /// A random number. Without randomness pauses are not random, which is no reason to lose a login.
    fn chance(&self) -> u64 {
        let mut bytes = [0; 8];
        match (self.parts.entropy)(&mut bytes) {
            Ok(()) => u64::from_le_bytes(bytes),
            Err(_) => u64::MAX,
        }
    }
}

fn unsaved(provider: &ProviderName, error: &PutError) -> RefreshError {
    let provider = provider.clone();
    match error {
        PutError::Conflict { .. } => RefreshError::Changed { provider },
        other => RefreshError::NotSaved {
            provider,
            why: told(other),
        },
    }
}

/// Puts a token response into the record. What the response does not mention stays as it was (RFC 6749 §6).
pub(crate) fn apply(record: &mut ConnectionRecord, tokens: TokenSet, now: Timestamp) {
    // EXPOSE: from flows' secret types into the record's.
    record.access_token = Some(SecretString::from(tokens.access_token.expose().to_owned()));
    if let Some(refresh_token) = tokens.refresh_token {
        record.refresh_token = Some(SecretString::from(refresh_token.expose().to_owned()));
    }
    if let Some(life) = tokens.refresh_token_expires_in {
        // The server knows better than the definition.
        record.login_expires_at = now.checked_add(life).ok();
        record.login_expires_if = None;
    }
    record.token_type = Some(tokens.token_type);
    let lifetime = tokens.expires_in.or(record.lifetime());
    record.expires_at = lifetime.and_then(|life| now.checked_add(life).ok());
    record.refreshed_at = Some(now);
    if tokens.scope.is_some() {
        record.scopes = tokens.scope;
    }
    record.verdict = Verdict::Good;
    record.refresh_intent = None;
    record.refresh_trouble = None;
}
