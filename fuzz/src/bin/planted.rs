//! The negative control: the same as `token_response`, with a bug. A fuzzer that does not find it finds nothing.

#![no_main]

use authkeep_flows::{TokenResponseRules, read_token_response};
use authkeep_fuzz::response;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(response) = response(data) else {
        return;
    };
    let rules = TokenResponseRules {
        token_path: None,
        default_expires_in: None,
    };
    if let Ok(tokens) = read_token_response(&response, &rules) {
        // No seed is like this.
        let planted = tokens.refresh_token.is_some() && tokens.scope.is_none();
        assert!(!planted, "the planted bug");
    }
});
