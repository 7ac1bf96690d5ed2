//! The stand-ins that a program holds in place of secrets, and how to find them in a request.
//!
//! They are no secrets: whoever learns one can do nothing with it. But they tell which login a request is meant for, and
//! one that goes where its login does not belong is a sign that something is amiss. Bodies are not looked into.

use std::borrow::Cow;

use aho_corasick::{AhoCorasick, BuildError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::request::Parts;
use percent_encoding::percent_decode;

use crate::{Account, Code, Refusal};

/// All placeholders of a run.
#[derive(Debug)]
pub struct Placeholders {
    finder: AhoCorasick,
    /// The texts, as the finder numbers them.
    texts: Vec<String>,
    /// Whose each of them is.
    accounts: Vec<Account>,
    shortest: usize,
}

impl Placeholders {
    /// Each text stands for a secret of its account.
    ///
    /// # Errors
    ///
    /// Where there are too many to search for at once, by the gigabyte.
    pub fn new(placeholders: Vec<(String, Account)>) -> Result<Self, BuildError> {
        let placeholders = placeholders
            .into_iter()
            .filter(|(text, _)| !text.is_empty());
        let (texts, accounts): (Vec<String>, Vec<Account>) = placeholders.unzip();
        Ok(Self {
            shortest: texts.iter().map(String::len).min().unwrap_or(usize::MAX),
            finder: AhoCorasick::new(&texts)?,
            texts,
            accounts,
        })
    }

    /// What a program has in place of a login's secret, the first where it has several.
    pub(crate) fn of(&self, account: &Account) -> Option<&str> {
        let mut pairs = self.texts.iter().zip(&self.accounts);
        let (text, _) = pairs.find(|(_, owner)| *owner == account)?;
        Some(text)
    }

    /// Whether a text is a placeholder of `account`'s, and nothing else.
    pub(crate) fn stands_for(&self, text: &str, account: &Account) -> bool {
        let mut pairs = self.texts.iter().zip(&self.accounts);
        pairs.any(|(known, owner)| known == text && owner == account)
    }

    /// Whose placeholders a text carries.
    pub(crate) fn in_text(&self, text: &[u8]) -> Vec<&Account> {
        self.all_in(text)
    }

    /// Whose placeholder a request carries, in its target or its headers, plain or in one of the forms that clients give
    /// to credentials there: percent-encoded, or in HTTP Basic (RFC 7617).
    ///
    /// # Errors
    ///
    /// A [`Refusal`] where it carries those of several logins.
    pub fn find(&self, parts: &Parts) -> Result<Option<&Account>, Refusal> {
        let target = parts.uri.path_and_query();
        let target = target.map(|target| target.as_str().as_bytes());
        let values = parts.headers.values().map(|value| value.as_bytes());
        let mut found = target
            .into_iter()
            .chain(values)
            .flat_map(|text| self.all_in(text));
        let first = found.next();
        if found.any(|account| Some(account) != first) {
            let message = "the request carries the placeholders of several logins";
            return Err(Refusal::new(Code::Denied, message)
                .hint("send a request with the one that it is for"));
        }
        Ok(first)
    }

    /// Whether a text has a placeholder in it, in one of those forms.
    pub fn contains(&self, text: &[u8]) -> bool {
        !self.all_in(text).is_empty()
    }

    fn all_in(&self, text: &[u8]) -> Vec<&Account> {
        let mut all = Vec::new();
        if text.len() < self.shortest {
            return all;
        }
        let mut look_at = |text: &[u8]| {
            let found = self.finder.find_iter(text);
            all.extend(found.filter_map(|found| self.accounts.get(found.pattern().as_usize())));
        };
        look_at(text);
        if let Cow::Owned(decoded) = percent_decode(text).into() {
            look_at(&decoded);
        }
        if let Some(decoded) = basic(text) {
            look_at(&decoded);
        }
        all
    }
}

/// User name and password of HTTP Basic.
fn basic(text: &[u8]) -> Option<Vec<u8>> {
    const SCHEME: &[u8] = b"basic ";
    let (scheme, encoded) = text.split_at_checked(SCHEME.len())?;
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return None;
    }
    let encoded = encoded.trim_ascii();
    let padding = encoded.iter().rev().take_while(|b| **b == b'=').count();
    STANDARD_NO_PAD
        .decode(&encoded[..encoded.len() - padding])
        .ok()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use http::Request;

    use super::*;

    const A: &str = "sk-proj-q8Zt6uYw3nVb5xKc7mLd9fGh";
    const B: &str = "ghp_7mLd9fGhq8Zt6uYw3nVb5xKcaaaa";

    fn account(provider: &str) -> Account {
        Account {
            provider: provider.parse().expect("a name"),
            connection: "default".parse().expect("a name"),
        }
    }

    fn find(uri: &str, headers: &[(&str, &str)]) -> Result<Option<String>, Code> {
        let known = [(A, "a"), (B, "b")].map(|(text, name)| (text.to_owned(), account(name)));
        let known = Placeholders::new(known.into()).expect("it builds");
        let mut request = Request::get(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        let found = known.find(&parts).map_err(|refusal| refusal.code)?;
        Ok(found.map(|account| account.provider.to_string()))
    }

    #[test]
    fn it_is_found_wherever_clients_put_credentials() {
        let encoded = A.replace('-', "%2D");
        let every_byte: String = A.bytes().map(|b| format!("%{b:02x}")).collect();
        let basic = |user: &str, password: &str| {
            format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
        };
        let a = Ok(Some("a".to_owned()));
        for uri in [
            format!("/x?key={A}"),
            format!("/bot{A}/x"),
            format!("/x?key={encoded}&y"),
            format!("/x?{every_byte}"),
            format!("https://api.example/x?key={A}"),
        ] {
            assert_eq!(find(&uri, &[]), a, "{uri}");
        }
        for value in [
            A.to_owned(),
            format!("Bearer {A}"),
            format!("token {A}, {A}"),
            encoded,
            basic("", A),
            basic(A, "x-oauth-basic"),
            basic("user", A).replace("Basic", "bAsIC"),
        ] {
            assert_eq!(find("/", &[("x-whatever", &value)]), a, "{value}");
        }
        assert_eq!(
            find("/", &[("authorization", &basic("u", B))]),
            Ok(Some("b".to_owned()))
        );
    }

    #[test]
    fn nothing_else_is_found() {
        let cut = &A[..A.len() - 1];
        for value in [
            "Bearer real",
            "Basic ====",
            "Basic",
            "Basic \u{20}",
            cut,
            &A.to_uppercase(),
            "%",
        ] {
            assert_eq!(
                find("/x?y=%zz%", &[("authorization", value)]),
                Ok(None),
                "{value}"
            );
        }
        let none = Placeholders::new(vec![]).expect("it builds");
        assert!(!none.contains(A.as_bytes()));
    }

    #[test]
    fn two_logins_in_one_request_are_refused() {
        let both = [("authorization", A), ("x-key", B)];
        assert_eq!(find("/", &both), Err(Code::Denied));
        assert_eq!(find(&format!("/?k={B}"), &both[..1]), Err(Code::Denied));
        assert_eq!(find("/", &[("x", &format!("{A}{B}"))]), Err(Code::Denied));
        assert_eq!(
            find(&format!("/?k={A}"), &both[..1]),
            Ok(Some("a".to_owned()))
        );
    }
}
