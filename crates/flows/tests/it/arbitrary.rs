//! Whatever comes in, the readers answer instead of panicking; what goes out can be read back.

use authkeep_flows::key_exchange::{ExchangeRules, read_exchanged_token};
use authkeep_flows::{Callback, SigningKey, TokenHint};
use authkeep_flows::{
    Client, ClientAuth, ClientSecret, DeviceAnswer, ExpectedCallback, HttpResponse, IssRule,
    RefreshToken, State, TokenResponseRules, read_callback, read_device_authorization,
    read_device_token_response, read_revocation_response, read_token_response, revocation_request,
};
use proptest::prelude::*;
use secrecy::{ExposeSecret, SecretString};
use url::{Url, form_urlencoded};

proptest! {
    #[test]
    fn no_body_makes_a_reader_panic(
        status in any::<u16>(),
        content_type in "(application/json|text/html|application/x-www-form-urlencoded|\\PC*)",
        body in proptest::collection::vec(any::<u8>(), 0..300),
        path in "(/\\PC*)?",
    ) {
        let headers = vec![("content-type".to_owned(), content_type)];
        let response = HttpResponse::new(status, headers, body);
        let rules = TokenResponseRules { token_path: Some(&path), default_expires_in: None };
        let tokens = read_token_response(&response, &rules);
        prop_assert!(tokens.is_err() || (200..300).contains(&status));
        let polled = read_device_token_response(&response, &rules, std::time::SystemTime::UNIX_EPOCH);
        prop_assert!(tokens.is_ok() == matches!(polled, DeviceAnswer::Granted(_)));
        let codes = read_device_authorization(&response);
        prop_assert!(codes.is_err() || (200..300).contains(&status));
        let rules = ExchangeRules { token_path: &path, expires_in_path: Some(&path), default_expires_in: None };
        let exchanged = read_exchanged_token(&response, &rules);
        prop_assert!(exchanged.is_err() || (200..300).contains(&status));
        let revoked = read_revocation_response(&response);
        prop_assert!(revoked.is_err() || (200..300).contains(&status));
    }

    #[test]
    fn no_text_makes_the_reader_of_keys_panic(text in "\\PC{0,80}", base64 in "[A-Za-z0-9+/]{0,200}={0,2}") {
        let pem = |label: &str| format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n");
        for text in [text, base64.clone(), pem("PRIVATE KEY"), pem("RSA PRIVATE KEY")] {
            prop_assert!(SigningKey::read(&SecretString::from(text)).is_err());
        }
    }

    #[test]
    fn no_query_without_the_state_is_taken(query in "\\PC{0,80}", value in "\\PC{0,60}") {
        let state = State::from_entropy([1; 32]);
        let expected = ExpectedCallback { state: &state, issuer: None, iss_rule: IssRule::Ignore };
        for query in [query.clone(), format!("code=c&state={value}&{query}")] {
            let verdict = read_callback(&query, &expected);
            prop_assert!(matches!(verdict, Callback::NotOurs(_)));
        }
    }

    #[test]
    fn a_body_reads_back_as_it_was_written(id in "\\PC{1,20}", secret in "\\PC{1,40}", token in "\\PC{1,40}") {
        let client = Client {
            id: id.clone(),
            secret: Some(ClientSecret::new(secret.clone())),
            auth: ClientAuth::Post,
            id_param: "client_id".to_owned(),
        };
        let token = RefreshToken::new(token);
        let url = Url::parse("https://as.test/revoke").unwrap();
        let request = revocation_request(&url, &client, token.as_secret(), TokenHint::RefreshToken);
        let body = request.body().unwrap().expose_secret();
        let pairs: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
        let expected = [
            ("token", token.expose()),
            ("token_type_hint", "refresh_token"),
            ("client_id", id.as_str()),
            ("client_secret", secret.as_str()),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        prop_assert_eq!(pairs, expected);
    }
}
