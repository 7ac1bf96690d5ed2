use super::*;

fn read(status: u16, content_type: &str, body: &str) -> Result<TokenSet, TokenError> {
    let headers = vec![
        ("Content-Type".to_owned(), content_type.to_owned()),
        ("Retry-After".to_owned(), "30".to_owned()),
    ];
    let response = HttpResponse::new(status, headers, body.as_bytes().to_vec());
    read_token_response(&response, &TokenResponseRules::default())
}

/// Why a 200 with this JSON is malformed.
fn why(body: &Value) -> Malformation {
    match read(200, "application/json", &body.to_string()) {
        Err(TokenError::Malformed { why, status: 200 }) => why,
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn the_example_of_rfc_6749() {
    let body = r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"example",
        "expires_in":3600,"refresh_token":"tGzv3JOkF0XG5Qx2TlKWIA","example_parameter":"x"}"#;
    // As printed there the type is made up, and a client must not use a type it does not know.
    let Err(TokenError::Malformed { why, .. }) = read(200, "application/json", body) else {
        panic!("accepted an unknown token type");
    };
    assert_eq!(why, Malformation::TokenType("example".to_owned()));

    let tokens = read(
        200,
        "application/json",
        &body.replace("\"example\"", "\"Bearer\""),
    )
    .expect("a token set");
    assert_eq!(tokens.access_token.expose(), "2YotnFZFEjr1zCsicMWpAA");
    let refresh_token = tokens.refresh_token.expect("a refresh token");
    assert_eq!(refresh_token.expose(), "tGzv3JOkF0XG5Qx2TlKWIA");
    assert_eq!(tokens.expires_in, Some(Duration::from_secs(3600)));
    assert_eq!(tokens.scope, None);
    let extra = serde_json::json!({"example_parameter": "x"});
    assert_eq!(Value::Object(tokens.extra), extra);
}

#[test]
fn tokens_that_break_out_of_a_header_are_refused() {
    let bad = [
        "a\r\nX-Evil: 1",
        "a\nb",
        "a\0b",
        "a b",
        "a\tb",
        "tök",
        "a\u{7f}",
        " a",
        "a\u{2028}",
    ];
    for text in bad {
        let field = TokenField::AccessToken;
        assert_eq!(
            why(&serde_json::json!({"access_token": text})),
            Malformation::IllegalCharacter(field),
            "{text:?}"
        );
        let field = TokenField::RefreshToken;
        assert_eq!(
            why(&serde_json::json!({"access_token": "a", "refresh_token": text})),
            Malformation::IllegalCharacter(field),
            "{text:?}"
        );
    }
    // The control: every visible character is fine, so it is these characters that were refused.
    let visible: String = ('!'..='~').collect();
    let body = serde_json::json!({"access_token": visible}).to_string();
    let tokens = read(200, "application/json", &body).expect("a token set");
    assert_eq!(tokens.access_token.expose(), visible);
    // The same through a form, where the line break is percent-encoded.
    let form = read(
        200,
        "application/x-www-form-urlencoded",
        "access_token=a%0D%0Ab",
    );
    assert!(matches!(form, Err(TokenError::Malformed { .. })));
}

#[test]
fn the_limits_of_a_token() {
    let access = TokenField::AccessToken;
    let table = [
        (serde_json::json!({}), Malformation::MissingAccessToken),
        (
            serde_json::json!({"access_token": null}),
            Malformation::MissingAccessToken,
        ),
        (
            serde_json::json!({"access_token": ""}),
            Malformation::Empty(access),
        ),
        (
            serde_json::json!({"access_token": 7}),
            Malformation::NotText(access),
        ),
        (
            serde_json::json!({"access_token": ["a"]}),
            Malformation::NotText(access),
        ),
        (
            serde_json::json!({"access_token": "a".repeat(MAX_TOKEN + 1)}),
            Malformation::TooLong(access),
        ),
        (
            serde_json::json!({"access_token": "a", "refresh_token": {}}),
            Malformation::NotText(TokenField::RefreshToken),
        ),
        (
            serde_json::json!({"access_token": "a", "token_type": 1}),
            Malformation::NotText(TokenField::TokenType),
        ),
    ];
    for (body, expected) in table {
        assert_eq!(why(&body), expected);
    }
    let body = serde_json::json!({"access_token": "a".repeat(MAX_TOKEN)}).to_string();
    assert!(read(200, "", &body).is_ok());
    let body = r#"{"access_token":"a","refresh_token":""}"#;
    assert!(read(200, "", body).is_ok_and(|tokens| tokens.refresh_token.is_none()));
}

#[test]
fn token_types() {
    for (name, kept) in [
        ("Bearer", "Bearer"),
        ("bearer", "Bearer"),
        ("BEARER", "Bearer"),
        ("", "Bearer"),
        ("bot", "bot"),
        ("User", "user"),
    ] {
        let body = serde_json::json!({"access_token": "a", "token_type": name}).to_string();
        assert!(read(200, "", &body).is_ok_and(|tokens| tokens.token_type == kept));
    }
    assert!(read(200, "", r#"{"access_token":"a"}"#).is_ok_and(|t| t.token_type == "Bearer"));
    for name in [
        "mac",
        "DPoP",
        "PoP",
        "N_A",
        "Bearer ",
        "Basic",
        "bearer\u{0}",
    ] {
        let body = serde_json::json!({"access_token": "a", "token_type": name});
        assert!(matches!(why(&body), Malformation::TokenType(_)), "{name}");
    }
}

#[test]
fn the_status_decides_what_is_transient() {
    let dead = r#"{"error":"invalid_grant"}"#;
    let html = "<!doctype html><p>captive portal";
    for (status, body) in [
        (408, dead),
        (425, dead),
        (429, dead),
        (500, dead),
        (502, html),
        (503, ""),
        (599, "{}"),
        (200, html),
        (200, ""),
        (201, ""),
        (204, " \r\n"),
        (206, html),
        (400, html),
        (403, html),
        (404, html),
        (407, html),
        (499, html),
        (400, r#"{"error":"temporarily_unavailable"}"#),
    ] {
        let retry_after = Some(RetryAfter::After(Duration::from_secs(30)));
        let expected = TokenError::Transient {
            status,
            retry_after,
        };
        assert_eq!(
            read(status, "", body).err(),
            Some(expected),
            "{status} {body}"
        );
    }
    for (status, body, expected) in [
        (400, "", Malformation::NoErrorObject),
        (400, "{", Malformation::NoErrorObject),
        (404, "not found", Malformation::NoErrorObject),
        (401, r#"{"message":"no"}"#, Malformation::NoErrorObject),
        (301, dead, Malformation::Redirect),
        (302, html, Malformation::Redirect),
        (307, dead, Malformation::Redirect),
        (399, dead, Malformation::Redirect),
        (199, dead, Malformation::Status),
        (600, dead, Malformation::Status),
        (200, "{", Malformation::Json),
        (200, "[]", Malformation::NotAnObject),
        (200, "hello", Malformation::UnknownFormat),
        (
            200,
            "access_token=a&access_token=b",
            Malformation::DuplicateField,
        ),
    ] {
        let expected = TokenError::Malformed {
            why: expected,
            status,
        };
        assert_eq!(
            read(status, "", body).err(),
            Some(expected),
            "{status} {body}"
        );
    }
}

#[test]
fn refusals_are_told_apart() {
    let refusal = |body: &str| read(400, "", body).expect_err("a refusal");
    for word in [
        "invalid_grant",
        "bad_refresh_token",
        "invalid_refresh_token",
    ] {
        let error = refusal(&format!("error={word}"));
        assert!(error.is_invalid_grant() && !error.is_invalid_client());
    }
    for word in [
        "invalid_client",
        "incorrect_client_credentials",
        "bad_client_secret",
    ] {
        let error = refusal(&format!("{{\"error\":\"{word}\"}}"));
        assert!(error.is_invalid_client() && !error.is_invalid_grant());
    }
    let error = refusal("error=invalid_grant_maybe");
    assert!(!error.is_invalid_grant() && !error.is_invalid_client());
    // A status that says "later" outranks the word.
    let error = read(503, "", "error=invalid_grant").expect_err("transient");
    assert!(!error.is_invalid_grant());
}

#[test]
fn a_description_cannot_carry_a_token_or_command_a_terminal() {
    let body = serde_json::json!({
        "error": "invalid_grant",
        "error_description": "\u{1b}]0;x\u{7}token cnry_0123456789abcdef0123456789abcdef expired",
    });
    let Err(TokenError::Refused { description, .. }) = read(400, "", &body.to_string()) else {
        panic!("not refused");
    };
    assert_eq!(description.as_deref(), Some("]0;xtoken [redacted] expired"));
}

/// Only these end a login: the server's own word for a dead grant, in an answer that is its last.
#[test]
fn a_dead_grant_is_told_by_its_word_and_a_final_status() {
    let bodies = [
        r#"{"error":"invalid_grant"}"#,
        r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#,
        "error=invalid_grant&error_description=revoked",
        r#"{"error":{"code":"invalid_grant","message":"revoked"}}"#,
        r#"{"error":{"status":400,"code":"invalid_grant"}}"#,
        r#"{"ok":false,"error":"invalid_refresh_token"}"#,
        "error=bad_refresh_token",
    ];
    for body in bodies {
        for status in 100..=650 {
            let error = read(status, "", body).expect_err("no tokens");
            let is_final =
                matches!(status, 200..=299 | 400..=499) && !matches!(status, 408 | 425 | 429);
            assert_eq!(error.is_invalid_grant(), is_final, "{status} {body}");
        }
    }
    for body in [
        r#"{"error":"invalid_request"}"#,
        r#"{"error":"invalid_client"}"#,
        r#"{"error":"unauthorized_client"}"#,
        r#"{"error":"unsupported_grant_type"}"#,
        r#"{"error":"invalid_scope"}"#,
        r#"{"error":"INVALID_GRANT_TYPE"}"#,
        r#"{"error":"access_denied","error_description":"invalid_grant"}"#,
        r#"{"error":["invalid_grant"]}"#,
        r#"{"error":{"message":"invalid_grant"}}"#,
        r#"{"message":"invalid_grant"}"#,
        r#"{"ok":false}"#,
        r#"{"error":"invalid_grant""#,
        r#"["invalid_grant"]"#,
        r#""invalid_grant""#,
        "invalid_grant",
        "<html>error=invalid_grant</html>",
        "",
    ] {
        for status in [200, 201, 400, 401, 403] {
            let error = read(status, "", body).expect_err("no tokens");
            assert!(!error.is_invalid_grant(), "{status} {body}");
        }
    }
}

#[test]
fn words_that_say_later_are_believed_whatever_the_status() {
    for word in PASSING {
        for body in [
            format!(r#"{{"error":"{word}"}}"#),
            format!(r#"{{"ok":false,"error":"{word}"}}"#),
            format!(r#"{{"error":{{"code":"{word}"}}}}"#),
            format!("error={word}&error_description=later"),
        ] {
            for status in [200, 400, 401, 403] {
                let error = read(status, "", &body).expect_err("no tokens");
                let later = matches!(error, TokenError::Transient { status: s, retry_after: Some(_) } if s == status);
                assert!(later, "{status} {body}: {error:?}");
            }
        }
    }
    // The control: it is these words, and not an error in a 200, that are passing.
    for word in [
        "rate",
        "slow_downs",
        "authorization_pending",
        "invalid_request",
    ] {
        let error = read(200, "", &format!("error={word}")).expect_err("no tokens");
        assert!(matches!(error, TokenError::Refused { .. }), "{word}");
    }
}

#[test]
fn pages_of_captive_portals_and_gateways_are_no_answer() {
    let table = [
        (
            "text/html",
            "<html><head><meta http-equiv=refresh content=\"0;url=http://portal.test/?error=invalid_grant\"></head></html>",
        ),
        (
            "application/json",
            "<!DOCTYPE html>\n<title>Sign in</title>{\"error\":\"invalid_grant\"}",
        ),
        (
            "text/html; charset=utf-8",
            "window.location=\"http://portal.test/?a=b\";",
        ),
        ("TEXT/HTML", "error=invalid_grant"),
        ("application/xhtml+xml", "<?xml version=\"1.0\"?><html/>"),
        ("application/xml", "<Error><Code>SlowDown</Code></Error>"),
        ("", "\u{feff}\r\n <HTML>"),
        ("text/plain", "<WISPAccessGatewayParam/>"),
    ];
    for (content_type, body) in table {
        for status in [200, 203, 400, 401, 403, 404, 407, 451] {
            let error = read(status, content_type, body).expect_err("no tokens");
            assert!(
                matches!(error, TokenError::Transient { .. }),
                "{status} {body}"
            );
        }
    }
}

#[test]
fn a_wish_that_cannot_be_understood_is_no_wish() {
    for (value, expected) in [
        ("-1", None),
        ("\u{1b}]0;x", None),
        ("99999999999999999999", Some(10 * 366 * 86_400)),
        ("7", Some(7)),
    ] {
        let headers = vec![("retry-after".to_owned(), value.to_owned())];
        let response = HttpResponse::new(503, headers, Vec::new());
        let error = read_token_response(&response, &TokenResponseRules::default());
        let expected = TokenError::Transient {
            status: 503,
            retry_after: expected.map(|s| RetryAfter::After(Duration::from_secs(s))),
        };
        assert_eq!(error.err(), Some(expected), "{value:?}");
    }
}
