//! An import that is killed loses nothing, and the next one completes it. A home that is in use is read as it was at one
//! moment.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use authkeep_tests::{moment, rounds};

use super::{Importer, contents, copied, fixture, secret};

#[test]
fn after_a_kill_the_next_import_completes_it() {
    let whole = {
        let mut importer = Importer::new();
        let home = fixture("authsome").display().to_string();
        let started = Instant::now();
        let report = importer.json(&["import", "authsome", "--home", &home], 0);
        (started.elapsed(), report["imported"].as_u64().unwrap())
    };
    let before = contents(&fixture("authsome"));
    let mut cut_off = 0;
    for round in 0..rounds(8, 200) {
        let mut importer = Importer::new();
        let home = fixture("authsome").display().to_string();
        let import = ["import", "authsome", "--home", &home];
        let mut command = importer.product.command(&import);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(moment(round, whole.0));
        child.kill().unwrap();
        child.wait().unwrap();
        let report = importer.json(&import, 0);
        let there = report["already_there"].as_u64().unwrap();
        assert_eq!(
            report["imported"].as_u64().unwrap() + there,
            whole.1,
            "{report:#}"
        );
        cut_off += u32::from((1..whole.1).contains(&there));
        let out = importer.handed_out("work", "openai", "default", "token");
        assert_eq!(out, secret("work openai default key"));
    }
    println!("{cut_off} imports were cut off in the middle");
    assert_eq!(contents(&fixture("authsome")), before);
}

/// Writes rows in one transaction each, two that belong together, until it is told to stop.
const WRITER: &str = r#"
import fcntl, sqlite3, sys
c = sqlite3.connect(sys.argv[1], timeout=10)
c.execute("PRAGMA journal_mode=WAL")
c.execute("PRAGMA wal_autocheckpoint=3")
print("ready", flush=True)
n = 0
while True:
    n += 1
    c.execute("INSERT OR REPLACE INTO kv VALUES ('profile:default:left:state', ?)", ("x" * (n % 5000),))
    c.execute("INSERT OR REPLACE INTO kv VALUES ('profile:default:right:state', ?)", ("x" * (n % 5000),))
    c.commit()
"#;

#[test]
fn a_home_in_use_is_read_as_it_was_at_one_moment() {
    let mut importer = Importer::new();
    let folder = importer.path(".authsome");
    copied(&fixture("authsome"), &folder);
    let store = folder.join("profiles/default/store.db");
    let mut writer = Command::new("python3");
    let mut writer = writer
        .args(["-c", WRITER])
        .arg(&store)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = std::io::BufReader::new(writer.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut said, &mut String::new()).unwrap();
    let (mut read, mut busy) = (0, 0);
    let deadline = Instant::now() + Duration::from_secs(4);
    while Instant::now() < deadline {
        let report = importer.json_any(&["import", "authsome", "--dry-run"]);
        let damaged = report["damaged"].as_u64().unwrap();
        if damaged == 0 {
            read += 1;
        } else {
            // It is never half of it: the database was written to whenever it was looked at, and that is said.
            let text = report.to_string();
            assert!(
                text.contains("is being written to all the time"),
                "{report:#}"
            );
            assert_eq!(damaged, 1);
            busy += 1;
        }
    }
    writer.kill().unwrap();
    writer.wait().unwrap();
    println!("read {read} times, busy {busy} times");
    assert!(read + busy > 0);
    // The writer ended without a checkpoint: its log is read, and stays as it is.
    let before = contents(&folder);
    assert!(store.with_extension("db-wal").exists());
    assert_eq!(importer.json(&["import", "authsome"], 0)["damaged"], 0);
    assert_eq!(contents(&folder), before);
}
