//! The port of a login in the hands of another user: the login says so and ends, or takes another port.
//!
//! Each case has a network of its own, so that one port can be fought for without others on this machine taking part.

use authkeep_tests::{Product, authkeep_bin};
use serde_json::{Value, json};

use crate::other_users::{LEFT_OUT, NEIGHBOUR};
use crate::terminal::Terminal;

/// Listens on each `ADDRESS:PORT`, ready to share it, for as long as somebody reads what it says.
const SQUATTER: &str = r#"
    use IO::Socket::IP;
    my @held = map {
        my ($address, $port) = /^(.*):(\d+)$/;
        IO::Socket::IP->new(LocalAddr => $address, LocalPort => $port, Proto => "tcp", Listen => 9,
            ReuseAddr => 1, ReusePort => 1, V6Only => $address ne "::") or die "$_: $!";
    } @ARGV;
    $| = 1;
    while (1) { print "ready\n"; select(undef, undef, undef, 0.02); }"#;

/// A provider that never has to answer.
fn definition(redirect: &str) -> Value {
    json!({
        "schema_version": 2, "name": "squatted", "display_name": "Squatted", "category": "test",
        "flows": ["authorization_code"], "hosts": ["api.example.test"],
        "oauth": {
            "authorization_url": "https://login.example.test/authorize",
            "token_url": "https://login.example.test/token",
            "public_client": true, "redirect": redirect,
        },
    })
}

/// A login beside another user who holds `squatted`. What was on the screen.
fn login(redirect: &str, squatted: &[&str], code: i32) -> String {
    let product = Product::new();
    product.home().write_definition(&definition(redirect));
    let squatter = match squatted {
        [] => "echo ready".to_owned(),
        ports => format!(
            "setpriv {} perl -e '{SQUATTER}' -- {}",
            NEIGHBOUR.join(" "),
            ports.join(" ")
        ),
    };
    let inside = format!(
        "ip link set lo up; echo 40000 40003 > /proc/sys/net/ipv4/ip_local_port_range\n\
         {squatter} | {{ read ready; SQUATTED_CLIENT_SECRET=x {} login squatted --client-id x --browser none --paste --timeout 300ms </dev/tty; \
         echo code $?; }}",
        authkeep_bin().display()
    );
    let inside = format!("cat > inside <<'END'\n{inside}\nEND\nunshare --net sh inside");
    Terminal::script(&product, &inside).ends(code)
}

#[test]
fn no_login_goes_on_while_another_user_holds_its_port() {
    if !rustix::process::geteuid().is_root() {
        return println!("{LEFT_OUT}");
    }
    const V4: &str = "127.0.0.1:27149";
    const V6: &str = "::1:27149";
    let goes_on = |screen: &str| screen.contains("Open this address");
    let mut cases = 0;
    for (redirect, squatted, taken) in [
        ("exact", &[V4][..], "127.0.0.1"),
        ("exact", &["0.0.0.0:27149"], "127.0.0.1"),
        ("exact", &[":::27149"], "127.0.0.1"),
        ("exact", &[V4, V6], "127.0.0.1"),
        ("https", &[V4], "127.0.0.1"),
        ("https", &[V6], "::1"),
        ("https", &[":::27149"], "127.0.0.1"),
        ("https", &[V4, V6], "127.0.0.1"),
    ] {
        let screen = login(redirect, squatted, 4);
        let message = format!("port 27149 on {taken} is taken by another program");
        assert!(
            screen.contains(&message),
            "{redirect} {squatted:?}: {screen}"
        );
        assert!(screen.contains("ss -ltnp"), "{screen}");
        assert!(!goes_on(&screen), "{redirect} {squatted:?}: {screen}");
        cases += 1;
    }
    // Of ports that are not fixed, one is found that nobody holds in either family.
    let held: Vec<_> = (40_000..40_003).map(|port| format!("::1:{port}")).collect();
    let held: Vec<_> = held.iter().map(String::as_str).collect();
    let screen = login("localhost", &held, 4);
    assert!(
        goes_on(&screen) && screen.contains("http://localhost:40003/"),
        "{screen}"
    );
    let all = [&held[..], &["::1:40003"]].concat();
    let screen = login("localhost", &all, 4);
    assert!(!goes_on(&screen) && screen.contains("is taken"), "{screen}");

    // The controls: nobody there, and somebody where the browser is not sent.
    for (redirect, squatted) in [("exact", &[][..]), ("https", &[]), ("exact", &[V6])] {
        let screen = login(redirect, squatted, 4);
        assert!(goes_on(&screen), "{redirect} {squatted:?}: {screen}");
    }
    println!("figure: 0 of {cases} logins went on while another user held their port");
}
