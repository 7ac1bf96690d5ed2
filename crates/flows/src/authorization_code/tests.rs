use secrecy::ExposeSecret;

use super::*;
use crate::client::ClientAuth;
use crate::secret::ClientSecret;
use crate::token_request::BodyFormat;

const ENTROPY: [u8; 32] = [
    116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77,
    105, 214, 191, 240, 91, 88, 5, 88, 83, 132, 141, 121,
];

struct Login {
    endpoint: Url,
    client: Client,
    redirect_uri: Url,
    scopes: Vec<String>,
    separator: &'static str,
    scope_param: &'static str,
    extra: Vec<(String, String)>,
    pkce: bool,
}

impl Login {
    fn new() -> Self {
        Self {
            endpoint: url("https://as.test/authorize"),
            client: client(ClientAuth::Post),
            redirect_uri: url("http://127.0.0.1:4711/callback"),
            scopes: vec!["read".to_owned(), "write:a/b".to_owned()],
            separator: " ",
            scope_param: "scope",
            extra: Vec::new(),
            pkce: true,
        }
    }

    fn extra(mut self, name: &str, value: &str) -> Self {
        self.extra.push((name.to_owned(), value.to_owned()));
        self
    }

    fn url(&self) -> Result<String, AuthorizationRequestError> {
        let verifier = self.pkce.then(|| CodeVerifier::from_entropy(ENTROPY));
        let request = AuthorizationRequest {
            endpoint: &self.endpoint,
            client: &self.client,
            redirect_uri: self.redirect_uri.as_str(),
            scopes: &self.scopes,
            scope_separator: self.separator,
            scope_param: self.scope_param,
            state: &State::from_entropy([0; 32]),
            verifier: verifier.as_ref(),
            extra: &self.extra,
        };
        request.url().map(String::from)
    }
}

fn url(text: &str) -> Url {
    Url::parse(text).expect("test URL")
}

fn client(auth: ClientAuth) -> Client {
    Client {
        id: "my id".to_owned(),
        secret: Some(ClientSecret::new("s&t")),
        auth,
        id_param: "client_id".to_owned(),
    }
}

#[test]
fn the_whole_url() {
    assert_eq!(
        Login::new().extra("prompt", "consent").url().as_deref(),
        Ok(
            "https://as.test/authorize?response_type=code&client_id=my+id\
            &redirect_uri=http%3A%2F%2F127.0.0.1%3A4711%2Fcallback&scope=read+write%3Aa%2Fb\
            &state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
            &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\
            &code_challenge_method=S256&prompt=consent"
        )
    );
}

#[test]
fn the_endpoints_own_query_and_the_vendors_names_are_kept() {
    let mut login = Login::new();
    login.endpoint = url("https://as.test/authorize?tenant=a%26b");
    login.client.id_param = "client_key".to_owned();
    login.scope_param = "user_scope";
    login.separator = ",";
    login.pkce = false;
    assert_eq!(
        login.url().as_deref(),
        Ok(
            "https://as.test/authorize?tenant=a%26b&response_type=code&client_key=my+id\
            &redirect_uri=http%3A%2F%2F127.0.0.1%3A4711%2Fcallback\
            &user_scope=read%2Cwrite%3Aa%2Fb&state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        )
    );
}

#[test]
fn no_scopes_no_parameter() {
    let mut login = Login::new();
    login.scopes.clear();
    assert!(login.url().is_ok_and(|url| !url.contains("scope")));
}

#[test]
fn reserved_parameters_cannot_be_set_from_outside() {
    let mut names = RESERVED.to_vec();
    names.extend(["client_key", "user_scope"]);
    for name in names {
        let prepare = || {
            let mut login = Login::new();
            login.client.id_param = "client_key".to_owned();
            login.scope_param = "user_scope";
            login
        };
        assert_eq!(
            prepare().extra(name, "evil").url(),
            Err(AuthorizationRequestError::ReservedExtra(name.to_owned()))
        );
        let mut login = prepare();
        login.endpoint.query_pairs_mut().append_pair(name, "evil");
        assert_eq!(
            login.url(),
            Err(AuthorizationRequestError::ReservedInEndpoint(
                name.to_owned()
            ))
        );
        // The control: the same request with a harmless name goes through, and a builder without
        // the check would have produced a URL with two values for the reserved one.
        let harmless = prepare().extra("resource", "evil").url();
        assert!(harmless.is_ok_and(|url| url.ends_with("&resource=evil")));
    }
}

#[test]
fn an_encoded_reserved_name_is_seen_through() {
    let mut login = Login::new();
    login.endpoint = url("https://as.test/authorize?st%61te=evil");
    assert_eq!(
        login.url(),
        Err(AuthorizationRequestError::ReservedInEndpoint(
            "state".to_owned()
        ))
    );
}

#[test]
fn endpoints_a_browser_must_not_get_are_refused() {
    let mut login = Login::new();
    login.endpoint = url("javascript:alert(1)");
    assert_eq!(
        login.url(),
        Err(AuthorizationRequestError::Scheme("javascript".to_owned()))
    );
    for fragment in ["x", "", "/x?state=mine"] {
        login.endpoint = url(&format!("https://as.test/authorize#{fragment}"));
        assert_eq!(login.url(), Err(AuthorizationRequestError::Fragment));
    }
}

#[test]
fn a_page_behind_a_fragment_finds_the_parameters_there() {
    let mut login = Login::new();
    login.endpoint = url("https://app.test/#/oauth/authorize");
    let made = login.url().expect("a URL");
    let (page, query) = made.split_once('?').expect("parameters");
    assert_eq!(page, "https://app.test/#/oauth/authorize");
    login.endpoint = url("https://app.test/authorize");
    let usual = login.url().expect("a URL");
    assert_eq!(usual.split_once('?').map(|(_, query)| query), Some(query));
}

fn exchange(auth: ClientAuth, format: BodyFormat, params: &[(&str, &str)]) -> HttpRequest {
    let endpoint = TokenEndpoint {
        url: url("https://as.test/token"),
        format,
        params: params
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect(),
    };
    exchange_request(
        &endpoint,
        &client(auth),
        &AuthorizationCode::new("SplxlOBeZQQYbYS6WxSbIA"),
        "http://127.0.0.1:4711/callback",
        Some(&CodeVerifier::from_entropy(ENTROPY)),
    )
}

fn body(request: &HttpRequest) -> String {
    let body = request.body().expect("a body").expose_secret();
    String::from_utf8(body.to_vec()).expect("UTF-8")
}

#[test]
fn the_exchange_as_a_form() {
    let request = exchange(
        ClientAuth::Basic,
        BodyFormat::Form,
        &[("type", "web_server")],
    );
    assert_eq!(
        body(&request),
        "grant_type=authorization_code&code=SplxlOBeZQQYbYS6WxSbIA\
        &redirect_uri=http%3A%2F%2F127.0.0.1%3A4711%2Fcallback\
        &code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk&type=web_server"
    );
    let header = |name| request.header(name).map(ExposeSecret::expose_secret);
    assert_eq!(header("authorization"), Some("Basic bXkraWQ6cyUyNnQ="));
    assert_eq!(header("accept"), Some("application/json"));
}

#[test]
fn the_exchange_as_json_and_in_the_body() {
    let request = exchange(ClientAuth::Post, BodyFormat::Json, &[]);
    let parsed: serde_json::Value = serde_json::from_str(&body(&request)).expect("JSON");
    assert_eq!(
        parsed,
        serde_json::json!({
            "grant_type": "authorization_code", "code": "SplxlOBeZQQYbYS6WxSbIA",
            "redirect_uri": "http://127.0.0.1:4711/callback",
            "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            "client_id": "my id", "client_secret": "s&t",
        })
    );
    assert!(request.header("authorization").is_none());
}

#[test]
fn extra_parameters_cannot_replace_standard_ones() {
    let evil = [
        ("grant_type", "evil"),
        ("code", "evil"),
        ("client_secret", "evil"),
        ("code_verifier", "evil"),
    ];
    for auth in [ClientAuth::Basic, ClientAuth::Post, ClientAuth::None] {
        assert!(!body(&exchange(auth, BodyFormat::Form, &evil)).contains("evil"));
        let harmless = exchange(auth, BodyFormat::Form, &[("audience", "evil")]);
        assert!(body(&harmless).ends_with("&audience=evil"));
    }
}
