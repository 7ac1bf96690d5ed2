//! The programs of the client matrix: libraries for Python and Node, and what has to be compiled.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::node_packages;
use crate::shell::{self, Failed, root};

pub(super) fn install() -> Result<(), Failed> {
    let folder = root().join("tests/fixtures/clients");
    node_packages(&folder.join("node"))?;
    python(&folder.join("python"))?;
    compiled(&folder)
}

/// A virtual environment with exactly the libraries that are listed.
fn python(folder: &Path) -> Result<(), Failed> {
    let (wanted, venv) = (folder.join("requirements.txt"), folder.join("venv"));
    let installed = venv.join("installed.txt");
    if is_same(&wanted, &installed) {
        return Ok(());
    }
    shell::run(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&venv),
    )?;
    let install = [
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
    ];
    shell::run(
        Command::new(venv.join("bin/pip"))
            .args(install)
            .arg(&wanted),
    )?;
    copied(&wanted, &installed)
}

/// Go and Java take longer to compile a program than to run it. Each is compiled anew when its source has changed.
fn compiled(folder: &Path) -> Result<(), Failed> {
    let built = folder.join("built");
    fs::create_dir_all(&built).map_err(|error| Failed(error.to_string()))?;
    let (source, kept) = (folder.join("go/main.go"), built.join("main.go"));
    if !is_same(&source, &kept) {
        let mut go = Command::new("go");
        go.arg("build")
            .arg("-o")
            .arg(built.join("client-go"))
            .arg(&source);
        // No C compiler, and no other Go than the one that is there.
        shell::run(go.env("CGO_ENABLED", "0").env("GOTOOLCHAIN", "local"))?;
        copied(&source, &kept)?;
    }
    let (source, kept) = (folder.join("java/Client.java"), built.join("Client.java"));
    if !is_same(&source, &kept) {
        shell::run(Command::new("javac").arg("-d").arg(&built).arg(&source))?;
        copied(&source, &kept)?;
    }
    Ok(())
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((fs::read(one), fs::read(other)), (Ok(one), Ok(other)) if one == other)
}

/// What was installed, for the next time.
fn copied(from: &Path, to: &Path) -> Result<(), Failed> {
    let done = fs::copy(from, to).map(drop);
    done.map_err(|error| Failed(format!("cannot write {}: {error}", to.display())))
}
