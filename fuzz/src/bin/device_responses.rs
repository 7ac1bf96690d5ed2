//! The two halves of the device grant: the codes, and the answers to the polls, as many as the input has lines.

#![no_main]

use std::time::{Duration, SystemTime};

use authkeep_flows::{
    DeviceEnd, DevicePolling, DeviceStep, TokenResponseRules, read_device_authorization,
    read_device_token_response,
};
use authkeep_fuzz::{check, response};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut answers = data.split(|byte| *byte == b'\n').filter_map(response);
    let Some(codes) = answers.next() else {
        return;
    };
    let codes = match read_device_authorization(&codes) {
        Ok(codes) => codes,
        Err(error) => return check(&error),
    };
    assert!(
        codes
            .user_code
            .bytes()
            .all(|byte| byte == b' ' || byte.is_ascii_graphic())
    );
    assert!((1..=64).contains(&codes.user_code.len()));
    assert!(codes.interval >= Duration::from_secs(1));
    assert!(codes.expires_in <= Duration::from_secs(24 * 3600));
    let rules = TokenResponseRules {
        token_path: None,
        default_expires_in: None,
    };
    let mut passed = Duration::ZERO;
    let mut interval = codes.interval;
    let mut step = DevicePolling::begin(&codes, None);
    for answer in answers {
        match step {
            DeviceStep::Ask { wait, polling } => {
                // Never faster than before, and never after the end.
                assert!(wait >= interval, "{wait:?} after {interval:?}");
                interval = codes.interval;
                passed += wait;
                assert!(passed <= codes.expires_in);
                let answer = read_device_token_response(&answer, &rules, SystemTime::UNIX_EPOCH);
                step = polling.after(answer, passed);
            }
            DeviceStep::Ended(DeviceEnd::Failed(error)) => return check(&error),
            DeviceStep::Ended(_) | DeviceStep::Granted(_) => return,
        }
    }
});
