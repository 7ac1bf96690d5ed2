//! What a browser sends: the body of the form, read strictly.

use std::collections::BTreeMap;

use secrecy::SecretString;
use secrecy::zeroize::Zeroize as _;
use url::form_urlencoded;

use super::markup::{MARK, SCOPES, name};

/// A form that was sent. Which fields were left empty shows in their absence.
pub(super) struct Submission {
    pub(super) mark: String,
    pub(super) values: BTreeMap<usize, SecretString>,
    pub(super) scopes: Option<String>,
}

impl Submission {
    /// Reads a body of `application/x-www-form-urlencoded` for a form with so many fields. `None` where a name is
    /// unknown or comes twice, or where the mark is missing: no browser sends that.
    pub(super) fn read(body: &[u8], fields: usize) -> Option<Self> {
        let mut mark = None;
        let mut scopes = None;
        let mut values = BTreeMap::new();
        for (key, value) in form_urlencoded::parse(body) {
            let mut value = value.into_owned();
            let twice = if key == MARK {
                mark.replace(value).is_some()
            } else if key == SCOPES {
                scopes.replace(value).is_some()
            } else {
                let index = (0..fields).find(|index| name(*index) == key)?;
                let secret = SecretString::from(value.trim());
                value.zeroize();
                values.insert(index, secret).is_some()
            };
            if twice {
                return None;
            }
        }
        values.retain(|_, value| !is_empty(value));
        Some(Self {
            mark: mark?,
            values,
            scopes,
        })
    }
}

fn is_empty(value: &SecretString) -> bool {
    // EXPOSE: only its length is looked at.
    secrecy::ExposeSecret::expose_secret(value).is_empty()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::Submission;

    #[test]
    fn a_body_is_read_strictly() {
        let read = Submission::read(b"form_token=m&field0=%20a%2Bb+&field1=&scopes=x+y", 2);
        let read = read.unwrap();
        assert_eq!(read.mark, "m");
        assert_eq!(read.values[&0].expose_secret(), "a+b");
        assert!(!read.values.contains_key(&1));
        assert_eq!(read.scopes.as_deref(), Some("x y"));
        for body in [
            "",
            "field0=a",
            "form_token=m&field2=a",
            "form_token=m&other=a",
            "form_token=m&field0=a&field0=b",
            "form_token=m&form_token=m",
            "form_token=m&scopes=&scopes=a",
            "form_token=m&field00=a",
        ] {
            assert!(Submission::read(body.as_bytes(), 2).is_none(), "{body}");
        }
    }
}
