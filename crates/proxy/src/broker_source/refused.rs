//! What the program is told where there is no credential for it, and what a person can do about that.
//!
//! Of what a server said when a token was to be renewed, nothing gets here: the person reads that in a terminal.

use authkeep_core::{LookupError, RefreshError, ResolveError, login_command};

use crate::{Account, Code, Refusal};

/// The login is gone, or was never part of this run.
pub(super) fn not_connected(account: &Account) -> Refusal {
    let message = format!("there is no login `{account}` any more");
    with_login(account, Refusal::new(Code::NotConnected, message))
}

pub(super) fn not_recorded() -> Refusal {
    Refusal::new(
        Code::AuditUnavailable,
        "the release cannot be recorded in the audit log, so the credential stays locked up",
    )
    .hint("`authkeep doctor` says what is wrong with the audit log")
    .command("authkeep doctor")
}

/// The server refuses a token that cannot be replaced, or not yet.
pub(super) fn no_other(account: &Account) -> Refusal {
    let message =
        format!("the server refuses the credential of `{account}`, and there is no other");
    with_login(account, Refusal::new(Code::LoginExpired, message))
}

pub(super) fn unresolved(account: &Account, error: &ResolveError) -> Refusal {
    match error {
        ResolveError::Missing { .. } => not_connected(account),
        ResolveError::NeedsLogin { status, .. } => {
            let message = format!("the login `{account}` does not work any more ({status})");
            with_login(account, Refusal::new(Code::LoginExpired, message))
        }
        ResolveError::Lookup(
            LookupError::ConnectionNotFound { .. } | LookupError::UnknownProvider { .. },
        ) => not_connected(account),
        ResolveError::Lookup(_) => no_vault(),
        ResolveError::Refresh { error, .. } => not_renewed(account, error),
        _ => {
            let message = format!("`{account}` is not accepted any more");
            with_login(account, Refusal::new(Code::LoginExpired, message))
        }
    }
}

fn not_renewed(account: &Account, error: &RefreshError) -> Refusal {
    match error {
        RefreshError::Gone { .. } => not_connected(account),
        RefreshError::Store { .. } | RefreshError::NotSaved { .. } => no_vault(),
        passing if passing.may_pass() => {
            let message = format!(
                "the login `{account}` cannot be renewed just now ({})",
                error.kind()
            );
            Refusal::new(Code::CredentialUnavailable, message)
                .hint("it is kept; try again in a moment")
                .command(format!(
                    "authkeep refresh {} --connection {}",
                    account.provider, account.connection
                ))
        }
        _ => {
            let message = format!("the login `{account}` cannot be renewed ({})", error.kind());
            with_login(account, Refusal::new(Code::LoginExpired, message))
        }
    }
}

fn no_vault() -> Refusal {
    Refusal::new(Code::VaultUnavailable, "the vault cannot be read")
        .hint("`authkeep doctor` says what is wrong with it")
        .command("authkeep doctor")
}

fn with_login(account: &Account, refusal: Refusal) -> Refusal {
    refusal
        .hint("log in again; the program can go on running meanwhile")
        .command(login_command(&account.provider, &account.connection))
}
