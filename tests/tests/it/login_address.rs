//! `login URL`: an MCP server and its authorization server, of which nothing is known but an address.

use std::fs;

use authkeep_testkit::home::{Output, run};
use authkeep_testkit::oauth_server::{OAuthServer, Scripted, ServerOptions};
use authkeep_testkit::plain_http::Request;
use authkeep_tests::{
    Browser, BrowserAction, Consent, OidcClient, OidcOptions, Product, all_at_once, document,
    expire, open_vault, wait_until,
};
use serde_json::{Value, json};

use crate::openid::OpenId;
use crate::terminal::Terminal;

struct Mcp {
    server: OAuthServer,
    product: Product,
}

impl Mcp {
    fn new() -> Self {
        let server = OAuthServer::start(ServerOptions {
            registration: true,
            resource: Some("/mcp".to_owned()),
            issuer_param: authkeep_testkit::oauth_server::IssParam::Right,
            issuer_param_advertised: Some(true),
            ..ServerOptions::default()
        });
        let product = Product::new();
        Self { server, product }
    }

    fn url(&self) -> String {
        format!("{}/mcp", self.server.url())
    }

    /// `login URL` with a browser in which somebody agrees.
    fn login(&self, more: &[&str]) -> Output {
        let url = self.url();
        let mut arguments = vec!["login", &url];
        arguments.extend(more);
        let approve = Consent::Approve;
        run(&mut self.product.command_with_browser(approve, &arguments))
    }

    /// What the MCP server says to that token.
    fn status(&self, token: &str) -> u16 {
        Request::get(&self.url())
            .header("authorization", &format!("Bearer {token}"))
            .send()
            .unwrap()
            .status
    }

    fn definition(&self, name: &str) -> Value {
        let folder = self.product.home().authkeep_home().join("providers");
        let text = fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    fn is_untouched(&self) -> bool {
        let folder = self.product.home().authkeep_home().join("providers");
        fs::read_dir(folder).map_or(0, Iterator::count) == 0
    }
}

#[test]
fn an_address_is_all_that_a_login_needs() {
    let mcp = Mcp::new();
    let output = mcp.login(&["--yes", "--no-input", "--json", "--name", "acme"]);
    assert_eq!(output.code, 0, "{output:?}");
    let outcome = document(&output);
    assert_eq!(outcome["outcome"], "logged_in");
    assert_eq!(outcome["provider"], "acme");
    let url = mcp.server.url();
    for said in [
        "the definition is marked local",
        &format!("Tokens will be for {url}/mcp alone."),
        "A client is registered there by itself.",
        &format!("These will be trusted with the login, and with its tokens:\n  {url}\n"),
        "Registered it as `acme`",
    ] {
        assert!(output.stderr.contains(said), "{said}: {output:?}");
    }
    let host = url.trim_start_matches("http://");
    assert_eq!(
        mcp.definition("acme"),
        json!({
            "schema_version": 2,
            "name": "acme",
            "display_name": "127.0.0.1",
            "local": true,
            "flows": ["authorization_code", "device_code"],
            "hosts": [format!("{host}/mcp")],
            "oauth": {
                "issuer": url, "resource": format!("{url}/mcp"), "scopes": ["read", "write"],
                "client_auth": "basic", "public_client": true,
            },
            "env": {"ACME_ACCESS_TOKEN": "{token}"},
        })
    );
    let shown = mcp.product.json(&["inspect", "acme"]).1;
    assert_eq!(shown["issuer"], url);
    assert_eq!(shown["resource"], mcp.url());
    // Where a person has to register a client, this is what to register: it is not told short.
    let redirect = shown["redirect"].as_str().unwrap();
    let begins = "http://127.0.0.1/callback/HOST (any port; HOST is that of the token endpoint";
    assert!(redirect.starts_with(begins), "{redirect}");

    let token = mcp.product.secret("acme", "token");
    assert_eq!(mcp.status(&token), 200);
    assert_eq!(mcp.status("another"), 401);
    // Renewed for the same resource, at the endpoints of the login.
    let asked = |server: &OAuthServer| {
        let log = server.log();
        let of = |path: &str| path.starts_with("/.well-known/");
        log.iter().filter(|seen| of(&seen.path)).count()
    };
    let before = asked(&mcp.server);
    expire(&open_vault(&mcp.product.home().authkeep_home()));
    let renewed = mcp.product.secret("acme", "token");
    assert_ne!(renewed, token);
    assert_eq!(mcp.status(&renewed), 200);
    // The address finds the same provider again, and nobody is asked for what is known.
    let again = mcp.login(&["--no-input"]);
    assert_eq!(again.code, 0, "{again:?}");
    assert!(again.stdout.contains("connected already"), "{again:?}");
    let output = mcp.product.run(&["logout", "acme"]);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(mcp.status(&renewed), 401);
    assert_eq!(asked(&mcp.server), before);
    // And so it does when there is nothing left but the definition.
    let again = mcp.login(&["--no-input"]);
    assert_eq!(again.code, 0, "{again:?}");
    assert_eq!(mcp.server.count("/register"), 1, "the client was kept");
    let gone = mcp.product.run(&["remove", "acme"]);
    assert_eq!(gone.code, 0, "{gone:?}");
    assert!(mcp.is_untouched());
}

#[test]
fn a_server_that_only_says_so_when_asked() {
    let mcp = Mcp::new();
    let nothing = Scripted::Status {
        status: 404,
        headers: Vec::new(),
        body: Vec::new(),
    };
    let place = "/.well-known/oauth-protected-resource/mcp";
    mcp.server.script(place, vec![nothing]);
    let output = mcp.login(&["--yes", "--name", "files"]);
    assert_eq!(output.code, 0, "{output:?}");
    let asked: Vec<String> = mcp
        .server
        .log()
        .iter()
        .map(|seen| seen.path.clone())
        .take(3)
        .collect();
    assert_eq!(asked, [place, "/mcp", place]);
    assert_eq!(mcp.status(&mcp.product.secret("files", "token")), 200);
}

#[test]
fn where_no_client_is_registered_a_person_names_one() {
    let mcp = Mcp {
        server: OAuthServer::start(ServerOptions {
            resource: Some("/mcp".to_owned()),
            ..ServerOptions::default()
        }),
        product: Product::new(),
    };
    let output = mcp.login(&["--yes", "--no-input", "--name", "acme"]);
    assert_eq!(output.code, 5, "{output:?}");
    assert!(output.stderr.contains("ACME_CLIENT_ID"), "{output:?}");
    // What was agreed to stays, and the next login goes on from there.
    let output = mcp.login(&["--no-input", "--client-id", "test-client"]);
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.stderr.contains("That is `acme`"), "{output:?}");
    assert_eq!(mcp.status(&mcp.product.secret("acme", "token")), 200);
}

#[test]
fn nobody_is_trusted_unasked() {
    // Without somebody to ask, nothing is asked of anybody else either.
    let mcp = Mcp::new();
    for more in [&["--no-input"] as &[&str], &["--no-input", "--json"]] {
        let output = mcp.login(more);
        assert_eq!(output.code, 2, "{output:?}");
        let said = format!("{}{}", output.stdout, output.stderr);
        assert!(said.contains("--yes"), "{output:?}");
        assert!(!mcp.product.home().authkeep_home().exists());
    }
    assert_eq!(mcp.server.log(), []);
    // Without a terminal it is found out, and said.
    let output = mcp.login(&[]);
    assert_eq!(output.code, 2, "{output:?}");
    assert!(output.stderr.contains("will be trusted"), "{output:?}");
    assert!(mcp.is_untouched());
    assert_eq!(mcp.server.count("/register"), 0);
}

#[test]
fn a_person_at_a_terminal_says_yes_or_no() {
    let mcp = Mcp::new();
    let line = format!("login {} --browser none --timeout 1s", mcp.url());
    for (answer, code) in [("no\r", 130), ("\r", 130), ("\u{3}", 130)] {
        let mut terminal = Terminal::with(&mcp.product, "", &line);
        terminal.until("Type yes to trust them: ");
        assert!(terminal.seen.contains(&mcp.server.url()));
        terminal.types(answer);
        terminal.until(&format!("code {code}"));
        assert!(mcp.is_untouched(), "{}", terminal.seen);
    }
    let mut terminal = Terminal::with(&mcp.product, "", &line);
    terminal.until("Type yes to trust them: ");
    terminal.types("yes\r");
    terminal.until("Registered it as `127.0.0.1`");
    // Nobody comes back from the browser: the definition stays for the next time.
    terminal.until("code 4");
    assert!(!mcp.is_untouched());
}

#[test]
fn two_servers_of_one_host_have_two_names() {
    let (mcp, other) = (Mcp::new(), Mcp::new());
    let login = |url: &str| {
        let approve = Consent::Approve;
        let arguments = ["login", url, "--yes", "--json"];
        document(&run(&mut mcp
            .product
            .command_with_browser(approve, &arguments)))
    };
    assert_eq!(login(&mcp.url())["provider"], "127.0.0.1");
    let second = login(&other.url())["provider"].clone();
    let port = other.server.url().rsplit(':').next().unwrap().to_owned();
    assert_eq!(second, format!("127.0.0.1-{port}"));
    // Each keeps its own.
    assert_eq!(login(&mcp.url())["outcome"], "already_connected");
    assert_eq!(login(&other.url())["provider"], second);
    let taken = mcp.login(&["--yes", "--name", second.as_str().unwrap()]);
    assert_eq!(taken.code, 2, "{taken:?}");
}

#[test]
fn logins_to_one_address_at_once_do_not_get_in_each_others_way() {
    let mcp = Mcp::new();
    // All of them ask before the first has written anything down.
    let place = "/.well-known/oauth-protected-resource/mcp";
    mcp.server.script(place, vec![Scripted::Late(1_000); 6]);
    let login = |_| {
        let url = mcp.url();
        let arguments = ["login", &url, "--yes", "--json"];
        let approve = Consent::Approve;
        mcp.product.command_with_browser(approve, &arguments)
    };
    for login in all_at_once((0..6).map(login)) {
        assert_eq!(login.code, 0, "{login:?}");
        assert!(login.stdout.contains(r#""provider": "127.0.0.1""#));
    }
    let token = mcp.product.secret("127.0.0.1", "token");
    assert_eq!(mcp.status(&token), 200);
}

#[test]
fn a_host_without_its_scheme_is_told_how_to_write_it() {
    let output = Product::new().run(&["login", "mcp.example.com"]);
    assert_eq!(output.code, 3, "{output:?}");
    let said = "authkeep login https://mcp.example.com";
    assert!(output.stderr.contains(said), "{output:?}");
}

#[test]
fn an_address_that_cannot_be_used_is_refused_before_anything_is_made() {
    let product = Product::new();
    for (url, why) in [
        ("https://10.0.0.1/mcp", "--local"),
        ("https://intranet/mcp", "--local"),
        ("https://169.254.169.254/", "--local"),
        ("http://mcp.example.com/", "must be https"),
        ("https://me:pw@mcp.example.com/", "user name or password"),
        ("javascript://mcp.example.com/", "must be https"),
        ("https://mcp.example.com/#x", "fragment"),
    ] {
        let output = product.run(&["login", url, "--yes"]);
        assert_eq!(output.code, 2, "{url}: {output:?}");
        assert!(output.stderr.contains(why), "{url}: {output:?}");
        assert!(!product.home().authkeep_home().exists(), "{url}");
    }
    let output = product.run(&["login", "github", "--yes"]);
    assert_eq!(output.code, 2, "{output:?}");
}

#[test]
fn a_server_that_lies_is_not_registered() {
    let mcp = Mcp::new();
    let lie = json!({
        "resource": "https://evil.example/mcp",
        "authorization_servers": [mcp.server.url()],
    });
    let lie = Scripted::Garbage(lie.to_string().into_bytes());
    let place = "/.well-known/oauth-protected-resource/mcp";
    mcp.server.script(place, vec![lie; 9]);
    let output = mcp.login(&["--yes", "--json"]);
    assert_eq!(output.code, 4, "{output:?}");
    assert_eq!(document(&output)["error"], "not_discovered");
    assert!(mcp.is_untouched());
    // The negative control: with the truth the same login succeeds.
    assert_eq!(Mcp::new().login(&["--yes", "--json"]).code, 0);
}

#[test]
fn an_openid_provider_and_its_resource_are_logged_in_to_by_their_addresses() {
    for path in ["", "/api/"] {
        let openid = OpenId::new(&OidcOptions::default(), OidcClient::PublicNative);
        let removed = openid.product.run(&["remove", "acme"]);
        assert_eq!(removed.code, 0, "{removed:?}");
        let address = format!("{}{path}", openid.provider.issuer());
        let arguments = ["login", &address, "--yes", "--no-input", "--name", "acme"];
        let mut command = openid.product.command(&arguments);
        Browser::chromium()
            .acting(BrowserAction::Approve)
            .apply(&mut command);
        let output = run(&mut command);
        assert_eq!(output.code, 0, "{output:?}");
        let tmp = openid.product.home().tmp();
        wait_until("the browser has gone", || {
            fs::read_dir(&tmp).is_ok_and(|mut entries| {
                !entries.any(|entry| {
                    entry.is_ok_and(|e| e.file_name().to_string_lossy().starts_with("fb-"))
                })
            })
        });
        assert_eq!(openid.provider.count("registration_create.success"), 1);
        let shown = openid.product.json(&["inspect", "acme"]).1;
        let resource = (!path.is_empty()).then_some(address);
        assert_eq!(shown["resource"], json!(resource));
        let token = openid.product.secret("acme", "token");
        assert_eq!(openid.api(&token).status, 200);
        expire(&open_vault(&openid.product.home().authkeep_home()));
        let renewed = openid.product.secret("acme", "token");
        assert_ne!(renewed, token);
        assert_eq!(openid.api(&renewed).status, 200);
        // Every request for a token has named the resource, if there is one.
        let events = openid.provider.events();
        let tokens = events
            .iter()
            .filter(|event| event["type"] == "http" && event["path"] == "/token");
        let named: Vec<&Value> = tokens.map(|event| &event["form"]["resource"]).collect();
        assert_eq!(named, [&json!(resource), &json!(resource)]);
        let output = openid.product.run(&["logout", "acme"]);
        assert_eq!(output.code, 0, "{output:?}");
        assert_eq!(openid.api(&renewed).status, 401);
    }
}
