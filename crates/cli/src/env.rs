//! The environment: read here and nowhere else.

use std::ffi::{OsStr, OsString};
use std::net::IpAddr;
use std::path::PathBuf;

use authkeep_core::{Environment, ProxySettings};
use authkeep_vault::FileSystems;
use secrecy::SecretString;

/// A variable that is set to something other than nothing.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
fn path(name: &str) -> Option<PathBuf> {
    std::env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// The names of all variables.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
pub(crate) fn names() -> Vec<OsString> {
    std::env::vars_os().map(|(name, _)| name).collect()
}

/// Whether a variable is one of authkeep's own, which are nobody else's business.
pub(crate) fn is_own(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b"AUTHKEEP_")
}

/// The variable that names the home.
pub(crate) const HOME: &str = "AUTHKEEP_HOME";

/// `AUTHKEEP_HOME`, or `.authkeep` in the user's home directory.
pub(crate) fn authkeep_home() -> Option<PathBuf> {
    path(HOME).or_else(|| Some(user_home()?.join(".authkeep")))
}

/// The user's home directory.
pub(crate) fn user_home() -> Option<PathBuf> {
    path(if cfg!(windows) { "USERPROFILE" } else { "HOME" })
}

/// The folder that the command was called in.
pub(crate) fn working_folder() -> Option<PathBuf> {
    std::env::current_dir().ok()
}

/// `AUTHSOME_HOME`, or `.authsome` in the user's home directory.
pub(crate) fn authsome_home() -> Option<PathBuf> {
    path("AUTHSOME_HOME").or_else(|| Some(user_home()?.join(".authsome")))
}

/// The folder of PlanOpticon's tokens.
pub(crate) fn planopticon_folder() -> Option<PathBuf> {
    Some(user_home()?.join(".planopticon"))
}

/// The file in which GitHub's CLI keeps its accounts.
pub(crate) fn gh_hosts() -> Option<PathBuf> {
    let folder = path("GH_CONFIG_DIR")
        .or_else(|| Some(path("XDG_CONFIG_HOME")?.join("gh")))
        .or_else(|| Some(user_home()?.join(".config/gh")))?;
    Some(folder.join("hosts.yml"))
}

/// The AWS CLI's credentials and its configuration.
pub(crate) fn aws_files() -> Option<(PathBuf, PathBuf)> {
    let usual = |name: &str| Some(user_home()?.join(".aws").join(name));
    Some((
        path("AWS_SHARED_CREDENTIALS_FILE").or_else(|| usual("credentials"))?,
        path("AWS_CONFIG_FILE").or_else(|| usual("config"))?,
    ))
}

/// `AUTHKEEP_PROFILE`.
pub(crate) fn profile() -> Option<String> {
    variable("AUTHKEEP_PROFILE")
}

/// `AUTHKEEP_ALLOW_UNCLEAR_FILE_SYSTEM` (any value): the user knows that only this machine uses it.
pub(crate) fn file_systems() -> FileSystems {
    if is_set("AUTHKEEP_ALLOW_UNCLEAR_FILE_SYSTEM") {
        FileSystems::LocalOrUnclear
    } else {
        FileSystems::Local
    }
}

/// A variable that a definition names as the source of a credential.
pub(crate) fn secret(name: &str) -> Option<SecretString> {
    variable(name).map(SecretString::from)
}

/// The same for whoever has to look such variables up.
pub(crate) fn environment() -> Environment {
    Environment::new(secret)
}

/// Whether a variable is set, without looking at its value.
pub(crate) fn is_set(name: &str) -> bool {
    path(name).is_some()
}

/// Any variable as it is, for a program that is to have the same or more.
pub(crate) fn inherited(name: &str) -> Option<OsString> {
    path(name).map(PathBuf::into_os_string)
}

/// Where files may be that are gone when this process is, the best place first.
pub(crate) fn runtime_folders() -> Vec<PathBuf> {
    let own = path("XDG_RUNTIME_DIR").into_iter();
    own.chain([std::env::temp_dir(), "/tmp".into()]).collect()
}

/// `BROWSER`, in the usual form: commands separated by colons, `%s` for the URL.
pub(crate) fn browser() -> Option<String> {
    variable("BROWSER")
}

/// The folders that `PATH` names.
pub(crate) fn program_folders() -> Vec<PathBuf> {
    folders("PATH", "")
}

/// The folders in which the desktop looks for what is installed, the user's own first.
pub(crate) fn data_folders() -> Vec<PathBuf> {
    let own = path("XDG_DATA_HOME").or_else(|| path("HOME").map(|home| home.join(".local/share")));
    let all = folders("XDG_DATA_DIRS", "/usr/local/share:/usr/share");
    own.into_iter().chain(all).collect()
}

fn folders(name: &str, default: &str) -> Vec<PathBuf> {
    let list = path(name).unwrap_or_else(|| default.into());
    let folders = std::env::split_paths(&list);
    folders
        .filter(|folder| !folder.as_os_str().is_empty())
        .collect()
}

/// Whether a graphical browser has somewhere to appear.
pub(crate) fn has_display() -> bool {
    cfg!(any(windows, target_os = "macos")) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

/// Whether this is a remote shell.
pub(crate) fn is_ssh() -> bool {
    is_set("SSH_CONNECTION") || is_set("SSH_TTY")
}

/// What `ssh` is told to come to this machine again, as far as it is known here: the address that the other end
/// connected to, and the port if it is not the usual one.
pub(crate) fn ssh_destination() -> Option<String> {
    let connection = variable("SSH_CONNECTION")?;
    let [_, _, address, port] = connection.split(' ').collect::<Vec<_>>()[..] else {
        return None;
    };
    let address: IpAddr = address.parse().ok()?;
    let address = address.to_canonical();
    match port.parse().ok()? {
        22_u16 => Some(address.to_string()),
        port => Some(format!("-p {port} {address}")),
    }
}

/// `NO_COLOR` (any value), or a terminal that knows none.
pub(crate) fn no_color() -> bool {
    is_set("NO_COLOR") || is_dumb_terminal()
}

/// Whether the terminal says that it cannot move the cursor.
pub(crate) fn is_dumb_terminal() -> bool {
    variable("TERM").is_some_and(|term| term == "dumb")
}

/// `AUTHKEEP_LOG`: a filter such as `debug` or `authkeep_core=trace`.
pub(crate) fn log_filter() -> Option<String> {
    variable("AUTHKEEP_LOG")
}

/// The proxy that outgoing requests use.
pub(crate) fn proxy() -> ProxySettings {
    let either = |upper: &str, lower: &str| variable(lower).or_else(|| variable(upper));
    ProxySettings {
        https: either("HTTPS_PROXY", "https_proxy").or_else(|| either("ALL_PROXY", "all_proxy")),
        no_proxy: either("NO_PROXY", "no_proxy"),
    }
}
