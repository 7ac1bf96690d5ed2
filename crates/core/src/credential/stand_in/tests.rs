use std::collections::HashSet;

use super::*;

fn entropy(bytes: &mut [u8]) -> Result<(), EntropyError> {
    getrandom::fill(bytes).map_err(|error| EntropyError::new(error.to_string()))
}

fn made(live: &str) -> String {
    like(live, entropy).unwrap()
}

/// A key of `length` characters after `prefix`, from `alphabet`.
fn key(prefix: &str, alphabet: &str, length: usize) -> String {
    format!("{prefix}{}", random(alphabet, length, entropy).unwrap())
}

/// What services hand out: the prefix that their keys share, the alphabet behind it, and how many.
const SERVICES: &[(&str, &str, usize)] = &[
    ("sk-ant-api03-", ANY, 95),
    ("sk-ant-oat01-", ANY, 95),
    ("sk-proj-", ANY, 156),
    ("sk-", ANY, 48),
    ("sk-or-v1-", LOWER_HEX, 64),
    ("AIza", ANY, 35),
    ("ya29.", ANY, 200),
    ("gsk_", ANY, 52),
    ("hf_", ANY, 34),
    ("r8_", ANY, 37),
    ("ghp_", ANY, 36),
    ("gho_", ANY, 36),
    ("github_pat_", ANY, 82),
    ("glpat-", ANY, 20),
    ("npm_", ANY, 36),
    ("pypi-", ANY, 160),
    ("AKIA", UPPER, 16),
    ("dop_v1_", LOWER_HEX, 64),
    ("dapi", LOWER_HEX, 32),
    ("hvs.", ANY, 90),
    ("xoxb-", ANY, 50),
    ("xoxp-", LOWER, 70),
    ("lin_api_", ANY, 40),
    ("ntn_", ANY, 46),
    ("sl.u.", ANY, 140),
    ("shpat_", LOWER_HEX, 32),
    ("sk_live_", ANY, 99),
    ("SG.", ANY, 66),
    ("key-", LOWER_HEX, 32),
    ("glsa_", ANY, 41),
    ("", LOWER_HEX, 32),
    ("", LOWER_HEX, 40),
    ("", UPPER_HEX, 64),
    ("", ANY, 40),
    ("", DIGITS, 30),
];

#[test]
fn a_placeholder_has_the_shape_of_what_the_service_hands_out() {
    for (prefix, letters, length) in SERVICES {
        let live = key(prefix, letters, *length);
        let placeholder = made(&live);
        let body = placeholder
            .strip_prefix(prefix)
            .unwrap_or_else(|| panic!("{prefix}: {placeholder}"));
        assert_eq!(body.len(), (*length).max(FEWEST), "{placeholder}");
        assert!(body.chars().all(|c| letters.contains(c)), "{placeholder}");
    }
}

/// The longest piece that two texts share.
fn shared(a: &str, b: &str) -> usize {
    let windows = |length| a.as_bytes().windows(length);
    let within = |piece: &[u8]| {
        b.as_bytes()
            .windows(piece.len())
            .any(|window| window == piece)
    };
    let mut length = 0;
    while windows(length + 1).any(within) {
        length += 1;
    }
    length
}

/// How often `maker` keeps more of a live value than chance would: eight characters beyond its prefix, or the
/// punctuation where it was.
fn telltales(maker: impl Fn(&str) -> String) -> usize {
    let tells = |(prefix, letters, length): &(&str, &str, usize)| {
        let mut live = key(prefix, letters, *length);
        live.replace_range(prefix.len() + 5..prefix.len() + 6, "_");
        let placeholder = maker(&live);
        let body = placeholder.strip_prefix(prefix).unwrap_or(&placeholder);
        let more = shared(&live[prefix.len()..], body) > 7;
        more || placeholder.as_bytes().get(prefix.len() + 5) == Some(&b'_')
    };
    SERVICES.iter().filter(|service| tells(service)).count()
}

#[test]
fn nothing_of_the_live_value_but_its_shape_is_in_the_placeholder() {
    assert_eq!(telltales(made), 0);
    // The negative control: makers that keep the end, as terminals show keys, or the punctuation.
    let masked = |live: &str| format!("{}{}", "x".repeat(30), &live[live.len() - 8..]);
    let mapped = |live: &str| live.replace(|c: char| c.is_ascii_alphanumeric(), "x");
    assert_eq!(telltales(masked), SERVICES.len());
    assert_eq!(telltales(mapped), SERVICES.len());
}

#[test]
fn a_short_or_strange_value_gets_a_placeholder_that_nobody_guesses() {
    for live in ["", "a", "hunter2", "pass word", "päßwörd", "a\nb", "🔑"] {
        let placeholder = made(live);
        assert_eq!(placeholder.len(), FEWEST, "{live:?}");
        assert!(placeholder.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
    assert_eq!(made(&"Ab1".repeat(9999)).len(), MOST);
}

#[test]
fn a_uuid_stays_one() {
    let placeholder = made("0f8fad5b-d9cb-469f-a165-70867728950e");
    assert!(is_uuid(&placeholder), "{placeholder}");
    assert_eq!(&placeholder[14..15], "4");
    assert_eq!(&placeholder[19..20], "a");
    let upper = made("0F8FAD5B-D9CB-469F-A165-70867728950E");
    assert_eq!(upper, upper.to_ascii_uppercase());
}

/// Reads a token as strictly as RFC 7519 §7.2 has it.
fn read_strictly(token: &str) -> Option<(Value, Value)> {
    let parts: Vec<_> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        return None;
    };
    let read = |part| -> Option<Value> {
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()
    };
    let length = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?.len();
    let (header, claims) = (read(header)?, read(claims)?);
    let is_whole = header["alg"] == "HS256" && header["typ"] == "JWT" && length == 32;
    (is_whole && claims["exp"].is_u64()).then_some((header, claims))
}

#[test]
fn a_token_that_programs_read_stays_readable_and_says_nothing() {
    let encoded = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({ "alg": "RS256", "kid": "key-of-acme" });
    let claims =
        json!({ "sub": "ada@example.com", "exp": 1_700_000_000, "iss": "https://acme.example" });
    let live = format!(
        "{}.{}.{}",
        encoded(header),
        encoded(claims),
        "c2ln".repeat(64)
    );
    let placeholder = made(&live);
    let (_, claims) = read_strictly(&placeholder).unwrap();
    assert_eq!(claims["exp"], FAR);
    assert_eq!(claims.as_object().unwrap().len(), 2, "{claims}");
    // The negative control: what is none is not taken for one, by the reader or by the maker.
    for other in ["a.b.c", "eyJ.eyJ.", "e30.e30", "eyJhbGciOiJub25lIn0.e30."] {
        assert_eq!(read_strictly(other), None);
    }
    assert_eq!(read_strictly(&made("a.b.c")), None);
}

#[test]
fn placeholders_are_unique() {
    let mut seen = HashSet::new();
    let jwt = format!("e30.e30.{}", "x".repeat(20));
    let kinds = [
        "sk-ant-api03-abc",
        "0123",
        &jwt,
        "0f8fad5b-d9cb-469f-a165-70867728950e",
    ];
    for round in 0..100_000 {
        assert!(seen.insert(made(kinds[round % kinds.len()])));
    }
}

#[test]
fn a_stand_in_fills_every_variable_and_no_placeholder_is_the_secret() {
    let mut record = crate::record::ConnectionRecord::new_at(
        "2026-01-01T00:00:00Z".parse().unwrap(),
        Default::default(),
    );
    let secret = "sk-live0123456789abcdefghijklmnopqrstuv";
    record.fields.insert("token".to_owned(), secret.into());
    record
        .fields
        .insert("app".to_owned(), "0123456789abcdef0123456789abcdef".into());
    record.pinned.env = [
        ("K", "{token}"),
        ("API", "{api_key}"),
        ("URL", "https://{app}:{token}@host/"),
        ("BASE", "https://host/"),
    ]
    .map(|(name, template)| (name.to_owned(), template.to_owned()))
    .into();
    let connection = Connection::new("acme".parse().unwrap(), "default".parse().unwrap(), record);
    let stand_in = connection.stand_in(entropy).unwrap();
    let shown: Vec<_> = stand_in.environment();
    let value = |name: &str| {
        shown
            .iter()
            .find(|(n, _)| n == name)
            .unwrap()
            .1
            .expose_secret()
            .to_owned()
    };
    let placeholders: Vec<_> = stand_in
        .placeholders()
        .map(|p| p.expose_secret().to_owned())
        .collect();
    assert_eq!(placeholders.len(), 2);
    let (app, token) = (&placeholders[0], &placeholders[1]);
    assert_eq!((value("K"), value("API")), (token.clone(), token.clone()));
    assert_eq!(value("URL"), format!("https://{app}:{token}@host/"));
    assert_eq!(value("BASE"), "https://host/");
    assert_ne!(token, secret);
    assert!(token.starts_with("sk-"));
}

#[test]
fn without_randomness_there_is_no_placeholder() {
    let broken: Entropy = |_| Err(EntropyError::new("no device"));
    for live in [
        "sk-abc",
        "e30.e30.sig",
        "0f8fad5b-d9cb-469f-a165-70867728950e",
    ] {
        assert!(like(live, broken).is_err());
    }
}

#[test]
fn the_token_of_a_bot_stays_one() {
    for _ in 0..100 {
        let live = format!("7123456789:AA{}", random(ANY, 33, entropy).unwrap());
        let placeholder = made(&live);
        let (number, rest) = placeholder.split_once(':').unwrap();
        assert!(number.len() == 10 && number.bytes().all(|byte| byte.is_ascii_digit()));
        assert_eq!(rest.len(), 35);
        assert!(shared(&live, &placeholder) < 8, "{live} {placeholder}");
    }
    for other in ["user:password", "12:34", "1234567:short"] {
        assert!(!made(other).contains(':'), "{other}");
    }
}
