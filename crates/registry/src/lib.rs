//! Which services exist: provider definitions, bundled and the user's own.
//!
//! A definition is one JSON file that says how a service authenticates: its endpoints, the hosts its
//! credential may be sent to, how it is put into a request, which environment variables carry it.
//! This crate reads definitions, refuses bad ones with every fault named, and answers by name.
//!
//! It is not where credentials live: nothing here holds a secret, opens a socket, or reads the
//! environment. Templates such as `Bearer {token}` stay templates until a caller renders them.
//!
//! Start at [`Registry::find`], then [`Definition::bind`], which yields a [`Provider`]: the same
//! facts with every URL concrete and checked.

mod address;
mod bind;
mod definition;
mod destinations;
pub mod dialect;
mod document;
mod endpoint;
mod env_var;
mod error;
mod host;
mod lines;
mod name;
mod provider;
mod reader;
mod registry;
mod template;
mod text;

pub use address::{Locality, is_loopback, is_public, is_public_host};
pub use bind::BindError;
pub use definition::{
    ApiKey, Assertion, BodyFormat, ClientAuthMethod, ClientCredentials, Definition, DeviceRequest,
    Exchange, Field, Flow, HostRule, Injection, Method, OAuth, Param, ParamSource, Pkce,
    RedirectKind, Request, RequestAuth, Revocation, RevocationAuth, Signing, UnknownWord, Whoami,
};
pub use destinations::Destination;
pub use document::MAX_BYTES;
pub use endpoint::check as check_url;
pub use env_var::{EnvVarName, InvalidEnvVarName};
pub use error::{DefinitionError, FieldError};
pub use host::{HostPattern, InvalidHostPattern, is_plain_path};
pub use name::{InvalidName, ProviderName, check_name};
pub use provider::{
    Capture, ClientCredentialsRequest, Host, OAuthEndpoints, Provider, WhoamiRequest,
};
pub use registry::{
    Draft, Found, OnConflict, RegisterError, Registered, Registry, RegistryError, Source, Summary,
};
pub use template::{Template, TemplateError};
