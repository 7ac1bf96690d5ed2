//! A credential source that does what a test says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use authkeep_core::{BoxFuture, Credential, CredentialKind, TokenId};
use authkeep_proxy::{Account, CredentialSource, Live, Need, Refusal};
use secrecy::SecretString;

#[derive(Debug)]
pub(crate) struct Given {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    tokens: BTreeMap<Account, String>,
    /// What a renewal puts in place of the token.
    next: Option<String>,
    failing: Option<Refusal>,
    failing_renewals: Option<Refusal>,
    renewals: usize,
    asked: usize,
}

impl Given {
    pub(crate) fn new(account: Account, token: &str) -> Self {
        Self {
            state: Mutex::new(State {
                tokens: BTreeMap::from([(account, token.to_owned())]),
                next: None,
                failing: None,
                failing_renewals: None,
                renewals: 0,
                asked: 0,
            }),
        }
    }

    /// Another login.
    pub(crate) fn add(&self, account: Account, token: &str) {
        self.state
            .lock()
            .unwrap()
            .tokens
            .insert(account, token.to_owned());
    }

    /// A renewal will lead to this token.
    pub(crate) fn renew_to(&self, token: &str) {
        self.state.lock().unwrap().next = Some(token.to_owned());
    }

    /// From now on there is no credential.
    pub(crate) fn fail(&self, refusal: Option<Refusal>) {
        self.state.lock().unwrap().failing = refusal;
    }

    /// From now on there is no other credential.
    pub(crate) fn fail_renewals(&self, refusal: Option<Refusal>) {
        self.state.lock().unwrap().failing_renewals = refusal;
    }

    pub(crate) fn renewals(&self) -> usize {
        self.state.lock().unwrap().renewals
    }

    /// How often a credential was asked for.
    pub(crate) fn asked(&self) -> usize {
        self.state.lock().unwrap().asked
    }
}

impl CredentialSource for Given {
    fn credential<'a>(
        &'a self,
        account: &'a Account,
        need: Need,
    ) -> BoxFuture<'a, Result<Live, Refusal>> {
        Box::pin(async move {
            let mut state = self.state.lock().unwrap();
            state.asked += 1;
            if let Some(refusal) = &state.failing {
                return Err(refusal.clone());
            }
            if matches!(need, Need::OtherThan(_)) {
                state.renewals += 1;
                if let Some(refusal) = &state.failing_renewals {
                    return Err(refusal.clone());
                }
                if let Some(next) = state.next.clone() {
                    state.tokens.insert(account.clone(), next);
                }
            }
            let token = state.tokens[account].clone();
            // No secret: a name for the token that is the same for the same token.
            let id: String = token
                .bytes()
                .rev()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let id: TokenId = serde_json::from_value(id.into()).unwrap();
            let fields = BTreeMap::from([("token".to_owned(), SecretString::from(token))]);
            Ok(Live {
                credential: Arc::new(Credential::new(CredentialKind::OAuth, fields)),
                token: Some(id),
                is_renewable: state.next.is_some(),
            })
        })
    }
}
