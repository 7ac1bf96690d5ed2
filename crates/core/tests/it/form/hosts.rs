//! A page of an attacker's can make its own name lead to this machine. Then only the name in the request tells.

use authkeep_testkit::careless_form::CarelessForm;

use super::visitor::{Visitor, send};
use super::{Waiting, inquiry};

/// Heads of requests that name something else than `authority`, or name it in another way.
fn variants(authority: &str) -> Vec<String> {
    let port: u16 = authority.rsplit(':').next().unwrap().parse().unwrap();
    let mut hosts: Vec<String> = [
        "",
        "127.0.0.1",
        "127.0.0.1:",
        "localhost",
        "[::1]",
        "0.0.0.0",
        "evil.example.test",
        "null",
        "*",
        "127.0.0.1:80",
    ]
    .map(str::to_owned)
    .to_vec();
    for name in [
        "localhost",
        "LOCALHOST",
        "LocalHost",
        "localhost.",
        "127.0.0.1.",
        "127.0.0.1.nip.example.test",
        "evil.example.test",
        "127.1",
        "127.0.0.01",
        "127.0.0.2",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "017700000001",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[0:0:0:0:0:0:0:1]",
        "0.0.0.0",
        "0",
        "①②⑦.0.0.1",
        "user@127.0.0.1",
        "127.0.0.1@evil.example.test",
        "127.0.0.1,evil.example.test",
        "127.0.0.1 evil.example.test",
        "evil.example.test#127.0.0.1",
        "127.0.0.1%00",
        "127.0.0.1\\",
        "http://127.0.0.1",
        "//127.0.0.1",
        "rebind.127.0.0.1.evil.example.test",
    ] {
        hosts.push(format!("{name}:{port}"));
    }
    for other in [
        port.wrapping_add(1),
        port.wrapping_sub(1),
        0,
        1,
        80,
        443,
        8080,
        65_535,
    ] {
        hosts.push(format!("127.0.0.1:{other}"));
    }
    for spelling in [
        format!("0{port}"),
        format!("{port}0"),
        format!("+{port}"),
        format!("{port} 1"),
        format!("{port}."),
        format!("{port}/"),
        format!("{port}#"),
        format!("{port}:{port}"),
        format!("{port},127.0.0.1:{port}"),
        format!("{port}\t\tx"),
    ] {
        hosts.push(format!("127.0.0.1:{spelling}"));
    }
    for number in 0..130 {
        hosts.push(format!("a{number}.attacker.example.test:{port}"));
    }
    let mut heads: Vec<String> = hosts
        .iter()
        .map(|host| format!("HTTP/1.1\r\nhost: {host}\r\n"))
        .collect();
    heads.push("HTTP/1.1\r\n".to_owned());
    heads.push("HTTP/1.0\r\n".to_owned());
    for second in [
        authority,
        "evil.example.test",
        "localhost",
        "",
        "127.0.0.1",
        "*",
    ] {
        heads.push(format!(
            "HTTP/1.1\r\nhost: {authority}\r\nhost: {second}\r\n"
        ));
        heads.push(format!(
            "HTTP/1.1\r\nhost: {second}\r\nhost: {authority}\r\n"
        ));
        heads.push(format!(
            "HTTP/1.1\r\nhost: {second}\r\nx-forwarded-host: {authority}\r\n"
        ));
        heads.push(format!(
            "HTTP/1.1\r\nhost:{second},{authority}\r\nforwarded: host={authority}\r\n"
        ));
    }
    for padding in ["\u{a0}", "\u{feff}", "\u{3000}", "\"", "'", "%20"] {
        heads.push(format!("HTTP/1.1\r\nhost: {authority}{padding}\r\n"));
        heads.push(format!("HTTP/1.1\r\nhost: {padding}{authority}\r\n"));
    }
    // Whatever `second` was the very same once: that one is no variant.
    heads.retain(|head| *head != format!("HTTP/1.1\r\nhost: {authority}\r\n"));
    heads
        .retain(|head| !head.starts_with(&format!("HTTP/1.1\r\nhost: {authority}\r\nx-forwarded")));
    heads.dedup();
    heads
}

#[test]
fn only_its_own_host_is_answered() {
    let waiting = Waiting::of(&inquiry());
    let path = waiting.url.path().to_owned();
    let authority = waiting.authority();
    let variants = variants(&authority);
    assert!(variants.len() >= 200, "{}", variants.len());
    let mut refused = 0;
    for head in &variants {
        let request = format!("GET {path} {head}connection: close\r\n\r\n");
        let answer = send(waiting.address(), request.as_bytes()).unwrap();
        let no_page = !answer.contains("form_token") && !answer.contains("set-cookie");
        assert!(no_page && !answer.contains("Acme"), "{head:?}: {answer}");
        let status = answer.split(' ').nth(1).unwrap();
        assert!(["421", "400"].contains(&status), "{head:?}: {answer}");
        refused += usize::from(status == "421");
    }
    // The whole address in the request line names a host as well.
    for named in ["http://evil.example.test", "http://localhost"] {
        let request = format!("GET {named}{path} HTTP/1.1\r\nhost: {authority}\r\n\r\n");
        let answer = send(waiting.address(), request.as_bytes()).unwrap();
        assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
    }
    // The form is still there for whoever names it right, and for one only: nobody has opened it so far.
    let visitor = Visitor::open(&waiting.url);
    assert_eq!(visitor.send(&[("field0", "id")]).status, 303);
    waiting.end().0.unwrap();

    let careless = CarelessForm::start("Acme");
    let answered = variants.iter().filter(|head| {
        let request = format!("GET {path} {head}connection: close\r\n\r\n");
        let answer = send(careless.address(), request.as_bytes());
        answer.is_ok_and(|answer| answer.contains("Acme"))
    });
    let answered = answered.count();
    assert_eq!(answered, variants.len(), "the control answers all");
    println!(
        "figure: {} Host variants: 0 answered ({refused} by 421, the rest refused by the HTTP library); \
         a careless form answers {answered}",
        variants.len()
    );
}
