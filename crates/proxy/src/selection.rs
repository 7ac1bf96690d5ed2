//! Which of several logins a request is meant for: named in a header that the sidecar keeps to itself, or seen from the
//! placeholder it carries.

use std::fmt;

use authkeep_core::ConnectionName;
use authkeep_registry::ProviderName;
use http::{HeaderMap, HeaderName};

use crate::{Account, Code, Refusal};

/// The header that names a login for one request, as `github=work` or `github`.
pub const CONNECTION_HEADER: HeaderName = HeaderName::from_static("authkeep-connection");

/// What a request says about its login.
#[derive(Debug, Clone, Copy, Default)]
pub struct Selection<'a> {
    /// What the header names.
    pub named: Option<&'a Named>,
    /// Whose placeholder the request carries.
    pub placeholder: Option<&'a Account>,
}

/// A provider, or one of its connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The provider.
    pub provider: ProviderName,
    /// The connection; the default one where none is named.
    pub connection: Option<ConnectionName>,
}

impl Named {
    /// Takes the header out of a request and reads it.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] where it is there twice or names nothing.
    pub fn take(headers: &mut HeaderMap) -> Result<Option<Self>, Refusal> {
        let mut values = headers.get_all(CONNECTION_HEADER).iter();
        let named = match (values.next(), values.next()) {
            (None, _) => return Ok(None),
            (Some(one), None) => one.to_str().ok().and_then(Self::read),
            (Some(_), Some(_)) => None,
        };
        headers.remove(CONNECTION_HEADER);
        let unreadable = || {
            Refusal::new(Code::BadRequest, "the header `Authkeep-Connection` does not name one login")
                .hint("send it once, with a provider or a provider and a connection: `github` or `github=work`")
        };
        named.map(Some).ok_or_else(unreadable)
    }

    fn read(text: &str) -> Option<Self> {
        let (provider, connection) = match text.trim().split_once('=') {
            Some((provider, connection)) => (provider, Some(connection.parse().ok()?)),
            None => (text.trim(), None),
        };
        Some(Self {
            provider: provider.parse().ok()?,
            connection,
        })
    }

    /// Whether `account` may be meant.
    pub fn admits(&self, account: &Account) -> bool {
        let Self {
            provider,
            connection,
        } = self;
        *provider == account.provider
            && connection
                .as_ref()
                .is_none_or(|connection| *connection == account.connection)
    }
}

/// As it stands in the header.
impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.connection {
            Some(connection) => write!(f, "{}={connection}", self.provider),
            None => self.provider.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_header_is_read_and_taken_out() {
        let read = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CONNECTION_HEADER, HeaderValue::from_str(value).unwrap());
            }
            let named = Named::take(&mut headers);
            assert!(headers.is_empty(), "{values:?}");
            named
        };
        assert_eq!(read(&[]), Ok(None));
        let named = read(&["github"]).unwrap().expect("it names one");
        assert_eq!(
            (named.provider.as_str(), named.connection),
            ("github", None)
        );
        let named = read(&[" github=work "]).unwrap().expect("it names one");
        let connection = named.connection.expect("a connection");
        assert_eq!(connection.as_str(), "work");
        for bad in [
            &["a", "a"][..],
            &[""],
            &["="],
            &["a="],
            &["=b"],
            &["a b"],
            &["a=b=c"],
            &["a,b"],
        ] {
            let refusal = read(bad).expect_err("it is refused");
            assert_eq!(refusal.code, Code::BadRequest, "{bad:?}");
        }
    }
}
