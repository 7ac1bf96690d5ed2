//! Which programs are browsers of this very machine, able to read a file in this user's home.
//!
//! Most that can stand in `BROWSER` are not: openers that hand an address on to another machine or another system, and
//! browsers in a sandbox (snap, flatpak), which do not see hidden folders. Who is in doubt gets the address as it is.
//! Where other users cannot read what stands on a command line, nobody needs a file.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use crate::env;

/// The names of browsers; what follows a hyphen tells editions apart.
const BROWSERS: [&str; 15] = [
    "brave",
    "chrome",
    "chromium",
    "epiphany",
    "falkon",
    "firefox",
    "google-chrome",
    "konqueror",
    "librewolf",
    "microsoft-edge",
    "msedge",
    "opera",
    "qutebrowser",
    "vivaldi",
    "waterfox",
];

/// What a script says that starts something else than it is named after.
const SANDBOXES: [&str; 4] = ["snap", "flatpak", "firejail", "bwrap"];

/// How long the desktop may take to say which browser is its own.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether `program` is known to read files of this user's.
pub(super) fn reads_files(program: &str) -> bool {
    // Over SSH a browser may speak to one on the other machine, which has the screen.
    cfg!(target_os = "linux") && !env::is_ssh() && found(program).is_some_and(|path| is_one(&path))
}

/// The desktop's own browser as a command, if it is one that reads files.
///
/// `withheld` are variables that are no business of whatever is asked about it.
pub(super) fn of_the_desktop(withheld: &[String]) -> Option<Vec<String>> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let name = default_entry(withheld)?;
    let entry = env::data_folders()
        .into_iter()
        .find_map(|folder| std::fs::read_to_string(folder.join("applications").join(&name)).ok())?;
    let words = command_of(&entry)?;
    reads_files(words.first()?).then_some(words)
}

/// A program as the system would find it.
fn found(program: &str) -> Option<PathBuf> {
    let candidates = match program.contains('/') {
        true => vec![PathBuf::from(program)],
        false => env::program_folders()
            .into_iter()
            .map(|folder| folder.join(program))
            .collect(),
    };
    candidates.into_iter().find(|path| path.is_file())
}

/// Judges by what the program is in the end: links are followed, and a script must not start a sandbox.
fn is_one(path: &Path) -> bool {
    let Ok(path) = path.canonicalize() else {
        return false;
    };
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.map(|name| name.strip_suffix(".sh").unwrap_or(name));
    let is_known = name.is_some_and(|name| {
        BROWSERS.iter().any(|known| {
            let edition = name.strip_prefix(known);
            edition.is_some_and(|edition| edition.is_empty() || edition.starts_with('-'))
        })
    });
    let says_sandbox = |text: &str| SANDBOXES.iter().any(|word| text.contains(word));
    is_known
        && !says_sandbox(&path.to_string_lossy())
        && !script(&path).is_none_or(|text| says_sandbox(&text))
}

/// The text of a script, and nothing for any other program. `None` where it cannot be read.
fn script(path: &Path) -> Option<String> {
    const MOST: u64 = 64 * 1024;
    let mut start = Vec::new();
    let file = std::fs::File::open(path).ok()?;
    file.take(MOST).read_to_end(&mut start).ok()?;
    Some(if start.starts_with(b"#!") {
        String::from_utf8_lossy(&start).into_owned()
    } else {
        String::new()
    })
}

/// The name of the desktop's entry for web pages.
fn default_entry(withheld: &[String]) -> Option<String> {
    let mut command = Command::new("xdg-settings");
    command.args(["get", "default-web-browser"]);
    for variable in withheld {
        command.env_remove(variable);
    }
    let mut asked = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let answer = asked.stdout.take()?;
    let (told, line) = channel();
    // What it has started may hold its end of the pipe for ever: this thread may wait for that, the login may not.
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = BufReader::new(answer.take(256)).read_line(&mut line);
        // Nobody may be there any more who wants to know.
        let _heard = read.is_ok_and(|_| told.send(line).is_ok());
    });
    let line = line.recv_timeout(PATIENCE);
    let _ended = asked.kill().and_then(|()| asked.wait());
    let line = line.ok()?;
    let name = line.trim();
    (name.ends_with(".desktop") && !name.contains('/')).then(|| name.to_owned())
}

/// The words of an entry's command, without the places for addresses: what is to be opened comes last.
fn command_of(entry: &str) -> Option<Vec<String>> {
    let lines = entry.lines().map(str::trim);
    let mut lines = lines.skip_while(|line| *line != "[Desktop Entry]").skip(1);
    let command = lines
        .by_ref()
        .take_while(|line| !line.starts_with('['))
        .find_map(|line| line.strip_prefix("Exec")?.trim_start().strip_prefix('='))?;
    let mut words = shlex::split(command)?;
    words.retain(|word| !matches!(word.as_str(), "%u" | "%U" | "%f" | "%F"));
    let is_plain = !words.is_empty() && words.iter().all(|word| !word.contains('%'));
    is_plain.then_some(words)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn browsers_are_known_by_what_they_are_in_the_end() {
        let home = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = home.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            path
        };
        let link = |name: &str, to: &Path| {
            let path = home.path().join(name);
            symlink(to, &path).unwrap();
            path
        };
        let binary = "\u{7f}ELF snap flatpak";
        let firefox = file("firefox-esr", binary);
        let known = [
            link("x-www-browser", &firefox),
            file("google-chrome-stable", "#!/bin/bash\nexec chrome"),
            file("chromium-browser.sh", "#!/bin/sh\nexec chromium"),
            firefox,
        ];
        for path in known {
            assert!(is_one(&path), "{path:?}");
        }
        let snap = file("bin/snap", binary);
        let unknown = [
            link("firefox", &snap),
            link("opera", &file("firejail", binary)),
            file("snap/chromium/chromium", binary),
            file("chromium-browser", "#!/bin/sh\nexec /snap/bin/chromium"),
            file("vivaldi", "#!/bin/sh\nexec flatpak run com.vivaldi.Vivaldi"),
            file("firefox.exe", binary),
            file("wslview", "#!/bin/sh"),
            file("firefoxy", binary),
            file("xdg-open", "#!/bin/sh"),
            home.path().join("brave"),
        ];
        for path in unknown {
            assert!(!is_one(&path), "{path:?}");
        }
    }

    #[test]
    fn an_entry_of_the_desktop_is_a_command() {
        let words = |exec: &str| {
            let entry = format!(
                "# x\n[Other]\nExec=no\n[Desktop Entry]\nName=B\n{exec}\n[Desktop Action new]\nExec=b --new"
            );
            command_of(&entry).map(|words| words.join(" "))
        };
        assert_eq!(words("Exec=/usr/bin/b %U").as_deref(), Some("/usr/bin/b"));
        let profile = words("Exec = b --profile \"x y\" %u");
        assert_eq!(profile.as_deref(), Some("b --profile x y"));
        for odd in [
            "Exec=b --app=%u",
            "Exec=b %i",
            "Exec=",
            "Exec=\"b",
            "Icon=b",
        ] {
            assert_eq!(words(odd), None, "{odd}");
        }
    }
}
