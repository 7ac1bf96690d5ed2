//! The command that the watch runs when a login needs a person: one program and its arguments, never a shell.
//!
//! It is told names and a message, no secret. Nothing that becomes of it ends the watch.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use authkeep_core::ProfileName;
use tokio::process::{Child, Command};

use super::login::Id;

/// A hook that takes longer is ended.
pub(super) const LIMIT: Duration = Duration::from_secs(30);

/// A command as it was typed, and its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HookCommand {
    pub(super) text: String,
    words: Vec<String>,
}

/// Splits a command into words as a shell does.
pub(super) fn parse(text: &str) -> Result<HookCommand, String> {
    if text.chars().any(char::is_control) {
        return Err("a hook is one line without control characters".to_owned());
    }
    match shlex::split(text) {
        Some(words) if !words.is_empty() => Ok(HookCommand {
            text: text.to_owned(),
            words,
        }),
        Some(_) => Err("a hook needs a program".to_owned()),
        None => Err("a quote is not closed".to_owned()),
    }
}

/// What a hook is told, in its environment.
#[derive(Debug, Clone)]
pub(super) struct Occasion {
    pub(super) id: Id,
    pub(super) profile: ProfileName,
    pub(super) message: String,
    /// What a person types to mend it.
    pub(super) command: String,
}

impl HookCommand {
    /// Runs it to its end, or for `limit`. An error says what became of it instead.
    pub(super) async fn run(
        &self,
        occasion: &Occasion,
        stderr: Stdio,
        limit: Duration,
    ) -> Result<(), String> {
        let Some((program, arguments)) = self.words.split_first() else {
            return Ok(());
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("AUTHKEEP_EVENT", "needs_login")
            .env("AUTHKEEP_PROVIDER", occasion.id.provider.as_str())
            .env("AUTHKEEP_CONNECTION", occasion.id.connection.as_str())
            .env("AUTHKEEP_PROFILE", occasion.profile.as_str())
            .env("AUTHKEEP_MESSAGE", &occasion.message)
            .env("AUTHKEEP_COMMAND", &occasion.command)
            .stdin(Stdio::null())
            // Standard output belongs to the watch's own lines.
            .stdout(Stdio::null())
            .stderr(stderr);
        // A group of its own: Ctrl-C ends the watch and not the message to a person, and a hook that has to be
        // ended takes along what it started.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command
            .spawn()
            .map_err(|error| format!("the hook `{program}` cannot be started: {error}"))?;
        match tokio::time::timeout(limit, child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(format!("the hook `{program}` {}", ended(status))),
            Ok(Err(error)) => Err(format!(
                "the hook `{program}` cannot be waited for: {error}"
            )),
            Err(_) => {
                kill(&mut child).await;
                Err(format!(
                    "the hook `{program}` was ended after {} seconds",
                    limit.as_secs()
                ))
            }
        }
    }
}

fn ended(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("ended with code {code}"),
        None => "was ended by a signal".to_owned(),
    }
}

async fn kill(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(rustix::process::Pid::from_raw)
    {
        // It may have ended just now; then there is nobody to kill.
        let _sent = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ended = child.kill().await;
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Instant;

    use super::*;

    fn occasion() -> Occasion {
        Occasion {
            id: Id {
                provider: "acme".parse().unwrap(),
                connection: "work".parse().unwrap(),
            },
            profile: ProfileName::default(),
            message: "`acme` no longer accepts the saved login".to_owned(),
            command: "authkeep login acme --connection work".to_owned(),
        }
    }

    fn run(text: &str, limit: Duration) -> Result<(), String> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let hook = parse(text).unwrap();
        runtime.block_on(hook.run(&occasion(), Stdio::null(), limit))
    }

    #[test]
    fn words_are_split_and_nothing_is_left_to_a_shell() {
        let words = |text: &str| parse(text).map(|hook| hook.words);
        assert_eq!(
            words("say 'a b' \"$HOME\" *.rs ; x").unwrap(),
            ["say", "a b", "$HOME", "*.rs", ";", "x"]
        );
        for wrong in ["", "  ", "say 'it", "say \"it", "say\nit", "say\u{1b}[2J"] {
            assert!(words(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn it_is_told_what_happened() {
        let script = "test \"$AUTHKEEP_EVENT\" = needs_login && test \"$AUTHKEEP_PROVIDER\" = acme && \
                      test \"$AUTHKEEP_CONNECTION\" = work && test \"$AUTHKEEP_PROFILE\" = default && \
                      test -n \"$AUTHKEEP_MESSAGE\" && test \"$AUTHKEEP_COMMAND\" = 'authkeep login acme --connection work'";
        let told = shlex::try_join(["sh", "-c", script]).unwrap();
        assert_eq!(run(&told, LIMIT), Ok(()));
        // Standard input is closed: what reads it does not wait.
        assert_eq!(run("sh -c 'if read line; then exit 1; fi'", LIMIT), Ok(()));
    }

    #[test]
    fn what_becomes_of_it_is_said() {
        assert!(run("sh -c 'exit 3'", LIMIT).unwrap_err().contains("code 3"));
        assert!(
            run("sh -c 'kill -9 $$'", LIMIT)
                .unwrap_err()
                .contains("signal")
        );
        assert!(
            run("/nonexistent/hook", LIMIT)
                .unwrap_err()
                .contains("cannot be started")
        );
    }

    #[test]
    fn one_that_takes_too_long_is_ended_with_all_that_it_started() {
        let noted = std::env::temp_dir().join(format!("authkeep-hook-{}", std::process::id()));
        let script = format!("sleep 60 & echo $! > '{}'; wait", noted.display());
        let hook = shlex::try_join(["sh", "-c", &script]).unwrap();
        let started = Instant::now();
        let limit = Duration::from_secs(1);
        assert!(run(&hook, limit).unwrap_err().contains("after 1 seconds"));
        assert!(started.elapsed() < Duration::from_secs(20));
        let child = std::fs::read_to_string(&noted).unwrap();
        std::fs::remove_file(&noted).unwrap();
        let ended =
            || match std::fs::read_to_string(Path::new("/proc").join(child.trim()).join("stat")) {
                Ok(stat) => stat.contains(") Z"),
                Err(_) => true,
            };
        let deadline = Instant::now() + Duration::from_secs(10);
        while !ended() {
            assert!(Instant::now() < deadline, "{child} lives on");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
