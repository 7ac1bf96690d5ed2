//! The address of a login as a page that leads on to it.
//!
//! Every user of a machine may read what stands on a command line, and whoever knows this address can get between the
//! person and the login. So a browser that is able to read it is given a file instead, which only its owner can read
//! and which is gone when the login is over, however it ends.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use authkeep_core::BrowserUrl;
use url::Url;

use crate::context::entropy;

/// What a login that was killed has left behind is removed by one that begins this much later.
const LEFT_BEHIND: Duration = Duration::from_secs(60 * 60);

/// A page on the disk. Dropped, it is deleted.
#[derive(Debug)]
pub(super) struct Page {
    file: PathBuf,
    url: Url,
}

impl Page {
    /// Writes it into `folder`, which is made if it is missing.
    pub(super) fn write(folder: &Path, to: &BrowserUrl) -> io::Result<Self> {
        let folder = std::path::absolute(folder)?;
        let mut private = DirBuilder::new();
        let mut new = OpenOptions::new();
        #[cfg(unix)]
        {
            std::os::unix::fs::DirBuilderExt::mode(&mut private, 0o700);
            std::os::unix::fs::OpenOptionsExt::mode(&mut new, 0o600);
        }
        private.recursive(true).create(&folder)?;
        sweep(&folder);
        let mut name = [0; 16];
        entropy(&mut name).map_err(io::Error::other)?;
        let name: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
        let file = folder.join(format!("{name}.html"));
        let url = Url::from_file_path(&file).map_err(|()| io::ErrorKind::InvalidFilename)?;
        let mut written = new.write(true).create_new(true).open(&file)?;
        let page = Self { file, url };
        written.write_all(markup(to).as_bytes())?;
        Ok(page)
    }

    /// Where a browser finds it.
    pub(super) fn url(&self) -> &str {
        self.url.as_str()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // It may have been swept away.
        let _removed = fs::remove_file(&self.file);
    }
}

/// Nothing in it is a program, it loads nothing, and it does not say where it was.
fn markup(to: &BrowserUrl) -> String {
    let to = escaped(to.as_str());
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'\">\n\
         <meta http-equiv=\"refresh\" content=\"0; url={to}\">\n\
         <title>authkeep</title>\n\
         <p><a href=\"{to}\" rel=\"noreferrer\">Go on to the login</a></p>\n</html>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn sweep(folder: &Path) {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    for file in files {
        let modified = file.metadata().and_then(|metadata| metadata.modified());
        let age = modified.ok().and_then(|modified| modified.elapsed().ok());
        if age.is_some_and(|age| age > LEFT_BEHIND) {
            // Another login may have come first.
            let _removed = fs::remove_file(file.path());
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use authkeep_core::Loopbacks;

    use super::*;

    #[test]
    fn it_is_its_owners_alone_and_goes_with_the_login() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("open");
        let to = "https://a.example/x?a=1&b=%22%3E%3Cscript";
        let to = BrowserUrl::parse(to, Loopbacks::Refused).unwrap();
        let page = Page::write(&folder, &to).unwrap();
        let other = Page::write(&folder, &to).unwrap();
        assert_ne!(page.url(), other.url());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&page.file)), (0o700, 0o600));
        let markup = fs::read_to_string(&page.file).unwrap();
        let leads_to = "content=\"0; url=https://a.example/x?a=1&amp;b=%22%3E%3Cscript\"";
        assert!(markup.contains(leads_to), "{markup}");
        assert!(!markup.contains("<script"), "{markup}");

        // What was left behind is swept away by the next login; what is in use is not.
        let forgotten = fs::File::options().write(true).open(&other.file).unwrap();
        let long_ago = forgotten.metadata().unwrap().modified().unwrap() - 2 * LEFT_BEHIND;
        forgotten.set_modified(long_ago).unwrap();
        drop(Page::write(&folder, &to).unwrap());
        assert!(!other.file.exists() && page.file.exists());
        drop(page);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    }
}
