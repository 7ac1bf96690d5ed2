//! The sidecar: a proxy on the loopback interface that adds the right credential to the right request, so that the
//! program behind it never holds one.
//!
//! It knows where each login's credential may go ([`authkeep_core::Outlet`]) and asks a [`CredentialSource`] for the
//! credential at the moment of the request. Everything it cannot do safely ends in a [`Refusal`] that the program can
//! read, never in a request without the credential.
//!
//! It does not read the environment or the home directory, prints nothing, and starts no program.

mod account;
mod alpn;
mod authority;
mod awaited;
mod body;
mod broker_source;
mod certificate;
mod connect;
mod credential_source;
mod dial;
mod egress;
mod exchange;
mod gate;
mod hear_out;
pub mod hygiene;
pub mod inject;
mod intercept;
mod lingering;
mod link;
mod placeholder;
mod plaintext;
mod prefixed;
mod probe;
mod redact;
mod refusal;
mod replay;
mod request_head;
mod routes;
mod selection;
mod sidecar;
pub mod sign;
mod tally;
mod token_endpoint;
mod trailers;
mod tunnel;
mod upgrade;
mod upstream;

pub use account::Account;
pub use authority::{Authority, InvalidAuthority};
pub use broker_source::BrokerSource;
pub use credential_source::{CredentialSource, Live, Need};
pub use placeholder::Placeholders;
pub use probe::PROBE_HOST;
pub use redact::{Redacted, Redactor, Secrets};
pub use refusal::{Code, Refusal};
pub use request_head::{EndOfWatch, Framing, MAX_HEAD, StrictHead, Violation};
pub use routes::{Choice, Route, Routes};
pub use selection::{CONNECTION_HEADER, Named, Selection};
pub use sidecar::{Sidecar, SidecarParts, Unmatched};
pub use tally::{Counts, Tally};
pub use upstream::Roots;
