//! GitHub's CLI keeps its accounts in `hosts.yml`, and their tokens there or in the system's keyring.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser};
use secrecy::{ExposeSecret, SecretString};

use super::{Content, FoundLogin, Item, Kind, Left, Secrets};

/// Why the file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GhError {
    /// It is no YAML of hosts.
    #[error("it is not a list of hosts (line {line})")]
    Malformed {
        /// Where the reader stopped. The text itself is secret and is not shown.
        line: usize,
    },
}

/// The host whose accounts need no parameters.
const PUBLIC: &str = "github.com";

/// Deeper than any such file.
const DEEPEST: usize = 8;

/// A value of the file: text, or a mapping. Lists do not occur, and are read as empty mappings.
#[derive(Debug)]
enum Node {
    Text(SecretString),
    Map(BTreeMap<String, Self>),
}

/// The accounts in the text of a `hosts.yml`.
///
/// # Errors
///
/// [`GhError`].
pub fn read_gh(text: &SecretString) -> Result<Vec<Item>, GhError> {
    // EXPOSE: parsed into secret types.
    let Node::Map(hosts) = parse(text.expose_secret())? else {
        return Ok(Vec::new());
    };
    Ok(hosts
        .iter()
        .flat_map(|(host, node)| accounts(host, node))
        .collect())
}

fn accounts(host: &str, node: &Node) -> Vec<Item> {
    let active = node.text("user");
    let mut items = Vec::new();
    if let Some(Node::Map(users)) = node.get("users") {
        for (user, account) in users {
            let is_active = active.as_deref() == Some(user);
            // The active account's token is kept twice, or, by older versions, only outside of the list.
            let token = account.secret("oauth_token");
            let token = token.or_else(|| node.secret("oauth_token").filter(|_| is_active));
            items.push(item(host, Some(user), active.as_deref(), token));
        }
    }
    if items.is_empty() {
        items.push(item(
            host,
            active.as_deref(),
            active.as_deref(),
            node.secret("oauth_token"),
        ));
    }
    items
}

fn item(host: &str, user: Option<&str>, active: Option<&str>, token: Option<SecretString>) -> Item {
    let connection = match (user, host) {
        (Some(user), PUBLIC) => user.to_owned(),
        (Some(user), host) => format!("{user}@{host}"),
        (None, PUBLIC) => "default".to_owned(),
        (None, host) => host.to_owned(),
    };
    let place = format!("{host}: {}", user.unwrap_or("the one account"));
    let Some(token) = token else {
        let left = Left::because(
            Kind::Login,
            "gh keeps its token in the keyring of the operating system",
        )
        .of_connection(&*connection);
        let named = user.map_or_else(String::new, |user| format!(" --user {user}"));
        let params = match host {
            PUBLIC => String::new(),
            host => {
                format!(" --param base_url=https://{host} --param api_url=https://{host}/api/v3")
            }
        };
        return Item::left(
            place,
            "github",
            left.next(format!(
                "gh auth token --hostname {host}{named} | \
                 authkeep login github --connection {connection}{params} --with-token"
            )),
        );
    };
    let mut login = FoundLogin::new(
        connection,
        Secrets::Key([("token".to_owned(), token)].into()),
    );
    if host != PUBLIC {
        // A GitHub of one's own has its API below its own address, except at GitHub itself.
        let api = match host.ends_with(".ghe.com") {
            true => format!("https://api.{host}"),
            false => format!("https://{host}/api/v3"),
        };
        login
            .params
            .insert("base_url".to_owned(), format!("https://{host}"));
        login.params.insert("api_url".to_owned(), api);
    }
    login.account = user.map(str::to_owned);
    login.chosen = user == active && host == PUBLIC;
    Item {
        place,
        provider: "github".to_owned(),
        content: Content::Login(Box::new(login)),
    }
}

impl Node {
    fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(map) => map.get(key),
            Self::Text(_) => None,
        }
    }

    fn secret(&self, key: &str) -> Option<SecretString> {
        match self.get(key)? {
            // EXPOSE: looked at, not kept.
            Self::Text(text) if !text.expose_secret().is_empty() => Some(text.clone()),
            _ => None,
        }
    }

    /// A value that is no secret, such as a user's name.
    fn text(&self, key: &str) -> Option<String> {
        // EXPOSE: a name, which came through the same door as the tokens.
        Some(self.secret(key)?.expose_secret().to_owned())
    }
}

/// Reads mappings of text. Nothing is repeated by reference, so that a small file stays small.
fn parse(text: &str) -> Result<Node, GhError> {
    let mut open: Vec<(BTreeMap<String, Node>, Option<String>)> = Vec::new();
    let mut lists = 0_usize;
    for event in Parser::new_from_str(text) {
        let malformed = |line| GhError::Malformed { line };
        let (event, span) = event.map_err(|error| malformed(error.marker().line()))?;
        let malformed = || malformed(span.start.line());
        let closed = match event {
            Event::Alias(_) => return Err(malformed()),
            Event::SequenceStart(..) => {
                lists += 1;
                if lists > DEEPEST {
                    return Err(malformed());
                }
                continue;
            }
            Event::SequenceEnd => {
                lists -= 1;
                match lists {
                    0 => Node::Map(BTreeMap::new()),
                    _ => continue,
                }
            }
            _ if lists > 0 => continue,
            Event::MappingStart(..) => {
                if open.len() == DEEPEST {
                    return Err(malformed());
                }
                open.push((BTreeMap::new(), None));
                continue;
            }
            Event::Scalar(value, ..) => match open.last_mut() {
                Some((_, key @ None)) => {
                    *key = Some(value.into_owned());
                    continue;
                }
                Some(_) => Node::Text(SecretString::from(value.into_owned())),
                // A document that is one word, or none at all.
                None if value.is_empty() || &*value == "~" => continue,
                None => return Err(malformed()),
            },
            Event::MappingEnd => match open.pop() {
                Some((map, _)) => Node::Map(map),
                None => return Err(malformed()),
            },
            _ => continue,
        };
        match open.last_mut() {
            Some((map, key)) => {
                let key = key.take().ok_or_else(malformed)?;
                map.insert(key, closed);
            }
            None => return Ok(closed),
        }
    }
    Ok(Node::Map(BTreeMap::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Item>, GhError> {
        read_gh(&SecretString::from(text))
    }

    fn shown(items: &[Item]) -> Vec<String> {
        let one = |item: &Item| match &item.content {
            Content::Login(login) => {
                format!("{} {} {}", item.place, login.connection, login.chosen)
            }
            Content::Left(left) => format!(
                "{} left: {}",
                item.place,
                left.next.clone().unwrap_or_default()
            ),
            other => format!("{other:?}"),
        };
        items.iter().map(one).collect()
    }

    #[test]
    fn every_account_of_every_host_is_found() {
        let text = "github.com:\n    users:\n        ada:\n            oauth_token: gho_a\n        bob:\n            oauth_token: gho_b\n    git_protocol: https\n    user: bob\n    oauth_token: gho_b\nghe.example:\n  user: eve\n  oauth_token: gho_e\n";
        let expected = [
            "ghe.example: eve eve@ghe.example false",
            "github.com: ada ada false",
            "github.com: bob bob true",
        ];
        assert_eq!(shown(&read(text).unwrap()), expected);
    }

    #[test]
    fn a_token_in_the_keyring_is_named_with_what_to_do() {
        let items = read("github.com:\n  users:\n    ada:\n  user: ada\n").unwrap();
        let expected = "github.com: ada left: gh auth token --hostname github.com --user ada | authkeep login github --connection ada --with-token";
        assert_eq!(shown(&items), [expected]);
    }

    #[test]
    fn what_is_no_list_of_hosts_is_refused() {
        for text in ["", "~", "{}", "# nothing\n"] {
            assert_eq!(read(text).unwrap().len(), 0, "{text}");
        }
        let deep = "a:\n".to_owned() + &(1..20).map(|n| " ".repeat(n) + "a:\n").collect::<String>();
        let bomb = "a: &a {x: y}\nb: &b {p: *a, q: *a}\nc: {r: *b}";
        let mut refused = vec!["word", "a: [", "a: b: c", bomb, &deep];
        let nested = format!("a: {}{}", "[".repeat(50), "]".repeat(50));
        refused.push(&nested);
        for text in refused {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read("a: [1, {b: c}]\n").is_ok());
    }
}
