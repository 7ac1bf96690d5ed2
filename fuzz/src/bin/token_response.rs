//! The answer to a token request: what is issued can be sent in a header, and what is not says why.

#![no_main]

use authkeep_flows::{TokenResponseRules, read_token_response};
use authkeep_fuzz::{check, is_plain, response};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&path, rest)) = data.split_first() else {
        return;
    };
    let Some(response) = response(rest) else {
        return;
    };
    let paths = [None, Some("/authed_user"), Some("/a~1b/0"), Some("")];
    let rules = TokenResponseRules {
        token_path: paths[usize::from(path) % paths.len()],
        default_expires_in: None,
    };
    match read_token_response(&response, &rules) {
        Ok(tokens) => {
            assert!((200..300).contains(&response.status()));
            assert!(is_plain(tokens.access_token.expose()));
            assert!(
                tokens
                    .refresh_token
                    .is_none_or(|token| is_plain(token.expose()))
            );
        }
        Err(error) => check(&error),
    }
});
