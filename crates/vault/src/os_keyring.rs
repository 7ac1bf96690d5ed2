//! Reads one entry of the operating system's keyring, and never waits for it longer than [`DEADLINE`].
//!
//! On Linux that is the Secret Service of the session's bus (gnome-keyring, KWallet, KeePassXC), on a Mac the login
//! keychain, on Windows the Credential Manager; the last two are built and not tested. Nothing is connected to before
//! [`read`] is called, and nothing is written.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use keyring::{Entry, Error};
use secrecy::SecretString;
use zeroize::Zeroize as _;

/// How long an answer of the keyring is waited for, and so the time in which a person can answer its prompt.
pub const DEADLINE: Duration = Duration::from_secs(3);

/// Why an entry of the keyring cannot be read. None of them holds anything of a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// There is no keyring: no session bus, or no service on it.
    #[error("no keyring of the operating system answers in this session ({0})")]
    Unavailable(String),
    /// It is locked, and was not unlocked when it asked to be.
    #[error("the keyring of the operating system is locked")]
    Locked,
    /// It has no such entry.
    #[error("the keyring of the operating system has no entry `{user}` of `{service}`")]
    NoEntry {
        /// The service that was asked for.
        service: String,
        /// The user that was asked for.
        user: String,
    },
    /// It did not answer in time: it waits for somebody who unlocks it.
    #[error("the keyring of the operating system did not answer within {} seconds", DEADLINE.as_secs())]
    TimedOut,
    /// Anything else.
    #[error("the keyring of the operating system cannot be read: {0}")]
    Other(String),
}

/// The text that the keyring keeps for `user` of `service`. Asks the keyring to unlock itself where it is locked, which
/// may open a prompt.
///
/// # Errors
///
/// [`KeyringError`], at the latest after [`DEADLINE`].
pub fn read(service: &str, user: &str) -> Result<SecretString, KeyringError> {
    let (service, user) = (service.to_owned(), user.to_owned());
    within(DEADLINE, move || fetch(&service, &user))
}

/// Runs `work` on a thread of its own. A prompt that nobody answers holds that thread for ever; the process can end
/// without it, and the keyring takes its prompt back then.
fn within<T: Send + 'static>(
    deadline: Duration,
    work: impl FnOnce() -> Result<T, KeyringError> + Send + 'static,
) -> Result<T, KeyringError> {
    let (done, answer) = mpsc::sync_channel(1);
    thread::Builder::new()
        .name("keyring".to_owned())
        // Whoever gave up waiting wants no answer any more.
        .spawn(move || drop(done.send(work())))
        .map_err(|error| KeyringError::Other(error.to_string()))?;
    answer.recv_timeout(deadline).map_err(|error| match error {
        RecvTimeoutError::Timeout => KeyringError::TimedOut,
        RecvTimeoutError::Disconnected => KeyringError::Other("it gave no answer".to_owned()),
    })?
}

fn fetch(service: &str, user: &str) -> Result<SecretString, KeyringError> {
    // The first use connects to the keyring for the rest of the process.
    if let Err(error) = Entry::store_status() {
        return Err(KeyringError::Unavailable(error.to_string()));
    }
    let entry = Entry::new(service, user);
    let found = entry.and_then(|entry| entry.get_password());
    found.map(SecretString::from).map_err(|error| match error {
        Error::NoEntry => KeyringError::NoEntry {
            service: service.to_owned(),
            user: user.to_owned(),
        },
        Error::NoStorageAccess(_) => KeyringError::Locked,
        Error::Ambiguous(_) => KeyringError::Other("it has several such entries".to_owned()),
        // These carry what was found.
        Error::BadEncoding(mut found) | Error::BadDataFormat(mut found, _) => {
            found.zeroize();
            KeyringError::Other("the entry is not text".to_owned())
        }
        other => KeyringError::Other(other.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::{KeyringError, within};

    #[test]
    fn what_answers_in_time_is_passed_on() {
        assert_eq!(within(Duration::from_secs(60), || Ok(7)).unwrap(), 7);
        let error = within::<()>(Duration::from_secs(60), || Err(KeyringError::Locked));
        assert!(matches!(error, Err(KeyringError::Locked)));
    }

    #[test]
    fn what_never_answers_is_given_up() {
        let (_held, never) = mpsc::channel::<()>();
        let error = within(Duration::from_millis(20), move || {
            let _ = never.recv();
            Ok(())
        });
        assert!(matches!(error, Err(KeyringError::TimedOut)), "{error:?}");
    }
}
