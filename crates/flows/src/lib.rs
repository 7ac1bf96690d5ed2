//! How OAuth 2 speaks: functions that build a request and functions that read a response.
//!
//! Nothing here opens a socket, reads a clock, draws a random number (signatures excepted: [`SigningKey`]) or stores
//! anything. Callers bring entropy, send the [`HttpRequest`] and hand back the [`HttpResponse`]. No provider is known here.
//!
//! Where to start, in the order of a login:
//! 1. [`AuthorizationRequest::url`] is what the browser opens,
//! 2. [`read_callback`] judges what came back on the redirect URI,
//! 3. [`exchange_request`] and later [`refresh_request`] ask for tokens, or [`client_credentials_request`] does,
//! 4. [`read_token_response`] turns the answer into a [`TokenSet`] or says what to do instead,
//! 5. [`revocation_request`] gives them up again.
//!
//! Where no browser can come back, [`DeviceAuthorizationRequest`] and [`DevicePolling`] take the place of the first
//! three. Where the endpoints are not known, [`metadata`] comes before all of them.
//!
//! Secrets are types of their own ([`AccessToken`] and its siblings): redacted in `Debug`, wiped
//! when dropped, and readable only through a method called `expose`.

mod client;
mod http;
pub mod key_exchange;
pub mod metadata;
mod pkce;
mod registration;
mod secret;
mod state;
mod token_request;

mod authorization_code;
mod callback;
mod client_credentials;
mod device_authorization;
mod device_polling;
mod pasted;
mod refresh;
mod revocation;
mod token_response;
mod vendor_request;

mod account;
mod document;
mod foreign_text;
mod oauth_error;
mod retry_after;

pub use account::{NoAccount, read_account, read_value};
pub use authorization_code::{AuthorizationRequest, AuthorizationRequestError, exchange_request};
pub use callback::{
    AuthorizationError, Callback, ExpectedCallback, Granted, IssRule, NotOurs, WrongIssuer,
    read_callback,
};
pub use client::{Client, ClientAssertion, ClientAuth, SigningFailed, SigningKey, UnusableKey};
pub use client_credentials::{ClientCredentialsGrant, client_credentials_request};
pub use device_authorization::{
    DeviceAuthorization, DeviceAuthorizationError, DeviceAuthorizationRequest, DeviceMalformation,
    read_device_authorization,
};
pub use device_polling::{
    DeviceAnswer, DeviceEnd, DevicePolling, DeviceStep, device_token_request,
    read_device_token_response,
};
pub use http::{HttpRequest, HttpResponse, Method};
pub use pasted::{BareCode, NotPasted, read_pasted};
pub use pkce::{CodeVerifier, PkceUnsupported, check_challenge_methods};
pub use refresh::refresh_request;
pub use registration::{
    ClientMetadata, RegisteredClient, RegisteredGrant, RegistrationError, is_forgotten,
    read_registration, registration_lookup, registration_request,
};
pub use retry_after::RetryAfter;
pub use revocation::{RevocationError, TokenHint, read_revocation_response, revocation_request};
pub use secret::{
    AccessToken, AuthorizationCode, ClientSecret, DeviceCode, RefreshToken, RegistrationToken,
};
pub use state::State;
pub use token_request::{BodyFormat, TokenEndpoint};
pub use token_response::{
    Malformation, TokenError, TokenField, TokenResponseRules, TokenSet, read_token_response,
};
pub use vendor_request::{VendorAuth, VendorFormat, VendorRequest, vendor_request};
