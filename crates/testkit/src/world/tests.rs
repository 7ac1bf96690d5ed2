use std::process::Command;

use serde_json::json;

use super::*;

/// Whether curl, on a machine of this world, is content, and what it says.
fn curl(world: &World, arguments: &[&str]) -> (bool, String) {
    let mut curl = Command::new("curl");
    curl.env_clear().envs(world.variables());
    let output = curl
        .args(["-sS", "--max-time", "20"])
        .args(arguments)
        .output()
        .expect("curl");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (output.status.success(), text)
}

fn world() -> World {
    let world = World::start();
    for host in ["api.example.com", "other.example.com"] {
        world.serve(host, move |request| {
            Reply::json(200, &json!({ "host": host, "path": request.path }))
        });
    }
    world
}

#[test]
fn every_host_has_its_service_in_both_versions_of_http() {
    let world = world();
    for host in ["api.example.com", "other.example.com"] {
        for version in ["--http1.1", "--http2"] {
            let url = format!("https://{host}/some/where?a=b%20c");
            let (done, text) = curl(&world, &[version, "-d", "x=y", &url]);
            assert!(done && text.contains(host), "{text}");
            let seen = world.seen_at(host, "/some/where");
            let last = seen.last().expect("a request");
            assert_eq!(last.method, "POST");
            assert_eq!(last.parameter("a"), Some("b c"));
            assert_eq!(last.field("x"), Some("y"));
        }
    }
    // The controls: who does not trust this world's authority, and who asks for somebody else.
    let (done, text) = curl(
        &world,
        &["--cacert", "/dev/null", "https://api.example.com"],
    );
    assert!(!done, "{text}");
    assert!(world.strangers().is_empty());
    let (done, text) = curl(&world, &["https://elsewhere.example.com/"]);
    assert!(!done && text.contains("502"), "{text}");
    assert_eq!(world.strangers(), ["elsewhere.example.com"]);
    assert_eq!(world.seen().len(), 4);
}

#[test]
fn a_secret_is_found_at_the_host_that_got_it() {
    let world = world();
    let secrets = ["cnry_one_secret_of_many", "cnry_another_secret_here"];
    let url = "https://api.example.com/";
    let basic = format!("u:{}", secrets[0]);
    for arguments in [["-u", &basic], ["-d", "nothing"], ["-A", "curl"]] {
        assert!(curl(&world, &[&arguments[..], &[url]].concat()).0);
    }
    assert!(curl(&world, &["https://other.example.com/"]).0);
    assert_eq!(world.hosts_that_got(&secrets[..1]), ["api.example.com"]);
    assert!(world.hosts_that_got(&secrets[1..]).is_empty());
    let path = format!("https://other.example.com/x{}/y", secrets[1]);
    assert!(curl(&world, &[&path]).0);
    assert_eq!(world.hosts_that_got(&secrets[1..]), ["other.example.com"]);
}

#[test]
fn the_person_is_led_from_page_to_page_and_out() {
    let world = World::start();
    world.serve("login.example.com", |request| match &*request.path {
        "/authorize" | "/#/oauth/authorize" => agreed(request, "a/b c"),
        "/stuck" => Reply::page(200, "no way on"),
        _ => Reply::redirect(
            302,
            &format!("/authorize?{}", "redirect_uri=http://127.0.0.1:1/x&state=s"),
        ),
    });
    let start = "https://login.example.com/start";
    let end = "http://127.0.0.1:1/x?code=a%2Fb+c&state=s";
    assert_eq!(world.visit(start).expect("led out"), end);
    let proxy = &world.variables()[0].1;
    // A redirect within a host is a matter of a browser; what comes from outside names the whole address.
    let whole = "https://login.example.com/authorize?redirect_uri=http://127.0.0.1:1/x&state=s";
    assert_eq!(visit_by(proxy, whole).expect("led out"), end);
    let in_the_fragment = whole.replace("/authorize", "/#/oauth/authorize");
    assert_eq!(world.visit(&in_the_fragment).expect("led out"), end);
    assert_eq!(visit_by(proxy, &in_the_fragment).expect("led out"), end);
    for page in ["stuck", "authorize"] {
        let page = format!("https://login.example.com/{page}");
        assert!(world.visit(&page).is_err(), "{page}");
        assert!(visit_by(proxy, &page).is_err(), "{page}");
    }
}
