//! What a program gets in place of a credential: placeholders that look like one and open nothing.
//!
//! Programs check the shape of a key before they send it, so a placeholder keeps what is public about the live value:
//! a prefix that the service gives to all of its keys, the alphabet, the length. All else is drawn at random, for each
//! run anew. A placeholder says who sent a request and which account is meant; what goes out in its place is decided
//! where the request is.

use std::collections::BTreeMap;

use authkeep_vault::{Entropy, EntropyError};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::{Connection, Credential};

/// The placeholders of one login.
#[derive(Debug)]
pub struct StandIn(Credential);

impl StandIn {
    /// All placeholders, one for each secret field. They are no secrets of the login's, but who knows one may ask for
    /// this login's credential as long as the run lasts.
    pub fn placeholders(&self) -> impl Iterator<Item = &SecretString> {
        self.0.fields.values()
    }

    /// The environment variables that the definition set at login, with placeholders where the live ones hold
    /// secrets.
    pub fn environment(&self) -> Vec<(String, SecretString)> {
        self.0.environment()
    }
}

impl Connection {
    /// Placeholders for this login's secrets, drawn from `entropy`.
    ///
    /// # Errors
    ///
    /// [`EntropyError`] where there is no randomness: a placeholder that could be guessed is none.
    pub fn stand_in(&self, entropy: Entropy) -> Result<StandIn, EntropyError> {
        let live = (self.record.fields.iter()).chain(&self.record.secret_params);
        let token = self.record.access_token.as_ref();
        let live = live
            .map(|(name, value)| (name.as_str(), value))
            .chain(token.map(|token| ("token", token)));
        let mut fields = BTreeMap::new();
        for (name, value) in live {
            // EXPOSE: its shape is looked at.
            let placeholder = like(value.expose_secret(), entropy)?;
            fields.insert(name.to_owned(), SecretString::from(placeholder));
        }
        Ok(StandIn(Credential {
            kind: self.kind(),
            env: self.environment(),
            fields,
            client_id: self.client_id().map(SecretString::from),
        }))
    }
}

/// As many random characters as nobody guesses, from the smallest of the alphabets.
const FEWEST: usize = 24;
/// Longer ones would only fill the child's environment.
const MOST: usize = 512;

const DIGITS: &str = "0123456789";
const LOWER_HEX: &str = "0123456789abcdef";
const UPPER_HEX: &str = "0123456789ABCDEF";
const LOWER: &str = "0123456789abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const ANY: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A random value of the same shape.
fn like(live: &str, entropy: Entropy) -> Result<String, EntropyError> {
    if is_jwt(live) {
        return jwt(entropy);
    }
    if is_uuid(live) {
        return uuid(live, entropy);
    }
    if let Some(number) = bot_number(live) {
        let name = random(DIGITS, number.len(), entropy)?;
        return Ok(format!("{name}:{}", random(ANY, BOT_SECRET, entropy)?));
    }
    let prefix = public_prefix(live);
    let body = &live[prefix.len()..];
    let length = body.chars().count().clamp(FEWEST, MOST);
    Ok(format!(
        "{prefix}{}",
        random(alphabet(body), length, entropy)?
    ))
}

/// The first of the alphabets that has all letters and digits of `body`. Punctuation is left out: a reader who accepts
/// it accepts its absence, and where it stands in a random value is part of the value.
fn alphabet(body: &str) -> &'static str {
    let narrow = [DIGITS, LOWER_HEX, UPPER_HEX, LOWER, UPPER];
    let mut known = body
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .peekable();
    if known.peek().is_none() {
        return ANY;
    }
    let known: Vec<char> = known.collect();
    let fits = |alphabet: &&str| known.iter().all(|c| alphabet.contains(*c));
    narrow.into_iter().find(fits).unwrap_or(ANY)
}

/// `length` characters of `alphabet`, each as likely as the others.
fn random(alphabet: &str, length: usize, entropy: Entropy) -> Result<String, EntropyError> {
    let letters = alphabet.as_bytes();
    let fair = 256 - 256 % letters.len();
    let mut text = String::with_capacity(length);
    let mut bytes = [0; 64];
    while text.len() < length {
        entropy(&mut bytes)?;
        let drawn = bytes.iter().map(|byte| usize::from(*byte));
        let drawn = drawn.filter(|at| *at < fair).take(length - text.len());
        text.extend(drawn.map(|at| char::from(letters[at % letters.len()])));
    }
    Ok(text)
}

/// Whether it is a JSON Web Token (RFC 7519 §3) in three parts, which a program may read.
fn is_jwt(live: &str) -> bool {
    let parts: Vec<_> = live.split('.').collect();
    let [header, claims, _] = parts[..] else {
        return false;
    };
    let is_object = |part: &str| {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
        serde_json::from_slice::<Value>(&bytes).is_ok_and(|value| value.is_object())
    };
    is_object(header) && is_object(claims)
}

/// The end of all time for clocks of 32 bits, nearly: 1 January 2038. The live token is renewed behind the placeholder,
/// which itself never has to be.
const FAR: u64 = 2_145_916_800;

/// A JSON Web Token that says nothing and that no key has signed.
fn jwt(entropy: Entropy) -> Result<String, EntropyError> {
    let mut signature = [0; 32];
    entropy(&mut signature)?;
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    let claims = json!({ "exp": FAR, "jti": random(ANY, FEWEST, entropy)? });
    let parts = [
        header.to_string().into_bytes(),
        claims.to_string().into_bytes(),
        signature.to_vec(),
    ];
    Ok(parts
        .map(|part| BASE64_URL_SAFE_NO_PAD.encode(part))
        .join("."))
}

const UUID_GROUPS: [usize; 5] = [8, 4, 4, 4, 12];

fn is_uuid(live: &str) -> bool {
    let groups: Vec<_> = live.split('-').collect();
    let hex = |group: &&str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    groups.iter().map(|group| group.len()).eq(UUID_GROUPS) && groups.iter().all(hex)
}

/// A random UUID (RFC 9562 §5.4), in upper case if `live` is.
fn uuid(live: &str, entropy: Entropy) -> Result<String, EntropyError> {
    let mut digits = random(LOWER_HEX, 32, entropy)?;
    digits.replace_range(12..13, "4");
    digits.replace_range(16..17, "a");
    let mut rest = digits.as_str();
    let groups = UUID_GROUPS.map(|length| {
        let (group, after) = rest.split_at(length);
        rest = after;
        group
    });
    let uuid = groups.join("-");
    let is_upper = !live.contains(|c: char| c.is_ascii_lowercase());
    Ok(if is_upper {
        uuid.to_ascii_uppercase()
    } else {
        uuid
    })
}

/// How long the part of a bot's token is that is a secret.
const BOT_SECRET: usize = 35;

/// The number of a bot that the token begins with, as in `123456:AAb-c_d`: libraries look for it.
fn bot_number(live: &str) -> Option<&str> {
    let (number, rest) = live.split_once(':')?;
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_token = rest.len() >= 30 && rest.bytes().all(is_word);
    let is_number = (6..=16).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    (is_token && is_number).then_some(number)
}

/// The longest of the known prefixes that `live` begins with.
fn public_prefix(live: &str) -> &'static str {
    let known = PREFIXES.iter().flat_map(|known| known.split_whitespace());
    known
        .filter(|prefix| live.starts_with(prefix))
        .max_by_key(|prefix| prefix.len())
        .unwrap_or_default()
}

/// What services give to all of their keys, as they document it or as secret scanners know it. Programs look for it.
const PREFIXES: &[&str] = &[MODELS, CODE, CLOUDS, OFFICE, MONEY];
const MODELS: &str = "sk- sk-proj- sk-svcacct- sk-admin- sk-ant- sk-ant-api03- sk-ant-admin01- sk-ant-oat01- sk-or-v1- \
    sk-lf- pk-lf- AIza ya29. gsk_ hf_ r8_ xai- pplx- nvapi- tvly- fw_ fc- jina_ pa- lsv2_pt_ lsv2_sk_";
const CODE: &str = "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- gloas- glptt- gldt- ATATT3 ATCTT3 npm_ pypi- rubygems_ \
    cio dckr_pat_ dckr_oat_ CCIPAT_ bkua_ sgp_";
const CLOUDS: &str = "AKIA ASIA dop_v1_ doo_v1_ dapi hvs. hvb. rnd_ fo1_ HRKU- tskey-api- tskey-auth- sbp_ sb_secret_ \
    sb_publishable_ pscale_tkn_ napi_ vcp_";
const OFFICE: &str = "xoxb- xoxp- xoxa- xoxe- xoxe.xoxb- xoxe.xoxp- xapp- lin_api_ lin_oauth_ ntn_ secret_ sl. sl.u. \
    figd_ figu_ pat-na1- pat-eu1- pdl_ CFPAT- PMAK- shpat_ shpca_ shppa_ shpss_";
const MONEY: &str = "sk_live_ sk_test_ rk_live_ rk_test_ pk_live_ pk_test_ whsec_ SG. re_ key- xkeysib- sq0atp- EAAA \
    glc_ glsa_ phc_ phx_ sntrys_ sntryu_ NRAK- dt0c01.";

#[cfg(test)]
mod tests;
