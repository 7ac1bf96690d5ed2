//! What authkeep does, one file a use case: log in, look a credential up, refresh it, release it, log out.
//!
//! This crate combines the leaves: registry, `flows`, vault and audit log. It reads no environment, no home directory and no
//! system clock, and prints nothing: the caller hands in paths, clock, randomness, an HTTP client and somebody to ask.
//! Start at [`Broker`]. `Broker::lookup` is synchronous and answers from the vault alone; `Broker::resolve` goes on to refresh
//! what is about to expire. Neither hands out a secret: [`Broker::release`] does, and only after the release is on record.

mod authorization_server;
mod broker;
mod chain;
mod client_assertion;
mod clock;
mod connection;
mod connection_lock;
mod credential;
mod default_connection;
mod discovery;
mod environment;
mod exchange;
mod export;
mod hex;
mod home;
mod http_client;
pub mod import;
mod inject;
mod inquiry;
mod interaction;
mod list;
mod login;
mod logout;
mod lookup;
mod name;
mod outlet;
mod pinned;
pub mod prospect;
mod record;
mod refresh;
mod register;
mod registration;
mod release;
mod resolve;
mod survey;
mod token_id;

pub use broker::{Broker, BrokerParts};
pub use chain::{Method, Obtained, Way, ways};
pub use client_assertion::NotSigned;
pub use clock::{Clock, SystemClock, Timestamp};
pub use connection::{Connection, ConnectionStatus, CredentialKind, LoginExpiry, Target};
pub use credential::{Credential, StandIn, UnknownField};
pub use default_connection::UseError;
pub use discovery::DiscoveryError;
pub use environment::{Environment, credential_variables};
pub use export::{ExportError, ExportFormat, Variables};
pub use home::{Config, EncryptionMode, Home, HomeError, ProfileChange, ProfileError, check_home};
pub use http_client::{BodyCap, BoxFuture, HttpClient, HttpError, ProxySettings, Reach, Resolver};
#[cfg(feature = "reqwest")]
pub use http_client::{Deadlines, ReqwestClient};
pub use inquiry::{Answers, Collected, Inquiry, RedirectNote, RedirectPort, Unanswered};
pub use interaction::{
    AskError, DeviceCodePrompt, Event, FieldRequest, Interaction, Judge, Launch, Pasting,
};
pub use list::{DefinitionState, ProviderState, ProviderStatus, available};
pub use login::{
    BrowserUrl, ForbiddenUrl, Form, FormError, LoginError, LoginOutcome, LoginRequest, Loopback,
    LoopbackError, Loopbacks, Replace, SetupStep, Supplied, is_supported, redirect_address,
    setup_steps, usable_flows,
};
pub use logout::{LogoutError, LogoutOutcome, RemoteRevocation};
pub use lookup::{Lookup, LookupError, token_variables};
pub use name::{ConnectionName, ProfileName, login_command};
pub use outlet::{Outlet, OutletError, OutletHost};
pub use record::RecordError;
pub use refresh::{
    Backoff, InProcess, RefreshError, RefreshOrder, RefreshRunner, Renewal, Trouble,
};
pub use release::{Purpose, ReleaseError};
pub use resolve::ResolveError;
pub use survey::{Address, Survey, known_at, name_for};
pub use token_id::TokenId;
