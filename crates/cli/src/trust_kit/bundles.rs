//! Files of root certificates: each client keeps the roots that it has, and gets this run's in addition.
//!
//! A client that is told of a file by a variable trusts what is in it and nothing else. With this run's certificate
//! alone it could not speak to any host that is not intercepted.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::directory::PrivateDirectory;

/// Where distributions keep their roots in one file: Debian, Fedora, openSUSE, RHEL, NixOS, Alpine and macOS.
const DISTRIBUTIONS: [&str; 7] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/certs/ca-bundle.crt",
    "/etc/pki/tls/cacert.pem",
    "/etc/ssl/cert.pem",
];

/// The roots of this machine, if they are where any distribution keeps them.
pub(super) fn distribution() -> Option<PathBuf> {
    let mut known = DISTRIBUTIONS.iter().map(PathBuf::from);
    known.find(|path| path.is_file())
}

/// The files that are written for this run.
#[derive(Debug)]
pub(super) struct Bundles<'a> {
    directory: &'a PrivateDirectory,
    ca_pem: &'a str,
    written: HashMap<Option<PathBuf>, PathBuf>,
}

impl<'a> Bundles<'a> {
    /// None yet.
    pub(super) fn new(directory: &'a PrivateDirectory, ca_pem: &'a str) -> Self {
        Self {
            directory,
            ca_pem,
            written: HashMap::new(),
        }
    }

    /// A file with the roots of `base`, which is a file or a directory in the form of `c_rehash`, and this run's.
    /// Asked for twice, it is the same file.
    pub(super) fn on(&mut self, base: Option<&Path>) -> io::Result<PathBuf> {
        let base = base.map(Path::to_owned);
        if let Some(path) = self.written.get(&base) {
            return Ok(path.clone());
        }
        let roots = base.as_deref().map(roots).unwrap_or_default();
        let name = match self.written.len() {
            0 => "bundle.pem".to_owned(),
            more => format!("bundle-{more}.pem"),
        };
        let path = self.directory.write(&name, &joined(roots, self.ca_pem))?;
        self.written.insert(base, path.clone());
        Ok(path)
    }
}

/// The certificates of a file or a directory. What cannot be read was of no use to the client either.
pub(super) fn roots(base: &Path) -> Vec<u8> {
    if !base.is_dir() {
        return fs::read(base).unwrap_or_default();
    }
    let entries = fs::read_dir(base).into_iter().flatten().flatten();
    // By these names alone are certificates looked for in such a directory: a hash of the subject and a number.
    let hashed = entries.map(|entry| entry.path()).filter(|path| {
        let stem = path.file_stem().unwrap_or_default().len();
        let number = path
            .extension()
            .is_some_and(|extension| extension.as_encoded_bytes().iter().all(u8::is_ascii_digit));
        stem == 8 && number
    });
    hashed.fold(Vec::new(), |all, path| {
        joined(all, &fs::read_to_string(path).unwrap_or_default())
    })
}

fn joined(mut first: Vec<u8>, then: &str) -> Vec<u8> {
    if first.last().is_some_and(|last| *last != b'\n') {
        first.push(b'\n');
    }
    first.extend(then.as_bytes());
    first
}
