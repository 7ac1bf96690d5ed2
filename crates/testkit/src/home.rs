//! A throwaway home directory and the environment to run a real binary in.
//!
//! Nothing of the machine's own environment reaches the command: no display, no proxy, no keyring,
//! no real home. It isolates by environment only; it is no sandbox.

mod run;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

pub use run::{Output, run, run_with_input};

/// A temporary directory laid out as a machine with one user; removed on drop.
#[derive(Debug)]
pub struct TestHome {
    root: TempDir,
}

impl TestHome {
    /// An empty home, mode 0700. The product's own directory is not made: the first run is part of
    /// what tests look at.
    ///
    /// Panics when the directory cannot be made.
    #[must_use]
    pub fn new() -> Self {
        let root = TempDir::with_prefix("authkeep-test-").expect("a temporary directory");
        for folder in ["home", "bin", "tmp", "run"] {
            private_dir(&root.path().join(folder)).expect("folders of the test home");
        }
        Self { root }
    }

    /// Everything the test owns: scan it for leaked secrets.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// The value of `HOME`.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    /// The value of `AUTHKEEP_HOME`: `HOME/.authkeep`, absent until the product makes it.
    #[must_use]
    pub fn authkeep_home(&self) -> PathBuf {
        self.home().join(".authkeep")
    }

    /// First folder on `PATH`: what is put here shadows the machine's programs.
    #[must_use]
    pub fn bin(&self) -> PathBuf {
        self.root().join("bin")
    }

    /// The value of `TMPDIR`.
    #[must_use]
    pub fn tmp(&self) -> PathBuf {
        self.root().join("tmp")
    }

    /// Puts a user's provider definition in place and returns its path. Its `name` is the file's.
    ///
    /// Panics when the definition has no name or the file cannot be written.
    pub fn write_definition(&self, definition: &serde_json::Value) -> PathBuf {
        let name = definition["name"]
            .as_str()
            .expect("a definition has a `name`");
        let folder = self.authkeep_home().join("providers");
        private_dir(&folder).expect("the folder of definitions");
        let file = folder.join(format!("{name}.json"));
        fs::write(&file, format!("{definition:#}\n")).expect("the definition is written");
        file
    }

    /// A command with a closed standard input and only the variables a user's shell always has,
    /// all of them pointing into this home.
    #[must_use]
    pub fn command(&self, program: &Path) -> Command {
        let home = self.home();
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", &home)
            .env("AUTHKEEP_HOME", self.authkeep_home())
            .env(
                "PATH",
                format!("{}:/usr/local/bin:/usr/bin:/bin", self.bin().display()),
            )
            .env("TMPDIR", self.tmp())
            .env("XDG_CONFIG_HOME", home.join(".config"))
            .env("XDG_DATA_HOME", home.join(".local/share"))
            .env("XDG_STATE_HOME", home.join(".local/state"))
            .env("XDG_CACHE_HOME", home.join(".cache"))
            .env("XDG_RUNTIME_DIR", self.root().join("run"))
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .current_dir(&home)
            .stdin(std::process::Stdio::null());
        command
    }
}

impl Default for TestHome {
    fn default() -> Self {
        Self::new()
    }
}

fn private_dir(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{TestHome, run, run_with_input};

    #[test]
    fn only_the_listed_variables_reach_the_command() {
        let home = TestHome::new();
        let output = run(&mut home.command(Path::new("env")));
        let mut names: Vec<&str> = output
            .stdout
            .lines()
            .filter_map(|line| Some(line.split_once('=')?.0))
            .collect();
        names.sort_unstable();
        let expected = "AUTHKEEP_HOME HOME LC_ALL PATH TMPDIR TZ XDG_CACHE_HOME XDG_CONFIG_HOME \
                        XDG_DATA_HOME XDG_RUNTIME_DIR XDG_STATE_HOME";
        assert_eq!(names.join(" "), expected);
    }

    #[test]
    fn without_the_home_the_machine_shows_through() {
        // The negative control of the test above: a plain command inherits more.
        let output = run(&mut std::process::Command::new("env"));
        assert!(
            output.stdout.lines().any(|line| line.starts_with("CARGO")),
            "{}",
            output.stdout
        );
    }

    #[test]
    fn code_input_and_both_streams_are_reported() {
        let home = TestHome::new();
        let mut command = home.command(Path::new("sh"));
        command.args(["-c", "read line; echo got $line; echo oops >&2; exit 7"]);
        let output = run_with_input(&mut command, b"canary\n");
        assert_eq!(
            (output.code, &*output.stdout, &*output.stderr),
            (7, "got canary\n", "oops\n")
        );
        let killed = run(home.command(Path::new("sh")).args(["-c", "kill -9 $$"]));
        assert_eq!(killed.code, 128 + 9);
    }

    #[test]
    fn a_definition_lands_where_the_product_reads_it_and_the_home_goes_away() {
        let home = TestHome::new();
        let file = home.write_definition(&serde_json::json!({"name": "acme"}));
        assert_eq!(file, home.authkeep_home().join("providers/acme.json"));
        assert!(file.is_file());
        drop(home);
        assert!(!file.exists());
    }
}
