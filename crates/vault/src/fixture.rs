//! What this crate's own unit tests share.

use crate::EntropyError;

/// The operating system's random source.
pub(crate) fn system_entropy(bytes: &mut [u8]) -> Result<(), EntropyError> {
    getrandom::fill(bytes).map_err(|error| EntropyError::new(error.to_string()))
}
