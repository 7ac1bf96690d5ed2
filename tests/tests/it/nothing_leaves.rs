//! Nothing leaves the machine but requests to the provider in use: no telemetry, no look for updates, no report of a
//! crash, no name that is looked up.
//!
//! The commands run in a network of their own, whose only way out is a device that counts what is sent and leads
//! nowhere. The providers are on loopback, so whatever is counted was meant for somebody else.

use std::fs;
use std::net::UdpSocket;
use std::process::Command;

use authkeep_testkit::oauth_server::{OAuthServer, ServerOptions};
use authkeep_tests::Consent;

use crate::behind::Behind;

/// Makes the way out, and then lets the test below go on.
const NETWORK: &str = r#"
    set -e
    ip link set lo up
    ip link add out type veth peer name nowhere
    ip link set nowhere up
    ip addr add 192.0.2.1/24 dev out
    ip link set out arp off up
    ip route add default dev out
    ip -6 route add default dev out
    exec "$@""#;

/// Where the test below says what it has counted.
const FOUND: &str = "packets that left:";

#[test]
fn no_command_speaks_to_anyone_but_its_provider() {
    let script = ["--net", "sh", "-c", NETWORK, "network"];
    let mut apart = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        apart.args(["--user", "--map-root-user"]);
    }
    let output = apart
        .args(script)
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "nothing_leaves::all_commands"])
        .arg("--nocapture")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let found: Vec<&str> = said
        .lines()
        .filter_map(|line| line.split_once(FOUND))
        .map(|(_, count)| count.trim())
        .collect();
    let errors = String::from_utf8_lossy(&output.stderr);
    // The second is the control: what is sent on purpose is counted.
    assert_eq!(found, ["0", "2"], "{said}{errors}");
    println!("figure: 0 packets to anyone but the provider (2 of 2 sent on purpose are counted)");
}

#[test]
#[ignore = "the part of the test above that runs in a network of its own"]
fn all_commands() {
    let behind = Behind::new();
    let server = OAuthServer::start(ServerOptions::default());
    behind
        .product
        .home()
        .write_definition(&server.definition("demo"));
    let login = ["login", "demo", "--client-id", "test-client"];
    let login = (behind.product).command_with_browser(Consent::Approve, &login);
    let curl = "curl -sS --max-time 20 -o /dev/null $URL/mine";
    let mut commands = vec![login, behind.script(&[], curl)];
    // All but `doctor --clients`: some of the clients that it tries look the name up before they ask the proxy.
    for line in [
        "list",
        "list --json",
        "get demo",
        "get demo --refresh",
        "get acme --field token --show-secret",
        "export acme",
        "refresh --all",
        "auth acme",
        "inspect openai",
        "providers",
        "profile list",
        "whoami",
        "audit log",
        "doctor",
        "run --deny-unmatched --isolate -- true",
        "run --env -- true",
        "completions bash",
        "logout demo",
    ] {
        let arguments: Vec<&str> = line.split(' ').collect();
        commands.push(behind.command(&arguments));
    }
    for command in &mut commands {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}: {output:?}");
    }
    println!("{FOUND} {}", sent());
    // Discard, by both protocols: what left is told from what the system says by itself.
    for (from, to) in [("0.0.0.0:0", "192.0.2.7:9"), ("[::]:0", "[2001:db8::7]:9")] {
        let socket = UdpSocket::bind(from).unwrap();
        socket.send_to(b"on purpose", to).unwrap();
    }
    println!("{FOUND} {}", sent());
}

/// What went out through the only way, less what IPv6 says by itself when a device comes up (RFC 4861).
fn sent() -> u64 {
    /// The packets sent, after eight figures of what was received and the bytes sent.
    const SENT: usize = 9;
    let number = |file: &str, name: &str, at: usize| -> u64 {
        let text = fs::read_to_string(file).unwrap();
        let mut lines = text.lines();
        let line = lines.find_map(|line| line.trim().strip_prefix(name));
        let field = line.unwrap().split_whitespace().nth(at).unwrap();
        field.parse().unwrap()
    };
    number("/proc/net/dev", "out:", SENT) - number("/proc/net/dev_snmp6/out", "Icmp6OutMsgs", 0)
}
