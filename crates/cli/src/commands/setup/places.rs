//! The places that setup looks in, as sources of an import.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use authkeep_core::ConnectionName;

use super::Place;
use crate::commands::import::{AuthsomeKey, Source};
use crate::context::shown;
use crate::env;

/// The sources in `places`.
pub(super) fn sources(places: &[Place]) -> Vec<Source> {
    let wanted = |place| places.contains(&place) || places.contains(&Place::All);
    let mut sources = Vec::new();
    if wanted(Place::Environment) {
        sources.push(Source::Environment);
    }
    if wanted(Place::Dotenv) {
        sources.extend(env_files().into_iter().map(|file| Source::EnvFile {
            file,
            wanted: BTreeMap::new(),
            connection: ConnectionName::default(),
        }));
    }
    if wanted(Place::Gh) {
        sources.push(Source::Gh(None));
    }
    if wanted(Place::Aws) {
        sources.push(Source::Aws {
            credentials: None,
            config: None,
        });
    }
    if wanted(Place::Authsome) {
        sources.push(Source::Authsome {
            root: None,
            // A look around opens no keyring.
            key: AuthsomeKey::Home,
        });
    }
    if wanted(Place::Planopticon) {
        sources.push(Source::PlanOpticon(None));
    }
    sources
}

/// All places, for the person who is asked.
pub(super) fn descriptions() -> Vec<String> {
    let path = |path: Option<PathBuf>| path.map_or_else(|| "nowhere".to_owned(), |p| shown(&p));
    let env_files = match folders().last() {
        Some(last) => format!(".env files from here up to {}", shown(last)),
        None => ".env files here".to_owned(),
    };
    vec![
        "the variables of the environment that providers are known to read".to_owned(),
        env_files,
        format!("GitHub's CLI: {}", path(env::gh_hosts())),
        format!(
            "the AWS CLI: {}",
            path(env::aws_files().map(|(file, _)| file))
        ),
        format!("authsome: {}", path(env::authsome_home())),
        format!("PlanOpticon: {}", path(env::planopticon_folder())),
    ]
}

/// The `.env` files of the current project that are ours, the nearest first. Templates hold no credentials.
fn env_files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in folders() {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut here: Vec<PathBuf> = entries
            .filter(|entry| entry.file_name().to_str().is_some_and(is_env_file))
            .map(|entry| entry.path())
            .filter(|path| is_ours(path))
            .collect();
        here.sort();
        files.extend(here);
    }
    files
}

fn is_env_file(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(".env") else {
        return false;
    };
    let templates = ["example", "sample", "template", "dist", "defaults"];
    rest.is_empty() || (rest.starts_with('.') && !templates.iter().any(|word| rest.contains(word)))
}

/// The current folder, and those above it up to the root of its repository or the home. Where there is neither, it is
/// alone: the folders above might be anybody's.
fn folders() -> Vec<PathBuf> {
    let Some(here) = env::working_folder() else {
        return Vec::new();
    };
    let home = env::user_home();
    let ends = |folder: &Path| Some(folder) == home.as_deref() || folder.join(".git").exists();
    match here.ancestors().position(ends) {
        Some(last) => here
            .ancestors()
            .take(last + 1)
            .map(Path::to_owned)
            .collect(),
        None => vec![here],
    }
}

/// A file of somebody else's could hold a key of theirs, for us to use by mistake.
#[cfg(unix)]
fn is_ours(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let ours = rustix::process::geteuid().as_raw();
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.uid() == ours)
}

#[cfg(not(unix))]
fn is_ours(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use super::{is_env_file, is_ours};

    #[test]
    fn env_files_are_told_by_their_names() {
        for name in [".env", ".env.local", ".env.production"] {
            assert!(is_env_file(name), "{name}");
        }
        for name in [
            ".envrc",
            ".env.example",
            "env",
            ".environment",
            ".env.local.sample",
        ] {
            assert!(!is_env_file(name), "{name}");
        }
    }

    /// Only root can give a file away; whoever else runs this sees the control alone.
    #[cfg(unix)]
    #[test]
    fn a_file_of_somebody_elses_is_not_ours() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        std::fs::write(&path, "A=b").unwrap();
        assert!(is_ours(&path));
        assert!(!is_ours(folder.path()));
        if std::os::unix::fs::chown(&path, Some(65534), None).is_ok() {
            assert!(!is_ours(&path));
        }
    }
}
