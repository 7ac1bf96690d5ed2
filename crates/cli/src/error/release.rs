//! What to do where a secret could not be handed out.

use authkeep_core::{ExportError, ReleaseError};

use super::CommandError;
use crate::exit_code::ExitCode;

impl From<ReleaseError> for CommandError {
    fn from(error: ReleaseError) -> Self {
        Self::caused(ExitCode::StoreUnavailable, "not_recorded", &error)
            .hint("`authkeep doctor` says what is wrong with the audit log")
    }
}

impl From<ExportError> for CommandError {
    fn from(error: ExportError) -> Self {
        let hint = match &error {
            ExportError::Conflict { .. } => {
                "name the providers that you need, and only one of these"
            }
            _ => "use --format json",
        };
        Self::caused(ExitCode::Other, "export", &error).hint(hint)
    }
}
