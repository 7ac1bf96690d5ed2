//! From a token endpoint's answer to what is stored of it, the same for every flow that ends there.

use authkeep_flows::TokenSet;
use authkeep_registry::{Flow, Provider};

use super::Acquired;
use super::oauth_client::OAuthClient;
use crate::pinned::Pinned;
use crate::record::ConnectionRecord;
use crate::refresh::apply;
use crate::{Event, Interaction, Timestamp};

/// Tokens that a flow has just obtained, and what they were obtained with.
pub(super) struct Issued {
    pub(super) flow: Flow,
    pub(super) client: OAuthClient,
    /// The scopes that were asked for.
    pub(super) scopes: Vec<String>,
    pub(super) tokens: TokenSet,
}

impl Issued {
    /// The records to save. `person` is told if fewer scopes were granted than asked for.
    pub(super) fn acquired(
        self,
        provider: &Provider,
        person: &dyn Interaction,
        now: Timestamp,
    ) -> Acquired {
        let mut record = ConnectionRecord::new_at(now, Pinned::to(provider));
        self.flow.as_str().clone_into(&mut record.flow);
        record.client = Some(self.client.record().clone());
        record.params.clone_from(&provider.params);
        record.token_response.clone_from(&self.tokens.extra);
        if let Some(granted) = &self.tokens.scope {
            let missing: Vec<String> = self
                .scopes
                .iter()
                .filter(|scope| !granted.contains(scope))
                .cloned()
                .collect();
            if !missing.is_empty() {
                person.tell(&Event::FewerScopes { missing });
            }
        }
        record.scopes_asked = self.scopes;
        apply(&mut record, self.tokens, now);
        record.refreshed_at = None;
        let client = match self.client {
            OAuthClient::Entered(record) => Some(record),
            OAuthClient::Saved(_) => None,
        };
        Acquired {
            connection: record,
            client,
        }
    }
}
