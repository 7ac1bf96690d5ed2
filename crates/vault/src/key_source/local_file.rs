//! Keeps the master key in a private file of the user's.
//!
//! The file is one line: `authkeep-master-key:1:` and the key in standard base64. It protects
//! against whoever sees the vault without the file, not against whoever can read the user's files.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{KeySource, KeySourceError, MasterKey};
use crate::Entropy;
use crate::entropy::draw_id;
use crate::private_file::{self, Access, FileFault};

/// What every key file begins with; the digit is the version of this format.
const PREFIX: &str = "authkeep-master-key:1:";

/// A valid file is far shorter. Anything longer is not read to its end.
const MAX_LEN: usize = 256;

/// A master key in a file, such as `master.key` in the home directory.
#[derive(Debug, Clone)]
pub struct LocalKeyFile {
    path: PathBuf,
}

impl LocalKeyFile {
    /// Names the file. Nothing is read or made yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where the key is kept.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a new key under a name of its own, whole and on disk, and only then gives it the
    /// final name, unless that is taken.
    fn write_new(&self, key: &MasterKey, entropy: Entropy) -> Result<(), KeySourceError> {
        let directory = private_file::parent(&self.path);
        private_file::create_dir(directory)?;
        let mut line = Zeroizing::new(String::with_capacity(MAX_LEN));
        line.push_str(PREFIX);
        // EXPOSE: the key, into a buffer that is zeroed, on its way to its own private file.
        STANDARD.encode_string(key.expose_secret(), &mut line);
        line.push('\n');

        let temporary = self.sibling(&draw_id::<8>(entropy)?);
        let mut file = private_file::create_new(&temporary)?;
        let written = file
            .write_all(line.as_bytes())
            .and_then(|()| file.sync_all())
            .and_then(|()| private_file::publish(&temporary, &self.path))
            .and_then(|()| private_file::sync_dir(directory));
        written.map_err(|source| {
            // The file is ours alone and useless now; that it may stay behind harms nobody.
            drop(fs::remove_file(&temporary));
            FileFault::from_io(&self.path, source).into()
        })
    }

    /// Removes what killed processes left behind. A process that is creating right now loses its
    /// temporary file too; it then finds the final name taken or its own gone, and takes the key
    /// that is there.
    fn sweep(&self) {
        let Ok(siblings) = fs::read_dir(private_file::parent(&self.path)) else {
            return;
        };
        let (start, end) = self.sibling_affixes();
        for entry in siblings.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(&start) && name.ends_with(end) {
                drop(fs::remove_file(entry.path()));
            }
        }
    }

    fn sibling(&self, id: &str) -> PathBuf {
        let (start, end) = self.sibling_affixes();
        self.path.with_file_name(format!("{start}{id}{end}"))
    }

    fn sibling_affixes(&self) -> (String, &'static str) {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        (format!("{name}."), ".new")
    }
}

impl KeySource for LocalKeyFile {
    fn load(&self) -> Result<Option<MasterKey>, KeySourceError> {
        let Some(file) = private_file::open_existing(&self.path, Access::Read)? else {
            return Ok(None);
        };
        private_file::check_secret(&file, &self.path)?;
        let mut text = Zeroizing::new(Vec::with_capacity(MAX_LEN));
        file.take(MAX_LEN as u64)
            .read_to_end(&mut text)
            .map_err(|source| FileFault::from_io(&self.path, source))?;
        match parse(&text) {
            Some(key) => Ok(Some(key)),
            None => Err(KeySourceError::Malformed {
                path: self.path.clone(),
            }),
        }
    }

    fn create(&self, entropy: Entropy) -> Result<MasterKey, KeySourceError> {
        if let Some(present) = self.load()? {
            return Ok(present);
        }
        let key = MasterKey::generate(entropy)?;
        let written = self.write_new(&key, entropy);
        // Whether or not this process was first, the key that counts is the one in the file.
        let present = self.load()?;
        match (present, written) {
            (Some(present), _) => {
                self.sweep();
                Ok(present)
            }
            (None, Err(error)) => Err(error),
            (None, Ok(())) => Err(KeySourceError::Malformed {
                path: self.path.clone(),
            }),
        }
    }

    fn kind(&self) -> &'static str {
        "local_key"
    }
}

fn parse(text: &[u8]) -> Option<MasterKey> {
    let encoded = text.strip_suffix(b"\n")?.strip_prefix(PREFIX.as_bytes())?;
    let decoded = Zeroizing::new(STANDARD.decode(encoded).ok()?);
    let bytes: &[u8; 32] = decoded.as_slice().try_into().ok()?;
    Some(MasterKey::new(Zeroizing::new(*bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_format_is_pinned() {
        let line = format!("{PREFIX}{}\n", STANDARD.encode([7; 32]));
        assert_eq!(
            line,
            "authkeep-master-key:1:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n"
        );
        assert_eq!(parse(line.as_bytes()).unwrap().expose_secret(), &[7; 32]);
    }

    #[test]
    fn anything_else_is_not_a_key() {
        let good = format!("{PREFIX}{}\n", STANDARD.encode([7; 32]));
        assert!(parse(good.as_bytes()).is_some());
        for cut in 0..good.len() {
            assert!(parse(&good.as_bytes()[..cut]).is_none(), "cut at {cut}");
        }
        for text in [
            good.replace(":1:", ":2:"),
            good.replace('\n', "\r\n"),
            format!("{good}\n"),
            format!("{PREFIX}{}\n", STANDARD.encode([7; 31])),
            format!("{PREFIX}{}\n", STANDARD.encode([7; 33])),
            "\0".repeat(32),
        ] {
            assert!(parse(text.as_bytes()).is_none(), "{text:?}");
        }
    }
}
