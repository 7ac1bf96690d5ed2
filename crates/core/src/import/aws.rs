//! The AWS CLI's files: `credentials` and `config`, sections of `name = value`. Only keys that are written down are
//! taken over; what is fetched at each use (SSO, roles, processes) is named and left to that program.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

use super::{Content, FoundLogin, Item, Kind, Left, Secrets};

/// The texts of the two files; either may be missing.
#[derive(Debug, Default)]
pub struct AwsFiles {
    /// `~/.aws/credentials`: sections are named like profiles.
    pub credentials: Option<SecretString>,
    /// `~/.aws/config`: sections are named `profile NAME`, but for `default`.
    pub config: Option<SecretString>,
}

/// One profile, from both files; `credentials` wins.
type Section = BTreeMap<String, SecretString>;

/// What makes a profile one that is fetched, in the words of its settings.
const FETCHED: [(&str, &str); 6] = [
    ("sso_session", "it signs in by SSO"),
    ("sso_start_url", "it signs in by SSO"),
    ("role_arn", "it assumes a role"),
    ("credential_process", "a program hands its keys out"),
    (
        "web_identity_token_file",
        "it assumes a role by a web identity",
    ),
    ("login_session", "it signs in by the console"),
];

/// The profiles in the two files.
pub fn read_aws(files: &AwsFiles) -> Vec<Item> {
    let mut profiles: BTreeMap<String, Section> = BTreeMap::new();
    let mut add = |text: &Option<SecretString>, of: fn(&str) -> Option<&str>| {
        let Some(text) = text else { return };
        // EXPOSE: parsed into secret types.
        for (section, name, value) in settings(text.expose_secret()) {
            if let Some(profile) = of(&section) {
                profiles
                    .entry(profile.to_owned())
                    .or_default()
                    .insert(name, value);
            }
        }
    };
    add(&files.config, |section| match section {
        "default" => Some("default"),
        section => {
            Some(section.strip_prefix("profile")?.trim_start()).filter(|name| !name.is_empty())
        }
    });
    add(&files.credentials, |section| Some(section));
    profiles
        .iter()
        .filter_map(|(name, section)| item(name, section))
        .collect()
}

fn item(name: &str, section: &Section) -> Option<Item> {
    let place = format!("profile {name}");
    let left = |why: &str, next: &str| {
        let left = Left::because(Kind::Login, why).of_connection(name);
        Some(Item::left(&*place, "aws", left.next(next)))
    };
    let (id, secret) = (
        section.get("aws_access_key_id"),
        section.get("aws_secret_access_key"),
    );
    let (Some(id), Some(secret)) = (id, secret) else {
        if let Some((_, why)) = FETCHED
            .iter()
            .find(|(setting, _)| section.contains_key(*setting))
        {
            return left(why, "the AWS CLI goes on serving it");
        }
        // A profile with a region and an output format alone has nothing to take over.
        return match id.or(secret) {
            Some(_) => left(
                "one of its two keys is not there",
                "complete it in the AWS CLI's files, or enter both: authkeep login aws",
            ),
            None => None,
        };
    };
    let mut fields = BTreeMap::from([
        ("access_key_id".to_owned(), id.clone()),
        ("token".to_owned(), secret.clone()),
    ]);
    let session = section.get("aws_session_token");
    fields.extend(session.map(|token| ("session_token".to_owned(), token.clone())));
    let mut login = FoundLogin::new(name, Secrets::Key(fields));
    login.note = session.map(|_| "its session token runs out by itself, within hours".to_owned());
    if let Some(region) = section.get("region") {
        // EXPOSE: a region's name, which came through the same door as the keys.
        login
            .params
            .insert("region".to_owned(), region.expose_secret().to_owned());
    }
    Some(Item {
        place,
        provider: "aws".to_owned(),
        content: Content::Login(Box::new(login)),
    })
}

/// Section, name and value of each setting. Indented lines belong to the setting above, which is none of ours.
fn settings(text: &str) -> Vec<(String, String, SecretString)> {
    let mut found = Vec::new();
    let mut section: Option<String> = None;
    for line in text.trim_start_matches('\u{feff}').lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) || line.starts_with([' ', '\t']) {
            continue;
        }
        if let Some(rest) = trimmed.strip_prefix('[') {
            let name = rest.split(']').next().unwrap_or_default().trim();
            // A name with spaces is quoted.
            section = Some(name.replace(['"', '\''], ""));
            continue;
        }
        let (Some(section), Some((name, value))) = (&section, trimmed.split_once('=')) else {
            continue;
        };
        // A comment begins after white space, so that a `#` can be part of a key.
        let value = [" #", " ;", "\t#", "\t;"]
            .iter()
            .fold(value, |value, mark| {
                value.split(mark).next().unwrap_or_default()
            });
        let value = value.trim();
        if !value.is_empty() {
            let name = name.trim().to_ascii_lowercase();
            found.push((section.clone(), name, SecretString::from(value.to_owned())));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn static_keys_are_taken_over_and_all_else_is_named() {
        let files = AwsFiles {
            credentials: Some("[default]\naws_access_key_id = AKIAX\naws_secret_access_key=s/+#x ; said\n[half]\naws_access_key_id = AKIAY\n".into()),
            config: Some("[default]\nregion = eu-west-1\ns3 =\n  max_concurrent_requests = 20\n[profile \"in config\"]\naws_access_key_id=A\naws_secret_access_key=B\naws_session_token=C\n[profile sso]\nsso_session = corp\n[sso-session corp]\nsso_start_url = https://x\n[profile role]\nrole_arn = arn\n[profile plain]\nregion = x\n".into()),
        };
        let shown: Vec<String> = read_aws(&files)
            .iter()
            .map(|item| match &item.content {
                Content::Login(login) => {
                    let Secrets::Key(fields) = &login.secrets else {
                        panic!("a key")
                    };
                    let secret = fields["token"].expose_secret();
                    format!(
                        "{}: {} fields, {secret}, {:?}",
                        item.place,
                        fields.len(),
                        login.params
                    )
                }
                Content::Left(left) => format!("{}: {}", item.place, left.why),
                other => format!("{other:?}"),
            })
            .collect();
        let expected = [
            "profile default: 2 fields, s/+#x, {\"region\": \"eu-west-1\"}",
            "profile half: one of its two keys is not there",
            "profile in config: 3 fields, B, {}",
            "profile role: it assumes a role",
            "profile sso: it signs in by SSO",
        ];
        assert_eq!(shown, expected);
    }
}
