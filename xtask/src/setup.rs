//! What the tests need beside Rust: a browser, shells, a keyring, the Node packages of the OpenID provider, and HTTP
//! clients of all kinds.
//!
//! Everything comes from the package managers of the machine and of Node. Nothing is installed that is there.

mod clients;

use std::path::Path;
use std::process::Command;

use crate::shell::{self, Failed, has, root};

/// Programs and the Debian packages that bring them.
const PROGRAMS: [(&str, &str); 21] = [
    ("cc", "build-essential"),
    ("chromium", "chromium"),
    ("zsh", "zsh"),
    ("fish", "fish"),
    ("strace", "strace"),
    ("faketime", "faketime"),
    ("setpriv", "util-linux"),
    ("unshare", "util-linux"),
    ("ip", "iproute2"),
    ("curl", "curl"),
    ("wget", "wget"),
    ("openssl", "openssl"),
    ("go", "golang-go"),
    ("nginx", "nginx-light"),
    ("javac", "default-jdk-headless"),
    ("ruby", "ruby"),
    ("php", "php-cli"),
    ("lwp-request", "libwww-perl"),
    ("dbus-run-session", "dbus"),
    ("gnome-keyring-daemon", "gnome-keyring"),
    ("secret-tool", "libsecret-tools"),
];

/// What is no program: a command that succeeds where it is there, and the Debian package that brings it.
const PARTS: [(&[&str], &str); 3] = [
    (
        &["php", "-r", "exit(extension_loaded('curl') ? 0 : 1);"],
        "php-curl",
    ),
    (
        &["perl", "-MLWP::Protocol::https", "-e1"],
        "liblwp-protocol-https-perl",
    ),
    (&["python3", "-c", "import ensurepip, venv"], "python3-venv"),
];

fn programs() -> Result<(), Failed> {
    let programs = PROGRAMS.iter().filter(|(program, _)| !has(program));
    let parts = PARTS.iter().filter(|(check, _)| !succeeds(check));
    let missing: Vec<_> = programs
        .copied()
        .chain(parts.map(|(_, package)| (*package, *package)))
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

/// What the lock file in a folder lists.
fn node_packages(folder: &Path) -> Result<(), Failed> {
    let installed = folder.join("node_modules/.package-lock.json");
    let newer = |path: &Path| {
        path.metadata()
            .and_then(|metadata| metadata.modified())
            .ok()
    };
    if newer(&installed) >= newer(&folder.join("package-lock.json")) && installed.exists() {
        return Ok(());
    }
    if !has("npm") {
        return Err(Failed("Node.js 20 or newer with npm is needed".to_owned()));
    }
    let prefix = folder.display().to_string();
    shell::run(Command::new("npm").args(["ci", "--no-fund", "--no-audit", "--prefix", &prefix]))
}

pub(crate) fn run() -> Result<(), Failed> {
    programs()?;
    node_packages(&root().join("tests/fixtures/oidc-provider"))?;
    clients::install()
}

/// Whether a command ends well, with nothing said about it.
fn succeeds(command: &[&str]) -> bool {
    let Some((program, arguments)) = command.split_first() else {
        return false;
    };
    let output = Command::new(program).args(arguments).output();
    output.is_ok_and(|output| output.status.success())
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout == b"0\n")
}
