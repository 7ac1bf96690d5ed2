//! What the watch knows of one login at one moment: facts only, no secret.

use std::fmt;
use std::time::Duration;

use authkeep_core::{
    Broker, Connection, ConnectionName, ConnectionStatus, LookupError, Target, Timestamp, TokenId,
    Trouble,
};
use authkeep_registry::ProviderName;

use crate::duration;

/// Which login it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Id {
    pub(super) provider: ProviderName,
    pub(super) connection: ConnectionName,
}

impl Id {
    pub(super) fn target(&self) -> Target {
        Target {
            provider: self.provider.clone(),
            connection: Some(self.connection.clone()),
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.provider, self.connection)
    }
}

/// One login as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) id: Id,
    /// How it stands at the moment of reading.
    pub(super) status: ConnectionStatus,
    pub(super) refreshable: bool,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) obtained_at: Timestamp,
    pub(super) refreshed_at: Option<Timestamp>,
    /// Which token it has.
    pub(super) token: Option<TokenId>,
    /// Why the last refresh failed, whoever tried it.
    pub(super) trouble: Option<Trouble>,
}

impl Login {
    pub(super) fn of(connection: &Connection, now: Timestamp) -> Self {
        Self {
            id: Id {
                provider: connection.provider().clone(),
                connection: connection.name().clone(),
            },
            status: connection.status(now),
            refreshable: connection.is_refreshable(),
            expires_at: connection.expires_at(),
            obtained_at: connection.obtained_at(),
            refreshed_at: connection.refreshed_at(),
            token: connection.token_id(),
            trouble: connection.trouble().cloned(),
        }
    }

    /// When the present token was received.
    pub(super) fn received_at(&self) -> Timestamp {
        self.refreshed_at.unwrap_or(self.obtained_at)
    }

    /// The life that the present token was given; `None` where it does not run out.
    pub(super) fn lifetime(&self) -> Option<Duration> {
        let life = self.expires_at?.duration_since(self.received_at());
        Some(Duration::try_from(life).unwrap_or_default())
    }

    /// Whether its token is still the one that `other` has.
    pub(super) fn has_same_token(&self, other: &Self) -> bool {
        self.token == other.token && self.received_at() == other.received_at()
    }

    /// Until when its server is left alone, if that is still to come. A clock that was set back to before the
    /// failure makes the moment meaningless.
    pub(super) fn resting(&self, now: Timestamp) -> Option<Timestamp> {
        let trouble = self.trouble.as_ref()?;
        trouble
            .not_before
            .filter(|until| now < *until && trouble.at <= now)
    }

    /// Whether only a person can make it work again.
    pub(super) fn needs_person(&self) -> bool {
        self.status != ConnectionStatus::Connected
    }

    /// Seconds until the token runs out, as `--json` shows them.
    pub(super) fn seconds_left(&self, now: Timestamp) -> Option<i64> {
        let left = |at: Timestamp| at.duration_since(now).as_secs().max(0);
        self.expires_at.map(left)
    }

    /// The same for people.
    pub(super) fn time_left(&self, now: Timestamp) -> String {
        match self.expires_at {
            None => "-".to_owned(),
            Some(at) => duration::left(now, at)
                .unwrap_or_else(|| format!("ended {}", duration::ago(now, at))),
        }
    }
}

/// Which logins are meant.
#[derive(Debug, Clone, Default)]
pub(super) struct Selection {
    /// Only this provider, by its own name.
    pub(super) provider: Option<ProviderName>,
    /// Only this one of its connections.
    pub(super) connection: Option<ConnectionName>,
}

impl Selection {
    /// Those of them that there are, sorted.
    pub(super) fn read(&self, broker: &Broker, now: Timestamp) -> Result<Vec<Login>, LookupError> {
        let providers = broker.list()?;
        let connections = providers.iter().flat_map(|provider| &provider.connections);
        let mut logins: Vec<_> = connections
            .map(|connection| Login::of(connection, now))
            .filter(|login| self.includes(&login.id))
            .collect();
        logins.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(logins)
    }

    fn includes(&self, id: &Id) -> bool {
        let provider = self.provider.as_ref();
        let connection = self.connection.as_ref();
        provider.is_none_or(|name| *name == id.provider)
            && connection.is_none_or(|name| *name == id.connection)
    }
}
