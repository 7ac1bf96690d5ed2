//! The exit codes. Scripts and agents branch on them: they are never renumbered.

/// How the program ended. `run` is the exception: it returns the child's own code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum ExitCode {
    /// It was done.
    Ok = 0,
    /// It failed for a reason that no other code names.
    Other = 1,
    /// The command line does not make sense.
    Usage = 2,
    /// No definition has this name.
    ProviderNotFound = 3,
    /// The provider, the person or the browser did not complete the login, or a new login is needed.
    AuthenticationFailed = 4,
    /// There is nothing stored for this provider, or a value is missing that nobody could be asked for.
    CredentialMissing = 5,
    /// The token has run out and could not be renewed.
    RefreshFailed = 6,
    /// The home, the vault, its key or the audit log cannot be used.
    StoreUnavailable = 7,
    /// The provider has logins, but not the one that was named.
    ConnectionNotFound = 9,
    /// Somebody else holds the lock, or the network is down: the same command may succeed later.
    TryAgain = 10,
    /// `run`: the program is there but cannot be started.
    ProgramNotStarted = 126,
    /// `run`: there is no such program.
    ProgramNotFound = 127,
    /// Ctrl-C.
    Interrupted = 130,
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}
