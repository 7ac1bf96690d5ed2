//! Values that a service reveals at login, each where it does so: QuickBooks in the address that the browser comes back to,
//! Salesforce and Wrike with the token, DocuSign and Basecamp in the answer about whose login it is, Xero, Mailchimp and
//! Harvest to who asks.

use std::sync::{Arc, Mutex};

use authkeep_testkit::message::{Received, Reply};
use serde_json::{Value, json};

use super::issuer::{Issuer, is_client_by_body, refused, value};
use super::{Abroad, CLIENT, is_client_by_basic};

fn params(abroad: &Abroad, provider: &str) -> Value {
    let (code, details) = abroad.product.json(&["get", provider]);
    assert_eq!(code, 0, "{details}");
    details["params"].clone()
}

fn nobody_is_in(abroad: &Abroad, provider: &str) {
    let (code, details) = abroad.product.json(&["get", provider]);
    assert_ne!(code, 0, "{details}");
}

/// The one service there is, whatever it answers with.
struct Service<S> {
    abroad: Abroad,
    state: Arc<Mutex<S>>,
}

impl<S: Send + 'static> Service<S> {
    fn new(hosts: &[&str], state: S, answer: fn(&mut S, &Received) -> Reply) -> Self {
        let abroad = Abroad::new();
        let state = abroad.house(hosts, state, answer);
        Self { abroad, state }
    }
}

#[derive(Debug, Default)]
struct Intuit {
    issuer: Issuer,
    /// What is put behind the redirect.
    realm: String,
    revoked: Vec<String>,
}

impl Intuit {
    fn service(realm: &str) -> Service<Self> {
        let hosts = [
            "appcenter.intuit.com",
            "oauth.platform.intuit.com",
            "accounts.platform.intuit.com",
            "developer.api.intuit.com",
            "quickbooks.api.intuit.com",
        ];
        let intuit = Self {
            realm: realm.to_owned(),
            ..Self::default()
        };
        Service::new(&hosts, intuit, Self::answer)
    }

    fn answer(&mut self, request: &Received) -> Reply {
        match (&*request.host, &*request.path) {
            ("appcenter.intuit.com", "/connect/oauth2") => {
                let mut reply = self.issuer.agrees(request);
                let to = reply
                    .headers
                    .iter_mut()
                    .find(|(name, _)| name == "location");
                to.unwrap().1.push_str(&self.realm);
                reply
            }
            ("oauth.platform.intuit.com", "/oauth2/v1/tokens/bearer") => {
                if is_client_by_basic(request) && self.issuer.redeems(request) {
                    return Reply::json(200, &self.issuer.tokens());
                }
                refused("invalid_grant")
            }
            ("accounts.platform.intuit.com", "/v1/openid_connect/userinfo")
                if self.issuer.is_bearer(request) =>
            {
                Reply::json(200, &json!({"email": "ada@example.com"}))
            }
            ("developer.api.intuit.com", "/v2/oauth2/tokens/revoke")
                if is_client_by_basic(request) =>
            {
                self.revoked.extend(value(request, "token"));
                Reply::json(200, &json!({}))
            }
            _ => Reply::json(401, &json!({})),
        }
    }
}

#[test]
fn quickbooks_names_the_company_in_the_address_that_the_browser_comes_back_to() {
    let Service { abroad, state } = Intuit::service("&realmId=9130357849");
    let output = abroad.login("quickbooks", &[]);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(
        params(&abroad, "quickbooks"),
        json!({"realm_id": "9130357849"})
    );
    let (_, variables) = abroad.product.json(&["export", "quickbooks"]);
    assert_eq!(variables["QUICKBOOKS_REALM_ID"], "9130357849");

    assert_eq!(abroad.run(&["refresh", "quickbooks"]).code, 0);
    assert_eq!(params(&abroad, "quickbooks")["realm_id"], "9130357849");
    let refresh = state.lock().unwrap().issuer.refresh.clone();
    assert_eq!(abroad.run(&["logout", "quickbooks"]).code, 0);
    // It is revoked by the refresh token, which ends the access tokens too.
    assert_eq!(state.lock().unwrap().revoked, [refresh]);
    let secrets = state.lock().unwrap().issuer.issued.clone();
    let mut got = abroad.world.hosts_that_got(&secrets);
    got.retain(|host| !host.ends_with(".intuit.com"));
    assert!(got.is_empty(), "{got:?}");
}

#[test]
fn without_a_company_that_looks_like_one_nobody_is_logged_in_to_quickbooks() {
    for realm in [
        "",
        "&realmId=",
        "&realmId=1&realmId=2",
        "&realmId=evil.example",
        "&realmId=1%0d%0aX-Evil:1",
        "&realmid=7",
    ] {
        let Service { abroad, .. } = Intuit::service(realm);
        let output = abroad.login("quickbooks", &["--no-input"]);
        assert_eq!(output.code, 2, "{realm}: {output:?}");
        assert!(output.stderr.contains("realm_id"), "{output:?}");
        nobody_is_in(&abroad, "quickbooks");
    }
    // The control: what somebody says is taken, and nothing is asked.
    let Service { abroad, .. } = Intuit::service("&realmId=evil");
    let output = abroad.login("quickbooks", &["--no-input", "--param", "realm_id=7"]);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(params(&abroad, "quickbooks")["realm_id"], "7");
}

#[derive(Debug, Default)]
struct Salesforce {
    issuer: Issuer,
    instance: Value,
}

impl Salesforce {
    fn service(instance: Value) -> Service<Self> {
        let hosts = [
            "login.salesforce.com",
            "acme.my.salesforce.com",
            "other.my.salesforce.com",
            "evil.example",
        ];
        let salesforce = Self {
            instance,
            ..Self::default()
        };
        Service::new(&hosts, salesforce, Self::answer)
    }

    fn answer(&mut self, request: &Received) -> Reply {
        match (&*request.host, &*request.path) {
            ("login.salesforce.com", "/services/oauth2/authorize") => self.issuer.agrees(request),
            ("login.salesforce.com", "/services/oauth2/token") => {
                let own = value(request, "grant_type").as_deref() == Some("client_credentials");
                if is_client_by_body(request) && (own || self.issuer.redeems(request)) {
                    let mut tokens = self.issuer.tokens();
                    tokens["instance_url"] = self.instance.clone();
                    // It says nothing of how long they live.
                    tokens.as_object_mut().unwrap().remove("expires_in");
                    return Reply::json(200, &tokens);
                }
                refused("invalid_grant")
            }
            ("login.salesforce.com", "/services/oauth2/userinfo")
                if self.issuer.is_bearer(request) =>
            {
                Reply::json(200, &json!({"preferred_username": "ada@acme"}))
            }
            ("acme.my.salesforce.com", "/services/data") if self.issuer.is_bearer(request) => {
                Reply::json(200, &json!(["v62.0"]))
            }
            _ => Reply::json(401, &json!({})),
        }
    }
}

const ACME: &str = "https://acme.my.salesforce.com";

#[test]
fn salesforce_names_its_host_with_the_token_and_keeps_to_it() {
    let Service { abroad, state } = Salesforce::service(json!(ACME));
    let output = abroad.login("salesforce", &[]);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(params(&abroad, "salesforce")["instance_url"], ACME);
    let asked = abroad.ask("salesforce", &[&format!("{ACME}/services/data")]);
    assert!(asked.stdout.contains("v62.0"), "{asked:?}");

    // A refresh that names another host changes nothing of where the token goes.
    let other = "https://other.my.salesforce.com";
    state.lock().unwrap().instance = json!(other);
    let before = abroad.secret("salesforce", "token");
    assert_eq!(abroad.run(&["refresh", "salesforce"]).code, 0);
    assert_ne!(abroad.secret("salesforce", "token"), before);
    assert_eq!(params(&abroad, "salesforce")["instance_url"], ACME);
    let asked = abroad.ask("salesforce", &[&format!("{other}/services/data")]);
    assert_ne!(asked.code, 0, "{asked:?}");
    // Nor does a definition that looks elsewhere for it, or takes anything for it.
    abroad.redefine("salesforce", |definition| {
        let instance = &mut definition["params"]["instance_url"];
        instance["from"] = json!("whoami:/urls/evil");
        instance["pattern"] = json!(".*");
        instance["default"] = json!("https://evil.example");
    });
    assert_eq!(abroad.run(&["refresh", "salesforce"]).code, 0);
    assert_eq!(params(&abroad, "salesforce")["instance_url"], ACME);
    let asked = abroad.ask("salesforce", &["https://evil.example/services/data"]);
    assert_ne!(asked.code, 0, "{asked:?}");

    let secrets = state.lock().unwrap().issuer.issued.clone();
    let got = abroad.world.hosts_that_got(&secrets);
    assert_eq!(got, ["acme.my.salesforce.com", "login.salesforce.com"]);
}

#[test]
fn a_client_of_salesforce_finds_its_host_too() {
    let Service { abroad, .. } = Salesforce::service(json!(ACME));
    let output = abroad.login("salesforce", &["--flow", "client_credentials"]);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(params(&abroad, "salesforce")["instance_url"], ACME);
}

#[test]
fn no_host_of_somebody_elses_is_taken_for_that_of_salesforce() {
    for instance in [
        json!("https://evil.example"),
        json!("https://acme.my.salesforce.com@evil.example"),
        json!("https://ada:pw@acme.my.salesforce.com"),
        json!("https://acme.my.salesforce.com:8443"),
        json!("https://acme.my.salesforce.com\r\n.evil.example"),
        json!("https://acme.my.salesforce.com.evil.example"),
        json!("http://acme.my.salesforce.com"),
        json!("https://127.0.0.1"),
        json!("https://localhost"),
        json!("//evil.example"),
        json!(["https://acme.my.salesforce.com"]),
        Value::Null,
    ] {
        let Service { abroad, state } = Salesforce::service(instance.clone());
        let output = abroad.login("salesforce", &["--no-input"]);
        assert_eq!(output.code, 2, "{instance}: {output:?}");
        assert!(output.stderr.contains("instance_url"), "{output:?}");
        nobody_is_in(&abroad, "salesforce");
        let secrets = state.lock().unwrap().issuer.issued.clone();
        let got = abroad.world.hosts_that_got(&secrets);
        assert_eq!(got, ["login.salesforce.com"], "{instance}");
    }
    // The control: a definition that takes anything sends the token wherever the answer says.
    let Service { abroad, state } = Salesforce::service(json!("https://evil.example"));
    abroad.redefine("salesforce", |definition| {
        definition["params"]["instance_url"]["pattern"] = json!(".*");
    });
    assert_eq!(abroad.login("salesforce", &[]).code, 0);
    abroad.ask("salesforce", &["https://evil.example/services/data"]);
    let secrets = state.lock().unwrap().issuer.issued.clone();
    let got = abroad.world.hosts_that_got(&secrets);
    assert!(got.contains(&"evil.example".to_owned()), "{got:?}");
    // But not to this machine, whatever it takes.
    for inside in ["https://127.0.0.1", "https://localhost", "https://10.0.0.1"] {
        state.lock().unwrap().instance = json!(inside);
        let output = abroad.login("salesforce", &["--force", "--no-input"]);
        assert_eq!(output.code, 2, "{output:?}");
    }
}

/// Services that answer questions: by host and path, to who has the token.
#[derive(Debug, Default)]
struct Answering {
    issuer: Issuer,
    answers: Vec<(&'static str, &'static str, Value)>,
    /// How the token has to be shown there.
    scheme: &'static str,
    /// What an answer needs besides.
    header: Option<(&'static str, String)>,
    by_basic: bool,
}

impl Answering {
    fn answer(&mut self, request: &Received) -> Reply {
        let path = format!("{}{}", request.host, request.path);
        if path.contains("auth") && request.parameter("response_type") == Some("code") {
            return self.issuer.agrees(request);
        }
        if request.method == "POST" && path.contains("token") {
            let client = if self.by_basic {
                is_client_by_basic(request)
            } else {
                is_client_by_body(request)
            };
            if !client || !self.issuer.redeems(request) {
                return refused("invalid_grant");
            }
            let mut tokens = self.issuer.tokens();
            tokens["host"] = json!("app-eu.wrike.com");
            return Reply::json(200, &tokens);
        }
        let shown = format!("{} {}", self.scheme, self.issuer.access);
        let found = (self.answers.iter()).find(|(host, at, _)| path == format!("{host}{at}"));
        match found {
            Some((host, _, answer)) if request.header("authorization") == Some(&shown) => {
                let needed = self.header.as_ref().filter(|_| host.starts_with("api."));
                let has = |(name, value): &(&str, String)| request.header(name) == Some(value);
                if needed.is_some_and(|needed| !has(needed)) && request.path.contains("Invoices") {
                    return Reply::json(403, &json!({"missing": "header"}));
                }
                Reply::json(200, answer)
            }
            _ => Reply::json(401, &json!({"path": path})),
        }
    }
}

fn answering(
    answers: Vec<(&'static str, &'static str, Value)>,
    more: Answering,
) -> Service<Answering> {
    let hosts: Vec<_> = answers.iter().map(|(host, ..)| *host).collect();
    let state = Answering {
        answers,
        scheme: "Bearer",
        ..more
    };
    Service::new(&hosts, state, Answering::answer)
}

#[test]
fn docusign_and_basecamp_say_it_to_who_asks_whose_login_it_is() {
    let account = json!({
        "email": "ada@example.com",
        "accounts": [{"base_uri": "https://na3.docusign.net"}, {"base_uri": "https://evil.example"}],
    });
    let answers = vec![
        ("account.docusign.com", "/oauth/userinfo", account),
        (
            "na3.docusign.net",
            "/restapi/v2.1/accounts",
            json!({"ok": true}),
        ),
    ];
    let more = Answering {
        by_basic: true,
        ..Answering::default()
    };
    let Service { abroad, state } = answering(answers, more);
    let output = abroad.login("docusign", &[]);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(
        params(&abroad, "docusign")["base_uri"],
        "https://na3.docusign.net"
    );
    let asked = abroad.ask(
        "docusign",
        &["https://na3.docusign.net/restapi/v2.1/accounts"],
    );
    assert_eq!(asked.code, 0, "{asked:?}");
    let secrets = state.lock().unwrap().issuer.issued.clone();
    let got = abroad.world.hosts_that_got(&secrets);
    assert_eq!(got, ["account.docusign.com", "na3.docusign.net"]);

    let identity = json!({
        "identity": {"email_address": "ada@example.com"}, "accounts": [{"id": 195_539_477, "product": "bc3"}],
    });
    let answers = vec![("launchpad.37signals.com", "/authorization.json", identity)];
    let Service { abroad, .. } = answering(answers, Answering::default());
    let output = abroad.login("basecamp", &[]);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(params(&abroad, "basecamp")["account_id"], "195539477");
}

#[test]
fn xero_is_asked_for_the_tenant_that_every_request_has_to_name() {
    let tenant = "70784a63-d24b-46a9-a4db-0e70a274b056";
    let connections =
        json!([{"id": "1", "tenantId": tenant, "tenantName": "Acme"}, {"tenantId": "2"}]);
    let answers = vec![
        ("login.xero.com", "/identity", Value::Null),
        ("identity.xero.com", "/connect", Value::Null),
        ("api.xero.com", "/connections", connections),
        (
            "api.xero.com",
            "/api.xro/2.0/Invoices",
            json!({"Invoices": []}),
        ),
    ];
    let more = Answering {
        by_basic: true,
        header: Some(("xero-tenant-id", tenant.to_owned())),
        ..Answering::default()
    };
    let Service { abroad, state } = answering(answers, more);
    let output = abroad.login("xero", &[]);
    assert_eq!(output.code, 0, "{output:?}");
    assert!(
        output.stderr.contains("Acme") || output.stdout.contains("Acme"),
        "{output:?}"
    );
    assert_eq!(params(&abroad, "xero")["tenant_id"], tenant);
    let invoices = ["https://api.xero.com/api.xro/2.0/Invoices"];
    assert_eq!(abroad.ask("xero", &invoices).code, 0);
    // The control: the server does want it.
    state.lock().unwrap().header = Some(("xero-tenant-id", "another".to_owned()));
    assert_ne!(abroad.ask("xero", &invoices).code, 0);
}

#[test]
fn wrike_may_name_its_host_and_has_one_if_it_does_not() {
    let contacts = json!({"data": [{"primaryEmail": "ada@example.com"}]});
    let answers = vec![
        ("login.wrike.com", "/oauth2", Value::Null),
        ("app-eu.wrike.com", "/api/v4/contacts", contacts.clone()),
        ("www.wrike.com", "/api/v4/contacts", contacts),
    ];
    let Service { abroad, state } = answering(answers, Answering::default());
    let output = abroad.login("wrike", &[]);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(params(&abroad, "wrike")["host"], "app-eu.wrike.com");
    let token = state.lock().unwrap().issuer.access.clone();
    assert_eq!(
        abroad.world.hosts_that_got(std::slice::from_ref(&token)),
        ["app-eu.wrike.com"]
    );
    // A key comes with no answer: it goes to the usual host.
    let output = abroad.given(
        &["login", "wrike", "--connection", "key", "--with-token"],
        &token,
    );
    assert_eq!(output.code, 0, "{output:?}");
    let (_, details) = abroad
        .product
        .json(&["get", "wrike", "--connection", "key"]);
    assert_eq!(details["params"]["host"], "www.wrike.com", "{details}");
}

#[test]
fn mailchimp_says_where_its_data_is_and_a_key_does_not() {
    let metadata = json!({"dc": "us6", "login": {"login_name": "ada"}});
    let answers = vec![
        ("login.mailchimp.com", "/oauth2/metadata", metadata),
        (
            "us6.api.mailchimp.com",
            "/3.0/",
            json!({"account_name": "Acme"}),
        ),
    ];
    let Service { abroad, state } = answering(answers, Answering::default());
    state.lock().unwrap().scheme = "OAuth";
    let login = ["--flow", "authorization_code"];
    let output = abroad.login("mailchimp", &login);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(params(&abroad, "mailchimp"), json!({"dc": "us6"}));
    // Whoever has a key says it, or is told what is missing.
    let key = |more: &[&str]| {
        let login = ["login", "mailchimp", "--connection", "key", "--with-token"];
        abroad.given(&[&login[..], more].concat(), &format!("{}-us6", CLIENT[1]))
    };
    let output = key(&["--no-input"]);
    assert_eq!(output.code, 2, "{output:?}");
    assert!(
        output.stderr.contains("`dc`") && output.stderr.contains("us6"),
        "{output:?}"
    );
    assert_eq!(key(&["--param", "dc=us6"]).code, 0);
    let got = abroad.world.hosts_that_got(&[CLIENT[1]]);
    assert_eq!(got, ["login.mailchimp.com", "us6.api.mailchimp.com"]);
}

#[test]
fn a_key_of_harvest_finds_its_account() {
    let accounts = json!({"user": {"email": "ada@example.com"}, "accounts": [{"id": 1_234_567}]});
    let answers = vec![
        ("id.getharvest.com", "/api/v2/accounts", accounts),
        ("api.harvestapp.com", "/v2/users/me", json!({})),
    ];
    let Service { abroad, state } = answering(answers, Answering::default());
    let key = state.lock().unwrap().issuer.secret();
    state.lock().unwrap().issuer.access.clone_from(&key);
    let output = abroad.given(&["login", "harvest", "--with-token"], &key);
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(params(&abroad, "harvest")["account_id"], "1234567");
    let url = "https://api.harvestapp.com/v2/users/me";
    assert_eq!(abroad.ask("harvest", &[url]).code, 0);
    let seen = abroad.world.seen_at("api.harvestapp.com", "/v2/users/me");
    assert_eq!(seen[0].header("harvest-account-id"), Some("1234567"));
}
