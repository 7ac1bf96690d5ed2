//! What to do where a device code was not had or not approved.

use authkeep_core::LoginError;

use super::CommandError;
use crate::exit_code::ExitCode;

/// The failures that only this flow has.
pub(super) fn device_code(error: &LoginError) -> CommandError {
    let failed = |kind| CommandError::caused(ExitCode::AuthenticationFailed, kind, error);
    match error {
        LoginError::NoDeviceCode { source, .. } if source.may_pass() => {
            CommandError::caused(ExitCode::TryAgain, "unavailable", error)
                .hint("nothing was stored; try again when the provider can be reached")
        }
        LoginError::NoDeviceCode { provider, source } => {
            let failure = failed("no_device_code");
            let failure = match source.description() {
                Some(text) => failure.hint(format!("{provider} says: {text}")),
                None => failure,
            };
            failure.hint(if source.is_not_allowed() {
                "nothing was stored; switch the device flow on in the settings of the OAuth app, or log in \
                 by another flow with --flow"
                    .to_owned()
            } else {
                format!(
                    "nothing was stored; check the client id, and that its OAuth app may use the device flow, then run `authkeep login {provider}` again \
                     (with --reset to replace a saved one)"
                )
            })
        }
        LoginError::ForbiddenVerificationUrl { .. } => failed("forbidden_url").hint(
            "nothing was stored; the provider itself named that address, so it is for the provider to correct",
        ),
        LoginError::CodeExpired { provider } => failed("timed_out").hint(format!(
            "nothing was stored; run `authkeep login {provider}` again for a new code"
        )),
        _ => failed("timed_out")
            .hint("nothing was stored; run the command again, or give it longer with --timeout"),
    }
}
