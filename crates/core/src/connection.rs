//! A login as the caller sees it: everything but its secrets.

use std::fmt;
use std::time::Duration;

use authkeep_registry::{Flow, ProviderName, Template};
use secrecy::SecretString;

use crate::record::{ClientRecord, ConnectionRecord, Verdict};
use crate::refresh::Intent;
use crate::{ConnectionName, Timestamp, TokenId, Trouble};

/// The connection that holds what was bought with the environment's OAuth client.
pub(crate) const ENVIRONMENT: &str = "environment";

/// Which login is meant: a provider, and one of its connections where it matters which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The provider, by its name or an alias.
    pub provider: ProviderName,
    /// The connection; without it the one that was chosen with [`Broker::use_connection`](crate::Broker::use_connection),
    /// or else the one named `default`, or else the only one.
    pub connection: Option<ConnectionName>,
}

/// What kind of secret a login holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialKind {
    /// An OAuth 2 access token.
    OAuth,
    /// An API key of one or several fields.
    ApiKey,
}

impl CredentialKind {
    /// `oauth` or `api_key`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OAuth => "oauth",
            Self::ApiKey => "api_key",
        }
    }
}

/// How a login stands, derived from what is stored and from the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionStatus {
    /// It works, or a refresh will make it work.
    Connected,
    /// Its access token has run out, and nothing is stored that would buy another.
    Expired,
    /// It was revoked at the provider.
    Revoked,
    /// What is stored does not hold a usable credential.
    Invalid,
    /// The provider refused to refresh it: a person has to log in again.
    ReauthRequired,
}

impl ConnectionStatus {
    /// The word that `--json` shows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Invalid => "invalid",
            Self::ReauthRequired => "reauth_required",
        }
    }
}

impl fmt::Display for ConnectionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// When a login ends for good, whatever renews its tokens until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginExpiry<'a> {
    /// The moment.
    pub at: Timestamp,
    /// Under which condition only, in the definition's words; `None` where there is none.
    pub condition: Option<&'a str>,
}

/// What a login is renewed with.
#[derive(Debug)]
pub(crate) enum RenewalGrant<'a> {
    /// A refresh token (RFC 6749 §6), which may be good for one use only.
    RefreshToken(&'a SecretString),
    /// The access token itself, as long as it works.
    AccessToken(&'a SecretString),
    /// The client itself (RFC 6749 §4.4), as often as it likes.
    Client(&'a ClientRecord),
    /// The fields of an API key that is exchanged for a token, as often as need be.
    Key,
}

/// A stored login. Its secrets are inside, and only [`Broker::release`](crate::Broker::release) lets them out.
#[derive(Debug)]
pub struct Connection {
    provider: ProviderName,
    name: ConnectionName,
    pub(crate) record: ConnectionRecord,
}

impl Connection {
    pub(crate) fn new(
        provider: ProviderName,
        name: ConnectionName,
        record: ConnectionRecord,
    ) -> Self {
        Self {
            provider,
            name,
            record,
        }
    }

    /// The provider it logs in to.
    pub fn provider(&self) -> &ProviderName {
        &self.provider
    }

    /// Its name among the provider's connections.
    pub fn name(&self) -> &ConnectionName {
        &self.name
    }

    /// The flow that acquired it; `None` for one that this version does not know.
    pub fn flow(&self) -> Option<Flow> {
        self.record.flow.parse().ok()
    }

    /// Token or key.
    pub fn kind(&self) -> CredentialKind {
        let has_tokens = self.record.access_token.is_some() || self.is_without_token();
        if has_tokens && self.record.fields.is_empty() {
            CredentialKind::OAuth
        } else {
            CredentialKind::ApiKey
        }
    }

    /// How it stands at `now`.
    pub fn status(&self, now: Timestamp) -> ConnectionStatus {
        let record = &self.record;
        match record.verdict {
            Verdict::ReauthRequired => ConnectionStatus::ReauthRequired,
            Verdict::Revoked => ConnectionStatus::Revoked,
            Verdict::Good
                if record.access_token.is_none()
                    && record.fields.is_empty()
                    && !self.is_without_token() =>
            {
                ConnectionStatus::Invalid
            }
            Verdict::Good if self.has_expired(now) && !self.can_be_renewed(now) => {
                ConnectionStatus::Expired
            }
            Verdict::Good => ConnectionStatus::Connected,
        }
    }

    /// Whether its token has run out, and its client was refused when it was to be renewed. It is kept, for the client
    /// may be put right at the provider, but until then it does not work.
    pub(crate) fn is_without_client(&self, now: Timestamp) -> bool {
        let refused = |trouble: &Trouble| trouble.kind == "invalid_client";
        self.has_expired(now) && self.trouble().is_some_and(refused)
    }

    /// When the access token runs out; `None` where the provider did not say.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.record.expires_at
    }

    /// Whose login it is, such as `ada` or `ada@example.com`: asked of the service once, after the login. `None`
    /// where the definition has no such question, or it had no answer.
    pub fn account(&self) -> Option<&str> {
        self.record.account.as_deref()
    }

    /// When the login was made.
    pub fn obtained_at(&self) -> Timestamp {
        self.record.obtained_at
    }

    /// When the access token was last renewed.
    pub fn refreshed_at(&self) -> Option<Timestamp> {
        self.record.refreshed_at
    }

    /// Whether it can be renewed without a person.
    pub fn is_refreshable(&self) -> bool {
        self.renewal_grant().is_some()
    }

    /// Whether that is so at `now`: what has run out does not renew itself.
    pub(crate) fn can_be_renewed(&self, now: Timestamp) -> bool {
        match self.renewal_grant() {
            Some(RenewalGrant::AccessToken(_)) => !self.has_expired(now),
            grant => grant.is_some(),
        }
    }

    /// What buys the next access token.
    pub(crate) fn renewal_grant(&self) -> Option<RenewalGrant<'_>> {
        let record = &self.record;
        if self.flow() == Some(Flow::ClientCredentials) {
            return record.client.as_ref().map(RenewalGrant::Client);
        }
        if record.access_token.is_some() && !record.fields.is_empty() {
            return Some(RenewalGrant::Key);
        }
        if record.pinned.renews_itself {
            return record.access_token.as_ref().map(RenewalGrant::AccessToken);
        }
        record
            .refresh_token
            .as_ref()
            .map(RenewalGrant::RefreshToken)
    }

    /// Why the last refresh failed; `None` if it succeeded, or there was none.
    pub fn trouble(&self) -> Option<&Trouble> {
        self.record.refresh_trouble.as_ref()
    }

    /// Whether a refresh was begun whose outcome nobody knows: it is under way, or it was cut off, or the server
    /// did not answer. The next refresh finds out.
    pub fn is_in_doubt(&self) -> bool {
        self.in_doubt_since().is_some()
    }

    /// Since when that is so.
    pub fn in_doubt_since(&self) -> Option<Timestamp> {
        let intent = self.record.refresh_intent.as_ref()?;
        let token = TokenId::of(self.record.refresh_token.as_ref()?);
        Intent::is_in_doubt(Some(intent), &token).then_some(intent.since)
    }

    /// A public name of the access token, to tell whether it was replaced since.
    pub fn token_id(&self) -> Option<TokenId> {
        self.record.access_token.as_ref().map(TokenId::of)
    }

    /// A public name of all that a release hands out, to tell whether any of it was replaced since.
    pub fn secrets_id(&self) -> TokenId {
        let fields = (self.record.fields.iter()).chain(&self.record.secret_params);
        let fields = fields.map(|(name, value)| (name.as_str(), value));
        let token = self.record.access_token.as_ref();
        TokenId::of_all(fields.chain(token.map(|token| ("", token))))
    }

    /// What was granted, or what was asked where the server did not say.
    pub fn scopes(&self) -> &[String] {
        self.record
            .scopes
            .as_deref()
            .unwrap_or(&self.record.scopes_asked)
    }

    /// What was asked for and not granted.
    pub fn scopes_missing(&self) -> Vec<&str> {
        self.record.scopes_missing().collect()
    }

    /// When the login itself ends, with everything that would renew it; `None` where nobody said.
    pub fn login_expires(&self) -> Option<LoginExpiry<'_>> {
        self.record.refresh_token.as_ref()?;
        Some(LoginExpiry {
            at: self.record.login_expires_at?,
            condition: self.record.login_expires_if.as_deref(),
        })
    }

    /// The OAuth client it was issued to.
    pub fn client_id(&self) -> Option<&str> {
        self.record.client_id()
    }

    /// The names of the secrets it holds, `token` first.
    pub fn secret_names(&self) -> Vec<&str> {
        match self.kind() {
            CredentialKind::OAuth => {
                let params = self.record.secret_params.keys().map(String::as_str);
                ["token", "access_token"]
                    .into_iter()
                    .chain(params)
                    .collect()
            }
            CredentialKind::ApiKey => {
                let mut names = vec!["token", "api_key"];
                names.extend(
                    self.record
                        .fields
                        .keys()
                        .chain(self.record.secret_params.keys())
                        .map(String::as_str)
                        .filter(|f| !["token", "api_key"].contains(f)),
                );
                names
            }
        }
    }

    /// The definition's parameters as they were at login.
    pub fn params(&self) -> impl Iterator<Item = (&str, &str)> {
        self.record
            .params
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The hosts that may receive this credential, as they were pinned at login.
    pub fn hosts(&self) -> &[String] {
        &self.record.pinned.hosts
    }

    /// The names of the environment variables it is handed out in, as they were pinned at login.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.record.pinned.env.iter().map(|(name, _)| name.as_str())
    }

    pub(crate) fn environment(&self) -> Vec<(String, Template)> {
        // What this version pinned it can read; what another version wrote and this one cannot is left out.
        let pinned = self.record.pinned.env.iter();
        pinned
            .filter_map(|(name, text)| Some((name.clone(), Template::parse(text).ok()?)))
            .collect()
    }

    pub(crate) fn has_expired(&self, now: Timestamp) -> bool {
        self.is_without_token() || self.record.expires_at.is_some_and(|at| at <= now)
    }

    /// Whether there is only what buys the first token: some programs keep nothing else.
    fn is_without_token(&self) -> bool {
        self.record.access_token.is_none() && self.record.refresh_token.is_some()
    }

    /// The last failure and the moment until which the server is left alone because of it.
    pub(crate) fn resting(&self, now: Timestamp) -> Option<(&Trouble, Timestamp)> {
        let trouble = self.trouble()?;
        Some((trouble, trouble.resting(now)?))
    }

    /// Whether the token should be renewed before it is handed out: a tenth of its life is left, at most
    /// five minutes, or less than the caller asked for. One that renews itself is renewed at half of its life, so that
    /// whoever comes by now and then never finds it run out.
    ///
    /// A token that never lives as long as the caller asked is renewed once a tenth of its life is gone: asking
    /// for more does not bring more, and would cost a refresh at every call.
    ///
    /// A token that seems to have more life left than it was given was received before the clock was set back,
    /// so its expiry means nothing any more: it is due too.
    pub(crate) fn is_due(&self, now: Timestamp, min_ttl: Option<Duration>) -> bool {
        const WINDOW: Duration = Duration::from_secs(300);
        if self.is_without_token() {
            return true;
        }
        let Some(expires_at) = self.record.expires_at else {
            return false;
        };
        let lifetime = self.record.lifetime();
        let early = match lifetime {
            Some(lifetime) if self.record.pinned.renews_itself => lifetime / 2,
            Some(lifetime) => WINDOW.min(lifetime / 10),
            None => WINDOW,
        };
        let asked = min_ttl.unwrap_or_default();
        let asked = lifetime.map_or(asked, |lifetime| asked.min(lifetime.saturating_sub(early)));
        let left = Duration::try_from(expires_at.duration_since(now)).unwrap_or_default();
        let too_good = lifetime.is_some_and(|lifetime| left > lifetime + early);
        left <= early.max(asked) || too_good
    }
}
