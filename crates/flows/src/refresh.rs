//! Buying the next access token (RFC 6749 §6).

use crate::client::Client;
use crate::http::HttpRequest;
use crate::secret::RefreshToken;
use crate::token_request::{TokenEndpoint, token_request};

/// The request that redeems a refresh token.
///
/// `scopes`, already joined, asks for fewer scopes than the login was granted; `None` keeps them.
/// Many servers replace the refresh token and treat a second use of the old one as theft, so send
/// this once and save the answer before using it.
pub fn refresh_request(
    endpoint: &TokenEndpoint,
    client: &Client,
    refresh_token: &RefreshToken,
    scopes: Option<&str>,
) -> HttpRequest {
    let mut grant = vec![
        ("grant_type", "refresh_token"),
        // EXPOSE: into the request's body, which is a secret itself.
        ("refresh_token", refresh_token.expose()),
    ];
    if let Some(scopes) = scopes {
        grant.push(("scope", scopes));
    }
    token_request(endpoint, client, &grant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ClientAuth;
    use crate::secret::ClientSecret;
    use crate::token_request::BodyFormat;
    use secrecy::ExposeSecret;
    use url::Url;

    fn body(scopes: Option<&str>, params: &[(&str, &str)]) -> String {
        let endpoint = TokenEndpoint {
            url: Url::parse("https://as.test/token").expect("test URL"),
            format: BodyFormat::Form,
            params: params
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect(),
        };
        let client = Client {
            id: "id".to_owned(),
            secret: Some(ClientSecret::new("s")),
            auth: ClientAuth::Basic,
            id_param: "client_id".to_owned(),
        };
        let token = RefreshToken::new("tGzv3JOkF0XG5Qx2TlKWIA");
        let request = refresh_request(&endpoint, &client, &token, scopes);
        assert!(request.header("authorization").is_some());
        let body = request.body().expect("a body").expose_secret();
        String::from_utf8(body.to_vec()).expect("UTF-8")
    }

    #[test]
    fn the_example_of_rfc_6749() {
        let plain = "grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA";
        assert_eq!(body(None, &[]), plain);
        assert_eq!(
            body(Some("a b"), &[("scope", "evil"), ("refresh_token", "evil")]),
            format!("{plain}&scope=a+b")
        );
    }
}
