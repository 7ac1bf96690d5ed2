//! A program that means harm, behind walls: what it tries to get at the vault or past the sidecar.

use std::net::{TcpListener, UdpSocket};
use std::time::Duration;

use authkeep_testkit::home::run;

use crate::behind::Behind;

/// Each try is a shell script that ends well if it got what it wanted. `$VAULT` is authkeep's home, `$PPID` the
/// process that holds the secrets.
const TRIES: [(&str, &str); 24] = [
    ("read the key", "reads $VAULT/master.key"),
    ("read the vault", "reads $VAULT/profiles/default/store.db"),
    ("list the home", "ls $VAULT | grep -q master.key"),
    (
        "by a symbolic link",
        "ln -s $VAULT/master.key $TMPDIR/s; reads $TMPDIR/s",
    ),
    (
        "by a link to the folder",
        "ln -s $VAULT $TMPDIR/d; reads $TMPDIR/d/master.key",
    ),
    (
        "by a hard link",
        "ln $VAULT/master.key $TMPDIR/h && reads $TMPDIR/h",
    ),
    (
        "by a copy",
        "cp -r $VAULT $TMPDIR/copy; reads $TMPDIR/copy/master.key",
    ),
    (
        "by moving it away",
        "mv $VAULT $TMPDIR/moved && mv $TMPDIR/moved $VAULT",
    ),
    (
        "by a relative way",
        "cd /; cd $VAULT/.. && reads ./$(basename $VAULT)/master.key",
    ),
    (
        "by a descriptor of the folder",
        "python3 -c \"
import os
folder = os.open(os.environ['VAULT'], os.O_PATH)
os.read(os.open('master.key', os.O_RDONLY, dir_fd=folder), 1)\"",
    ),
    ("by changing it", "echo >> $VAULT/providers/acme.json"),
    ("by adding to it", "touch $VAULT/providers/new"),
    ("the parent's environment", "reads /proc/$PPID/environ"),
    (
        "the parent's memory",
        "reads /proc/$PPID/maps || reads /proc/$PPID/mem",
    ),
    (
        "the parent's root",
        "reads /proc/$PPID/root$VAULT/master.key",
    ),
    ("the parent's folder", "ls /proc/$PPID/cwd/"),
    ("the parent's files", "readlink /proc/$PPID/fd/0"),
    (
        "tracing the parent",
        "PARENT=$PPID exec python3 -c \"
import ctypes, os
libc, parent = ctypes.CDLL(None), int(os.environ['PARENT'])
got = libc.ptrace(0x4206, parent, 0, 0)
raise SystemExit(got != 0)\"",
    ),
    ("a signal to the parent", "kill -CONT $PPID"),
    (
        "a bind mount",
        "mkdir -p $TMPDIR/m; mount --bind $VAULT $TMPDIR/m && reads $TMPDIR/m/master.key",
    ),
    (
        "a namespace of its own",
        "unshare -rm sh -c 'mkdir -p $TMPDIR/n; mount --bind $VAULT $TMPDIR/n && head -c 1 $TMPDIR/n/master.key'",
    ),
    (
        "authkeep itself",
        "AUTHKEEP_HOME=$VAULT $AUTHKEEP get acme --field token --show-secret",
    ),
    (
        "past the proxy",
        "curl -sk --noproxy '*' --max-time 5 $URL/direct",
    ),
    (
        "another port",
        "python3 -c \"
import os, socket
socket.create_connection(('127.0.0.1', int(os.environ['PORT'])), 5)\"",
    ),
];

#[test]
fn a_program_behind_walls_gets_neither_at_the_vault_nor_past_the_sidecar() {
    let behind = Behind::new();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let succeeded = |options: &[&str]| {
        let got = TRIES.iter().filter(|(_, attempt)| {
            let script =
                format!("reads() {{ [ \"$(head -c 1 \"$1\" | wc -c)\" = 1 ]; }}; {attempt}");
            let mut command = behind.script(options, &script);
            command.env("VAULT", behind.product.home().authkeep_home());
            command.env("AUTHKEEP", authkeep_tests::authkeep_bin());
            command.env("PORT", other.local_addr().unwrap().port().to_string());
            run(&mut command).code == 0
        });
        got.map(|(name, _)| *name).collect::<Vec<_>>()
    };
    let got = succeeded(&["--isolate=required"]);
    println!(
        "figure: tries that got past the walls: {} of {}",
        got.len(),
        TRIES.len()
    );
    assert_eq!(got, [""; 0]);
    // The negative control. Some of the tries are for the superuser alone.
    let got = succeeded(&[]);
    println!(
        "figure: the same without walls: {} of {}",
        got.len(),
        TRIES.len()
    );
    assert!(got.len() >= 14, "{got:?}");
}

#[test]
fn a_program_behind_walls_works_by_the_sidecar() {
    let behind = Behind::new();
    let script = "set -e; curl -sS --max-time 20 $URL/a >/dev/null; echo hello > $TMPDIR/file; cat $TMPDIR/file; \
        ls /usr/bin >/dev/null; grep NoNewPrivs /proc/self/status";
    let output = run(&mut behind.script(&["--isolate=required"], script));
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(output.stdout, "hello\nNoNewPrivs:\t1\n", "{output:?}");
    assert_eq!(behind.authorizations(), [format!("Bearer {}", behind.key)]);
}

/// What the manual says is not stopped.
#[test]
fn walls_do_not_stop_datagrams() {
    let behind = Behind::new();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut command = behind.script(&["--isolate"], "python3 -c \"
import os, socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'out', ('127.0.0.1', int(os.environ['PORT'])))\"");
    let output = run(command.env("PORT", socket.local_addr().unwrap().port().to_string()));
    assert_eq!(output.code, 0, "{output:?}");
    let mut heard = [0; 3];
    socket.recv(&mut heard).unwrap();
    assert_eq!(&heard, b"out");
}
