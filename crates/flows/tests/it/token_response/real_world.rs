//! Answers in the shapes that services give, values made up.

use std::time::Duration;

use authkeep_flows::{
    HttpResponse, Malformation, TokenError, TokenResponseRules, read_token_response,
};
use serde_json::{Value, json};

struct Answer {
    name: &'static str,
    status: u16,
    content_type: &'static str,
    body: &'static str,
    token_path: Option<&'static str>,
}

impl Answer {
    /// A JSON answer with status 200.
    fn ok(name: &'static str, body: &'static str) -> Self {
        Self {
            name,
            status: 200,
            content_type: JSON,
            body,
            token_path: None,
        }
    }

    fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    fn typed(self, content_type: &'static str) -> Self {
        Self {
            content_type,
            ..self
        }
    }

    fn at(self, token_path: &'static str) -> Self {
        Self {
            token_path: Some(token_path),
            ..self
        }
    }

    fn read(&self) -> Result<authkeep_flows::TokenSet, TokenError> {
        let headers = vec![("content-type".to_owned(), self.content_type.to_owned())];
        let body = self.body.as_bytes().to_vec();
        let rules = TokenResponseRules {
            token_path: self.token_path,
            default_expires_in: Some(Duration::from_secs(77)),
        };
        read_token_response(&HttpResponse::new(self.status, headers, body), &rules)
    }

    /// Checks a success: `[access token, refresh token, type, seconds, scopes]` and the rest.
    fn gives(&self, told: &Value, extra: &Value) {
        let tokens = self
            .read()
            .unwrap_or_else(|error| panic!("{}: {error:?}", self.name));
        let found = json!([
            tokens.access_token.expose(),
            tokens.refresh_token.as_ref().map(|token| token.expose()),
            tokens.token_type,
            tokens.expires_in.map(|lifetime| lifetime.as_secs()),
            tokens.scope,
        ]);
        assert_eq!(&found, told, "{}", self.name);
        assert_eq!(&Value::Object(tokens.extra), extra, "{}", self.name);
    }
}

const JSON: &str = "application/json; charset=utf-8";
const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
const HTML: &str = "text/html; charset=UTF-8";

#[test]
fn successes() {
    let plain = json!(["at", "rt", "Bearer", 3600, null]);
    Answer::ok(
        "the standard one",
        r#"{"access_token":"at","token_type":"Bearer","expires_in":3600,"refresh_token":"rt"}"#,
    )
    .gives(&plain, &json!({}));
    Answer::ok(
        "status 201",
        r#"{"access_token":"at","token_type":"bearer","expires_in":3600,"refresh_token":"rt"}"#,
    )
    .status(201)
    .gives(&plain, &json!({}));
    Answer::ok(
        "a lifetime in a string",
        r#"{"access_token":"at","token_type":"Bearer","expires_in":"3600","refresh_token":"rt"}"#,
    )
    .gives(&plain, &json!({}));
    Answer::ok(
        "a lifetime as a float",
        r#"{"access_token":"at","token_type":"Bearer","expires_in":3600.0,"refresh_token":"rt"}"#,
    )
    .gives(&plain, &json!({}));
    Answer::ok(
        "JSON served as HTML",
        r#" {"access_token":"at","expires_in":3600,"refresh_token":"rt"}"#,
    )
    .typed(HTML)
    .gives(&plain, &json!({}));
    Answer::ok(
        "a byte order mark",
        "\u{feff}{\"access_token\":\"at\",\"expires_in\":3600,\"refresh_token\":\"rt\"}",
    )
    .gives(&plain, &json!({}));
    Answer::ok(
        "no content type",
        r#"{"access_token":"at","expires_in":3600,"refresh_token":"rt"}"#,
    )
    .typed("")
    .gives(&plain, &json!({}));

    Answer::ok(
        "GitHub, an OAuth app, as a form",
        "access_token=gho_16C7e42F&scope=repo%2Cgist&token_type=bearer",
    )
    .typed(FORM)
    .gives(
        &json!(["gho_16C7e42F", null, "Bearer", 77, ["repo", "gist"]]),
        &json!({}),
    );
    Answer::ok(
        "GitHub, an app with expiring tokens, as a form",
        "access_token=ghu_1&expires_in=28800&refresh_token=ghr_1&refresh_token_expires_in=15811200&scope=&token_type=bearer",
    )
    .typed(FORM)
    .gives(
        &json!(["ghu_1", "ghr_1", "Bearer", 28800, []]),
        &json!({"refresh_token_expires_in": "15811200"}),
    );
    Answer::ok(
        "GitHub as JSON",
        r#"{"access_token":"gho_1","scope":"repo,gist","token_type":"bearer"}"#,
    )
    .gives(
        &json!(["gho_1", null, "Bearer", 77, ["repo", "gist"]]),
        &json!({}),
    );

    let slack = r#"{"ok":true,"app_id":"A1","authed_user":{"id":"U1","scope":"chat:write,users:read",
        "access_token":"xoxp-1","token_type":"user"},"scope":"commands","token_type":"bot",
        "access_token":"xoxb-1","bot_user_id":"U2","team":{"id":"T1","name":"Taster"},
        "incoming_webhook":{"url":"https://hooks.slack.test/T1/B1/x","channel":"c"},
        "enterprise":null,"is_enterprise_install":false}"#;
    Answer::ok("Slack, the bot's token", slack).gives(
        &json!(["xoxb-1", null, "bot", 77, ["commands"]]),
        &json!({
            "ok": true, "app_id": "A1", "bot_user_id": "U2", "enterprise": null,
            "is_enterprise_install": false, "team": {"id": "T1", "name": "Taster"},
            "authed_user": {"id": "U1", "scope": "chat:write,users:read", "token_type": "user"},
        }),
    );
    Answer::ok("Slack, the user's token", slack)
        .at("/authed_user")
        .gives(
            &json!(["xoxp-1", null, "user", 77, ["chat:write", "users:read"]]),
            &json!({
                "ok": true, "app_id": "A1", "bot_user_id": "U2", "enterprise": null,
                "is_enterprise_install": false, "team": {"id": "T1", "name": "Taster"},
                "scope": "commands", "token_type": "bot",
                "authed_user": {"id": "U1", "scope": "chat:write,users:read", "token_type": "user"},
            }),
        );
    Answer::ok("Slack, a refreshed user's token", r#"{"ok":true,"access_token":"xoxe.xoxp-2","refresh_token":"xoxe-2","expires_in":43200,"token_type":"user","scope":"chat:write"}"#)
        .at("/authed_user")
        .gives(&json!(["xoxe.xoxp-2", "xoxe-2", "user", 43200, ["chat:write"]]), &json!({"ok": true}));

    Answer::ok(
        "Notion",
        r#"{"access_token":"ntn_1","token_type":"bearer","refresh_token":"nrt_1","bot_id":"b3414d65","workspace_icon":null,
        "workspace_name":"Home","workspace_id":"j8e1","owner":{"type":"user","user":{"object":"user","id":"e79a0b74"}},
        "duplicated_template_id":null,"request_id":"r1"}"#,
    )
    .gives(
        &json!(["ntn_1", "nrt_1", "Bearer", 77, null]),
        &json!({
            "bot_id": "b3414d65", "workspace_icon": null, "workspace_name": "Home", "workspace_id": "j8e1",
            "owner": {"type": "user", "user": {"object": "user", "id": "e79a0b74"}},
            "duplicated_template_id": null, "request_id": "r1",
        }),
    );
    Answer::ok("Google", r#"{"access_token":"ya29.a0","expires_in":3599,"refresh_token":"1//0g","scope":"openid https://www.googleapis.com/auth/drive.file","token_type":"Bearer","id_token":"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"}"#)
        .gives(
            &json!(["ya29.a0", "1//0g", "Bearer", 3599, ["openid", "https://www.googleapis.com/auth/drive.file"]]),
            &json!({}),
        );
    Answer::ok("Microsoft", r#"{"token_type":"Bearer","scope":"User.Read","expires_in":4371,"ext_expires_in":4371,"access_token":"EwB4","refresh_token":"M.C5"}"#)
        .gives(&json!(["EwB4", "M.C5", "Bearer", 4371, ["User.Read"]]), &json!({"ext_expires_in": 4371}));
    Answer::ok("Salesforce", r#"{"access_token":"00D!AQ","instance_url":"https://na1.test","id":"https://login.test/id/00D/005","token_type":"Bearer","issued_at":"1278448101416","signature":"c2ln"}"#)
        .gives(
            &json!(["00D!AQ", null, "Bearer", 77, null]),
            &json!({"instance_url": "https://na1.test", "id": "https://login.test/id/00D/005", "issued_at": "1278448101416"}),
        );
    Answer::ok("Linear, scopes in a list", r#"{"access_token":"lin_1","token_type":"Bearer","expires_in":86399,"scope":["read","write"]}"#)
        .gives(&json!(["lin_1", null, "Bearer", 86399, ["read", "write"]]), &json!({}));
    Answer::ok("Dropbox", r#"{"access_token":"sl.A","expires_in":14400,"token_type":"bearer","scope":"account_info.read files.content.read","refresh_token":"nBiM","account_id":"dbid:A","uid":"12345"}"#)
        .gives(
            &json!(["sl.A", "nBiM", "Bearer", 14400, ["account_info.read", "files.content.read"]]),
            &json!({"account_id": "dbid:A", "uid": "12345"}),
        );
    Answer::ok("Twitch, scopes in a list", r#"{"access_token":"rf","expires_in":14124,"refresh_token":"5b","scope":["channel:moderate","chat:edit"],"token_type":"bearer"}"#)
        .gives(&json!(["rf", "5b", "Bearer", 14124, ["channel:moderate", "chat:edit"]]), &json!({}));
    Answer::ok(
        "Shopify, offline",
        r#"{"access_token":"shpat_1","scope":"write_orders,read_customers"}"#,
    )
    .gives(
        &json!([
            "shpat_1",
            null,
            "Bearer",
            77,
            ["write_orders", "read_customers"]
        ]),
        &json!({}),
    );
    Answer::ok(
        "Meta",
        r#"{"access_token":"EAAB","token_type":"bearer","expires_in":5183944}"#,
    )
    .gives(
        &json!(["EAAB", null, "Bearer", 5_183_944, null]),
        &json!({}),
    );
    Answer::ok("ClickUp, no type", r#"{"access_token":"1_x"}"#)
        .gives(&json!(["1_x", null, "Bearer", 77, null]), &json!({}));
    Answer::ok(
        "a token that never expires",
        r#"{"access_token":"at","token_type":"Bearer","expires_in":0,"refresh_token":""}"#,
    )
    .gives(&json!(["at", null, "Bearer", 77, null]), &json!({}));
    Answer::ok("a lifetime beyond reason", r#"{"access_token":"at","expires_in":1e308,"refresh_token":null,"scope":null,"token_type":null}"#)
        .gives(&json!(["at", null, "Bearer", 77, null]), &json!({}));
    Answer::ok(
        "a lifetime of 68 years",
        r#"{"access_token":"at","expires_in":2147483647}"#,
    )
    .gives(
        &json!(["at", null, "Bearer", 316_224_000, null]),
        &json!({}),
    );
    Answer::ok(
        "an empty error beside a token",
        r#"{"access_token":"at","error":null,"error_description":""}"#,
    )
    .gives(
        &json!(["at", null, "Bearer", 77, null]),
        &json!({"error": null, "error_description": ""}),
    );
    Answer::ok("TikTok", r#"{"access_token":"act.1","expires_in":86400,"open_id":"o1","refresh_expires_in":31536000,"refresh_token":"rft.1","scope":"user.info.basic,video.list","token_type":"Bearer"}"#)
        .gives(
            &json!(["act.1", "rft.1", "Bearer", 86400, ["user.info.basic", "video.list"]]),
            &json!({"open_id": "o1", "refresh_expires_in": 31_536_000}),
        );
    Answer::ok("QuickBooks", r#"{"token_type":"bearer","expires_in":3600,"refresh_token":"Q0","x_refresh_token_expires_in":8726400,"access_token":"eyJlbmMi"}"#)
        .gives(&json!(["eyJlbmMi", "Q0", "Bearer", 3600, null]), &json!({"x_refresh_token_expires_in": 8_726_400}));
}

#[test]
fn refusals() {
    let table = [
        (Answer::ok("Slack, in a 200", r#"{"ok":false,"error":"invalid_code"}"#), "invalid_code", None),
        (
            Answer::ok("Slack, a dead refresh token", r#"{"ok":false,"error":"invalid_refresh_token"}"#),
            "invalid_refresh_token",
            None,
        ),
        (
            Answer::ok(
                "GitHub, in a 200, as a form",
                "error=bad_verification_code&error_description=The+code+passed+is+incorrect+or+expired.&error_uri=https%3A%2F%2Fdocs.github.test",
            )
            .typed(FORM),
            "bad_verification_code",
            Some("The code passed is incorrect or expired."),
        ),
        (Answer::ok("the standard one", r#"{"error":"invalid_grant"}"#).status(400), "invalid_grant", None),
        (
            Answer::ok("an error with a token beside it", r#"{"error":"invalid_scope","access_token":"at"}"#),
            "invalid_scope",
            None,
        ),
        (Answer::ok("the client", r#"{"error":"invalid_client"}"#).status(401), "invalid_client", None),
        (
            Answer::ok(
                "Microsoft",
                r#"{"error":"invalid_grant","error_description":"AADSTS70008: The code has expired.\r\nTrace ID: 0d8a1c3e-6a0e-4f4e-9b59-2f2c7a5d1e00","error_codes":[70008]}"#,
            )
            .status(400),
            "invalid_grant",
            Some("AADSTS70008: The code has expired.Trace ID: 0d8a1c3e-6a0e-4f4e-9b59-2f2c7a5d1e00"),
        ),
        (
            Answer::ok("Meta, nested", r#"{"error":{"message":"Invalid verification code","type":"OAuthException","code":100}}"#)
                .status(400),
            "OAuthException",
            Some("Invalid verification code"),
        ),
        (
            Answer::ok("a device that is not approved yet", r#"{"error":"authorization_pending"}"#),
            "authorization_pending",
            None,
        ),
    ];
    for (answer, code, explanation) in table {
        let Err(TokenError::Refused {
            error,
            description,
            status,
        }) = answer.read()
        else {
            panic!("{}: not refused", answer.name);
        };
        assert_eq!(error, code, "{}", answer.name);
        assert_eq!(description.as_deref(), explanation, "{}", answer.name);
        assert_eq!(status, answer.status, "{}", answer.name);
    }
}

#[test]
fn neither() {
    for answer in [
        Answer::ok(
            "a captive portal",
            "<!DOCTYPE html><title>Sign in to Wi-Fi</title>",
        )
        .typed(HTML),
        Answer::ok("a gateway", "<html>502</html>")
            .status(502)
            .typed(HTML),
        Answer::ok("a firewall", "<html>Attention</html>")
            .status(403)
            .typed(HTML),
        Answer::ok("too many requests", r#"{"error":"rate_limited"}"#).status(429),
        Answer::ok("nothing at all", ""),
        Answer::ok(
            "overloaded, and wrong about it",
            r#"{"error":"invalid_grant"}"#,
        )
        .status(503),
    ] {
        let error = answer.read().unwrap_err();
        assert!(
            matches!(error, TokenError::Transient { .. }),
            "{}",
            answer.name
        );
    }
    for (answer, expected) in [
        (
            Answer::ok("cut off", r#"{"access_token":"at","expi"#),
            Malformation::Json,
        ),
        (
            Answer::ok("a 404 in JSON", r#"{"message":"Not Found"}"#).status(404),
            Malformation::NoErrorObject,
        ),
        (Answer::ok("moved", "").status(307), Malformation::Redirect),
        (
            Answer::ok(
                "sender-constrained",
                r#"{"access_token":"at","token_type":"DPoP"}"#,
            ),
            Malformation::TokenType("DPoP".to_owned()),
        ),
        (
            Answer::ok(
                "the bot's token where the user's was asked for",
                r#"{"ok":true,"access_token":"xoxb-1","authed_user":{"id":"U1"}}"#,
            )
            .at("/authed_user"),
            Malformation::MissingAccessToken,
        ),
        (
            Answer::ok(
                "a path that ends in text",
                r#"{"access_token":"at","data":"x"}"#,
            )
            .at("/data"),
            Malformation::NotAnObject,
        ),
    ] {
        let Err(TokenError::Malformed { why, .. }) = answer.read() else {
            panic!("{}: not malformed", answer.name);
        };
        assert_eq!(why, expected, "{}", answer.name);
    }
}
