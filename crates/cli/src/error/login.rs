//! What to do where nobody was logged in.

use authkeep_core::{AskError, HttpError, LoginError, LoopbackError};
use authkeep_registry::BindError;

use super::device_code::device_code;
use super::discovery::discovery;
use super::{CommandError, variables};
use crate::exit_code::ExitCode;

impl From<LoginError> for CommandError {
    fn from(error: LoginError) -> Self {
        let failed = |kind| Self::caused(ExitCode::AuthenticationFailed, kind, &error);
        match &error {
            LoginError::UnknownProvider { name, closest } => Self::unknown_provider(name, closest),
            LoginError::ValueNeeded { .. }
            | LoginError::UnusableValue { .. }
            | LoginError::UnknownField { .. } => value(&error),
            LoginError::NoUsableFlow { provider, .. } => failed("no_usable_flow").hint(format!(
                "`authkeep inspect {provider}` shows which flows this version can run"
            )),
            LoginError::FlowNotAvailable { usable, .. } => {
                let error = Self::caused(ExitCode::Usage, "flow_not_available", &error);
                match usable.as_slice() {
                    [] => error.hint("none of its flows can be used by this version"),
                    usable => error.hint(format!(
                        "use --flow {}",
                        usable
                            .iter()
                            .map(|flow| flow.as_str())
                            .collect::<Vec<_>>()
                            .join(" or --flow ")
                    )),
                }
            }
            LoginError::Bind(why) => Self::caused(ExitCode::Usage, "parameter", &error).hint(
                match why {
                    BindError::Unknown { provider, .. } => {
                        format!("`authkeep inspect {provider}` shows its parameters")
                    }
                    _ => "set it with --param NAME=VALUE (or --base-url URL)".to_owned(),
                },
            ),
            LoginError::Loopback(why) => match why {
                LoopbackError::TimedOut(_) => failed("timed_out").hint(
                    "nothing was stored; if the page showed an error, check the client id and the \
                     redirect address that it names",
                )
                .hint(
                    "run the command again, or give it longer with --timeout; where the browser is on another \
                     machine, use --paste",
                ),
                LoopbackError::PortTaken { port, .. } => failed("port_taken")
                    .hint(format!(
                        "nothing was opened or stored: the login would end at that port, which another program, \
                         perhaps another user's, listens on; {} shows it",
                        if cfg!(target_os = "linux") {
                            format!("`ss -ltnp 'sport = :{port}'`")
                        } else {
                            format!("`lsof -nP -iTCP:{port} -sTCP:LISTEN`")
                        }
                    ))
                    .hint("end that program and run the command again"),
                _ => failed("loopback").hint("check that this machine can listen on 127.0.0.1"),
            },
            LoginError::TimedOutAsRegistered { provider, .. } => failed("timed_out")
                .hint(format!(
                    "nothing was stored; if the page said that it does not know the client, run \
                     `authkeep login {provider} --reset`, which registers a new one"
                ))
                .hint("or run the command again, or give it longer with --timeout"),
            LoginError::NoBrowser { .. } => failed("no_browser").hint(
                "set BROWSER or --browser COMMAND, or use --browser none to have the address \
                 printed and open it yourself",
            ),
            LoginError::PasteNeeded { provider } => {
                Self::caused(ExitCode::CredentialMissing, "paste_needed", &error).hint(format!(
                    "run `authkeep login {provider} --paste` in a terminal"
                ))
            }
            LoginError::Denied { provider, description, .. } => {
                let error = failed("denied");
                let error = match description {
                    Some(text) => error.hint(format!("{provider} says: {text}")),
                    None => error,
                };
                error.hint(format!(
                    "nothing was stored; run `authkeep login {provider}` to try again"
                ))
            }
            LoginError::NoDeviceCode { .. }
            | LoginError::ForbiddenVerificationUrl { .. }
            | LoginError::CodeExpired { .. }
            | LoginError::NotApproved { .. } => device_code(&error),
            LoginError::WrongIssuer { .. } => failed("wrong_issuer").hint(
                "nothing was sent to it; check the definition's issuer and authorization_url",
            ),
            LoginError::ForbiddenUrl { .. } | LoginError::AuthorizationRequest { .. } => {
                failed("forbidden_url").hint("correct the definition's authorization_url")
            }
            LoginError::Discovery { provider, source } => discovery(provider, source, &error),
            LoginError::Registration { source, .. } if source.may_pass() => {
                Self::caused(ExitCode::TryAgain, "unavailable", &error)
                    .hint("nothing was stored; try again when the provider is in order")
            }
            LoginError::Registration { provider, source } => {
                let error = failed("not_registered");
                let error = match source.description() {
                    Some(text) => error.hint(format!("{provider} says: {text}")),
                    None => error,
                };
                error.hint(format!(
                    "nothing was stored; register a client by hand, then run \
                     `authkeep login {provider} --client-id ID`"
                ))
            }
            LoginError::Token { provider, source } if source.is_invalid_client() => {
                failed("invalid_client").hint(format!(
                    "nothing was stored; check the client id and secret, then run \
                     `authkeep login {provider}` again (with --reset to replace saved ones)"
                ))
            }
            LoginError::Token { provider, .. } => failed("no_token").hint(format!(
                "nothing was stored; run `authkeep login {provider}` to try again"
            )),
            LoginError::Http(HttpError::Forbidden { .. }) => failed("forbidden_address").hint(
                "nothing was sent there; if the address is meant, `\"local\": true` in a definition of your own \
                 allows it",
            ),
            LoginError::Http(_) => Self::caused(ExitCode::TryAgain, "unavailable", &error)
                .hint("nothing was stored; try again when the provider can be reached"),
            LoginError::Differs { .. } => Self::caused(ExitCode::Usage, "connected", &error)
                .hint("--force replaces it; with another --connection NAME both stay"),
            LoginError::Lock(_) => Self::caused(ExitCode::TryAgain, "busy", &error)
                .hint("another authkeep is working on this connection; try again in a moment"),
            LoginError::NotRecorded(_) | LoginError::NotSaved(_) => {
                Self::caused(ExitCode::StoreUnavailable, "not_saved", &error)
                    .hint("`authkeep doctor` says what is wrong; then log in again")
            }
            LoginError::Entropy(_) => Self::caused(ExitCode::Other, "entropy", &error)
                .hint("the operating system gave no random bytes; try again"),
            LoginError::Registry(_) | LoginError::Record(_) => match error {
                LoginError::Registry(error) => error.into(),
                LoginError::Record(error) => error.into(),
                other => Self::caused(ExitCode::Other, "login", &other),
            },
            _ => failed("login").hint("nothing was stored; try again"),
        }
    }
}

/// A value that is missing, or that cannot be used.
fn value(error: &LoginError) -> CommandError {
    match error {
        LoginError::ValueNeeded {
            source: AskError::Cancelled,
            provider,
            ..
        } => CommandError::new(
            ExitCode::Interrupted,
            "cancelled",
            "cancelled; nothing was stored",
        )
        .hint(format!("run `authkeep login {provider}` to try again")),
        LoginError::ValueNeeded {
            provider,
            label,
            variables: missing,
            source,
        } => {
            let verb = if missing.len() > 1 { "are" } else { "is" };
            let why = match source {
                AskError::Terminal(error) => format!("asking for it failed: {error}"),
                AskError::TimedOut(_) => source.to_string(),
                _ => "nobody can be asked for it here".to_owned(),
            };
            let error = CommandError::new(
                ExitCode::CredentialMissing,
                "value_needed",
                format!("the {label} of `{provider}` {verb} needed, and {why}"),
            );
            let error = error.hint(match missing.as_slice() {
                [] => format!("pipe it in: authkeep login {provider} --with-token < FILE"),
                missing => format!("set {} and run it again", variables(missing)),
            });
            error.hint(match source {
                AskError::TimedOut(_) => format!(
                    "or run `authkeep login {provider}` again, with --prompt to be asked on the terminal"
                ),
                _ => format!("or run `authkeep login {provider}` in a terminal, without --no-input"),
            })
        }
        LoginError::UnknownField { known, .. } => {
            let fields = known
                .iter()
                .map(|name| format!("\"{name}\": …"))
                .collect::<Vec<_>>()
                .join(", ");
            CommandError::caused(ExitCode::Usage, "unusable_value", error).hint(format!(
                "--with-token takes the value itself or a JSON object on stdin: {{{fields}}}"
            ))
        }
        other => CommandError::caused(ExitCode::Usage, "unusable_value", other)
            .hint("nothing was stored; correct the value and run it again"),
    }
}
