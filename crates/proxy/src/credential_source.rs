//! The joint to whoever holds the credentials.

use std::fmt;
use std::sync::Arc;

use authkeep_core::{BoxFuture, Credential, TokenId};

use crate::{Account, Refusal};

/// Where the sidecar gets a credential from, at the moment of a request.
///
/// It is asked for every request, so it has to keep what it knows to be good, and it must answer anew once that is not.
pub trait CredentialSource: fmt::Debug + Send + Sync {
    /// The credential of `account`, released and on record.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] that the program is to be answered with; nothing is forwarded then.
    fn credential<'a>(
        &'a self,
        account: &'a Account,
        need: Need,
    ) -> BoxFuture<'a, Result<Live, Refusal>>;
}

/// Which credential will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// One that should work.
    Working,
    /// Not this one: the server has just answered 401 to it.
    OtherThan(TokenId),
}

/// A credential that should work now.
#[derive(Debug, Clone)]
pub struct Live {
    /// The secret.
    pub credential: Arc<Credential>,
    /// Tells its token from the next one; `None` where there is none.
    pub token: Option<TokenId>,
    /// Whether another could be had, should a server refuse this one.
    pub is_renewable: bool,
}
