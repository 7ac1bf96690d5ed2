//! Two thousand addresses that an attacker would like to see opened.

use authkeep_core::{BrowserUrl, Loopbacks};

/// Tails that turn an address into something else where it is handled carelessly.
const TAILS: [&str; 20] = [
    "",
    "$(touch x)",
    "`id`",
    "\n--help",
    "\r\nHost: x",
    "\0",
    "\t",
    " -e calc",
    "%00",
    ";reboot",
    "|sh",
    "&calc.exe&",
    "' --x '",
    "\" --x \"",
    "\u{202e}gnp",
    "\u{200b}",
    "\\..\\..\\x",
    "#-a",
    "?x=$HOME",
    "\u{7f}",
];

/// Addresses with another scheme, or none.
const NEVER: [&str; 60] = [
    "file:///etc/passwd",
    "file:c:/windows/system32/calc.exe",
    "FILE:///x",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "java\nscript:alert(1)",
    "\u{1}javascript:alert(1)",
    " javascript:alert(1)",
    "data:text/html,<script>",
    "vbscript:x",
    "ms-msdt:/id PCWDiagnostic",
    "ms-officecmd:{}",
    "ms-word:ofe|u|http://x",
    "ms-excel:x",
    "ms-settings:x",
    "ms-cxh-full:x",
    "search-ms:query=x&crumb=location:\\\\a\\b",
    "smb://a.example/share",
    "\\\\a.example\\share\\x.exe",
    "//a.example/share",
    "ftp://a.example/x",
    "sftp://a.example/x",
    "ssh://-oProxyCommand=calc/x",
    "telnet://a.example",
    "ldap://a.example/x",
    "jar:file:///x!/y",
    "view-source:https://a.example",
    "about:blank",
    "chrome://settings",
    "blob:https://a.example/x",
    "filesystem:https://a.example/x",
    "intent://a#Intent;scheme=http;end",
    "itms-services://?action=x",
    "tel:112",
    "mailto:a@a.example",
    "steam://run/1",
    "vscode://x/y",
    "x-apple.systempreferences:x",
    "shell:startup",
    "mhtml:http://a.example",
    "res://x",
    "ws://a.example",
    "wss://a.example",
    "http://a.example/",
    "http://127.0.0.1/",
    "http://localhost/",
    "http://[::1]/",
    "HTTP://a.example/",
    "httpss://a.example/",
    "https//a.example/",
    "https",
    "--help",
    "-a Calculator",
    "-psn_0",
    "/etc/passwd",
    "../../x",
    "$(touch x)",
    "`touch x`",
    "",
];

/// https in name, and still not what it seems.
const DISGUISED: [&str; 24] = [
    "https://user@evil.example/",
    "https://user:pass@evil.example/",
    "https://bank.example@evil.example/",
    "https://bank.example%40evil.example@evil.example/",
    "https://:pass@evil.example/",
    "ht\ttps://a.example/",
    "ht\ntps://a.example/",
    "https:\t//a.example/",
    "\thttps://a.example/",
    " https://a.example/",
    "https://a.example/ x",
    "https://a.example/\u{85}",
    "https://a.example/\u{a0}",
    "https://a.example/\u{3000}",
    "https://a.example/\u{2028}",
    "https://a.ex ample/",
    "https://a.example:99999/",
    "https://a.example:x/",
    "https://",
    "https:///",
    "https://[::1/",
    "https://a<b/",
    "https://%00/",
    "https://a\0b/",
];

fn corpus() -> Vec<String> {
    let with_tails = |head: &str| TAILS.map(|tail| format!("{head}{tail}"));
    let mut all: Vec<String> = NEVER
        .iter()
        .chain(&DISGUISED)
        .flat_map(|h| with_tails(h))
        .collect();
    // Letters of other alphabets, and hosts that are written in another way than they are.
    for host in [
        "аpple.example",
        "xn--pple-43d.example",
        "faß.example",
        "ⓖⓘⓣⓗⓤⓑ.example",
        "a。example",
        "0x7f.1",
        "2130706433",
        "a.example.",
        "A.EXAMPLE",
        "a-.example",
        "[::ffff:127.0.0.1]",
        "xn--a",
    ] {
        for path in ["", "/", "/x y", "/../..", "?q=\u{202e}", "\\x"] {
            all.extend(TAILS.map(|tail| format!("https://{host}{path}{tail}")));
        }
    }
    all
}

#[test]
fn nothing_but_https_gets_through_and_what_does_is_one_plain_word() {
    let corpus = corpus();
    assert!(corpus.len() >= 2_000, "{}", corpus.len());
    let mut opened = 0;
    for text in &corpus {
        let Ok(url) = BrowserUrl::parse(text, Loopbacks::Refused) else {
            continue;
        };
        opened += 1;
        let shown = url.as_str();
        assert!(shown.starts_with("https://"), "{text:?} became {shown}");
        assert!(
            shown.bytes().all(|b| b.is_ascii_graphic()),
            "{text:?} became {shown:?}"
        );
        let authority = shown["https://".len()..]
            .split(['/', '?', '#'])
            .next()
            .unwrap();
        assert!(
            !authority.contains('@') && !authority.is_empty(),
            "{text:?} became {shown}"
        );
        let of_a_name = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
        assert!(authority.chars().all(of_a_name), "{text:?} became {shown}");
    }
    println!(
        "figure: {} hostile addresses, {opened} of them https, 0 others opened",
        corpus.len()
    );
}

#[test]
fn none_of_the_other_schemes_is_opened() {
    for text in NEVER
        .iter()
        .flat_map(|head| TAILS.map(|tail| format!("{head}{tail}")))
    {
        assert!(
            BrowserUrl::parse(&text, Loopbacks::Refused).is_err(),
            "{text:?}"
        );
    }
    for text in DISGUISED {
        assert!(
            BrowserUrl::parse(text, Loopbacks::Refused).is_err(),
            "{text:?}"
        );
    }
}

#[test]
fn a_check_of_the_beginning_alone_is_fooled() {
    // The negative control: what a look at the first letters would have let through of the same addresses.
    let careless = |text: &&String| text.trim_start().to_ascii_lowercase().starts_with("http");
    let fooled: Vec<_> = corpus()
        .iter()
        .filter(careless)
        .filter(|text| BrowserUrl::parse(text, Loopbacks::Refused).is_err())
        .cloned()
        .collect();
    assert!(fooled.len() > 300, "{}", fooled.len());
}
