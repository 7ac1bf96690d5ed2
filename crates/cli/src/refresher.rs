//! The detached helper: one more process of this program, which redeems a refresh token and saves what it gets.
//!
//! Between a server's rotation of a refresh token and the save, the login hangs by the process that is at it. The
//! one that a person or an agent started may be killed at any moment, with its whole process group. So the work
//! is done by a process in a session of its own, and the caller only waits. What the helper does is
//! `commands/redeem.rs`; how it is started and what is said between the two is here.
//!
//! The helper is told what to do on its standard input: the master key, 32 bytes, and the order as JSON. So no
//! secret is in an argument or in the environment, and a helper whose caller died too early starts nothing. It
//! answers on its standard output, if anybody still listens.

use std::io::Read as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use authkeep_core::{BoxFuture, Broker, Home, RefreshError, RefreshOrder, RefreshRunner};
use authkeep_vault::MasterKey;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::args::GlobalArgs;
use crate::commands::redeem::LIFE;
use crate::{env, logging, process};

/// How much longer than a helper may live its caller waits for its last word.
const GRACE: Duration = Duration::from_secs(2);
/// The hidden subcommand.
const SUBCOMMAND: &str = "redeem";
const KEY_LEN: usize = 32;
/// Far more than any order needs.
const MAX_ORDER: usize = 64 * 1024;

/// Has refreshes carried out by a process of their own.
#[derive(Debug)]
pub(crate) struct DetachedRefresher {
    home: Home,
    global: GlobalArgs,
}

impl DetachedRefresher {
    pub(crate) fn new(home: &Home, global: &GlobalArgs) -> Self {
        Self {
            home: home.clone(),
            global: global.clone(),
        }
    }

    fn command(&self, broker: &Broker) -> std::io::Result<Command> {
        let program = process::this_program()?;
        let mut command = Command::new(program);
        #[cfg(unix)]
        command.arg0("authkeep");
        command
            .arg(SUBCOMMAND)
            .args(["--profile", broker.profile().as_str()])
            .args(std::iter::repeat_n("-v", self.global.verbose.into()))
            .env(env::HOME, std::path::absolute(self.home.root())?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if let Some(log) = &self.global.log_file {
            command.arg("--log-file").arg(log);
        }
        // Whoever reads the caller's stderr to its end must not have to wait for the helper too.
        command.stderr(if logging::is_on_stderr(&self.global) {
            Stdio::inherit()
        } else {
            Stdio::null()
        });
        Ok(command)
    }

    /// The message to the helper.
    fn message(&self, order: &RefreshOrder) -> Result<Zeroizing<Vec<u8>>, String> {
        let key = self
            .home
            .key_source()
            .load()
            .map_err(|error| error.to_string())?
            .ok_or("the master key is gone")?;
        let order = serde_json::to_vec(order).map_err(|error| error.to_string())?;
        let mut message = Zeroizing::new(Vec::with_capacity(KEY_LEN + order.len()));
        // EXPOSE: the master key, over a pipe, to this very program.
        message.extend_from_slice(key.expose_secret());
        message.extend_from_slice(&order);
        Ok(message)
    }

    async fn ask(&self, broker: &Broker, order: &RefreshOrder) -> Result<Answer, String> {
        let cannot_start = |error| format!("the helper process cannot be started: {error}");
        let message = self.message(order)?;
        let mut helper = self
            .command(broker)
            .and_then(|mut command| command.spawn())
            .map_err(cannot_start)?;
        let lost = |error: std::io::Error| format!("the helper process was lost: {error}");
        if let Some(mut stdin) = helper.stdin.take() {
            // A helper that is gone already says why by its exit.
            let _sent = stdin.write_all(&message).await;
        }
        let mut answer = Vec::new();
        if let Some(stdout) = helper.stdout.take() {
            let mut stdout = stdout.take(MAX_ORDER as u64);
            stdout.read_to_end(&mut answer).await.map_err(lost)?;
        }
        let status = helper.wait().await.map_err(lost)?;
        serde_json::from_slice(&answer).map_err(|_| ended(status))
    }
}

/// What the helper says when it is done.
pub(crate) type Answer = Result<(), RefreshError>;

fn ended(status: ExitStatus) -> String {
    format!("the helper process ended without a word ({status})")
}

impl RefreshRunner for DetachedRefresher {
    fn run<'a>(
        &'a self,
        broker: &'a Broker,
        order: &'a RefreshOrder,
    ) -> BoxFuture<'a, Result<(), RefreshError>> {
        Box::pin(async move {
            // A helper that somebody has stopped does not end even when its time is up.
            match timeout(LIFE + GRACE, self.ask(broker, order)).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(why)) => Err(not_finished(order, why)),
                Err(_) => {
                    let why = "the helper process does not end".to_owned();
                    Err(not_finished(order, why))
                }
            }
        })
    }
}

/// That the helper could not do its work.
pub(crate) fn not_finished(order: &RefreshOrder, why: String) -> RefreshError {
    RefreshError::NotFinished {
        provider: order.provider.clone(),
        why,
    }
}

/// Reads the message that a caller sends. `None` if it is not whole: then the caller is dead, or it is no caller.
pub(crate) fn receive() -> Option<(MasterKey, RefreshOrder)> {
    // Never grown while it is filled: a buffer that moves leaves a copy of the key behind.
    let mut message = Zeroizing::new(Vec::with_capacity(MAX_ORDER));
    let stdin = std::io::stdin().lock();
    stdin
        .take(MAX_ORDER as u64)
        .read_to_end(&mut message)
        .ok()?;
    let (key, order) = message.split_first_chunk::<KEY_LEN>()?;
    let order = serde_json::from_slice(order).ok()?;
    Some((MasterKey::new(Zeroizing::new(*key)), order))
}
