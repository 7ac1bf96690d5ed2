//! Starting a browser: one program, the URL as its one last argument, never a shell.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use authkeep_core::BrowserUrl;

use crate::env;
use crate::process::Umask;

/// Which browser the user wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Choice {
    /// `BROWSER`, or the system's opener where there is a display.
    #[default]
    Automatic,
    /// This command, `%s` standing for the URL.
    Command(String),
    /// Only show the address.
    None,
}

impl From<&str> for Choice {
    fn from(text: &str) -> Self {
        match text {
            "none" => Self::None,
            command => Self::Command(command.to_owned()),
        }
    }
}

/// What came of starting one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Started {
    Yes,
    /// Nothing was tried: none was wanted, or there is none on this machine.
    NotTried(&'static str),
    /// Something was tried, and failed.
    Failed(String),
}

/// Why there is no browser to open, where the user has named none: over SSH it would appear on another machine's
/// screen, if at all.
pub(crate) fn missing(choice: &Choice) -> Option<&'static str> {
    if *choice != Choice::Automatic || env::browser().is_some() {
        None
    } else if env::is_ssh() {
        Some("this is a remote shell")
    } else if !env::has_display() {
        Some("there is no display")
    } else {
        None
    }
}

/// Starts the chosen browser.
pub(crate) fn open(url: &BrowserUrl, choice: &Choice, umask: Umask) -> Started {
    let candidates: Vec<String> = match choice {
        Choice::None => return Started::NotTried("none was wanted"),
        Choice::Command(command) => vec![command.clone()],
        Choice::Automatic => match env::browser() {
            Some(list) => list.split(':').map(str::to_owned).collect(),
            None if env::has_display() => vec![system_opener().to_owned()],
            None => return Started::NotTried("there is no display, and BROWSER is not set"),
        },
    };
    let mut why = String::new();
    for candidate in candidates
        .iter()
        .filter(|candidate| !candidate.trim().is_empty())
    {
        match start(candidate, url, umask) {
            Ok(()) => return Started::Yes,
            Err(error) => why = format!("`{candidate}`: {error}"),
        }
    }
    Started::Failed(why)
}

/// Whether a browser can be expected to appear, or an address that is printed to be opened here.
pub(crate) fn is_within_reach(choice: &Choice) -> bool {
    match choice {
        Choice::Command(_) => true,
        Choice::Automatic => env::has_display() || env::browser().is_some(),
        Choice::None => env::has_display(),
    }
}

fn system_opener() -> &'static str {
    if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer.exe"
    } else {
        "xdg-open"
    }
}

fn start(command: &str, url: &BrowserUrl, umask: Umask) -> Result<(), String> {
    let mut words = shlex::split(command).ok_or("its quotes do not match")?;
    if words.is_empty() {
        return Err("it is empty".to_owned());
    }
    let program = words.remove(0);
    let mut has_place = false;
    for word in &mut words {
        if word.contains("%s") {
            *word = word.replace("%s", url.as_str());
            has_place = true;
        }
    }
    if !has_place {
        words.push(url.as_str().to_owned());
    }
    umask.restore();
    let mut command = Command::new(program);
    command
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // Ctrl-C is meant for the login, not for the browser that it opened.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let spawned = command.spawn();
    crate::process::keep_files_private();
    let mut child = spawned.map_err(|error| error.to_string())?;
    // An opener that fails does so at once; one that stays is the browser itself, and is left alone.
    let deadline = Instant::now() + Duration::from_millis(300);
    while Instant::now() < deadline {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("it ended with {status}")),
            Ok(None) => std::thread::sleep(Duration::from_millis(10)),
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(())
}
