//! Starting a browser: one program, what it is to open as its one last argument, never a shell.
//!
//! A browser that is known to run here is handed a page of its own that leads to the address, so that the address is not
//! on a command line; any other program gets the address itself.

mod local;
mod page;

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use authkeep_core::BrowserUrl;

use self::page::Page;
use crate::env;
use crate::process::Umask;

/// The browser of one login, and what was handed to it: that is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Browser {
    pub(crate) choice: Choice,
    umask: Umask,
    /// Where pages are written.
    folder: PathBuf,
    handed: Mutex<Handed>,
}

#[derive(Debug, Default)]
struct Handed {
    pages: Vec<Page>,
    /// The variables that are not handed on.
    withheld: Vec<String>,
}

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

impl Browser {
    /// `home` is the folder of authkeep's own.
    pub(crate) fn new(choice: Choice, umask: Umask, home: &std::path::Path) -> Self {
        Self {
            choice,
            umask,
            folder: home.join("open"),
            handed: Mutex::default(),
        }
    }

    /// Keeps variables that hold secrets out of the environment of what is started from now on.
    pub(crate) fn withhold(&self, variables: &[String]) {
        self.handed().withheld.extend_from_slice(variables);
    }

    /// Starts the chosen browser.
    pub(crate) fn open(&self, url: &BrowserUrl) -> Started {
        let commands = match &self.choice {
            Choice::None => return Started::NotTried("none was wanted"),
            Choice::Command(command) => vec![split(command)],
            Choice::Automatic => match env::browser() {
                Some(list) => {
                    let commands = list.split(':').filter(|command| !command.trim().is_empty());
                    commands.map(split).collect()
                }
                None if env::has_display() => {
                    let known = local::of_the_desktop(&self.handed().withheld).map(Ok);
                    let opener = Ok(vec![system_opener().to_owned()]);
                    known.into_iter().chain([opener]).collect()
                }
                None => return Started::NotTried("there is no display, and BROWSER is not set"),
            },
        };
        let mut why = String::new();
        for command in commands {
            match command.and_then(|words| self.start(words, url)) {
                Ok(()) => return Started::Yes,
                Err(error) => why = error,
            }
        }
        Started::Failed(why)
    }

    /// Starts one command, with a page where it is able to read it.
    fn start(&self, words: Vec<String>, url: &BrowserUrl) -> Result<(), String> {
        let page = local::reads_files(&words[0])
            .then(|| Page::write(&self.folder, url).ok())
            .flatten();
        let address = page.as_ref().map_or(url.as_str(), Page::url);
        let program = words[0].clone();
        let command = with_address(words, address);
        self.run(command)
            .map_err(|error| format!("`{program}`: {error}"))?;
        self.handed().pages.extend(page);
        Ok(())
    }

    fn run(&self, mut command: Command) -> Result<(), String> {
        for variable in &self.handed().withheld {
            command.env_remove(variable);
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // Ctrl-C is meant for the login, not for the browser that it opened.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        self.umask.restore();
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

    fn handed(&self) -> MutexGuard<'_, Handed> {
        self.handed.lock().unwrap_or_else(PoisonError::into_inner)
    }
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

/// The words of a command, at least one.
fn split(command: &str) -> Result<Vec<String>, String> {
    match shlex::split(command) {
        None => Err(format!("`{command}`: its quotes do not match")),
        Some(words) if words.is_empty() => Err(format!("`{command}`: it is empty")),
        Some(words) => Ok(words),
    }
}

/// The address stands where `%s` is, or comes last.
fn with_address(words: Vec<String>, address: &str) -> Command {
    let mut words = words.into_iter();
    let mut command = Command::new(words.next().unwrap_or_default());
    let mut has_place = false;
    for word in words {
        has_place |= word.contains("%s");
        command.arg(word.replace("%s", address));
    }
    if !has_place {
        command.arg(address);
    }
    command
}
