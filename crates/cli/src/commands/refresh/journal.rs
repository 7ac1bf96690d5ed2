//! What there is to tell: found by comparing what the vault holds with what it held at the last look.
//!
//! So it does not matter who changed it. A login that another program renewed or a person made anew is noticed
//! like one that the watch has renewed itself, and each change is told once.

use std::collections::BTreeMap;

use authkeep_core::{ProfileName, login_command};

use super::event::{Failure, What};
use super::login::{Id, Login};

/// What was seen last.
#[derive(Debug, Default)]
pub(super) struct Journal {
    /// Named in the commands that a person is told to run.
    profile: Option<ProfileName>,
    logins: BTreeMap<Id, Seen>,
    /// Why the vault could not be read at the last look.
    vault: Option<String>,
}

#[derive(Debug)]
struct Seen {
    login: Login,
    /// Why the last attempt to renew it failed.
    failing: Option<String>,
}

impl Journal {
    pub(super) fn new(profile: Option<ProfileName>) -> Self {
        Self {
            profile,
            ..Self::default()
        }
    }

    /// Takes note of what the vault holds now, and returns what is new.
    pub(super) fn look(&mut self, logins: &[Login]) -> Vec<(Option<Id>, What)> {
        let mut news = Vec::new();
        if self.vault.take().is_some() {
            news.push((None, What::Recovered));
        }
        for login in logins {
            for what in self.compare(login) {
                news.push((Some(login.id.clone()), what));
            }
        }
        let present = |id: &Id| logins.iter().any(|login| login.id == *id);
        self.logins.retain(|id, _| {
            let stays = present(id);
            if !stays {
                news.push((Some(id.clone()), What::Gone));
            }
            stays
        });
        news
    }

    fn compare(&mut self, login: &Login) -> Vec<What> {
        let mut news = Vec::new();
        let before = self.logins.get_mut(&login.id);
        let (needed_person, was_failing) = match &before {
            Some(seen) => (seen.login.needs_person(), seen.failing.is_some()),
            None => (false, false),
        };
        let failing = match before {
            None => {
                news.push(What::Watching {
                    status: login.status,
                    refreshable: login.refreshable,
                    expires_at: login.expires_at,
                });
                None
            }
            Some(seen) if seen.login.has_same_token(login) => seen.failing.take(),
            Some(_) => {
                // A login that a person made anew was not renewed yet.
                if login.refreshed_at.is_some() {
                    news.push(What::Renewed {
                        expires_at: login.expires_at,
                    });
                }
                None
            }
        };
        if login.needs_person() {
            if !needed_person {
                news.push(What::needs_login(login, self.login_command(&login.id)));
            }
        } else if needed_person || was_failing && failing.is_none() {
            news.push(What::Recovered);
        }
        let seen = Seen {
            login: login.clone(),
            failing: failing.filter(|_| !login.needs_person()),
        };
        self.logins.insert(login.id.clone(), seen);
        news
    }

    /// Takes note of an attempt that failed. A login that is gone or needs a person is told of otherwise.
    pub(super) fn attempt_failed(&mut self, id: &Id, why: Failure, failures: u32) -> Option<What> {
        let seen = self.logins.get_mut(id)?;
        if seen.login.needs_person() {
            return None;
        }
        seen.failing = Some(why.message.clone());
        Some(What::Failed { why, failures })
    }

    /// Takes note that the vault could not be read. It is told once for each reason.
    pub(super) fn vault_failed(&mut self, why: Failure) -> Option<What> {
        if self.vault.replace(why.message.clone()).as_ref() == Some(&why.message) {
            return None;
        }
        Some(What::Failed { why, failures: 1 })
    }

    /// Why the vault cannot be read.
    pub(super) fn vault(&self) -> Option<&str> {
        self.vault.as_deref()
    }

    /// Why the last attempt to renew this login failed.
    pub(super) fn failing(&self, id: &Id) -> Option<&str> {
        self.logins.get(id)?.failing.as_deref()
    }

    /// The command with which a person mends this login.
    pub(super) fn login_command(&self, id: &Id) -> String {
        let mut command = login_command(&id.provider, &id.connection);
        if let Some(profile) = &self.profile {
            command.push_str(&format!(" --profile {profile}"));
        }
        command
    }
}

#[cfg(test)]
mod tests;
