//! One broken definition after the other, each with the fault it must be refused for.

use serde_json::{Value, json};

use super::read;

#[test]
fn each_broken_definition_names_the_field_and_the_reason() {
    let cases: Vec<(Value, &str, &str)> = vec![
        (
            json!({"schema_version": null}),
            "schema_version",
            "is missing",
        ),
        (
            json!({"schema_version": 3}),
            "schema_version",
            "is 3; this version reads 2",
        ),
        (
            json!({"schema_version": "2"}),
            "schema_version",
            "must be a whole number",
        ),
        (json!({"name": null}), "name", "is missing"),
        (
            json!({"name": "../../evil"}),
            "name",
            "is not a usable name",
        ),
        (json!({"name": "secret"}), "name", "reserved"),
        (
            json!({"name": 7}),
            "name",
            "must be a text (found a number)",
        ),
        (
            json!({"display_name": "Ac\u{1b}[2Jme"}),
            "display_name",
            "control character (U+001B)",
        ),
        (
            json!({"display_name": "Acme\u{202e}moc"}),
            "display_name",
            "text direction",
        ),
        (
            json!({"display_name": "Ac\u{200b}me"}),
            "display_name",
            "invisible",
        ),
        (json!({"display_name": null}), "display_name", "is missing"),
        (json!({"notes": "x\r\ny"}), "notes", "control character"),
        (json!({"local": "yes"}), "local", "must be true or false"),
        (json!({"aliases": ["acme"]}), "aliases[0]", "there already"),
        (
            json!({"aliases": ["a/b"]}),
            "aliases[0]",
            "not a usable name",
        ),
        (json!({"flows": []}), "flows", "at least one flow"),
        (
            json!({"flows": ["magic"]}),
            "flows[0]",
            "`magic` is not one of authorization_code, ",
        ),
        (
            json!({"flows": ["api_key", "api_key"]}),
            "flows[1]",
            "there already",
        ),
        (json!({"flows": ["browser"]}), "flows[0]", "not supported"),
        (
            json!({"flows": ["api_key"], "api_key": null, "env": null, "hosts": ["api.{site}"]}),
            "api_key",
            "the flow `api_key` needs it",
        ),
        (
            json!({"oauth": {"token_url": null}}),
            "oauth.token_url",
            "the flow `authorization_code` needs it",
        ),
        (
            json!({"oauth": {"device_authorization_url": null}}),
            "oauth.device_authorization_url",
            "needs it",
        ),
        (
            json!({"oauth": {"resource": "/mcp"}}),
            "oauth.resource",
            "is not an absolute URI",
        ),
        (
            json!({"oauth": {"resource": "https://rs.example.com/#mcp"}}),
            "oauth.resource",
            "must not contain a fragment",
        ),
        (
            json!({"oauth": {"resource": "https://rs.example.com", "token_params": {"resource": "https://evil.example"}}}),
            "oauth.token_params.resource",
            "is there as `resource` already",
        ),
        (
            json!({"oauth": {"iss_required": true}}),
            "oauth.iss_required",
            "needs `issuer`",
        ),
        (
            json!({"nmae": "x"}),
            "nmae",
            "is not a known field (did you mean `name`?)",
        ),
        (
            json!({"oauth": {"token_ulr": "x"}}),
            "oauth.token_ulr",
            "did you mean `token_url`?",
        ),
        (json!({"quirks": []}), "quirks", "is not a known field"),
        (
            json!({"extends": "github"}),
            "extends",
            "through the registry",
        ),
        // URLs.
        (
            json!({"oauth": {"token_url": "http://login.acme.example/token"}}),
            "oauth.token_url",
            "must be https (found http)",
        ),
        (
            json!({"oauth": {"token_url": "https://u:p@login.acme.example/"}}),
            "oauth.token_url",
            "user name or password",
        ),
        (
            json!({"oauth": {"token_url": "https://login.acme.example/#x"}}),
            "oauth.token_url",
            "fragment",
        ),
        (
            json!({"oauth": {"token_url": "https://10.0.0.1/token"}}),
            "oauth.token_url",
            "private address",
        ),
        (
            json!({"oauth": {"token_url": "https://169.254.169.254/token"}}),
            "oauth.token_url",
            "private address",
        ),
        (
            json!({"oauth": {"token_url": "https://localhost/token"}}),
            "oauth.token_url",
            "local name",
        ),
        (
            json!({"oauth": {"token_url": "https://evil.example\\@acme.example/"}}),
            "oauth.token_url",
            "does not belong",
        ),
        (
            json!({"oauth": {"token_url": "{site}/token"}}),
            "params.site.default",
            "a whole URL in one template",
        ),
        (
            json!({"oauth": {"issuer": "http://acme.example"}}),
            "oauth.issuer",
            "must be https",
        ),
        (
            json!({"oauth": {"authorization_url": "{nope}/x"}}),
            "oauth.authorization_url",
            "mentions `{nope}`",
        ),
        (
            json!({"oauth": {"token_url": "https://x/{token}"}}),
            "oauth.token_url",
            "mentions `{token}`",
        ),
        (
            json!({"oauth": {"revocation_url": null, "revocation": {"url": "https://{client_id}.acme.example/"}}}),
            "oauth.revocation.url",
            "host from the client id",
        ),
        (
            json!({"oauth": {"revocation": {"url": "https://acme.example/"}}}),
            "oauth.revocation",
            "keep one",
        ),
        (
            json!({"oauth": {"revocation_url": null, "revocation": {"method": "PUT", "url": "https://acme.example/"}}}),
            "oauth.revocation.method",
            "not one of GET, POST, DELETE",
        ),
        (
            json!({"api_key": {"docs": "javascript:alert(1)"}}),
            "api_key.docs",
            "must be https (found javascript)",
        ),
        (
            json!({"oauth": {"docs": "data:text/html,x"}}),
            "oauth.docs",
            "must be https",
        ),
        (
            json!({"whoami": {"url": "https://evil.example/me"}}),
            "whoami.url",
            "not under one of `hosts`",
        ),
        (
            json!({"whoami": {"label": ["email"]}}),
            "whoami.label[0]",
            "JSON pointer",
        ),
        // OAuth words and parameters.
        (
            json!({"oauth": {"client_auth": "magic"}}),
            "oauth.client_auth",
            "not one of basic, body, private_key_jwt, none",
        ),
        (
            json!({"oauth": {"assertion": {"aud": "https://as.example.com"}}}),
            "oauth.assertion",
            "needs `client_auth`: `private_key_jwt`",
        ),
        (
            json!({"oauth": {"client_auth": "private_key_jwt", "assertion": {"kid": "{key_id}"}}}),
            "oauth.assertion.kid",
            "not declared here",
        ),
        (
            json!({"oauth": {"client_auth": "private_key_jwt", "assertion": {"alg": "none"}}}),
            "oauth.assertion.alg",
            "not a known field",
        ),
        (
            json!({"oauth": {"client_auth": "private_key_jwt", "registration_url": "https://as.example.com/r"}}),
            "oauth.registration_url",
            "no clients with a private key",
        ),
        (
            json!({"oauth": {"client_env": {"private_key": "EXAMPLE_KEY"}}}),
            "oauth.client_env.private_key",
            "neither `client_id`, `client_secret` nor a parameter",
        ),
        (
            json!({"oauth": {"token_params": {"client_assertion": "x"}}}),
            "oauth.token_params.client_assertion",
            "set by the flow",
        ),
        (
            json!({"oauth": {"authorization_params": {"redirect_uri": "https://evil.example"}}}),
            "oauth.authorization_params.redirect_uri",
            "set by the flow",
        ),
        (
            json!({"oauth": {"authorization_params": {"code_challenge_method": "plain"}}}),
            "oauth.authorization_params.code_challenge_method",
            "set by the flow",
        ),
        (
            json!({"oauth": {"token_params": {"client_secret": "x"}}}),
            "oauth.token_params.client_secret",
            "set by the flow",
        ),
        (
            json!({"oauth": {"client_credentials": {"params": {"client_assertion": "x"}}}}),
            "oauth.client_credentials.params.client_assertion",
            "set by the flow",
        ),
        (
            json!({"oauth": {"scopes": ["a b"]}}),
            "oauth.scopes[0]",
            "not a scope",
        ),
        (
            json!({"oauth": {"client_env": {"site": "A-B"}}}),
            "oauth.client_env.site",
            "not the name of an environment variable",
        ),
        (
            json!({"oauth": {"client_env": {"other": "AB"}}}),
            "oauth.client_env.other",
            "neither",
        ),
        // Hosts.
        (json!({"hosts": ["*"]}), "hosts[0]", "whole labels"),
        (json!({"hosts": ["*.com"]}), "hosts[0]", "unrelated owners"),
        (
            json!({"hosts": ["*.amazonaws.com"]}),
            "hosts[0]",
            "unrelated owners",
        ),
        (
            json!({"hosts": ["https://u@api.acme.example"]}),
            "hosts[0]",
            "not a host name",
        ),
        (
            json!({"hosts": ["10.0.0.1"]}),
            "hosts[0]",
            "private address",
        ),
        (
            json!({"hosts": ["0x7f000001"]}),
            "hosts[0]",
            "private address",
        ),
        (
            json!({"hosts": ["localhost:8080"]}),
            "hosts[0]",
            "local name",
        ),
        (
            json!({"hosts": [{"basic": ["a", "b"]}]}),
            "hosts[0].host",
            "is missing",
        ),
        (json!({"hosts": [7]}), "hosts[0]", "must be an object"),
        (
            json!({"hosts": [{"host": "api.acme.example", "if_default": "nope"}]}),
            "hosts[0].if_default",
            "with a default",
        ),
        // Headers and injection.
        (
            json!({"headers": {"X-A": "a\r\nHost: evil.example"}}),
            "headers.X-A",
            "control character (U+000D)",
        ),
        (
            json!({"headers": {"X-A\r\nB": "a"}}),
            "headers.X-A\\u{d}\\u{a}B",
            "not the name of a header",
        ),
        (
            json!({"headers": {"Host": "evil.example"}}),
            "headers.Host",
            "may not be set",
        ),
        (
            json!({"headers": {"content-length": "0"}}),
            "headers.content-length",
            "may not be set",
        ),
        (
            json!({"headers": {"Proxy-Authorization": "x"}}),
            "headers.Proxy-Authorization",
            "may not be set",
        ),
        (
            json!({"headers": {"X-Leak": "{token}"}}),
            "headers.X-Leak",
            "mentions `{token}`",
        ),
        (
            json!({"headers": {"X-A": "ä"}}),
            "headers.X-A",
            "printable ASCII",
        ),
        (
            json!({"api_key": {"headers": {"Authorization": "Bearer {tokn}"}}}),
            "api_key.headers.Authorization",
            "mentions `{tokn}`, which is not declared",
        ),
        (
            json!({"api_key": {"headers": {"X": "{token"}}}),
            "api_key.headers.X",
            "closing one",
        ),
        (
            json!({"api_key": {"basic": ["{token}"]}}),
            "api_key.basic",
            "user name and password",
        ),
        (
            json!({"api_key": {"basic": ["a:b", "{token}"]}}),
            "api_key.basic",
            "colon",
        ),
        (
            json!({"api_key": {"path": "/a/../{token}"}}),
            "api_key.path",
            "plain path",
        ),
        (
            json!({"api_key": {"sign": "aws_sigv9"}}),
            "api_key.sign",
            "not one of aws_sigv4",
        ),
        (
            json!({"api_key": {"sign": "aws_sigv4"}}),
            "api_key.sign",
            "access_key_id",
        ),
        (
            json!({"api_key": {
                "fields": [{"name": "access_key_id"}, {"name": "token"}],
                "sign": "aws_sigv4", "headers": {"X-Key": "{token}"},
            }}),
            "api_key.sign",
            "nothing to put",
        ),
        (
            json!({"api_key": {"fields": []}}),
            "api_key.fields",
            "at least one",
        ),
        (
            json!({"api_key": {"fields": [{"name": "token", "pattern": "^(ak"}]}}),
            "api_key.fields[0].pattern",
            "not a usable pattern",
        ),
        (
            json!({"api_key": {"fields": [{"name": "token", "pattern": "((a{100}){100}){100}"}]}}),
            "api_key.fields[0].pattern",
            "not a usable pattern",
        ),
        // Environment and parameters.
        (
            json!({"env": {"LD_PRELOAD": "{token}"}}),
            "env.LD_PRELOAD",
            "changes how programs run",
        ),
        (
            json!({"env": {"HTTPS_PROXY": "x"}}),
            "env.HTTPS_PROXY",
            "changes how programs run",
        ),
        (
            json!({"env": {"A=B": "x"}}),
            "env.A=B",
            "not the name of an environment variable",
        ),
        (
            json!({"env": {"ACME_SECRET": "{client_secret}"}}),
            "env.ACME_SECRET",
            "mentions `{client_secret}`",
        ),
        (
            json!({"env": {"ACME_REFRESH": "{refresh_token}"}}),
            "env.ACME_REFRESH",
            "mentions `{refresh_token}`",
        ),
        (
            json!({"params": {"token": {"label": "x"}}}),
            "params.token",
            "name of a credential",
        ),
        (
            json!({"params": {"app": {"default": "x"}}}),
            "params",
            "also the name of a field",
        ),
        (
            json!({"params": {"site": {"secret": true}}}),
            "params.site.secret",
            "neither `default` nor `from`",
        ),
        (
            json!({"params": {"site": {"secret": true, "default": null}}}),
            "hosts[0]",
            "which is a secret",
        ),
        (
            json!({"params": {"shard": {"from": "token:/shard"}}, "hosts": ["{shard}"]}),
            "params.shard.pattern",
            "becomes a part of a host",
        ),
        (
            json!({"params": {"shard": {"from": "GET https://evil.example/ /shard"}}}),
            "params.shard.from",
            "not under one of `hosts`",
        ),
        (
            json!({"params": {"site": {"from": "token:/site", "pattern": ".*"}}}),
            "oauth.token_url",
            "reveals after login only",
        ),
        (
            json!({"oauth": {"redirect_uri": "Acme-RuName"}}),
            "oauth.redirect_uri",
            "needs `redirect`",
        ),
        (
            json!({"oauth": {"pkce": "plain"}}),
            "oauth.pkce",
            "must be true or false",
        ),
        (
            json!({"oauth": {"anonymous": true}}),
            "oauth.anonymous",
            "needs `client_auth`",
        ),
        (
            json!({"oauth": {"upgrade": {"url": "https://acme.example/longer"}}}),
            "oauth.upgrade",
            "must carry the token",
        ),
        (
            json!({"oauth": {"refresh": {"method": "GET", "url": "https://acme.example/again"}}}),
            "oauth.refresh.method",
            "must be a POST",
        ),
        (
            json!({"oauth": {"upgrade": {"method": "GET", "format": "json", "params": {"t": "{token}"}}}}),
            "oauth.upgrade.format",
            "a GET has no body",
        ),
        (
            json!({"oauth": {"authorization_url": "https://acme.example/#x"}}),
            "oauth.authorization_url",
            "must not contain a fragment",
        ),
        (
            json!({"params": {"site": {"default": "acme.example/@evil.example"}}}),
            "params.site.default",
            "contains '@'",
        ),
        (
            json!({"params": {"site": {"pattern": "^x$"}}}),
            "params.site.default",
            "as it should",
        ),
        (
            json!({"params": {"site": {"pattern": "("}}}),
            "params.site.pattern",
            "not a usable pattern",
        ),
        (
            json!({"params": {"site": {"from": "magic"}}}),
            "params.site.from",
            "callback:NAME",
        ),
        (
            json!({"params": {"site": {"default": null, "optional": true}}}),
            "oauth.token_url",
            "may have no value",
        ),
    ];
    assert!(cases.len() >= 25);
    for (patch, field, reason) in cases {
        let error = read(patch.clone()).expect_err(&patch.to_string());
        let hit = error
            .errors
            .iter()
            .any(|e| e.field == field && e.reason.contains(reason));
        assert!(hit, "{patch}\nwanted `{field}`: {reason}\nfound {error}");
        assert!(
            !error
                .to_string()
                .chars()
                .any(|c| c.is_control() && c != '\n'),
            "{error:?}"
        );
    }
}
