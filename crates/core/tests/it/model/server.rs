//! An authorization server in a few lines: rotation, reuse detection, revocation, and a count of everything.
//!
//! Tokens are numbered in the order of their issue, so that "newer" has a meaning.

use serde_json::{Value, json};

/// What the server does with refresh tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Policy {
    /// Each can be used once; a second use ends the whole login (RFC 9700 §4.14.2).
    Strict,
    /// Each is replaced, and the old one still works for a while, longer than anything here lasts.
    Grace,
    /// One refresh token for the life of the login.
    NoRotation,
}

/// An access token and the refresh token that came with it, by the number of their issue.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Pair {
    login: usize,
    spent: bool,
    /// The access token alone was revoked.
    revoked: bool,
}

/// The server's state and what was asked of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Server {
    policy: Policy,
    pairs: Vec<Pair>,
    /// Whether each login is still good.
    logins: Vec<bool>,
    pub(super) token_requests: u32,
    /// Answers with `invalid_grant`.
    pub(super) refusals: u32,
    pub(super) revocations: u32,
}

impl Server {
    pub(super) fn new(policy: Policy) -> Self {
        Self {
            policy,
            pairs: Vec::new(),
            logins: Vec::new(),
            token_requests: 0,
            refusals: 0,
            revocations: 0,
        }
    }

    /// A person logs in. Returns the number of the pair that is issued.
    pub(super) fn log_in(&mut self) -> usize {
        self.logins.push(true);
        self.issue(self.logins.len() - 1)
    }

    /// Answers a refresh request (RFC 6749 §6): status and body.
    pub(super) fn refresh(&mut self, refresh_token: &str) -> (u16, String) {
        self.token_requests += 1;
        let Some(number) = self.pair_of(refresh_token, refresh_token_of) else {
            return self.refuse();
        };
        let login = self.pairs[number].login;
        if self.policy == Policy::Strict && self.pairs[number].spent {
            self.logins[login] = false;
        }
        if !self.logins[login] {
            return self.refuse();
        }
        self.pairs[number].spent = self.policy != Policy::NoRotation;
        let issued = self.issue(login);
        let mut answer = json!({
            "access_token": access_token_of(issued),
            "token_type": "Bearer",
            "expires_in": 3_600,
        });
        if self.policy != Policy::NoRotation {
            answer["refresh_token"] = Value::from(refresh_token_of(issued));
        }
        (200, answer.to_string())
    }

    /// Answers a revocation request (RFC 7009 §2).
    pub(super) fn revoke(&mut self, token: &str) -> (u16, String) {
        self.revocations += 1;
        if let Some(number) = self.pair_of(token, refresh_token_of) {
            let login = self.pairs[number].login;
            self.logins[login] = false;
        }
        if let Some(number) = self.pair_of(token, access_token_of) {
            self.pairs[number].revoked = true;
        }
        (200, String::new())
    }

    /// How many pairs were issued, that of the first login included.
    pub(super) fn issued(&self) -> usize {
        self.pairs.len()
    }

    /// Whether the token was issued to the latest login.
    pub(super) fn is_of_last_login(&self, access_token: &str) -> bool {
        let number = self.number_of(access_token);
        number.is_some_and(|number| self.pairs[number].login == self.logins.len() - 1)
    }

    /// The number of the pair that an access token belongs to.
    pub(super) fn number_of(&self, access_token: &str) -> Option<usize> {
        self.pair_of(access_token, access_token_of)
    }

    /// Whether both were issued to the same login, and `this` before `that`.
    pub(super) fn precedes(&self, this: &str, that: &str) -> bool {
        match (self.number_of(this), self.number_of(that)) {
            (Some(this), Some(that)) => {
                this < that && self.pairs[this].login == self.pairs[that].login
            }
            _ => false,
        }
    }

    /// Whether an API would take the access token. Time does not pass.
    pub(super) fn honours(&self, access_token: &str) -> bool {
        let pair = self
            .number_of(access_token)
            .map(|number| &self.pairs[number]);
        pair.is_some_and(|pair| self.logins[pair.login] && !pair.revoked)
    }

    /// Whether a refresh with this token would succeed.
    pub(super) fn would_refresh(&self, refresh_token: &str) -> bool {
        let pair = self.pair_of(refresh_token, refresh_token_of);
        pair.map(|number| &self.pairs[number]).is_some_and(|pair| {
            self.logins[pair.login] && !(self.policy == Policy::Strict && pair.spent)
        })
    }

    /// The pairs that could still be used in some way.
    pub(super) fn living(&self) -> impl Iterator<Item = usize> {
        let pairs = self.pairs.iter().enumerate();
        let living = pairs.filter(|(_, pair)| self.logins[pair.login]);
        living.map(|(number, _)| number)
    }

    fn issue(&mut self, login: usize) -> usize {
        self.pairs.push(Pair {
            login,
            spent: false,
            revoked: false,
        });
        self.pairs.len() - 1
    }

    fn refuse(&mut self) -> (u16, String) {
        self.refusals += 1;
        (400, json!({"error": "invalid_grant"}).to_string())
    }

    fn pair_of(&self, token: &str, name: fn(usize) -> String) -> Option<usize> {
        (0..self.pairs.len()).find(|number| name(*number) == token)
    }
}

/// The access token of a pair.
pub(super) fn access_token_of(pair: usize) -> String {
    format!("cnry_{:032x}", 0xacce_5500 + pair)
}

/// The refresh token of a pair. Without rotation only that of the login is ever handed out.
pub(super) fn refresh_token_of(pair: usize) -> String {
    format!("cnry_{:032x}", 0x0ef0_e500 + pair)
}
