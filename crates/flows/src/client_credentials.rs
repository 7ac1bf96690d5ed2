//! The client's own credential, without a person (RFC 6749 §4.4), and the grants that vendors made of it.

use crate::client::Client;
use crate::http::HttpRequest;
use crate::token_request::{TokenEndpoint, token_request};

/// What a service wants in the request beside the client itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClientCredentialsGrant<'a> {
    /// Further parameters. Here, and only here, `grant_type` may be replaced, because vendors gave
    /// the same thing names of their own (Zoom's `account_credentials`). The client's credentials
    /// cannot be replaced.
    pub params: &'a [(String, String)],
    /// The scopes, already joined; `None` leaves it to the server.
    pub scopes: Option<&'a str>,
    /// The name of the scope parameter; `scope` where it is empty.
    pub scope_param: &'a str,
}

/// The request for a token of the client's own.
///
/// It may be sent any number of times: nothing is used up, and each answer is a token as good as
/// the last one.
pub fn client_credentials_request(
    endpoint: &TokenEndpoint,
    client: &Client,
    grant: &ClientCredentialsGrant<'_>,
) -> HttpRequest {
    let vendor = grant.params.iter().find(|(name, _)| name == "grant_type");
    let grant_type = vendor.map_or("client_credentials", |(_, value)| value);
    let mut pairs = vec![("grant_type", grant_type)];
    if let Some(scopes) = grant.scopes {
        let name = match grant.scope_param {
            "" => "scope",
            name => name,
        };
        pairs.push((name, scopes));
    }
    for (name, value) in grant.params {
        let theirs = name == "client_id" || name == "client_secret" || *name == client.id_param;
        let taken =
            name.starts_with("client_assertion") || pairs.iter().any(|(known, _)| known == name);
        if !theirs && !taken {
            pairs.push((name, value));
        }
    }
    token_request(endpoint, client, &pairs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ClientAuth;
    use crate::secret::ClientSecret;
    use crate::token_request::BodyFormat;
    use secrecy::ExposeSecret;
    use url::Url;

    fn sent(auth: ClientAuth, format: BodyFormat, grant: &ClientCredentialsGrant<'_>) -> String {
        let endpoint = TokenEndpoint {
            url: Url::parse("https://as.test/token").expect("test URL"),
            format,
            params: vec![("audience".to_owned(), "https://api.test".to_owned())],
        };
        let client = Client {
            id: "id".to_owned(),
            secret: Some(ClientSecret::new("s")),
            auth,
            id_param: "client_key".to_owned(),
        };
        let request = client_credentials_request(&endpoint, &client, grant);
        assert_eq!(
            request.header("authorization").is_some(),
            auth == ClientAuth::Basic
        );
        let body = request.body().expect("a body").expose_secret();
        String::from_utf8(body.to_vec()).expect("UTF-8")
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn the_standard_request() {
        let grant = ClientCredentialsGrant {
            scopes: Some("a b"),
            ..ClientCredentialsGrant::default()
        };
        assert_eq!(
            sent(ClientAuth::Basic, BodyFormat::Form, &grant),
            "grant_type=client_credentials&scope=a+b&audience=https%3A%2F%2Fapi.test"
        );
        assert_eq!(
            sent(ClientAuth::Post, BodyFormat::Json, &grant),
            r#"{"audience":"https://api.test","client_key":"id","client_secret":"s","grant_type":"client_credentials","scope":"a b"}"#
        );
    }

    #[test]
    fn a_vendor_may_rename_the_grant_and_the_scopes() {
        let params = pairs(&[
            ("grant_type", "account_credentials"),
            ("account_id", "acc 1"),
        ]);
        let grant = ClientCredentialsGrant {
            params: &params,
            scopes: Some("x"),
            scope_param: "permissions",
        };
        assert_eq!(
            sent(ClientAuth::Basic, BodyFormat::Form, &grant),
            "grant_type=account_credentials&permissions=x&account_id=acc+1&audience=https%3A%2F%2Fapi.test"
        );
    }

    #[test]
    fn nothing_replaces_who_the_client_is() {
        let params = pairs(&[
            ("client_id", "evil"),
            ("client_key", "evil"),
            ("client_secret", "evil"),
            ("client_assertion", "evil"),
            ("client_assertion_type", "evil"),
            ("scope", "evil"),
            ("resource", "good"),
        ]);
        let grant = ClientCredentialsGrant {
            params: &params,
            scopes: Some("mine"),
            scope_param: "scope",
        };
        assert_eq!(
            sent(ClientAuth::Post, BodyFormat::Form, &grant),
            "grant_type=client_credentials&scope=mine&resource=good&client_key=id&client_secret=s&audience=https%3A%2F%2Fapi.test"
        );
    }
}
