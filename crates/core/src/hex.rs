//! Bytes as text, for names that are made of random or hashed bytes.

use std::fmt::Write as _;

/// Two lower-case hexadecimal digits a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing into a string does not fail.
        let _written = write!(text, "{byte:02x}");
    }
    text
}
