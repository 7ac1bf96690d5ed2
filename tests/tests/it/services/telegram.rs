//! Telegram: the bot's token is a part of the path, of methods and of files. It is in no header, no log, and in no path twice.

use authkeep_testkit::canary::{Scanner, canary};
use authkeep_testkit::message::{Received, Reply};
use serde_json::{Value, json};

use super::Abroad;

const HOST: &str = "https://api.telegram.org";

fn no(status: u16) -> Reply {
    Reply::json(status, &json!({ "ok": false, "error_code": status }))
}

/// A bot that is known by its token in exactly one place.
fn bot(token: String) -> impl Fn(&Received) -> Reply + Send + Sync + 'static {
    move |request| {
        let path = &*request.path;
        let behind = |prefix: &str| path.strip_prefix(&format!("{prefix}{token}"));
        if request.header("authorization").is_some() || !request.query.is_empty() {
            return no(400);
        }
        match (behind("/bot"), behind("/file/bot")) {
            (Some("/getMe"), _) => Reply::json(
                200,
                &json!({ "ok": true, "result": { "username": "ada_bot" } }),
            ),
            (Some("/echo"), _) => Reply::json(200, &json!({ "ok": true, "path": path })),
            (_, Some("/photos/a b.jpg" | "/photos/a%20b.jpg")) => Reply::page(200, "a photo"),
            (None, None) => no(401),
            _ => no(404),
        }
    }
}

fn telegram() -> (Abroad, String) {
    let token = format!("7123456789:{}", canary());
    let abroad = Abroad::new();
    abroad.world.serve("api.telegram.org", bot(token.clone()));
    let output = abroad.given(&["login", "telegram", "--with-token"], &token);
    assert_eq!(output.code, 0, "{output:?}");
    (abroad, token)
}

/// What a line of shell says behind the sidecar.
fn shell(abroad: &Abroad, line: &str) -> String {
    let run = [
        "run",
        "--quiet",
        "--provider",
        "telegram",
        "--",
        "sh",
        "-c",
        line,
    ];
    let output = abroad.run(&run);
    assert_eq!(output.code, 0, "{output:?}");
    output.stdout
}

#[test]
fn a_bot_works_however_its_program_writes_the_address() {
    let (abroad, token) = telegram();
    let ask = |path: &str| shell(&abroad, &format!("curl -sS --max-time 20 \"{HOST}{path}\""));
    for path in [
        "/bot$TELEGRAM_BOT_TOKEN/getMe",
        "/bot/getMe",
        "/getMe",
        "/bot12345678:own/getMe",
    ] {
        let said: Value = serde_json::from_str(&ask(path)).unwrap();
        assert_eq!(said["result"]["username"], "ada_bot", "{path}: {said}");
    }
    for path in [
        "/file/bot$TELEGRAM_BOT_TOKEN/photos/a%20b.jpg",
        "/file/bot/photos/a%20b.jpg",
        "/file/photos/a%20b.jpg",
    ] {
        assert!(ask(path).ends_with("a photo"), "{path}");
    }
    // A server that repeats the path does not tell the program.
    let said = ask("/bot$TELEGRAM_BOT_TOKEN/echo");
    assert!(
        said.contains("****") && !said.contains("7123456789"),
        "{said}"
    );
    // The placeholder is one that libraries take for a token.
    let placeholder = shell(&abroad, "printf %s \"$TELEGRAM_BOT_TOKEN\"");
    let (number, rest) = placeholder.split_once(':').unwrap();
    assert!(number.parse::<u64>().is_ok() && rest.len() == 35 && placeholder != token);
    assert_eq!(abroad.world.hosts_that_got(&[&token]), ["api.telegram.org"]);
    // The control: without the sidecar nobody is known by it.
    let url = format!("{HOST}/bot{placeholder}/getMe");
    assert!(
        abroad
            .world
            .visit(&url)
            .unwrap_err()
            .to_string()
            .contains("401")
    );
}

#[test]
fn no_spelling_of_the_path_has_two_keys_or_another_beginning() {
    let (abroad, token) = telegram();
    let placeholder = "$P";
    let beginnings = [
        "/bot",
        "/BOT",
        "/%62ot",
        "/bot/",
        "//bot",
        "/./bot",
        "/x/../bot",
        "/bot/../bot",
        "/file/bot",
        "/file/../bot",
        "/file//bot",
        "/file/%2e%2e/bot",
    ];
    let endings = [
        "/getMe",
        "",
        "/",
        "%2FgetMe",
        "/../getMe",
        "/bot$P/getMe",
        "/$P",
        "?x=$P",
        ";x/getMe",
        "%00/getMe",
        "\\\\getMe",
    ];
    let mut paths: Vec<String> = Vec::new();
    for beginning in beginnings {
        paths.extend(endings.map(|ending| format!("{beginning}{placeholder}{ending}")));
    }
    for encoded in [
        "%2570",
        "%252f",
        "$(printf %s \"$P\" | od -An -tx1 -v | tr -d '\\n' | tr ' ' %)",
    ] {
        paths.extend(beginnings.map(|beginning| format!("{beginning}{encoded}/getMe")));
    }
    assert!(paths.len() >= 40);
    let lines = paths
        .iter()
        .map(|path| format!("curl -sS --max-time 20 --path-as-is -o /dev/null \"{HOST}{path}\"\n"));
    let script: String = lines.collect();
    shell(&abroad, &format!("P=$TELEGRAM_BOT_TOKEN\n{script}true"));
    let seen = abroad.world.seen();
    for request in &seen {
        let path = &request.path;
        let is_right = [format!("/bot{token}"), format!("/file/bot{token}")]
            .iter()
            .any(|right| {
                path.strip_prefix(right)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
        let spelled = format!("{path} {:?}", request.query);
        assert!(is_right && spelled.matches(&token).count() == 1, "{path}");
        assert!(!path.contains("..") && !path.contains("//"), "{path}");
    }
    // Some of them are as they should be.
    assert!(
        seen.len() >= 4 && seen.len() < paths.len() / 2,
        "{} of {}",
        seen.len(),
        paths.len()
    );
}

#[test]
fn the_token_is_in_no_log_no_message_and_no_file() {
    let (abroad, token) = telegram();
    let mut shown = Vec::new();
    // What works, what is refused by the service and by the sidecar, and a service that is not there.
    for path in [
        "/bot/getMe",
        "/bot/nothing",
        "/bot/..",
        "/bot/a/$TELEGRAM_BOT_TOKEN",
    ] {
        let line = format!("curl -sS --max-time 20 --path-as-is \"{HOST}{path}\"");
        let run = [
            "-vvv",
            "run",
            "--provider",
            "telegram",
            "--",
            "sh",
            "-c",
            &line,
        ];
        let mut command = abroad.command(&run);
        command.env("AUTHKEEP_LOG", "trace");
        let output = authkeep_testkit::home::run(&mut command);
        shown.extend(output.stdout.into_bytes());
        shown.extend(output.stderr.into_bytes());
    }
    assert!(shown.len() > 1000, "it is talkative");
    let scanner = Scanner::new(&[&token]);
    let hits = scanner.scan(&shown);
    assert!(hits.is_empty(), "{hits:?}");
    for (file, bytes) in abroad.product.files() {
        assert!(scanner.scan(&bytes).is_empty(), "{}", file.display());
    }
    // The control: where it does stand, it is found.
    assert_eq!(
        scanner
            .scan(abroad.secret("telegram", "token").as_bytes())
            .len(),
        1
    );
}
