//! The places that credentials are read from, and where they are by default.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use authkeep_core::ConnectionName;
use authkeep_core::import::{
    AwsFiles, Claims, Item, items_of, parse_env, read_aws, read_gh, read_planopticon, read_text,
};
use authkeep_registry::ProviderName;
use secrecy::SecretString;

use super::authsome_key::AuthsomeKey;
use super::target::scratch_folder;
use crate::commands::missing::defined;
use crate::context::{Context, shown};
use crate::env;
use crate::error::CommandError;
use crate::exit_code::ExitCode;

/// A place to read from; where it names no path, the usual one is meant.
#[derive(Debug)]
pub(crate) enum Source {
    Authsome {
        root: Option<PathBuf>,
        key: AuthsomeKey,
    },
    PlanOpticon(Option<PathBuf>),
    Gh(Option<PathBuf>),
    Aws {
        credentials: Option<PathBuf>,
        config: Option<PathBuf>,
    },
    EnvFile {
        file: PathBuf,
        wanted: BTreeMap<String, ProviderName>,
        connection: ConnectionName,
    },
    /// The environment of this process.
    Environment,
}

/// What was found for one profile.
#[derive(Debug)]
pub(crate) struct Batch {
    /// The source's name for the profile; `None` where it has none.
    pub(crate) profile: Option<String>,
    pub(crate) items: Vec<Item>,
}

/// What was found in one source.
#[derive(Debug)]
pub(crate) struct Found {
    /// Where, for messages.
    pub(crate) from: String,
    pub(crate) batches: Vec<Batch>,
}

impl Source {
    /// The word for it, which is kept with what is taken over.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Authsome { .. } => "authsome",
            Self::PlanOpticon(_) => "planopticon",
            Self::Gh(_) => "gh",
            Self::Aws { .. } => "aws",
            Self::EnvFile { .. } => "env",
            Self::Environment => "environment",
        }
    }

    /// Reads it. Nothing is written beside what is read.
    pub(crate) fn read(&self, context: &Context) -> Result<Found, CommandError> {
        match self {
            Self::Authsome { root, key } => {
                let root = or_usual(root, env::authsome_home())?;
                authsome(&root, key)
            }
            Self::PlanOpticon(folder) => {
                let folder = or_usual(folder, env::planopticon_folder())?;
                let items = read_planopticon(&folder);
                let items = items.ok_or_else(|| nothing(&folder, "folder of tokens"))?;
                Ok(one(&folder, items))
            }
            Self::Gh(file) => {
                let file = or_usual(file, env::gh_hosts())?;
                let text = text(&file)?.ok_or_else(|| nothing(&file, "file of GitHub's CLI"))?;
                let items = read_gh(&text).map_err(|error| unusable(&file, &error))?;
                Ok(one(&file, items))
            }
            Self::Aws {
                credentials,
                config,
            } => {
                let usual = env::aws_files();
                let (usual, config_usual) = usual.map_or((None, None), |(a, b)| (Some(a), Some(b)));
                let credentials = or_usual(credentials, usual)?;
                let files = AwsFiles {
                    credentials: text(&credentials)?,
                    config: text(&or_usual(config, config_usual)?)?,
                };
                if files.credentials.is_none() && files.config.is_none() {
                    return Err(nothing(&credentials, "file of the AWS CLI"));
                }
                Ok(one(&credentials, read_aws(&files)))
            }
            Self::EnvFile {
                file,
                wanted,
                connection,
            } => {
                let is_stdin = file.as_os_str() == "-";
                let text = match is_stdin {
                    true => stdin()?,
                    false => text(file)?.ok_or_else(|| nothing(file, "file"))?,
                };
                let set = parse_env(&text).map_err(|error| unusable(file, &error))?;
                // The last one counts, as it does for programs.
                let variables: BTreeMap<_, _> =
                    set.into_iter().map(|one| (one.name, one.value)).collect();
                for (variable, provider) in wanted {
                    defined(context, provider)?;
                    if !variables.contains_key(variable) {
                        return Err(not_set(file, variable));
                    }
                }
                let place = match is_stdin {
                    true => "stdin".to_owned(),
                    false => shown(file),
                };
                let claims = claims(context)?;
                let items = items_of(&claims, &place, &variables, wanted, connection.as_str());
                Ok(Found {
                    from: place,
                    batches: vec![Batch {
                        profile: None,
                        items,
                    }],
                })
            }
            Self::Environment => {
                let claims = claims(context)?;
                let names = env::names()
                    .into_iter()
                    .filter_map(|name| name.into_string().ok());
                let variables = names
                    .filter(|name| claims.knows(name))
                    .map(|name| {
                        let value = env::secret(&name);
                        (name, value)
                    })
                    .filter(|(_, value)| value.is_some())
                    .collect();
                let default = ConnectionName::default();
                let wanted = BTreeMap::new();
                let items = items_of(
                    &claims,
                    "environment",
                    &variables,
                    &wanted,
                    default.as_str(),
                );
                Ok(Found {
                    from: "environment".to_owned(),
                    batches: vec![Batch {
                        profile: None,
                        items,
                    }],
                })
            }
        }
    }
}

/// Which variables are credentials of which provider, by the definitions there are.
fn claims(context: &Context) -> Result<Claims, CommandError> {
    let home = context.home()?;
    let all = context.registry(home.as_ref()).all()?;
    // One that cannot be read claims nothing; `doctor` and `providers` complain about it.
    let definitions = all.into_iter().flatten().map(|found| found.definition);
    Ok(Claims::of(definitions.collect()))
}

fn authsome(root: &Path, key: &AuthsomeKey) -> Result<Found, CommandError> {
    let scratch = scratch_folder()?;
    let home = key.open(root, scratch.path())?;
    let mut definitions = home.definitions();
    let profiles = home.profiles();
    // A single vault of a daemon is nobody's profile in particular.
    let is_named = home.has_named_profiles() || profiles.len() > 1;
    let batches = profiles.into_iter().map(|profile| {
        // Definitions are everybody's; the first profile's report has them, and the others find them made.
        let mut items = std::mem::take(&mut definitions);
        items.extend(home.items(&profile, scratch.path()));
        Batch {
            profile: is_named.then_some(profile),
            items,
        }
    });
    Ok(Found {
        from: shown(root),
        batches: batches.collect(),
    })
}

fn one(from: &Path, items: Vec<Item>) -> Found {
    Found {
        from: shown(from),
        batches: vec![Batch {
            profile: None,
            items,
        }],
    }
}

fn or_usual(given: &Option<PathBuf>, usual: Option<PathBuf>) -> Result<PathBuf, CommandError> {
    given.clone().or(usual).ok_or_else(|| {
        CommandError::new(
            ExitCode::Usage,
            "no_home",
            "there is no home directory to look in: HOME is not set",
        )
        .hint("name the file or the folder")
    })
}

fn text(path: &Path) -> Result<Option<SecretString>, CommandError> {
    read_text(path).map_err(|error| {
        CommandError::caused(ExitCode::Other, "source_unusable", &error)
            .hint("name a file of text, and check its permissions")
    })
}

/// All of stdin, of a bounded size.
pub(super) fn stdin() -> Result<SecretString, CommandError> {
    const MAX: u64 = 1024 * 1024;
    let refused = |message: &str| {
        CommandError::new(ExitCode::Usage, "stdin", message)
            .hint("pipe it in, so that it is in no history and no file")
    };
    if io::IsTerminal::is_terminal(&io::stdin()) {
        return Err(refused("it is read from stdin, and stdin is a terminal"));
    }
    let mut text = String::new();
    match io::stdin().take(MAX + 1).read_to_string(&mut text) {
        Ok(length) if length as u64 <= MAX => Ok(SecretString::from(text)),
        Ok(_) => Err(refused("what is on stdin is larger than 1 MiB")),
        Err(_) => Err(refused("what is on stdin is not text")),
    }
}

fn nothing(path: &Path, what: &str) -> CommandError {
    CommandError::new(
        ExitCode::CredentialMissing,
        "nothing_to_import",
        format!("there is no {what} at `{}`", path.display()),
    )
    .hint("if it is elsewhere, name the place; `authkeep import --help` says how")
}

fn not_set(path: &Path, variable: &str) -> CommandError {
    CommandError::new(
        ExitCode::Usage,
        "variable_not_set",
        format!("`{}` does not set `{variable}`", path.display()),
    )
    .hint("nothing was taken over; correct the name in --as")
}

fn unusable(path: &Path, error: &(dyn std::error::Error + 'static)) -> CommandError {
    let said = CommandError::caused(ExitCode::Other, "source_unusable", error);
    CommandError::new(
        ExitCode::Other,
        "source_unusable",
        format!("`{}` cannot be used: {}", path.display(), said.message()),
    )
    .hint("nothing was taken over; correct the file and run this again")
}
