//! This process as the kernel sees it: its listeners, its memory; and tests that need one of their own.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::Command;

/// Whether the long versions of the tests were asked for.
#[expect(
    clippy::disallowed_methods,
    reason = "how much to test is the environment's to say"
)]
pub(crate) fn torture() -> bool {
    std::env::var_os("AUTHKEEP_TORTURE").is_some()
}

/// Runs one ignored test in a process of its own, where nothing else opens sockets or takes memory. Returns
/// what it printed as `figure: …`.
pub(crate) fn alone(test: &str) -> String {
    run_alone(Command::new(std::env::current_exe().unwrap()), test)
}

/// The same, in a network of its own where every address there is leads back to the process itself.
pub(crate) fn alone_in_a_network(test: &str) -> String {
    let every_address = "ip link set lo up && ip route add local 0.0.0.0/0 dev lo \
                         && ip -6 route add local ::/0 dev lo && exec \"$0\" \"$@\"";
    let mut command = Command::new("unshare");
    command
        .args(["-rn", "sh", "-c", every_address])
        .arg(std::env::current_exe().unwrap());
    run_alone(command, test)
}

fn run_alone(mut command: Command, test: &str) -> String {
    let output = command
        .args([
            test,
            "--exact",
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{test}: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text.lines()
        .filter_map(|line| line.split_once("figure: "))
        .map(|(_, figure)| format!("{figure}\n"))
        .collect()
}

/// The addresses that this process listens on over TCP.
pub(crate) fn listeners() -> BTreeSet<SocketAddr> {
    // The kernel's table can skip a line while others open sockets, and never invents one.
    (0..3).flat_map(|_| snapshot()).collect()
}

fn snapshot() -> Vec<SocketAddr> {
    let own: HashSet<String> = fs::read_dir("/proc/self/fd")
        .unwrap()
        .flatten()
        .filter_map(|fd| fs::read_link(fd.path()).ok())
        .filter_map(|link| {
            let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
            Some(inode.to_owned())
        })
        .collect();
    let tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"].map(File::open);
    let lines = tables.into_iter().flatten().flat_map(|table| {
        // Listeners come first, and what follows them can be tens of thousands of closed connections.
        let lines = BufReader::new(table).lines().skip(1).map_while(Result::ok);
        lines.take_while(|line| line.split_whitespace().nth(3) == Some(LISTENING))
    });
    lines
        .filter_map(|line| {
            let columns: Vec<&str> = line.split_whitespace().collect();
            own.contains(*columns.get(9)?).then(|| parse(columns[1]))
        })
        .collect()
}

/// The word for it in the kernel's tables.
const LISTENING: &str = "0A";

/// `0100007F:1F90`: the address in words of the machine's own byte order, the port as written.
fn parse(text: &str) -> SocketAddr {
    let (address, port) = text.split_once(':').unwrap();
    let words: Vec<u8> = (0..address.len())
        .step_by(8)
        .flat_map(|at| {
            u32::from_str_radix(&address[at..at + 8], 16)
                .unwrap()
                .to_ne_bytes()
        })
        .collect();
    let ip = match <[u8; 4]>::try_from(words.as_slice()) {
        Ok(v4) => IpAddr::from(Ipv4Addr::from(v4)),
        Err(_) => IpAddr::from(Ipv6Addr::from(
            <[u8; 16]>::try_from(words.as_slice()).unwrap(),
        )),
    };
    (ip, u16::from_str_radix(port, 16).unwrap()).into()
}

/// How much memory this process has in use now, and how much it ever had, in KiB.
pub(crate) fn memory() -> (u64, u64) {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    (of("VmRSS:"), of("VmHWM:"))
}

#[test]
fn a_listener_of_this_process_is_seen() {
    // The negative control of every test that finds none.
    let everywhere = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    let six = std::net::TcpListener::bind("[::1]:0").unwrap();
    let seen = listeners();
    assert!(seen.contains(&everywhere.local_addr().unwrap()), "{seen:?}");
    assert!(seen.contains(&six.local_addr().unwrap()), "{seen:?}");
    let gone = everywhere.local_addr().unwrap();
    drop(everywhere);
    assert!(!listeners().contains(&gone));
}

#[test]
fn memory_in_use_is_seen() {
    alone("process::twenty_mebibytes");
}

#[test]
#[ignore = "runs in a process of its own"]
fn twenty_mebibytes() {
    let before = memory().0;
    let taken = vec![1u8; 20 * 1024 * 1024];
    assert!(memory().0 >= before + 15 * 1024);
    drop(taken);
}
