use serde_json::json;
use url::Url;

use super::binder::with_http_port;
use super::*;
use crate::template::Template;

fn definition() -> Definition {
    let text = json!({
        "schema_version": 2, "name": "acme", "display_name": "Acme",
        "flows": ["authorization_code", "client_credentials"],
        "params": {
            "base_url": {"label": "Acme URL", "default": "https://acme.example", "example": "https://acme.corp.example"},
            "tenant": {"label": "Tenant", "example": "blue", "pattern": "[a-z0-9-]+"},
            "account": {"label": "Account", "optional": true},
            "shard": {"label": "Shard", "from": "token:/shard", "pattern": "[a-z0-9:-]+"}
        },
        "hosts": [
            "{base_url}/api/", "{tenant}.acme.example", "{shard}.shards.example",
            {"host": "cdn.acme.example", "if_default": "base_url"}
        ],
        "headers": {"Acme-Tenant": "{tenant}", "Acme-Account": "{account}"},
        "oauth": {
            "authorization_url": "{base_url}/authorize",
            "token_url": "https://login.acme.example/{tenant}/token",
            "client_credentials": {"params": {"grant_type": "account", "account_id": "{account}"}},
            "revocation": {"url": "{base_url}/apps/{client_id}/token", "method": "DELETE", "auth": "basic"}
        },
        "env": {"ACME_TOKEN": "{token}", "ACME_HOST": "{shard}", "ACME_TENANT": "{tenant}"},
        "whoami": {"url": "{base_url}/api/me"}
    });
    Definition::from_json("acme.json", &text.to_string()).expect("reads")
}

fn bind(pairs: &[(&str, &str)]) -> Result<Provider, BindError> {
    let params = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    definition().bind(&params)
}

#[test]
fn values_and_defaults_are_filled_in_everywhere() {
    let provider = bind(&[("tenant", "blue")]).expect("binds");
    let oauth = provider.oauth.as_ref().expect("has OAuth");
    assert_eq!(
        oauth.token_url.as_ref().map(Url::as_str),
        Some("https://login.acme.example/blue/token")
    );
    assert_eq!(
        provider.headers,
        [("Acme-Tenant".to_owned(), "blue".to_owned())]
    );
    let hosts: Vec<String> = provider
        .hosts
        .iter()
        .map(|host| host.pattern.to_string())
        .collect();
    assert_eq!(
        hosts,
        ["acme.example/api/", "blue.acme.example", "cdn.acme.example"]
    );
    assert_eq!(provider.params.len(), 2);
    let credentials = oauth.client_credentials.as_ref().expect("has the grant");
    assert_eq!(
        credentials.params,
        [("grant_type".to_owned(), "account".to_owned())]
    );
    let revocation = oauth.revocation.as_ref().expect("has a revocation");
    assert_eq!(revocation.origin().as_deref(), Some("https://acme.example"));
    assert_eq!(
        revocation.url.variables().collect::<Vec<_>>(),
        ["client_id"]
    );
    let rendered: Vec<_> = provider
        .env
        .iter()
        .map(|(_, t)| t.render(|n| (n == "token").then_some("T")))
        .collect();
    assert_eq!(
        rendered,
        [None, Some("blue".to_owned()), Some("T".to_owned())]
    );
    let origins: Vec<String> = provider.origins().into_iter().collect();
    assert_eq!(
        origins,
        ["https://acme.example", "https://login.acme.example"]
    );
}

#[test]
fn values_found_at_login_complete_the_rest() {
    let provider = bind(&[("tenant", "blue"), ("shard", "s7"), ("account", "42")]).expect("binds");
    assert!(provider.host_for("s7.shards.example", 443, "/").is_some());
    assert!(provider.host_for("s8.shards.example", 443, "/").is_none());
    assert_eq!(provider.headers.len(), 2);
}

#[test]
fn a_base_url_is_normalised() {
    for (given, host) in [
        ("https://corp.example", "corp.example/api/"),
        ("https://corp.example/", "corp.example/api/"),
        ("corp.example", "corp.example/api/"),
        (
            "https://corp.example:8443/sub/",
            "corp.example:8443/sub/api/",
        ),
    ] {
        let provider = bind(&[("tenant", "t"), ("base_url", given)]).expect(given);
        assert_eq!(provider.hosts[0].pattern.to_string(), host);
        // A rule that is tied to the default is gone.
        assert!(provider.host_for("cdn.acme.example", 443, "/").is_none());
    }
    let spelled = bind(&[("tenant", "t"), ("base_url", "https://acme.example/")]).expect("binds");
    assert!(
        spelled.host_for("cdn.acme.example", 443, "/").is_some(),
        "the default in other letters"
    );
}

#[test]
fn a_missing_parameter_is_explained() {
    for given in [&[][..], &[("tenant", "")]] {
        let error = bind(given).expect_err("needs a tenant");
        assert_eq!(
            error.to_string(),
            "`acme` needs `tenant` (Tenant), for example blue"
        );
    }
    let error = bind(&[("tenant", "t"), ("tenat", "x")]).expect_err("unknown");
    assert!(
        error
            .to_string()
            .contains("no parameter `tenat`; it has account, base_url"),
        "{error}"
    );
}

#[test]
fn no_value_moves_a_credential_to_another_host() {
    for (name, value, why) in [
        ("tenant", "x@evil.example", "'@'"),
        ("tenant", "x#", "'#'"),
        ("tenant", "x?", "'?'"),
        ("tenant", "x/y", "'/'"),
        ("tenant", "x\\y", "'\\\\'"),
        ("tenant", "x y", "' '"),
        ("tenant", "x\ny", "control character"),
        ("tenant", "x%2f", "'%'"),
        ("tenant", "*", "'*'"),
        ("tenant", "{token}", "'{'"),
        ("tenant", "..", "dot segment"),
        ("tenant", ".", "dot segment"),
        ("tenant", ".evil", "starts with"),
        ("tenant", ":80", "starts with"),
        ("tenant", "UPPER", "as it should, for example blue"),
        ("tenant", "https://evil.example", "must not be a URL"),
        (
            "base_url",
            "http://corp.example",
            "must be https (found http)",
        ),
        ("base_url", "javascript:alert(1)", "not a URL"),
        ("base_url", "file:///etc", "must be https"),
        ("base_url", "https://u:p@corp.example", "'@'"),
        ("base_url", "https://10.0.0.1", "private address"),
        ("base_url", "https://localhost", "local name"),
        ("base_url", "https://corp.example/../x", "dot segment"),
        ("base_url", "169.254.169.254", "private address"),
    ] {
        let mut params = BTreeMap::from([("tenant".to_owned(), "t".to_owned())]);
        params.insert(name.to_owned(), value.to_owned());
        let error = definition().bind(&params).expect_err(value);
        assert!(
            matches!(error, BindError::BadValue { .. }),
            "{value}: {error}"
        );
        assert!(error.to_string().contains(why), "{value}: {error}");
    }
}

#[test]
fn values_that_are_refused_would_have_moved_the_host() {
    let template = Template::parse("https://{tenant}.acme.example/").expect("parses");
    for value in [
        "evil.example/",
        "evil.example#",
        "evil.example?",
        "evil.example\\",
    ] {
        let text = template.render(|_| Some(value)).expect("renders");
        let url = Url::parse(&text).expect("a URL");
        assert_eq!(
            url.host_str(),
            Some("evil.example"),
            "the control: pasted unchecked"
        );
        assert!(bind(&[("tenant", value)]).is_err(), "{value}");
    }
}

#[test]
fn a_value_that_only_fails_in_its_place_is_caught_there() {
    let error = bind(&[("tenant", "t"), ("shard", "a:b")]).expect_err("no port");
    assert!(matches!(error, BindError::Unusable { .. }), "{error}");
    assert!(error.to_string().contains("hosts[2]"), "{error}");
}

#[test]
fn a_local_base_url_may_be_plain_http_on_loopback() {
    let make = |local: bool| {
        let text = json!({
            "schema_version": 2, "name": "dev", "display_name": "Dev", "local": local, "flows": ["authorization_code"],
            "params": {"base_url": {"label": "URL"}},
            "hosts": ["{base_url}"],
            "oauth": {"issuer": "{base_url}"}
        });
        let definition = Definition::from_json("dev.json", &text.to_string()).expect("reads");
        definition.bind(&BTreeMap::from([(
            "base_url".to_owned(),
            "http://127.0.0.1:9000".to_owned(),
        )]))
    };
    let provider = make(true).expect("binds");
    assert_eq!(provider.hosts[0].pattern.to_string(), "127.0.0.1:9000");
    assert_eq!(
        provider.oauth.and_then(|oauth| oauth.issuer).as_deref(),
        Some("http://127.0.0.1:9000")
    );
    assert!(matches!(make(false), Err(BindError::BadValue { .. })));
    assert_eq!(with_http_port("127.0.0.1/x"), "127.0.0.1:80/x");
    assert_eq!(with_http_port("[::1]"), "[::1]:80");
}

#[test]
fn a_resource_is_named_in_every_request_for_a_token() {
    let text = json!({
        "schema_version": 2, "name": "acme", "display_name": "Acme", "flows": ["authorization_code"],
        "params": {"tenant": {"label": "Tenant", "default": "blue"}},
        "hosts": ["rs.acme.example/mcp/"],
        "oauth": {
            "issuer": "https://as.acme.example",
            "resource": "https://rs.acme.example/{tenant}",
            "authorization_params": {"prompt": "consent"}
        }
    });
    let definition = Definition::from_json("acme.json", &text.to_string()).expect("reads");
    let provider = definition.bind(&BTreeMap::new()).expect("binds");
    let oauth = provider.oauth.expect("has OAuth");
    let resource = (
        "resource".to_owned(),
        "https://rs.acme.example/blue".to_owned(),
    );
    assert_eq!(oauth.resource.as_ref(), Some(&resource.1));
    let prompt = ("prompt".to_owned(), "consent".to_owned());
    assert_eq!(oauth.authorization_params, [prompt, resource.clone()]);
    assert_eq!(oauth.token_params, [resource]);
    assert!(oauth.needs_discovery());
}
