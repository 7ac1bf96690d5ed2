//! Vaults on mounted file systems: what other machines may use is refused before anything is made.
#![cfg(target_os = "linux")]
#![expect(clippy::print_stdout, reason = "a skipped test says so")]
#![expect(
    clippy::unwrap_used,
    reason = "a test fixture; a failure here is a failed test"
)]

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};

use authkeep_vault::{Expected, FileSystems, OpenError, SqliteStore, Store as _};

use crate::home::{Home, key, options_in, read};

/// A mounted file system; unmounted when dropped.
struct Mounted<'a> {
    at: &'a Path,
    program: Option<JoinHandle<Vec<u32>>>,
}

impl<'a> Mounted<'a> {
    fn mount(at: &'a Path, kind: &str, options: &str, input: Stdio) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-i", "-t", kind, "-o", options, "test"])
            .arg(at)
            .stdin(input)
            .output()
            .is_ok_and(|output| output.status.success());
        if !mounted {
            println!("skipped: mounting {kind} takes root");
        }
        mounted.then_some(Self { at, program: None })
    }

    /// An empty folder from a FUSE program, which is a thread here.
    fn fuse(at: &'a Path, kind: &str) -> Option<Self> {
        let Ok(device) = File::options().read(true).write(true).open("/dev/fuse") else {
            println!("skipped: no FUSE here");
            return None;
        };
        let input = device.try_clone().unwrap().into();
        let options = "fd=0,rootmode=40000,user_id=0,group_id=0";
        let mut mounted = Self::mount(at, kind, options, input)?;
        // The device can be read once it is mounted, and nothing is asked before.
        mounted.program = Some(thread::spawn(move || serve_an_empty_folder(device)));
        Some(mounted)
    }

    /// Unmounts, and returns what the FUSE program was asked for.
    fn requests(mut self) -> Vec<u32> {
        let program = self.program.take().unwrap();
        drop(self);
        program.join().unwrap()
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-i").arg(self.at).output());
    }
}

/// Requests of the FUSE protocol (`linux/fuse.h`).
const LOOKUP: u32 = 1;
const FORGET: u32 = 2;
const GETATTR: u32 = 3;
const MKDIR: u32 = 9;
const STATFS: u32 = 17;
const INIT: u32 = 26;
const CREATE: u32 = 35;

/// Answers the kernel until the folder is unmounted. Returns what was asked for.
fn serve_an_empty_folder(mut device: File) -> Vec<u32> {
    const NOT_FOUND: i32 = -2;
    const NOT_OFFERED: i32 = -38;
    let mut asked = Vec::new();
    let mut request = vec![0; 1 << 16];
    while let Ok(length @ 40..) = device.read(&mut request) {
        let request = &request[..length];
        let operation = u32::from_ne_bytes(request[4..8].try_into().unwrap());
        asked.push(operation);
        let numbers = |numbers: &[u32]| numbers.iter().flat_map(|n| n.to_ne_bytes()).collect();
        let (error, answer): (i32, Vec<u8>) = match operation {
            FORGET => continue,
            // Version 7.31, no flags, writes of one page, times in nanoseconds.
            INIT => (0, {
                let mut answer = [0; 16];
                answer[..2].copy_from_slice(&[7, 31]);
                answer[5..7].copy_from_slice(&[4096, 1]);
                numbers(&answer)
            }),
            // Two words of validity, then the attributes: inode 1, a directory of root's.
            GETATTR => (0, {
                let mut answer = [0; 26];
                answer[4] = 1;
                answer[19..21].copy_from_slice(&[0o040_700, 2]);
                numbers(&answer)
            }),
            STATFS => (0, vec![0; 80]),
            LOOKUP => (NOT_FOUND, Vec::new()),
            _ => (NOT_OFFERED, Vec::new()),
        };
        let mut out = u32::try_from(16 + answer.len())
            .unwrap()
            .to_ne_bytes()
            .to_vec();
        out.extend(error.to_ne_bytes());
        out.extend(&request[8..16]);
        out.extend(answer);
        // An interrupted request needs no answer any more, and the kernel says so.
        drop(device.write(&out));
    }
    asked
}

#[test]
fn a_fuse_folder_is_refused_untouched_unless_the_caller_answers_for_it() {
    for kind in ["fuse.rclone", "fuse.bindfs", "fuse"] {
        let home = Home::new();
        let Some(mounted) = Mounted::fuse(home.path(), kind) else {
            return;
        };
        let options = home.options("default");
        for refused in [
            SqliteStore::create(&options),
            SqliteStore::open_or_create(&options),
        ] {
            match refused {
                Err(OpenError::UnclearFileSystem { dir, file_system }) => {
                    assert_eq!((dir, file_system.as_str()), (options.dir.clone(), kind));
                }
                found => panic!("{kind}: {found:?}"),
            }
        }
        let requests = mounted.requests();
        assert!(requests.contains(&STATFS));
        assert!(!requests.contains(&MKDIR) && !requests.contains(&CREATE));
    }

    // An existing folder is refused by `open` as well; with the caller's word, it is looked into.
    let home = Home::new();
    let Some(mounted) = Mounted::fuse(home.path(), "fuse.rclone") else {
        return;
    };
    let mut options = home.options("default");
    options.dir = home.path().to_owned();
    assert!(matches!(
        SqliteStore::open(&options),
        Err(OpenError::UnclearFileSystem { .. })
    ));
    assert!(matches!(
        SqliteStore::open_on(&options, FileSystems::LocalOrUnclear),
        Err(OpenError::NotFound { .. })
    ));
    // This FUSE program can make nothing, but it is asked to.
    SqliteStore::open_or_create_on(&options, FileSystems::LocalOrUnclear).unwrap_err();
    assert!(mounted.requests().contains(&CREATE));
}

#[test]
fn an_encrypted_home_is_accepted() {
    let home = Home::new();
    let Some(_mounted) = Mounted::fuse(home.path(), "fuse.gocryptfs") else {
        return;
    };
    let mut options = home.options("default");
    options.dir = home.path().to_owned();
    assert!(matches!(
        SqliteStore::open(&options),
        Err(OpenError::NotFound { .. })
    ));
}

#[test]
fn a_container_s_layers_are_accepted() {
    let root = Home::new();
    let Some(_disk) = Mounted::mount(root.path(), "tmpfs", "size=4m", Stdio::null()) else {
        return;
    };
    let layer = |name: &str| {
        let path = root.path().join(name);
        fs::create_dir(&path).unwrap();
        path
    };
    let (lower, upper, work, merged) =
        (layer("lower"), layer("upper"), layer("work"), layer("all"));
    let layers = format!(
        "lowerdir={},upperdir={},workdir={}",
        lower.display(),
        upper.display(),
        work.display()
    );
    // A vault that is part of the image.
    let image = options_in(&lower, "default");
    let store = SqliteStore::create(&image).unwrap();
    store.put(&key("a"), b"1", Expected::Any).unwrap();
    drop(store.lock(&key("a"), std::time::Duration::ZERO).unwrap());
    drop(store);
    let Some(_mounted) = Mounted::mount(&merged, "overlay", &layers, Stdio::null()) else {
        return;
    };
    let options = options_in(&merged, "default");
    let store = SqliteStore::open(&options).unwrap();
    drop(store.lock(&key("a"), std::time::Duration::ZERO).unwrap());
    store.put(&key("a"), b"2", Expected::Any).unwrap();
    drop(store);
    let store = SqliteStore::open(&options).unwrap();
    assert_eq!(read(&store, "a").unwrap(), b"2");
    drop(SqliteStore::create(&options_in(&merged, "other")).unwrap());
}
