//! How the server behaves: chosen at the start, changed with a [`Switch`].

/// Everything that can be chosen. The default is a well-behaved server with one public client,
/// `test-client`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerOptions {
    /// Lifetime of access tokens in seconds. `None`: they do not expire and the answer has no
    /// `expires_in`.
    pub access_token_ttl: Option<u64>,
    /// Whether a refresh replaces the refresh token.
    pub rotation: Rotation,
    /// With [`Rotation::Rotate`]: a refresh token used twice kills its whole family (RFC 9700
    /// section 4.14.2). Off: the second use is refused and nothing else happens.
    pub reuse_detection: bool,
    /// For so many seconds after its use, a spent refresh token still gets a new pair.
    pub reuse_grace: Option<u64>,
    /// The registered clients.
    pub clients: Vec<Client>,
    /// The scopes there are. A request gets those of its scopes that exist; all, if it names none.
    pub scopes: Vec<String>,
    /// The `iss` parameter of the authorization response (RFC 9207).
    pub issuer_param: IssParam,
    /// `authorization_response_iss_parameter_supported` in the metadata; `None` leaves it out.
    pub issuer_param_advertised: Option<bool>,
    /// What it demands of a code challenge (RFC 7636).
    pub pkce: Pkce,
    /// How a client gets a token of its own (RFC 6749 section 4.4); `None`: it does not.
    pub client_grant: Option<ClientGrant>,
    /// Lifetime of device codes in seconds.
    pub device_code_ttl: u64,
    /// The interval between polls in seconds, sent and insisted on.
    pub device_interval: u64,
    /// How polls are answered.
    pub device_polls: DevicePolls,
    /// Whether anybody may register a client (RFC 7591).
    pub registration: bool,
    /// The one path of the redirect URIs of clients that did not register themselves; `None`: any.
    pub redirect_path: Option<String>,
    /// The path of a protected resource beside the server (RFC 9728), such as `/mcp`. Then every token is for it, and
    /// has to be asked for by it (RFC 8707).
    pub resource: Option<String>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            access_token_ttl: Some(3600),
            rotation: Rotation::default(),
            reuse_detection: true,
            reuse_grace: None,
            clients: vec![Client::public("test-client")],
            scopes: vec!["read".into(), "write".into()],
            issuer_param: IssParam::default(),
            issuer_param_advertised: None,
            pkce: Pkce::default(),
            client_grant: None,
            device_code_ttl: 600,
            device_interval: 1,
            device_polls: DevicePolls::default(),
            registration: false,
            redirect_path: None,
            resource: None,
        }
    }
}

impl ServerOptions {
    /// The client with that id.
    pub(super) fn client(&self, id: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.id == id)
    }

    pub(super) fn set(&mut self, switch: Switch) {
        match switch {
            Switch::AccessTokenTtl(seconds) => self.access_token_ttl = seconds,
            Switch::Rotation(rotation) => self.rotation = rotation,
            Switch::ReuseDetection(on) => self.reuse_detection = on,
            Switch::ReuseGrace(seconds) => self.reuse_grace = seconds,
            Switch::IssuerParam(param) => self.issuer_param = param,
            Switch::IssuerParamAdvertised(flag) => self.issuer_param_advertised = flag,
            Switch::Pkce(pkce) => self.pkce = pkce,
            Switch::DeviceCodeTtl(seconds) => self.device_code_ttl = seconds,
            Switch::DeviceInterval(seconds) => self.device_interval = seconds,
            Switch::DevicePolls(polls) => self.device_polls = polls,
            Switch::RedirectPath(path) => self.redirect_path = Some(path),
            Switch::ForgetRegistrations => {
                self.clients
                    .retain(|client| client.registration_token.is_none());
            }
        }
    }
}

/// A client. Unless it has registered itself, any loopback redirect URI is good, on any port and path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The client identifier.
    pub id: String,
    /// `None` for a public client.
    pub secret: Option<String>,
    /// The only way it may authenticate.
    pub auth: ClientAuth,
    /// The redirect URIs it registered, compared as text.
    pub redirect_uris: Vec<String>,
    /// What its registration is looked up with; `None` for a client that was there before.
    pub registration_token: Option<String>,
}

impl Client {
    /// A client without a secret.
    #[must_use]
    pub fn public(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret: None,
            auth: ClientAuth::None,
            redirect_uris: Vec::new(),
            registration_token: None,
        }
    }

    /// A client that sends its secret in the `Authorization` header.
    #[must_use]
    pub fn basic(id: &str, secret: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret: Some(secret.to_owned()),
            auth: ClientAuth::Basic,
            redirect_uris: Vec::new(),
            registration_token: None,
        }
    }

    /// A client that sends its secret in the form.
    #[must_use]
    pub fn post(id: &str, secret: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret: Some(secret.to_owned()),
            auth: ClientAuth::Post,
            redirect_uris: Vec::new(),
            registration_token: None,
        }
    }
}

/// The grant that needs no person. Public clients do not get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientGrant {
    /// Its name in the request.
    pub grant_type: String,
    /// Parameters that must be in the request, with these values.
    pub params: Vec<(String, String)>,
}

impl ClientGrant {
    /// `grant_type=client_credentials` and nothing else.
    #[must_use]
    pub fn standard() -> Self {
        Self::vendor("client_credentials", &[])
    }

    /// A vendor's own name for it, with parameters of its own.
    #[must_use]
    pub fn vendor(grant_type: &str, params: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self {
            grant_type: grant_type.to_owned(),
            params: params.iter().map(owned).collect(),
        }
    }
}

/// How a client authenticates at the token and revocation endpoints (RFC 6749 section 2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientAuth {
    /// `Authorization: Basic`, id and secret form-encoded first.
    Basic,
    /// `client_id` and `client_secret` in the form.
    Post,
    /// `client_id` in the form, no secret.
    #[default]
    None,
}

/// What a refresh does to the refresh token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rotation {
    /// A new one is issued, the old one is spent.
    #[default]
    Rotate,
    /// The same stays good and is not sent again.
    Keep,
}

/// The `iss` parameter of authorization responses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IssParam {
    /// Not sent.
    #[default]
    Absent,
    /// This server's issuer.
    Right,
    /// Another issuer.
    Wrong,
    /// The right one and a wrong one.
    Duplicate,
}

/// What the server demands of the code challenge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pkce {
    /// `S256` or an error.
    #[default]
    S256Required,
    /// It knows `plain` only, and says so in its metadata.
    PlainOnly,
    /// It advertises `S256` and never verifies it: a server with the defence off.
    Unchecked,
}

/// How the token endpoint answers a device that polls (RFC 8628 section 3.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DevicePolls {
    /// As the standard says, errors with status 400.
    #[default]
    Standard,
    /// The same words with status 200, as GitHub does.
    WithStatus200,
    /// The next poll is told to slow down, however late it comes, and the device is held to that.
    SlowDownOnce,
    /// The code has run out, whatever its lifetime.
    Expired,
    /// Success without a token.
    Garbage,
}

/// One change to a running server; see the field of [`ServerOptions`] of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Switch {
    /// For access tokens issued from now on, in seconds.
    AccessTokenTtl(Option<u64>),
    /// For refreshes from now on.
    Rotation(Rotation),
    /// Whether reuse of a refresh token kills the family.
    ReuseDetection(bool),
    /// Seconds for which a spent refresh token is forgiven.
    ReuseGrace(Option<u64>),
    /// The `iss` parameter sent.
    IssuerParam(IssParam),
    /// The `iss` support advertised.
    IssuerParamAdvertised(Option<bool>),
    /// The code challenge demanded.
    Pkce(Pkce),
    /// For device codes issued from now on, in seconds.
    DeviceCodeTtl(u64),
    /// For device codes issued from now on, in seconds.
    DeviceInterval(u64),
    /// How polls are answered.
    DevicePolls(DevicePolls),
    /// The one path of redirect URIs of all clients but those that registered themselves; the port stays free
    /// (RFC 8252 section 7.3).
    RedirectPath(String),
    /// Every client that has registered itself is unknown from now on.
    ForgetRegistrations,
}
