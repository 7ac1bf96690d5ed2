//! Secrets that are recognised wherever they turn up.

/// The canary of this number: `cnry_` and 32 hexadecimal digits.
pub(crate) fn canary(number: u64) -> String {
    let high = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 << 63;
    let low = (!number).wrapping_mul(0xbf58_476d_1ce4_e5b9) | 1 << 63;
    format!("cnry_{high:016x}{low:016x}")
}

/// Whether a text gives away 20 characters in a row of the canary.
pub(crate) fn leaks(text: &str, canary: &str) -> bool {
    canary
        .as_bytes()
        .windows(20)
        .any(|part| text.contains(std::str::from_utf8(part).unwrap()))
}

#[test]
fn the_check_finds_a_whole_and_half_a_canary() {
    let canary = canary(7);
    assert_eq!(canary.len(), 37);
    assert!(leaks(&format!("x{canary}y"), &canary));
    assert!(leaks(&canary[..20], &canary));
    assert!(!leaks(&canary[..19], &canary));
}
