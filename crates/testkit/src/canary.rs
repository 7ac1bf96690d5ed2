//! Made-up secrets that can be recognised anywhere, and the scanner that looks for them.
//!
//! A canary is `cnry_` and 32 hexadecimal digits. The scanner finds it as it stands and in the
//! disguises a secret takes on its way out of a program. It does not see through compression,
//! encryption or two disguises at once.

mod disguise;
mod scanner;

pub use scanner::{Disguise, Hit, Scanner};

/// A fresh secret: `cnry_<32 hex>`, 128 random bits.
#[must_use]
pub fn canary() -> String {
    format!("cnry_{}", random_hex())
}

/// 32 random hexadecimal digits: an identifier that is not a secret.
pub(crate) fn random_hex() -> String {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).expect("the system's random source answers");
    hex(&bytes)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
