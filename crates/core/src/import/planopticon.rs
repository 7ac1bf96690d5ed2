//! PlanOpticon keeps one JSON file a service in `~/.planopticon`, in the clear: `<service>_token.json`.

use std::fs;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::file::read_text;
use super::{
    Content, Credentials, Endpoint, FoundLogin, Item, Kind, Left, Secrets, SentTo, Tokens,
};
use crate::Timestamp;

/// The services whose files are known: the file's stem, the provider, the connection and the token endpoint.
const SERVICES: [(&str, &str, &str, &str); 7] = [
    ("zoom", "zoom", "default", "https://zoom.us/oauth/token"),
    (
        "notion",
        "notion",
        "default",
        "https://api.notion.com/v1/oauth/token",
    ),
    (
        "dropbox",
        "dropbox",
        "default",
        "https://api.dropboxapi.com/oauth2/token",
    ),
    (
        "github",
        "github",
        "default",
        "https://github.com/login/oauth/access_token",
    ),
    (
        "google",
        "google",
        "default",
        "https://oauth2.googleapis.com/token",
    ),
    // Written by Google's own library, beside the others.
    (
        "google_drive",
        "google-drive",
        "default",
        "https://oauth2.googleapis.com/token",
    ),
    (
        "microsoft",
        "microsoft",
        "default",
        "https://login.microsoftonline.com/common/oauth2/v2.0/token",
    ),
];

const SUFFIX: &str = "_token.json";

/// All shapes in one: each service's connector writes the fields that it knows.
#[derive(Deserialize)]
struct TokenFile {
    access_token: Option<SecretString>,
    token: Option<SecretString>,
    refresh_token: Option<SecretString>,
    token_type: Option<String>,
    /// Seconds since 1970, a minute early.
    expires_at: Option<f64>,
    /// The same in the words of Google's library: UTC without saying so.
    expiry: Option<String>,
    client_id: Option<String>,
    app_key: Option<String>,
    client_secret: Option<SecretString>,
    app_secret: Option<SecretString>,
    token_uri: Option<String>,
    scopes: Option<Vec<String>>,
    account: Option<String>,
}

/// What is in the folder; `None` where it has no file of tokens.
pub fn read_planopticon(folder: &Path) -> Option<Vec<Item>> {
    let entries = fs::read_dir(folder).ok()?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.ends_with(SUFFIX))
        .collect();
    names.sort();
    let item = |name: &String| item(folder, name);
    (!names.is_empty()).then(|| names.iter().map(item).collect())
}

fn item(folder: &Path, name: &str) -> Item {
    let service = name.strip_suffix(SUFFIX).unwrap_or(name);
    let damaged = |why: String| Item::left(name, service, Left::damaged(Kind::Login, why));
    let Some((_, provider, connection, endpoint)) =
        SERVICES.iter().find(|(stem, ..)| *stem == service)
    else {
        let why = "it is no service that PlanOpticon logs in to by itself";
        return Item::left(name, service, Left::because(Kind::Login, why));
    };
    let text = match read_text(&folder.join(name)) {
        Ok(Some(text)) => text,
        Ok(None) => return damaged("it is gone".to_owned()),
        Err(error) => return damaged(error.to_string()),
    };
    // EXPOSE: read straight into secret types.
    let Ok(file) = serde_json::from_str::<TokenFile>(text.expose_secret()) else {
        return damaged("it is not a file of tokens".to_owned());
    };
    match file.login(connection, endpoint) {
        Ok(login) => Item {
            place: name.to_owned(),
            provider: (*provider).to_owned(),
            content: Content::Login(Box::new(login)),
        },
        Err(left) => Item::left(name, *provider, left.of_connection(*connection)),
    }
}

impl TokenFile {
    fn login(self, connection: &str, endpoint: &str) -> Result<FoundLogin, Left> {
        let given = |secret: Option<SecretString>| {
            // EXPOSE: looked at, not kept.
            secret.filter(|secret| !secret.expose_secret().is_empty())
        };
        let access = given(self.access_token).or(given(self.token));
        let refresh = given(self.refresh_token);
        if access.is_none() && refresh.is_none() {
            return Err(Left::because(Kind::Login, "there is no token in it"));
        }
        let id = self.client_id.or(self.app_key).filter(|id| !id.is_empty());
        let secret = given(self.client_secret).or(given(self.app_secret));
        let expiry = self.expiry.map(|text| {
            let read = text.parse().or_else(|_| format!("{text}Z").parse());
            read.map_err(|_| Left::damaged(Kind::Login, "it holds a time that cannot be read"))
        });
        let seconds = self.expires_at.and_then(moment);
        let tokens = Tokens {
            access,
            refresh,
            token_type: self.token_type,
            scopes: self.scopes.unwrap_or_default(),
            expires_at: expiry.transpose()?.or(seconds),
            client: id.map(|id| Credentials { id, secret }),
        };
        let issued_by = self.token_uri.unwrap_or_else(|| endpoint.to_owned());
        Ok(FoundLogin {
            account: self.account.filter(|account| !account.is_empty()),
            sent_to: SentTo {
                token_endpoint: Endpoint::At(issued_by),
                host: None,
            },
            ..FoundLogin::new(connection, Secrets::Tokens(tokens))
        })
    }
}

/// A moment in whole seconds; what is no moment is none.
fn moment(seconds: f64) -> Option<Timestamp> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what is out of range becomes the nearest number, and is no moment then"
    )]
    let whole = seconds.trunc() as i64;
    seconds
        .is_finite()
        .then(|| Timestamp::from_second(whole).ok())?
}
