//! From a token endpoint's answer to what is stored of it, the same for every flow that ends there.

use std::collections::BTreeMap;
use std::time::Duration;

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
    /// What the browser brought back besides the code.
    pub(super) callback: BTreeMap<String, String>,
}

impl Issued {
    /// The records to save; `person` is told what there is to know about them.
    pub(super) fn acquired(
        self,
        provider: &Provider,
        person: &dyn Interaction,
        now: Timestamp,
    ) -> Acquired {
        let mut record = ConnectionRecord::new_at(now, Pinned::to(provider));
        self.flow.as_str().clone_into(&mut record.flow);
        let client = self.client.record();
        record.client = (!client.is_nobody()).then(|| client.clone());
        record.params.clone_from(&provider.params);
        record.token_response.clone_from(&self.tokens.extra);
        record.scopes_asked = self.scopes;
        forecast(&mut record, provider, now);
        apply(&mut record, self.tokens, now);
        record.refreshed_at = None;
        tell_of_missing_scopes(&record, person);
        Acquired {
            connection: record,
            client: self.client.unsaved(),
            callback: self.callback,
        }
    }
}

/// Tells `person` if fewer scopes were granted than asked for.
pub(super) fn tell_of_missing_scopes(record: &ConnectionRecord, person: &dyn Interaction) {
    let missing: Vec<String> = record.scopes_missing().map(str::to_owned).collect();
    if !missing.is_empty() {
        person.tell(&Event::FewerScopes { missing });
    }
}

/// When the login will end, as far as the definition knows. A server that says it knows better.
fn forecast(record: &mut ConnectionRecord, provider: &Provider, now: Timestamp) {
    let Some(oauth) = &provider.oauth else {
        return;
    };
    let life = oauth.login_expires_in.map(Duration::from_secs);
    record.login_expires_at = life.and_then(|life| now.checked_add(life).ok());
    record.login_expires_if.clone_from(&oauth.login_expires_if);
}
