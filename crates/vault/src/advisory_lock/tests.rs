use std::cell::Cell;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustix::io::Errno;
use tempfile::TempDir;

use super::*;
use crate::LockError;

const SHORT: Duration = Duration::from_millis(30);
const LONG: Duration = Duration::from_secs(20);

fn lock_file() -> (TempDir, std::path::PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("locks").join("a");
    (home, path)
}

#[track_caller]
fn assert_busy(found: Result<AdvisoryLock, NotLocked>) {
    assert!(matches!(found, Err(NotLocked::Busy { .. })), "{found:?}");
}

#[test]
fn one_holder_at_a_time_and_free_after_the_drop() {
    let (home, path) = lock_file();
    let held = AdvisoryLock::take(&path, Duration::ZERO).unwrap();
    match AdvisoryLock::take(&path, SHORT) {
        Err(NotLocked::Busy { waited }) => assert!(waited >= SHORT),
        other => panic!("{other:?}"),
    }
    // Another lock is another matter.
    AdvisoryLock::take(&home.path().join("other"), Duration::ZERO).unwrap();
    drop(held);
    AdvisoryLock::take(&path, Duration::ZERO).unwrap();
}

/// Takes a lock of which the system says something else than it should.
fn take_failing(patience: Duration, error: Errno) -> (Result<AdvisoryLock, NotLocked>, u32) {
    let (_home, path) = lock_file();
    let asked = Cell::new(0);
    let flock = |_: &File| {
        asked.set(asked.get() + 1);
        Err(error.into())
    };
    let found = AdvisoryLock::take_by(&path, patience, flock, is_at);
    (found, asked.get())
}

#[test]
fn a_lock_that_the_system_does_not_give_is_unavailable() {
    for error in [
        Errno::NOLCK,
        Errno::OPNOTSUPP,
        Errno::IO,
        Errno::NOSYS,
        Errno::BADF,
        Errno::NOMEM,
        Errno::STALE,
    ] {
        let (found, asked) = take_failing(LONG, error);
        assert_eq!(asked, 1, "{error}: asking again would not help");
        match found.map_err(LockError::from) {
            Err(LockError::Unavailable(why)) => {
                assert_eq!(why.raw_os_error(), Some(error.raw_os_error()));
            }
            found => panic!("{error}: {found:?}"),
        }
    }
    // An interrupted call is made again as long as there is patience, but never for ever.
    let (found, asked) = take_failing(SHORT, Errno::INTR);
    assert!(asked > 1);
    assert!(matches!(found, Err(NotLocked::Unsupported(_))), "{found:?}");
    // The control: the same way with a lock that is held, and with one that is given.
    let (found, asked) = take_failing(SHORT, Errno::WOULDBLOCK);
    assert!(asked > 1);
    assert_busy(found);
    let (_home, path) = lock_file();
    AdvisoryLock::take_by(&path, Duration::ZERO, |_| Ok(()), is_at).unwrap();
}

#[test]
fn an_interrupted_call_that_succeeds_the_second_time_gives_the_lock() {
    let (_home, path) = lock_file();
    let first = Cell::new(true);
    let flock = |file: &File| match first.replace(false) {
        true => Err(Errno::INTR.into()),
        false => FileExt::try_lock_exclusive(file),
    };
    let _held = AdvisoryLock::take_by(&path, LONG, flock, is_at).unwrap();
    assert_busy(AdvisoryLock::take(&path, Duration::ZERO));
}

/// A program that runs until it is killed, with something for its standard input.
struct Sleeper(Child);

impl Sleeper {
    fn start(input: Stdio) -> Self {
        let child = Command::new("sleep").arg("300").stdin(input).spawn();
        Self(child.unwrap())
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn a_child_that_lives_on_keeps_no_lock() {
    let (_home, path) = lock_file();
    // Only opened and locked, so that it is given back as for a process that was killed.
    let locked = || {
        let file = open(&path).unwrap().unwrap();
        let started = Instant::now();
        while FileExt::try_lock_exclusive(&file).is_err() {
            assert!(started.elapsed() < LONG);
            thread::sleep(FIRST_PAUSE);
        }
        file
    };
    let file = locked();
    let child = Sleeper::start(Stdio::null());
    drop(file);
    drop(AdvisoryLock::take(&path, LONG).unwrap());
    drop(child);

    // The control: a child that was handed the file keeps its lock.
    let file = locked();
    let child = Sleeper::start(file.try_clone().unwrap().into());
    drop(file);
    assert_busy(AdvisoryLock::take(&path, SHORT));
    drop(child);
    // Even such a child does not keep what the holder gave back itself.
    let held = AdvisoryLock::take(&path, LONG).unwrap();
    let child = Sleeper::start(held.file.try_clone().unwrap().into());
    drop(held);
    AdvisoryLock::take(&path, LONG).unwrap();
    drop(child);
}

#[test]
fn a_lock_file_that_never_stays_is_unavailable_in_the_end() {
    let (_home, path) = lock_file();
    let found = AdvisoryLock::take_by(&path, SHORT, FileExt::try_lock_exclusive, |_, _| Ok(false));
    assert!(matches!(found, Err(NotLocked::Unsupported(_))), "{found:?}");
    let denied = |_: &File, _: &Path| Err(io::ErrorKind::PermissionDenied.into());
    let found = AdvisoryLock::take_by(&path, LONG, FileExt::try_lock_exclusive, denied);
    assert!(matches!(found, Err(NotLocked::File(_))), "{found:?}");
}

#[test]
fn a_file_is_told_from_another_one_at_its_path() {
    let (_home, path) = lock_file();
    let file = open(&path).unwrap().unwrap();
    assert!(is_at(&file, &path).unwrap());
    let aside = path.with_extension("aside");
    fs::rename(&path, &aside).unwrap();
    assert!(!is_at(&file, &path).unwrap());
    drop(open(&path).unwrap());
    assert!(!is_at(&file, &path).unwrap());
    assert!(is_at(&file, &aside).unwrap());
    // Where that cannot be told, the lock is not taken for good.
    let folder = private_file::parent(&path);
    fs::remove_dir_all(folder).unwrap();
    fs::write(folder, "").unwrap();
    is_at(&file, &path).unwrap_err();
}

/// Few rounds as a rule; many when a long run is asked for.
#[expect(clippy::disallowed_methods, reason = "the only switch of these tests")]
fn rounds(quick: usize, full: usize) -> usize {
    match std::env::var("AUTHKEEP_TORTURE") {
        Ok(_) => full,
        Err(_) => quick,
    }
}

/// Removes a lock file, or its whole folder, for which somebody waits; then lets the waiter and a
/// newcomer go for the lock. Returns in how many rounds both were in at once.
fn removed_under_a_waiter(rounds: usize, is_at: fn(&File, &Path) -> io::Result<bool>) -> usize {
    let mut together = 0;
    for round in 0..rounds {
        let (_home, path) = lock_file();
        let held = AdvisoryLock::take(&path, Duration::ZERO).unwrap();
        let (inside, both) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (waits, freed) = (Barrier::new(2), Barrier::new(2));
        let enter = |lock: AdvisoryLock, until: &dyn Fn() -> bool| {
            if inside.fetch_add(1, Ordering::SeqCst) > 0 {
                both.fetch_add(1, Ordering::SeqCst);
            }
            let started = Instant::now();
            while !until() && started.elapsed() < Duration::from_millis(5) {
                thread::yield_now();
            }
            inside.fetch_sub(1, Ordering::SeqCst);
            drop(lock);
        };
        let seen = || both.load(Ordering::SeqCst) > 0;
        thread::scope(|scope| {
            scope.spawn(|| {
                let asked = Cell::new(0);
                let flock = |file: &File| {
                    let answer = FileExt::try_lock_exclusive(file);
                    // The first time it is held; from then on this one waits with that file.
                    if asked.replace(asked.get() + 1) == 0 {
                        waits.wait();
                        freed.wait();
                    }
                    answer
                };
                enter(
                    AdvisoryLock::take_by(&path, LONG, flock, is_at).unwrap(),
                    &seen,
                );
            });
            waits.wait();
            fs::remove_file(&path).unwrap();
            if round % 2 == 1 {
                fs::remove_dir(private_file::parent(&path)).unwrap();
            }
            drop(held);
            scope.spawn(|| {
                let lock = AdvisoryLock::take(&path, LONG).unwrap();
                freed.wait();
                enter(lock, &seen);
            });
        });
        together += usize::from(seen());
    }
    together
}

#[test]
fn nobody_gets_in_by_a_lock_file_that_was_removed() {
    let rounds = rounds(60, 1_000);
    let started = Instant::now();
    assert_eq!(removed_under_a_waiter(rounds, is_at), 0);
    println!("removals: {rounds}, both in: 0, {:?}", started.elapsed());
    // The control: without the look at the path both are in.
    let together = removed_under_a_waiter(rounds, |_, _| Ok(true));
    println!("removals without the check: {rounds}, both in: {together}");
    assert!(together > 0);
}

/// Some take the lock again and again while another one, who has it, removes its file each time.
#[test]
fn removals_by_a_holder_disturb_nobody() {
    let (_home, path) = lock_file();
    let rounds = rounds(30, 300);
    let (inside, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let together = AtomicUsize::new(0);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    let lock = AdvisoryLock::take(&path, LONG).unwrap();
                    let others = inside.fetch_add(1, Ordering::SeqCst);
                    together.fetch_add(others, Ordering::SeqCst);
                    thread::yield_now();
                    inside.fetch_sub(1, Ordering::SeqCst);
                    drop(lock);
                    taken.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        for _ in 0..rounds {
            let lock = AdvisoryLock::take(&path, LONG).unwrap();
            fs::remove_file(&path).unwrap();
            let before = taken.load(Ordering::SeqCst);
            drop(lock);
            while taken.load(Ordering::SeqCst) == before {
                thread::yield_now();
            }
        }
        done.store(true, Ordering::SeqCst);
    });
    let taken = taken.into_inner();
    println!("removals: {rounds}, locks taken meanwhile: {taken}");
    assert_eq!(together.into_inner(), 0);
    assert!(taken >= rounds);
}
