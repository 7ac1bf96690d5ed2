//! Processes that do not belong to a run, of the same user and of another one, at the port of its sidecar.
//!
//! To become another user takes root; without it that part says that it was left out.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use authkeep_tests::{rounds, started};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::behind::Behind;
use crate::other_users::{LEFT_OUT, NEIGHBOUR};

/// Makes requests at the port `$1` for the host `$2`, `$3` of them, each with the next of the other arguments as its
/// credential, in ways that change in turn, and says how often which status came back.
const TRIES: &str = r#"
    port=$1 host=$2 count=$3 eol=$'\r\n'
    shift 3
    for ((i = 0; i < count; i++)); do
        case $((i / $# % 3)) in
            0) start="CONNECT $host HTTP/1.1" ;;
            1) start="GET http://$host/absolute HTTP/1.1" ;;
            2) start="GET /own HTTP/1.1" ;;
        esac
        shown=$((i % $# + 1))
        shown=${!shown}
        exec 3<>"/dev/tcp/127.0.0.1/$port" || exit 1
        printf '%s\r\nHost: %s\r\n%s\r\n' "$start" "$host" "${shown:+Proxy-Authorization: $shown$eol}" >&3
        said=
        IFS= read -r -N 12 -u 3 said
        printf '%s\n' "${said#* }"
        exec 3>&-
    done | sort | uniq -c | tr -s ' \n' ' '
"#;

/// What came back to `count` requests, such as `200 407` for two hundred times that status.
fn tried(before: &[&str], port: &str, host: &str, count: u32, shown: &[&str]) -> String {
    let mut command = match before {
        [] => Command::new("bash"),
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).arg("bash");
            command
        }
    };
    command.args(["-c", TRIES, "tries", port, host, &count.to_string()]);
    let output = command.args(shown).current_dir("/").output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn nobody_but_the_program_gets_anything_out_of_its_sidecar() {
    let behind = Behind::new();
    // The program stays until it is told to make its own request.
    let script = "printf '%s\\n%s\\n' \"$HTTPS_PROXY\" \"$ACME_API_KEY\"; read _; exec curl -sS -o /dev/null $URL/own";
    let mut command = behind.script(&[], script);
    command.stdin(Stdio::piped());
    let mut program = started(command);
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let mut line = || lines.next().unwrap().unwrap();
    let (proxy, placeholder) = (line(), line());
    let (pair, address) = proxy
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('@'))
        .unwrap();
    let (port, password) = (
        address.trim_end_matches('/').rsplit_once(':').unwrap().1,
        pair.rsplit_once(':').unwrap().1,
    );
    let host = behind.origin.host();
    let basic = |pair: &str| format!("Basic {}", BASE64_STANDARD.encode(pair));
    let wrong = [
        String::new(),
        format!("Bearer {password}"),
        format!("Bearer {placeholder}"),
        basic("authkeep:"),
        basic(&format!("authkeep:{}", &password[1..])),
        basic(&format!("root:{password}")),
        basic(&format!("authkeep:{placeholder}")),
    ];
    let wrong = wrong.each_ref().map(String::as_str);
    let count = rounds(200, 10_000);
    let neighbour = [&["setpriv"][..], &NEIGHBOUR].concat();
    let mut users = vec![("the same user", vec![])];
    if rustix::process::geteuid().is_root() {
        users.push(("another user", neighbour));
    } else {
        println!("another user: {LEFT_OUT}");
    }
    let right = basic(pair);
    for (who, before) in &users {
        let said = tried(before, port, host, count, &wrong);
        assert_eq!(said, format!("{count} 407"), "{who}");
        assert!(behind.origin.seen().is_empty(), "{who}");
        // The control: who has the credential is let in, so the rest was the only thing wrong with the others.
        let control = tried(before, port, host, 1, &[&right]);
        assert_eq!(control, "1 200", "{who}");
        println!(
            "figure: {count} tries of {who} at the port of a run: {said}, 0 forwarded, 0 injected; with its credential: \
             {control}"
        );
    }
    writeln!(program.stdin.take().unwrap(), "go on").unwrap();
    let output = program.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    // Its own request is the only one that was ever made.
    assert_eq!(behind.authorizations(), [format!("Bearer {}", behind.key)]);
    assert!(said.contains("acme=default 1 request"), "{said}");
}
