//! No type shows a secret in its `Debug`.

use std::fmt::Debug;

use authkeep_flows::{
    AccessToken, AuthorizationCode, AuthorizationRequest, BodyFormat, Client, ClientAuth,
    ClientSecret, CodeVerifier, ExpectedCallback, HttpRequest, HttpResponse, IssRule, Method,
    RefreshToken, State, TokenEndpoint, TokenHint, TokenResponseRules, VendorAuth, VendorFormat,
    VendorRequest, exchange_request, read_callback, read_token_response, refresh_request,
    revocation_request, vendor_request,
};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::canary::{canary, leaks};

/// The canaries that both forms of `Debug` give away.
fn shown(value: &dyn Debug, secrets: &[String]) -> Vec<String> {
    let text = format!("{value:?} {value:#?}");
    let shown = secrets.iter().filter(|secret| leaks(&text, secret));
    shown.cloned().collect()
}

#[test]
fn no_type_shows_its_secret() {
    let url = |text: &str| Url::parse(text).unwrap();
    let code = AuthorizationCode::new(canary(1));
    let access_token = AccessToken::new(canary(2));
    let refresh_token = RefreshToken::new(canary(3));
    let client = |auth| Client {
        id: "id".to_owned(),
        secret: Some(ClientSecret::new(canary(4))),
        auth,
        id_param: "client_id".to_owned(),
    };
    let verifier = CodeVerifier::from_entropy([5; 32]);
    let state = State::from_entropy([6; 32]);
    let mut secrets: Vec<String> = (1..=20).map(canary).collect();
    secrets.push(verifier.expose().to_owned());
    secrets.push(state.expose().to_owned());
    // What a secret becomes on the wire must not show either.
    let basic = exchange_request(
        &endpoint(BodyFormat::Form),
        &client(ClientAuth::Basic),
        &code,
        "http://127.0.0.1:1/callback",
        None,
    );
    let header = basic.header("authorization").unwrap().expose_secret();
    secrets.push(header["Basic ".len()..].to_owned());

    let redirect_uri = "http://127.0.0.1:1/callback";
    let authorization_endpoint = url("https://as.test/authorize");
    let basic_client = client(ClientAuth::Basic);
    let authorization = AuthorizationRequest {
        endpoint: &authorization_endpoint,
        client: &basic_client,
        redirect_uri,
        scopes: &[],
        scope_separator: " ",
        scope_param: "scope",
        state: &state,
        verifier: Some(&verifier),
        extra: &[],
    };
    let expected = ExpectedCallback {
        state: &state,
        issuer: None,
        iss_rule: IssRule::Ignore,
    };
    let callback = format!("code={}&state={}", canary(7), state.expose());
    let callback = read_callback(&callback, &expected);
    assert!(matches!(callback, authkeep_flows::Callback::Code(_)));
    let revocation_url = url(&format!(
        "https://u:{}@as.test/r?t={}#{}",
        canary(8),
        canary(9),
        canary(10)
    ));
    let vendor = VendorRequest {
        url: &revocation_url,
        method: Method::Delete,
        auth: VendorAuth::Bearer(&access_token),
        format: VendorFormat::None,
        params: vec![("token".to_owned(), SecretString::from(canary(11)))],
    };
    let headers = vec![("Set-Cookie".to_owned(), canary(12))];
    let body = serde_json::json!({
        "access_token": canary(13), "refresh_token": canary(14), "id_token": canary(15),
        "scope": canary(16), "anything": canary(17),
    });
    let response = HttpResponse::new(200, headers, body.to_string().into_bytes());
    let tokens = read_token_response(&response, &TokenResponseRules::default()).unwrap();
    let with_header = HttpRequest::new(Method::Get, revocation_url.clone())
        .with_header("x-api-key", canary(18))
        .json(serde_json::json!({"token": canary(19)}));
    let hint = TokenHint::AccessToken;

    let mut values: Vec<(&str, Box<dyn Debug>)> = vec![
        ("AuthorizationRequest", Box::new(authorization)),
        ("ExpectedCallback", Box::new(expected)),
        ("Callback", Box::new(callback)),
        ("HttpResponse", Box::new(response)),
        ("TokenSet", Box::new(tokens)),
        ("HttpRequest", Box::new(with_header)),
        (
            "vendor request",
            Box::new(vendor_request(&vendor, &basic_client)),
        ),
        ("VendorRequest", Box::new(vendor)),
        ("TokenEndpoint", Box::new(endpoint(BodyFormat::Json))),
        ("AccessToken", Box::new(access_token.clone())),
        ("RefreshToken", Box::new(refresh_token.clone())),
        ("ClientSecret", Box::new(ClientSecret::new(canary(4)))),
    ];
    for auth in [
        ClientAuth::Basic,
        ClientAuth::Post,
        ClientAuth::PrivateKeyJwt,
        ClientAuth::None,
    ] {
        for format in [BodyFormat::Form, BodyFormat::Json] {
            let (endpoint, client) = (endpoint(format), client(auth));
            let exchange =
                exchange_request(&endpoint, &client, &code, redirect_uri, Some(&verifier));
            let refresh = refresh_request(&endpoint, &client, &refresh_token, None);
            let revoke =
                revocation_request(&endpoint.url, &client, refresh_token.as_secret(), hint);
            values.push(("exchange", Box::new(exchange)));
            values.push(("refresh", Box::new(refresh)));
            values.push(("revoke", Box::new(revoke)));
            values.push(("Client", Box::new(client)));
        }
    }
    values.push(("State", Box::new(State::from_entropy([6; 32]))));
    values.push((
        "CodeVerifier",
        Box::new(CodeVerifier::from_entropy([5; 32])),
    ));
    values.push(("AuthorizationCode", Box::new(code)));
    for (name, value) in &values {
        let shown = shown(value, &secrets);
        assert!(
            shown.is_empty(),
            "{name} shows {} secrets: {value:?}",
            shown.len()
        );
    }
    println!(
        "{} values, {} secrets, none shown",
        values.len(),
        secrets.len()
    );
}

fn endpoint(format: BodyFormat) -> TokenEndpoint {
    TokenEndpoint {
        url: Url::parse(&format!("https://as.test/token?key={}", canary(20))).unwrap(),
        format,
        params: vec![("assertion".to_owned(), canary(20))],
    }
}

/// The control: the same check sees what a derived `Debug` would have shown.
#[test]
fn a_derived_debug_is_noticed() {
    #[derive(Debug)]
    struct Careless {
        #[expect(dead_code, reason = "read by the derived `Debug` only")]
        token: String,
    }
    let careless = Careless { token: canary(1) };
    assert_eq!(shown(&careless, &[canary(1), canary(2)]), [canary(1)]);
}
