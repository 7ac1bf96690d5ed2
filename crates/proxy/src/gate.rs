//! Who may use the sidecar: those that show the run's credential, and, on Linux, the processes of the run themselves.
//!
//! The credential is in the address of the proxy that the program is given. Some runtimes have no way to send it, Java's
//! among them; so a connection without one is looked up in the kernel's tables, and admitted if the process at its other
//! end descends from the program that was started. To be of the same user is not enough.

#[cfg(target_os = "linux")]
mod descendants;

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use http::{HeaderMap, header};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq as _;

use crate::refusal::{Code, Refusal};

pub(crate) const USER: &str = "authkeep";

/// Decides who is let in.
pub(crate) struct Gate {
    password: SecretString,
    /// `authkeep:<password>` in base64, as RFC 7617 section 2 has it.
    expected: SecretString,
    /// The process whose descendants are let in; 0 for none.
    ancestor: AtomicU32,
}

/// How somebody was let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// By the run's credential.
    Credential,
    /// As a process of the run.
    Descendant,
}

impl Admission {
    /// The word in the probe's answer.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::Descendant => "descendant",
        }
    }
}

impl Gate {
    /// A gate whose credential is made of `random`.
    pub(crate) fn new(random: &[u8; 32]) -> Self {
        let password = SecretString::from(BASE64_URL_SAFE_NO_PAD.encode(random));
        // EXPOSE: into the form in which clients send it.
        let pair = format!("{USER}:{}", password.expose_secret());
        Self {
            expected: SecretString::from(BASE64_STANDARD.encode(pair)),
            password,
            ancestor: AtomicU32::new(0),
        }
    }

    /// The proxy's address for the program's environment.
    pub(crate) fn url(&self, address: SocketAddr) -> SecretString {
        // EXPOSE: the program needs it to be let in; it is of use on this machine, for as long as the run lasts.
        let password = self.password.expose_secret();
        SecretString::from(format!("http://{USER}:{password}@{address}"))
    }

    /// Lets the descendants of `pid` in.
    pub(crate) fn admit_descendants_of(&self, pid: u32) {
        self.ancestor.store(pid, Ordering::Relaxed);
    }

    /// Judges a request that came from `peer` to `own`.
    ///
    /// # Errors
    ///
    /// The answer 407. A credential that is wrong is never mended by where it comes from.
    pub(crate) async fn admit(
        &self,
        headers: &HeaderMap,
        peer: SocketAddr,
        own: SocketAddr,
    ) -> Result<Admission, Refusal> {
        let mut shown = headers.get_all(header::PROXY_AUTHORIZATION).iter();
        match (shown.next(), shown.next()) {
            (Some(only), None) if self.is_ours(only.as_bytes()) => Ok(Admission::Credential),
            (None, _) if self.is_descendant(peer, own).await => Ok(Admission::Descendant),
            _ => Err(Refusal::new(
                Code::ProxyAuthenticationRequired,
                "this proxy serves only the program that it was started for",
            )
            .hint(
                "use the proxy address in HTTPS_PROXY as it is, with its user name and password",
            )),
        }
    }

    fn is_ours(&self, shown: &[u8]) -> bool {
        let Some((scheme, value)) = shown.split_at_checked(5) else {
            return false;
        };
        let Some(value) = value.strip_prefix(b" ") else {
            return false;
        };
        // EXPOSE: to be compared, in a time that says nothing of where they differ.
        let expected = self.expected.expose_secret().as_bytes();
        scheme.eq_ignore_ascii_case(b"basic") && bool::from(value.trim_ascii().ct_eq(expected))
    }

    #[cfg(target_os = "linux")]
    async fn is_descendant(&self, peer: SocketAddr, own: SocketAddr) -> bool {
        let ancestor = self.ancestor.load(Ordering::Relaxed);
        if ancestor == 0 {
            return false;
        }
        let looked_up = move || descendants::has_socket(ancestor, peer, own);
        tokio::task::spawn_blocking(looked_up)
            .await
            .unwrap_or(false)
    }

    #[cfg(not(target_os = "linux"))]
    async fn is_descendant(&self, _peer: SocketAddr, _own: SocketAddr) -> bool {
        false
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}
