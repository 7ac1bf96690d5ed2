//! The answer to a registration: a client that can introduce itself as it was answered, or why there is none.

#![no_main]

use authkeep_flows::{ClientAuth, RegisteredGrant, is_forgotten, read_registration};
use authkeep_fuzz::{check, is_plain, response};
use libfuzzer_sys::fuzz_target;
use url::Url;

fuzz_target!(|data: &[u8]| {
    let Some(response) = response(data) else {
        return;
    };
    let redirect_uri = Url::parse("http://127.0.0.1:5000/callback/x").expect("a URL");
    for grant in [
        RegisteredGrant::AuthorizationCode {
            redirect_uri: &redirect_uri,
        },
        RegisteredGrant::DeviceCode,
        RegisteredGrant::ClientCredentials,
    ] {
        match read_registration(&response, grant) {
            Ok(client) => {
                assert!(is_plain(&client.id) && !is_forgotten(&response));
                assert_eq!(client.secret.is_none(), client.auth == ClientAuth::None);
                assert!(client.secret.is_none_or(|secret| is_plain(secret.expose())));
                assert!(client.token.is_none_or(|token| is_plain(token.expose())));
                assert!(client.secret_expires_at.is_none_or(|at| at > 0));
            }
            Err(error) => check(&error),
        }
    }
});
