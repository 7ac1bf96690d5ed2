//! No sidecar can be started.

use std::error::Error;

use super::CommandError;
use crate::exit_code::ExitCode;

/// The machine lacks what a sidecar needs.
pub(crate) fn no_sidecar(error: &(dyn Error + 'static)) -> CommandError {
    CommandError::caused(ExitCode::Other, "no_sidecar", error)
        .hint("check the limits on processes and open files, and that the temporary folder can be written to")
}
