//! The programs and the homes they are measured on. Every connection is made by a real `authkeep login`.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Fallible;

/// How many connections each home holds.
pub(crate) const CONNECTIONS: usize = 1000;

/// The two programs.
#[derive(Debug)]
pub(crate) struct Programs {
    pub(crate) authkeep: PathBuf,
    pub(crate) floor: PathBuf,
}

impl Programs {
    /// Cargo has built the floor. The product is built here, by the same profile, into the same folder.
    pub(crate) fn find_or_build(authkeep: Option<PathBuf>) -> Fallible<Self> {
        let floor = PathBuf::from(env!("CARGO_BIN_EXE_floor"));
        if let Some(authkeep) = authkeep {
            return Ok(Self { authkeep, floor });
        }
        let folder = floor.parent().ok_or("the floor lies nowhere")?;
        let target = folder.parent().ok_or("the floor lies nowhere")?;
        let built = Command::new(env!("CARGO"))
            .args([
                "build",
                "--release",
                "--package",
                "authkeep-cli",
                "--target-dir",
            ])
            .arg(target)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()?;
        if !built.success() {
            return Err("authkeep was not built".into());
        }
        let authkeep = target
            .join("release/authkeep")
            .with_extension(std::env::consts::EXE_EXTENSION);
        Ok(Self { authkeep, floor })
    }
}

/// Homes with the same number of connections, spread differently.
#[derive(Debug)]
pub(crate) struct Homes {
    /// All under one bundled provider.
    pub(crate) one: PathBuf,
    /// Ten under each of 100 providers of the user's own.
    pub(crate) hundred: PathBuf,
    /// One under each of 1,000 providers of the user's own.
    pub(crate) thousand: PathBuf,
    /// One login, as most homes have a few.
    pub(crate) login: PathBuf,
    pub(crate) floor_database: PathBuf,
    pub(crate) floor_key: PathBuf,
}

impl Homes {
    pub(crate) fn seed(folder: &Path, programs: &Programs) -> Fallible<Self> {
        let homes = Self {
            one: folder.join("one"),
            hundred: folder.join("hundred"),
            thousand: folder.join("thousand"),
            login: folder.join("login"),
            floor_database: folder.join("floor.db"),
            floor_key: folder.join("floor.key"),
        };
        let seeded = Command::new(&programs.floor)
            .arg("seed")
            .args([&homes.floor_database, &homes.floor_key])
            .arg(CONNECTIONS.to_string())
            .status()?;
        if !seeded.success() {
            return Err("the floor was not seeded".into());
        }
        login(programs, &homes.login, "openai", 0, 0)?;
        for at in 0..CONNECTIONS {
            login(programs, &homes.one, "openai", at, at)?;
        }
        spread(programs, &homes.hundred, 100)?;
        spread(programs, &homes.thousand, CONNECTIONS)?;
        Ok(homes)
    }
}

/// Defines providers and spreads the connections over them.
fn spread(programs: &Programs, home: &Path, providers: usize) -> Fallible<()> {
    let definitions = home.join("providers");
    init(programs, home)?;
    fs::create_dir_all(&definitions)?;
    for at in 0..providers {
        let name = format!("mine-{at:04}");
        fs::write(definitions.join(format!("{name}.json")), definition(&name))?;
    }
    for at in 0..CONNECTIONS {
        let provider = format!("mine-{:04}", at % providers);
        login(programs, home, &provider, at / providers, at)?;
    }
    Ok(())
}

/// As long as a bundled definition of the same kind.
fn definition(name: &str) -> String {
    format!(
        r#"{{
  "schema_version": 2,
  "name": "{name}",
  "display_name": "Service {name}",
  "flows": ["api_key"],
  "hosts": ["api.{name}.example"],
  "api_key": {{
    "docs": "https://{name}.example/api-keys",
    "fields": [{{"name": "token", "pattern": "^sk-"}}],
    "headers": {{"Authorization": "Bearer {{token}}"}}
  }},
  "env": {{"{}_API_KEY": "{{token}}"}},
  "whoami": {{"url": "https://api.{name}.example/v1/models"}}
}}
"#,
        name.to_uppercase().replace('-', "_")
    )
}

fn init(programs: &Programs, home: &Path) -> Fallible<()> {
    let done = command(programs, home)
        .args(["init", "--quiet"])
        .stdout(Stdio::null())
        .status()?;
    if done.success() {
        Ok(())
    } else {
        Err("init failed".into())
    }
}

/// Stores a key as a user would. The first connection of a provider is `default`.
fn login(programs: &Programs, home: &Path, provider: &str, nth: usize, key: usize) -> Fallible<()> {
    let connection = if nth == 0 {
        "default".to_owned()
    } else {
        format!("c{nth:04}")
    };
    let mut child = command(programs, home)
        .args([
            "login",
            provider,
            "--with-token",
            "--quiet",
            "--connection",
            &connection,
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    let mut stdin = child.stdin.take().ok_or("no stdin")?;
    writeln!(stdin, "sk-cnry_{key:032x}")?;
    drop(stdin);
    if child.wait()?.success() {
        Ok(())
    } else {
        Err(format!("login to {provider} ({connection}) failed").into())
    }
}

fn command(programs: &Programs, home: &Path) -> Command {
    let mut command = Command::new(&programs.authkeep);
    command.env_clear().env("AUTHKEEP_HOME", home);
    command
}
