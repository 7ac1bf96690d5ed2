//! Whose credential it is: the account's name in the answer of a service's own "who am I", and other values that a
//! service reveals to those who are logged in.
//!
//! No standard describes that answer, so the definition says where in it the name is. Nothing else of it is kept.

use serde_json::Value;

use crate::document::Document;
use crate::foreign_text::line;
use crate::http::HttpResponse;

/// A name is a line in a table: this many characters of it are kept.
const MAX_CHARS: usize = 100;

/// Why the answer does not name an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoAccount {
    /// The service did not accept the question: any status but 2xx, a redirect included.
    #[error("it answered with status {0}")]
    Refused(u16),
    /// The answer is no JSON, or has no text at any of the places.
    #[error("its answer does not name the account")]
    NotNamed,
}

/// Reads the account's name at the first of `pointers` (RFC 6901) that leads to a text or a number.
///
/// The name is foreign text: without control, reordering and invisible characters, and of bounded length.
///
/// # Errors
///
/// [`NoAccount`] where the answer does not name one.
pub fn read_account(response: &HttpResponse, pointers: &[String]) -> Result<String, NoAccount> {
    let status = response.status();
    if !(200..300).contains(&status) {
        return Err(NoAccount::Refused(status));
    }
    let document = Document::read_any(response).map_err(|_unreadable| NoAccount::NotNamed)?;
    pointers
        .iter()
        .filter_map(|pointer| document.pointer(pointer))
        .filter_map(|value| match value {
            Value::String(text) => Some(line(text, MAX_CHARS)),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
        .find(|name| !name.is_empty())
        .ok_or(NoAccount::NotNamed)
}

/// Reads the text or number at `pointer` (RFC 6901) as it is. It is foreign text.
///
/// # Errors
///
/// [`NoAccount`] where there is none.
pub fn read_value(response: &HttpResponse, pointer: &str) -> Result<String, NoAccount> {
    let status = response.status();
    if !(200..300).contains(&status) {
        return Err(NoAccount::Refused(status));
    }
    let document = Document::read_any(response).map_err(|_unreadable| NoAccount::NotNamed)?;
    match document.pointer(pointer) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        _ => Err(NoAccount::NotNamed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str, pointers: &[&str]) -> Result<String, NoAccount> {
        let response = HttpResponse::new(status, Vec::new(), body.as_bytes().to_vec());
        let pointers: Vec<String> = pointers.iter().map(|p| (*p).to_owned()).collect();
        read_account(&response, &pointers)
    }

    #[test]
    fn a_list_is_answered_too() {
        let body = r#"[{"id": "a b", "n": 7}, {"id": "x"}]"#;
        assert_eq!(read(200, body, &["/1/id"]).as_deref(), Ok("x"));
        let response = HttpResponse::new(200, Vec::new(), body.as_bytes().to_vec());
        assert_eq!(read_value(&response, "/0/id").as_deref(), Ok("a b"));
        assert_eq!(read_value(&response, "/0/n").as_deref(), Ok("7"));
        for nowhere in ["/2/id", "/0", "/0/id/0", ""] {
            assert_eq!(read_value(&response, nowhere), Err(NoAccount::NotNamed));
        }
        let refused = HttpResponse::new(401, Vec::new(), body.as_bytes().to_vec());
        assert_eq!(read_value(&refused, "/0/id"), Err(NoAccount::Refused(401)));
    }

    #[test]
    fn the_first_place_that_holds_a_name_counts() {
        let body = r#"{"name": "", "user": {"mail": null, "login": " ada "}, "id": 7}"#;
        let check = |pointers: &[&str], name: &str| {
            assert_eq!(
                read(200, body, pointers).as_deref(),
                Ok(name),
                "{pointers:?}"
            );
        };
        check(&["/user/login"], "ada");
        check(&["/name", "/user/mail", "/user/login", "/id"], "ada");
        check(&["/id"], "7");
        for pointers in [&["/name"][..], &["/user"], &["/nothing"], &[]] {
            assert_eq!(read(200, body, pointers), Err(NoAccount::NotNamed));
        }
    }

    #[test]
    fn other_answers_name_nobody() {
        let body = r#"{"login": "ada"}"#;
        assert_eq!(read(200, body, &["/login"]).as_deref(), Ok("ada"));
        for status in [302, 401, 500] {
            assert_eq!(
                read(status, body, &["/login"]),
                Err(NoAccount::Refused(status))
            );
        }
        for body in ["", "[]", "<html>", "{\"login\":"] {
            assert_eq!(read(200, body, &["/login"]), Err(NoAccount::NotNamed));
        }
    }

    #[test]
    fn a_name_is_one_short_line_of_visible_text() {
        let body =
            serde_json::json!({ "login": format!("a\n\u{1b}[2Jd\u{202e}\ta {}", "x".repeat(500)) });
        let name = read(200, &body.to_string(), &["/login"]).expect("a name");
        assert!(
            name.starts_with("a[2Jda x") && name.chars().count() == MAX_CHARS,
            "{name}"
        );
    }
}
