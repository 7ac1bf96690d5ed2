//! The value of one parameter, checked on its own.
//!
//! Nothing that could end a host name, start a user name or climb out of a path gets through, whatever
//! template the value is pasted into.

use super::example_of;
use crate::definition::{Definition, Param, ParamSource};
use crate::endpoint;
use crate::template::Template;
use crate::text;

impl Definition {
    /// Checks one value and brings it into its usual spelling.
    pub(super) fn check_value(
        &self,
        name: &str,
        param: &Param,
        value: &str,
    ) -> Result<String, String> {
        const TRICKS: &str = "@#?\\%*<>\"'`{}|^,;";
        const LONGEST: usize = 512;
        if value.len() > LONGEST {
            return Err("is too long".to_owned());
        }
        if let Some(why) = text::objection(value) {
            return Err(why);
        }
        if let Some(odd) = value
            .chars()
            .find(|c| c.is_whitespace() || !c.is_ascii() || TRICKS.contains(*c))
        {
            return Err(format!("contains {odd:?}, which is not allowed there"));
        }
        if value.contains("..") || value == "." {
            return Err("contains a dot segment".to_owned());
        }
        let value = if self.must_be_url(name) || value.contains("://") {
            self.check_base_url(name, value)?
        } else if value.contains('/') {
            return Err("contains '/', which is not allowed there".to_owned());
        } else if value.starts_with(['.', ':']) {
            return Err("starts with a dot or colon".to_owned());
        } else {
            value.to_owned()
        };
        if !param.accepts(&value) {
            let example = example_of(param.example.as_deref());
            return Err(format!("does not look as it should{example}"));
        }
        Ok(value)
    }

    /// A base URL: checked like an endpoint, without a query, without the slash at the end. A host
    /// alone is taken to mean https.
    fn check_base_url(&self, name: &str, value: &str) -> Result<String, String> {
        if self
            .places()
            .any(|place| place.inner_variables().any(|inner| inner == name))
        {
            let why = if self.must_be_url(name) {
                "is a whole URL in one template and a part of one in another"
            } else {
                "must not be a URL: it is only a part of one"
            };
            return Err(why.to_owned());
        }
        let full = if value.contains("://") {
            value.to_owned()
        } else {
            format!("https://{value}")
        };
        let full = full.trim_end_matches('/');
        endpoint::check(full, self.locality())?;
        Ok(full.to_owned())
    }

    /// True when an endpoint starts with the parameter, so that it has to bring the scheme.
    pub(super) fn must_be_url(&self, name: &str) -> bool {
        self.urls().any(|url| url.leading_variable() == Some(name))
    }

    /// Every template that becomes a URL.
    fn urls(&self) -> impl Iterator<Item = &Template> {
        let oauth = self.oauth.iter().flat_map(|oauth| {
            let revocation = oauth.revocation.iter().map(|revocation| &revocation.url);
            let odd = [&oauth.refresh, &oauth.upgrade].into_iter().flatten();
            oauth
                .endpoints()
                .map(|(_, url)| url)
                .chain(revocation)
                .chain(odd.filter_map(|r| r.url.as_ref()))
        });
        let asked = self.params.values().filter_map(|param| match &param.from {
            Some(ParamSource::Get { url, .. }) => Some(url),
            _ => None,
        });
        oauth
            .chain(self.whoami.iter().map(|whoami| &whoami.url))
            .chain(asked)
    }

    /// Every template that becomes a URL or a host.
    fn places(&self) -> impl Iterator<Item = &Template> {
        self.urls()
            .chain(self.hosts.iter().map(|rule| &rule.pattern))
    }
}
