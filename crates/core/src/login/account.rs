//! Whose login it is: the service is asked once, right after the login, and its answer is kept with it.
//!
//! The login is saved before, and stands whatever the service says: not to know the account's name is no reason to
//! lose it. The question goes nowhere but to the hosts that were pinned a moment ago.

use std::time::Duration;

use authkeep_flows::{HttpRequest, read_account};
use authkeep_registry::{Provider, ProviderName, WhoamiRequest};
use authkeep_vault::Expected;
use secrecy::ExposeSecret;
use tokio::time::timeout;

use super::LoginOutcome;
use crate::inject::authorized;
use crate::record::{self, ConnectionRecord, Stored};
use crate::{BodyCap, Broker, Connection, ConnectionName, Event, Interaction, Reach, TokenId};

/// How long a person is kept waiting for a name.
const PATIENCE: Duration = Duration::from_secs(10);
/// Before that, nobody wonders what is going on.
const MOMENT: Duration = Duration::from_secs(1);
/// Somebody else may be renewing the login by now.
const LOCK: Duration = Duration::from_secs(2);

impl Broker {
    /// Whose the login is that is about to be replaced, as far as that is known.
    pub(super) fn account_of(
        &self,
        provider: &ProviderName,
        name: &ConnectionName,
    ) -> Option<String> {
        let key = self.keys(provider).connection(name).ok()?;
        let stored: Option<Stored<ConnectionRecord>> = record::read(self.store(), &key).ok()?;
        stored?.record.account
    }

    /// Asks whose login was made, keeps it, and says if it was another's `before`.
    pub(super) async fn with_account(
        &self,
        outcome: LoginOutcome,
        before: Option<String>,
        provider: &Provider,
        person: &dyn Interaction,
    ) -> LoginOutcome {
        let LoginOutcome::LoggedIn(mut connection) = outcome else {
            return outcome;
        };
        // Without a place for the name in the answer there is nothing to ask for.
        let Some(whoami) = provider.whoami.as_ref().filter(|w| !w.label.is_empty()) else {
            return LoginOutcome::LoggedIn(connection);
        };
        let service = provider.display_name.clone();
        let asking = self.ask_whose(whoami, provider, &connection.record);
        let saying = || {
            let service = service.clone();
            person.tell(&Event::AskingWhose { service });
        };
        match in_time(asking, saying).await {
            Ok(account) => {
                if let Some(before) = before.filter(|before| *before != account) {
                    let now = account.clone();
                    person.tell(&Event::OtherAccount { before, now });
                }
                self.keep_account(&connection, &account).await;
                connection.record.account = Some(account);
            }
            Err(why) => person.tell(&Event::AccountUnknown { service, why }),
        }
        LoginOutcome::LoggedIn(connection)
    }

    async fn ask_whose(
        &self,
        whoami: &WhoamiRequest,
        provider: &Provider,
        record: &ConnectionRecord,
    ) -> Result<String, String> {
        let request = whoami_request(whoami, provider, record);
        let request = request.ok_or("the credential may not be sent there")?;
        let http = &self.parts.http;
        let sent = http.send(&request, BodyCap::Token, Reach::of(provider));
        let response = sent.await.map_err(|error| error.to_string())?;
        let account =
            read_account(&response, &whoami.label).map_err(|nobody| nobody.to_string())?;
        if holds_secret(provider, record, &account) {
            return Err("it answered with the credential instead of a name".to_owned());
        }
        Ok(account)
    }

    /// Writes the name into the stored login, unless that has become another one meanwhile.
    async fn keep_account(&self, connection: &Connection, account: &str) {
        let Ok(key) = self
            .keys(connection.provider())
            .connection(connection.name())
        else {
            return;
        };
        // A refresh that has begun saves on what it has read: nothing may be written in between.
        let Ok(_guard) = self.lock(&key, LOCK).await else {
            return;
        };
        let stored: Result<Option<Stored<ConnectionRecord>>, _> = record::read(self.store(), &key);
        let Ok(Some(mut stored)) = stored else {
            return;
        };
        if !is_the_same(&stored.record, &connection.record) {
            return;
        }
        stored.record.account = Some(account.to_owned());
        let expected = Expected::Revision(stored.revision);
        if let Err(error) = record::write(self.store(), &key, &stored.record, expected) {
            tracing::warn!(%error, "the account's name could not be saved");
        }
    }
}

/// The question; `None` where the credential may not be sent there.
pub(super) fn whoami_request(
    whoami: &WhoamiRequest,
    provider: &Provider,
    record: &ConnectionRecord,
) -> Option<HttpRequest> {
    let request = authorized(whoami.method, whoami.url.clone(), provider, record)?;
    Some(match &whoami.body {
        Some(body) => request.json(body.clone()),
        None => request,
    })
}

/// Whether the login that is stored by now is still `ours`. The clock counts seconds, in which another one may have been
/// made; but tokens that have been renewed since are those of the login that was there.
fn is_the_same(stored: &ConnectionRecord, ours: &ConnectionRecord) -> bool {
    let held = |record: &ConnectionRecord| -> Vec<TokenId> {
        let secrets = record.access_token.iter().chain(record.fields.values());
        secrets.map(TokenId::of).collect()
    };
    stored.obtained_at == ours.obtained_at
        && (stored.refreshed_at.is_some() || held(stored) == held(ours))
}

/// The outcome of the question, if it comes in time; `saying` is called if it does not come at once.
async fn in_time(
    asking: impl Future<Output = Result<String, String>>,
    saying: impl FnOnce(),
) -> Result<String, String> {
    let mut asking = std::pin::pin!(asking);
    if let Ok(answered) = timeout(MOMENT, &mut asking).await {
        return answered;
    }
    saying();
    let answered = timeout(PATIENCE, asking).await;
    answered.unwrap_or_else(|_| Err("it took too long".to_owned()))
}

/// Names are shown and stored beside other names: a secret that a service sends in their place must not be.
pub(super) fn holds_secret(provider: &Provider, record: &ConnectionRecord, text: &str) -> bool {
    let fields = provider.api_key.iter().flat_map(|key| &key.fields);
    let fields = fields.filter(|field| field.secret);
    let fields = fields.filter_map(|field| record.fields.get(&field.name));
    let tokens = record.access_token.iter().chain(&record.refresh_token);
    // EXPOSE: compared, not kept.
    tokens
        .chain(fields)
        .chain(record.secret_params.values())
        .map(ExposeSecret::expose_secret)
        .any(|secret| !secret.is_empty() && text.contains(secret))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use authkeep_registry::Definition;

    use super::*;
    use crate::Timestamp;
    use crate::pinned::Pinned;

    #[test]
    fn a_name_with_any_secret_of_the_login_in_it_is_none() {
        let text = r#"{"schema_version": 2, "name": "a", "display_name": "A", "flows": ["api_key"], "hosts": ["a.example"],
            "params": {"developer": {"secret": true}}, "api_key": {}}"#;
        let definition = Definition::from_json("a.json", text).unwrap();
        let provider = definition.bind(&BTreeMap::new()).unwrap();
        let mut record = ConnectionRecord::new_at(Timestamp::UNIX_EPOCH, Pinned::to(&provider));
        let secrets = ["cnry_00", "cnry_01", "cnry_02"];
        record.access_token = Some(secrets[0].into());
        (record.fields).insert("token".to_owned(), secrets[1].into());
        (record.secret_params).insert("developer".to_owned(), secrets[2].into());
        for secret in secrets {
            assert!(holds_secret(&provider, &record, &format!("ada {secret}")));
        }
        assert!(!holds_secret(&provider, &record, "ada"));
    }
}
