//! What the tests need beside Rust: a browser, shells, and the Node packages of the OpenID provider.
//!
//! Everything comes from the package managers of the machine and of Node. Nothing is installed that is there.

use std::process::Command;

use crate::shell::{self, Failed, has, root};

/// Programs and the Debian packages that bring them.
const PROGRAMS: [(&str, &str); 9] = [
    ("cc", "build-essential"),
    ("chromium", "chromium"),
    ("zsh", "zsh"),
    ("fish", "fish"),
    ("strace", "strace"),
    ("faketime", "faketime"),
    ("setpriv", "util-linux"),
    ("unshare", "util-linux"),
    ("ip", "iproute2"),
];

fn programs() -> Result<(), Failed> {
    let missing: Vec<_> = PROGRAMS
        .iter()
        .filter(|(program, _)| !has(program))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let wanted: Vec<&str> = missing.iter().map(|(_, package)| *package).collect();
    let names: Vec<&str> = missing.iter().map(|(program, _)| *program).collect();
    if !has("apt-get") {
        return Err(Failed(format!(
            "these programs are needed and cannot be installed from here: {}",
            names.join(", ")
        )));
    }
    let apt = |arguments: &[&str]| {
        // Whoever is not root is asked for a password by sudo, in the open.
        let mut command = if is_root() {
            Command::new("apt-get")
        } else {
            let mut command = Command::new("sudo");
            command.arg("apt-get");
            command
        };
        command
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive");
        shell::run(&mut command)
    };
    apt(&["update", "-qq"])?;
    let mut install = vec!["install", "-y", "-qq", "--no-install-recommends"];
    install.extend(wanted);
    apt(&install)
}

fn packages() -> Result<(), Failed> {
    let folder = root().join("tests/fixtures/oidc-provider");
    let installed = folder.join("node_modules/.package-lock.json");
    let newer = |path: &std::path::Path| {
        path.metadata()
            .and_then(|metadata| metadata.modified())
            .ok()
    };
    if newer(&installed) >= newer(&folder.join("package-lock.json")) && installed.exists() {
        return Ok(());
    }
    if !has("npm") {
        return Err(Failed(
            "Node.js 20 or newer with npm is needed for the OpenID provider".to_owned(),
        ));
    }
    let prefix = folder.display().to_string();
    shell::run(Command::new("npm").args(["ci", "--no-fund", "--no-audit", "--prefix", &prefix]))
}

pub(crate) fn run() -> Result<(), Failed> {
    programs()?;
    packages()
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout == b"0\n")
}
