//! What a protected resource answers to those who come without a token (RFC 9110 §11.6.1, RFC 9728 §5.1).

use std::iter::Peekable;
use std::str::Chars;

use crate::http::HttpResponse;

/// What the `WWW-Authenticate` header of an answer leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceChallenge {
    /// Where the resource's metadata is, as the resource wrote it. It is not checked.
    pub metadata: Option<String>,
    /// The scopes that access needs (RFC 6750 §3), in the resource's own words.
    pub scopes: Vec<String>,
}

/// A header longer than this is nobody's, in bytes.
const LONGEST: usize = 8 * 1024;

/// Reads the challenges of an answer, whatever its status. Of several parameters of one name the first counts.
pub fn read_resource_challenge(response: &HttpResponse) -> ResourceChallenge {
    let mut challenge = ResourceChallenge::default();
    let headers = response.headers("www-authenticate");
    for (name, value) in headers
        .filter(|header| header.len() <= LONGEST)
        .flat_map(parameters)
    {
        match name.as_str() {
            "resource_metadata" if challenge.metadata.is_none() => challenge.metadata = Some(value),
            "scope" if challenge.scopes.is_empty() => {
                challenge.scopes = value.split_whitespace().map(str::to_owned).collect();
            }
            _ => {}
        }
    }
    challenge
}

/// The parameters of all challenges in a header, names in lower case. Schemes and what follows them without an equals
/// sign are passed over, and so is everything after a quotation mark that is never closed.
fn parameters(header: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = header.chars().peekable();
    while rest.peek().is_some() {
        let name = word(&mut rest);
        skip_spaces(&mut rest);
        if !name.is_empty() && rest.next_if_eq(&'=').is_some() {
            skip_spaces(&mut rest);
            let value = match rest.next_if_eq(&'"') {
                Some(_) => match quoted(&mut rest) {
                    Some(value) => value,
                    None => break,
                },
                None => word(&mut rest),
            };
            found.push((name.to_ascii_lowercase(), value));
        } else if name.is_empty() {
            // A comma between challenges, or what does not belong here.
            if rest.next() == Some('"') && quoted(&mut rest).is_none() {
                break;
            }
        }
    }
    found
}

fn skip_spaces(rest: &mut Peekable<Chars<'_>>) {
    while rest.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
}

/// A token (RFC 9110 §5.6.2), or as much of it as there is. Slashes and colons are let in: addresses are often not quoted.
fn word(rest: &mut Peekable<Chars<'_>>) -> String {
    skip_spaces(rest);
    let mut word = String::new();
    while let Some(c) = rest.next_if(|c| c.is_ascii_graphic() && !matches!(c, ',' | '=' | '"')) {
        word.push(c);
    }
    word
}

/// The rest of a quoted string (RFC 9110 §5.6.4); `None` where it does not end.
fn quoted(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut text = String::new();
    loop {
        match rest.next()? {
            '"' => return Some(text),
            '\\' => text.push(rest.next()?),
            c => text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(headers: &[&str]) -> ResourceChallenge {
        let headers = headers
            .iter()
            .map(|value| ("WWW-Authenticate".to_owned(), (*value).to_owned()));
        let response = HttpResponse::new(401, headers.collect(), Vec::new());
        read_resource_challenge(&response)
    }

    #[test]
    fn the_parameter_is_found_wherever_it_stands() {
        let place = "https://rs.test/.well-known/oauth-protected-resource";
        for headers in [
            // The example of RFC 9728 §5.1.
            vec![format!("Bearer resource_metadata=\"{place}\"")],
            vec![format!(
                "Bearer realm=\"a, b\", resource_metadata=\"{place}\", error=\"x\""
            )],
            vec![format!("bearer RESOURCE_METADATA = \"{place}\"")],
            vec![format!("Bearer resource_metadata={place}")],
            vec![format!(
                "Basic realm=\"x\", Bearer resource_metadata=\"{place}\""
            )],
            vec![format!(
                "Negotiate YWJj==, DPoP resource_metadata=\"{place}\""
            )],
            vec![
                "Basic realm=\"x\"".to_owned(),
                format!("Bearer resource_metadata=\"{place}\""),
            ],
            vec![format!(
                "Bearer realm=\"say \\\"no\\\", resource_metadata=\", resource_metadata=\"{place}\""
            )],
            vec![format!(
                "Bearer resource_metadata=\"{place}\", resource_metadata=\"https://evil.test/\""
            )],
        ] {
            let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
            let found = challenge(&headers).metadata;
            assert_eq!(found.as_deref(), Some(place), "{headers:?}");
        }
    }

    #[test]
    fn scopes_are_those_of_the_challenge() {
        let found = challenge(&["Bearer scope=\"files:read  files:write\", realm=x"]);
        assert_eq!(found.scopes, ["files:read", "files:write"]);
        assert_eq!(found.metadata, None);
    }

    #[test]
    fn what_is_no_challenge_leads_nowhere() {
        for header in [
            "",
            "Bearer",
            "Bearer resource_metadata",
            "Bearer \"resource_metadata=x",
            "Bearer realm=\"resource_metadata=https://evil.test/\"",
            "Bearer realm=\"open, resource_metadata=\"https://evil.test/",
            ",,,===\"\"\"",
            &format!("Bearer x=\"{}\", resource_metadata=y", "a".repeat(9000)),
        ] {
            assert_eq!(challenge(&[header]).metadata, None, "{header}");
        }
    }
}
