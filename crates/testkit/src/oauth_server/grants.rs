//! Codes and tokens: what was issued, to whom, and what is left of it.
//!
//! A family is everything that descends from one login; revoking it kills all of it at once.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::authorize::AuthorizationRequest;
use crate::canary::canary;

/// How long an authorization code is good (RFC 6749 section 4.1.2: ten minutes at most).
const CODE_TTL: Duration = Duration::from_secs(60);

/// Names one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FamilyId(usize);

/// All that this server ever issued.
#[derive(Debug, Default)]
pub(super) struct Grants {
    families: Vec<Family>,
    codes: HashMap<String, Code>,
    access: HashMap<String, AccessToken>,
    refresh: HashMap<String, RefreshToken>,
}

#[derive(Debug)]
struct Family {
    client_id: String,
    scope: String,
    alive: bool,
}

#[derive(Debug)]
struct Code {
    request: AuthorizationRequest,
    issued: Instant,
    /// The family made from it; set by its first and only use.
    spent_on: Option<FamilyId>,
}

#[derive(Debug)]
struct AccessToken {
    family: FamilyId,
    expires: Option<Instant>,
    revoked: bool,
}

#[derive(Debug)]
struct RefreshToken {
    family: FamilyId,
    spent: Option<Instant>,
}

/// What presenting a refresh token amounts to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Presented {
    /// Issued here to that client, unspent, family alive.
    Good(FamilyId),
    /// As good, but spent so many seconds ago.
    Spent(FamilyId, u64),
    /// Anything else.
    Bad,
}

impl Grants {
    pub(super) fn issue_code(&mut self, request: AuthorizationRequest) -> String {
        let code = canary();
        let entry = Code {
            request,
            issued: Instant::now(),
            spent_on: None,
        };
        self.codes.insert(code.clone(), entry);
        code
    }

    /// The request a code was issued for, if the code can still be redeemed. A second use kills
    /// what the first use made (RFC 6749 section 10.5).
    pub(super) fn redeemable(&mut self, code: &str) -> Option<AuthorizationRequest> {
        let entry = self.codes.get(code)?;
        if let Some(family) = entry.spent_on {
            self.kill(family);
            return None;
        }
        (entry.issued.elapsed() < CODE_TTL).then(|| entry.request.clone())
    }

    /// Spends `code` and starts the family of its login.
    pub(super) fn redeem(&mut self, code: &str, request: &AuthorizationRequest) -> FamilyId {
        let family = self.new_family(&request.client_id, &request.scope);
        if let Some(entry) = self.codes.get_mut(code) {
            entry.spent_on = Some(family);
        }
        family
    }

    pub(super) fn new_family(&mut self, client_id: &str, scope: &str) -> FamilyId {
        let (client_id, scope) = (client_id.to_owned(), scope.to_owned());
        self.families.push(Family {
            client_id,
            scope,
            alive: true,
        });
        FamilyId(self.families.len() - 1)
    }

    pub(super) fn issue_access_token(&mut self, family: FamilyId, ttl: Option<u64>) -> String {
        let token = canary();
        let expires = ttl.map(|seconds| Instant::now() + Duration::from_secs(seconds));
        self.access.insert(
            token.clone(),
            AccessToken {
                family,
                expires,
                revoked: false,
            },
        );
        token
    }

    pub(super) fn issue_refresh_token(&mut self, family: FamilyId) -> String {
        let token = canary();
        self.refresh.insert(
            token.clone(),
            RefreshToken {
                family,
                spent: None,
            },
        );
        token
    }

    pub(super) fn scope(&self, family: FamilyId) -> &str {
        &self.families[family.0].scope
    }

    pub(super) fn present(&self, refresh_token: &str, client_id: &str) -> Presented {
        let Some(token) = self.refresh.get(refresh_token) else {
            return Presented::Bad;
        };
        let family = &self.families[token.family.0];
        if !family.alive || family.client_id != client_id {
            return Presented::Bad;
        }
        match token.spent {
            None => Presented::Good(token.family),
            Some(at) => Presented::Spent(token.family, at.elapsed().as_secs()),
        }
    }

    pub(super) fn spend(&mut self, refresh_token: &str) {
        if let Some(token) = self.refresh.get_mut(refresh_token) {
            token.spent.get_or_insert_with(Instant::now);
        }
    }

    pub(super) fn kill(&mut self, family: FamilyId) {
        self.families[family.0].alive = false;
    }

    /// Revokes a token of that client: an access token alone, a refresh token with its family
    /// (RFC 7009 section 2.1). Another's token and an unknown one are left alone.
    pub(super) fn revoke(&mut self, token: &str, client_id: &str) {
        let owned = |family: FamilyId| self.families[family.0].client_id == client_id;
        if let Some(access) = self.access.get_mut(token)
            && owned(access.family)
        {
            access.revoked = true;
        } else if let Some(refresh) = self.refresh.get(token)
            && owned(refresh.family)
        {
            self.kill(refresh.family);
        }
    }

    pub(super) fn revoke_everything(&mut self) {
        for family in &mut self.families {
            family.alive = false;
        }
    }

    pub(super) fn expire_access_tokens(&mut self) {
        let now = Instant::now();
        for token in self.access.values_mut() {
            token.expires = Some(now);
        }
    }

    pub(super) fn is_active_access_token(&self, token: &str) -> bool {
        self.access.get(token).is_some_and(|access| {
            !access.revoked
                && access.expires.is_none_or(|at| Instant::now() < at)
                && self.families[access.family.0].alive
        })
    }

    pub(super) fn is_active(&self, token: &str) -> bool {
        self.is_active_access_token(token)
            || self.refresh.get(token).is_some_and(|refresh| {
                refresh.spent.is_none() && self.families[refresh.family.0].alive
            })
    }

    pub(super) fn secrets(&self) -> Vec<String> {
        self.codes
            .keys()
            .chain(self.access.keys())
            .chain(self.refresh.keys())
            .cloned()
            .collect()
    }
}
