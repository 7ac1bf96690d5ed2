use super::*;

#[test]
fn one_authority_has_one_spelling() {
    for (text, shown) in [
        ("api.example.com", "api.example.com:443"),
        ("API.Example.COM:443", "api.example.com:443"),
        ("api.example.com.", "api.example.com:443"),
        ("api.example.com.:8443", "api.example.com:8443"),
        ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example:443"),
        ("my_host", "my_host:443"),
        ("1a.2b", "1a.2b:443"),
        ("127.0.0.1:1", "127.0.0.1:1"),
        ("[::1]", "[::1]:443"),
        ("[0:0::0001]:80", "[::1]:80"),
        ("[::ffff:127.0.0.1]", "[::ffff:7f00:1]:443"),
        ("[2001:DB8::1]:65535", "[2001:db8::1]:65535"),
    ] {
        let authority = Authority::from_host_header(text, 443).expect(text);
        assert_eq!(authority.to_string(), shown, "{text}");
        let again = Authority::from_connect(shown).expect("its own form parses");
        assert_eq!(again, authority);
        assert_eq!(again.ip().is_some(), url_says_address(&again), "{text}");
    }
}

fn url_says_address(authority: &Authority) -> bool {
    !matches!(
        url::Host::parse(authority.host()),
        Ok(url::Host::Domain(_)) | Err(_)
    )
}

#[test]
fn what_could_be_read_in_two_ways_does_not_parse() {
    let long_label = "a".repeat(64);
    let long_name = ["a"; 128].join(".");
    for text in [
        "",
        ".",
        "..",
        ":443",
        "a..b",
        ".a",
        "a..",
        "a b",
        " a",
        "a ",
        "a\0b",
        "a\tb",
        "a\r\nb",
        "a/b",
        "a\\b",
        "a?b",
        "a#b",
        "a@b",
        "user:pw@a",
        "user@a:443",
        "a,b",
        "a;b",
        "a%2eb",
        "%61",
        "a*b",
        "*.a",
        "a:",
        "a:0",
        "a:00443",
        "a:0443",
        "a:+443",
        "a:-1",
        "a: 443",
        "a:443 ",
        "a:65536",
        "a:443:443",
        "a:0x1bb",
        "a:https",
        "ä.example",
        "a\u{3002}b",
        "\u{ff41}",
        "127.1",
        "127.0.0.01",
        "127.0.0.256",
        "127.0.0.1.",
        "0x7f.0.0.1",
        "0x7f000001",
        "0X7F000001",
        "2130706433",
        "017700000001",
        "0177.0.0.1",
        "1.2.3.4.5",
        "example.0x",
        "[::1",
        "::1",
        "::1]",
        "[::1]]",
        "[[::1]]",
        "[::1%25eth0]",
        "[::1%eth0]",
        "[127.0.0.1]",
        "[::1]x",
        "[::1]:",
        "[]",
        "[::1].",
        "x[::1]",
        "https://a",
        "a:443/",
        &long_label,
        &long_name,
    ] {
        let read = Authority::from_host_header(text, 443);
        assert!(read.is_err(), "{text:?} is {read:?}");
        assert!(Authority::from_connect(text).is_err(), "{text:?}");
    }
    assert!(
        Authority::from_connect("a").is_err(),
        "CONNECT needs a port"
    );
}

#[test]
fn the_usual_port_is_not_written_upstream() {
    let for_https = |text| Authority::from_connect(text).expect(text).for_https();
    assert_eq!(for_https("A.example:443"), "a.example");
    assert_eq!(for_https("A.example:8443"), "a.example:8443");
}

#[test]
fn only_spellings_of_the_same_authority_are_the_same() {
    let ours = Authority::from_connect("allowed.test:443").expect("an authority");
    let is_ours = |text: &str| Authority::from_host_header(text, 443).is_ok_and(|a| a == ours);
    // What a comparison of the part before the port, after the user, without the dot and the case comes to.
    let carelessly = |text: &str| {
        let host = text.rsplit('@').next().unwrap_or_default();
        let host = host
            .split([':', '/', '\\', '?', '#', ','])
            .next()
            .unwrap_or_default();
        let host = host.trim().trim_matches('.').trim_end_matches('\0');
        host.eq_ignore_ascii_case("allowed.test")
    };
    let names = [
        "allowed.test",
        "ALLOWED.TEST",
        "Allowed.Test",
        "aLLOWED.tEST",
    ];
    let same = names.map(|name| {
        [
            name.to_owned(),
            format!("{name}."),
            format!("{name}:443"),
            format!("{name}.:443"),
        ]
    });
    let same = same.as_flattened();
    assert!(same.iter().all(|text| is_ours(text)));
    let spoilt = |text: &str| {
        [
            "attacker.test",
            "attacker.test@",
            "user:pw@",
            "@",
            " ",
            "\t",
            "\0",
            ".",
            "x",
            "x.",
            "-",
            "http://",
            "//",
            "\\",
            "%",
        ]
        .map(|before| format!("{before}{text}"))
        .into_iter()
        .chain(
            [
                ":80",
                ":0443",
                ":8443",
                ":",
                ":+443",
                ":443:443",
                ".attacker.test",
                "@attacker.test",
                ",attacker.test",
                "/",
                "?",
                "#",
                "\\",
                "/@attacker.test",
                " ",
                "\t",
                "\0",
                "\r\nHost: attacker.test",
                "%00",
                "%2e",
                "..",
                "\u{3002}",
            ]
            .map(|after| format!("{text}{after}")),
        )
        .collect::<Vec<_>>()
    };
    let different: Vec<String> = same
        .iter()
        .flat_map(|text| spoilt(text))
        .filter(|text| !same.contains(text))
        .collect();
    let misled = different.iter().filter(|text| carelessly(text)).count();
    assert!(
        different.len() > 500 && misled > 150,
        "{} {misled}",
        different.len()
    );
    for text in &different {
        assert!(!is_ours(text), "{text:?}");
    }
}
