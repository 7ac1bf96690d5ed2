//! The diagnostic log: off unless asked for, on stderr or in a file. It never holds a secret, because secret
//! types cannot be formatted.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

use crate::args::GlobalArgs;
use crate::env;
use crate::error::CommandError;
use crate::exit_code::ExitCode;

/// Starts the log if `--verbose`, `--log-file` or `AUTHKEEP_LOG` asks for one.
pub(crate) fn start(global: &GlobalArgs) -> Result<(), CommandError> {
    let filter = match (env::log_filter(), global.verbose) {
        (Some(filter), _) => filter,
        (None, 0) if global.log_file.is_none() => return Ok(()),
        (None, 0 | 1) => "authkeep_core=debug,authkeep=debug,warn".to_owned(),
        (None, 2) => "authkeep_core=trace,authkeep=trace,debug".to_owned(),
        (None, _) => "trace".to_owned(),
    };
    let filter = EnvFilter::try_new(&filter).map_err(|error| {
        CommandError::new(
            ExitCode::Usage,
            "log_filter",
            format!("AUTHKEEP_LOG is not a log filter: {error}"),
        )
        .hint("use a level such as debug, or a part of the program such as authkeep_core=trace")
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false);
    match &global.log_file {
        None => builder.with_writer(std::io::stderr).init(),
        Some(path) => {
            refuse_the_home(path)?;
            let file = OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .map_err(|error| {
                    CommandError::new(
                        ExitCode::Other,
                        "log_file",
                        format!("cannot write the log file `{}`: {error}", path.display()),
                    )
                    .hint("name a file that you can write to after --log-file")
                })?;
            builder.with_writer(Mutex::new(file)).init();
        }
    }
    Ok(())
}

/// Whether the log goes to stderr.
pub(crate) fn is_on_stderr(global: &GlobalArgs) -> bool {
    global.log_file.is_none() && (global.verbose > 0 || env::log_filter().is_some())
}

/// A line of log appended to the master key or to a vault would be the end of it.
fn refuse_the_home(path: &Path) -> Result<(), CommandError> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).canonicalize();
    let home = env::authkeep_home().and_then(|home| home.canonicalize().ok());
    // Through a link, the file itself may lie there too.
    let places = [path.canonicalize().ok(), folder.ok()];
    let within = |home: PathBuf| {
        places
            .iter()
            .flatten()
            .any(|place| place.starts_with(&home))
    };
    if home.is_some_and(within) {
        return Err(CommandError::new(
            ExitCode::Usage,
            "log_file",
            format!(
                "the log file `{}` would lie in authkeep's own home",
                path.display()
            ),
        )
        .hint("name a file elsewhere after --log-file"));
    }
    Ok(())
}
