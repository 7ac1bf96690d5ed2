//! Binding: a definition and the user's parameters become a [`Provider`].
//!
//! A parameter's value is foreign text that ends up in URLs, so it is checked twice: on its own, and
//! as part of every URL and host it went into.

mod binder;
mod value;

use std::collections::BTreeMap;

use self::binder::Binder;
use crate::definition::{Definition, Param};
use crate::error::FieldError;
use crate::name::ProviderName;
use crate::provider::{Capture, Provider};
use crate::reader::Report;
use crate::text;

/// Why parameters do not fit a definition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// A parameter without a default has no value. Ask for it.
    #[error("`{provider}` needs `{param}` ({label}){}", example_of(.example.as_deref()))]
    Missing {
        /// The provider.
        provider: ProviderName,
        /// The parameter's name.
        param: String,
        /// What to call it when asking.
        label: String,
        /// An example value.
        example: Option<String>,
    },
    /// The definition has no such parameter.
    #[error("`{provider}` has no parameter {shown}{}", known_of(.known))]
    Unknown {
        /// The provider.
        provider: ProviderName,
        /// The name that was given, quoted and safe to print.
        shown: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// A value cannot be used.
    #[error("`{param}` of `{provider}` {reason}")]
    BadValue {
        /// The provider.
        provider: ProviderName,
        /// The parameter's name.
        param: String,
        /// What is wrong with the value.
        reason: String,
    },
    /// The values are fine one by one, but a URL or host made of them is not.
    #[error("`{provider}` cannot be used with these parameters: {}", joined(.errors))]
    Unusable {
        /// The provider.
        provider: ProviderName,
        /// The fields that came out wrong.
        errors: Vec<FieldError>,
    },
}

impl Definition {
    /// Fills in the parameters. Defaults apply to those that are not given; an empty value counts as
    /// not given.
    ///
    /// # Errors
    /// [`BindError`] says which parameter is missing, unknown or unusable.
    pub fn bind(&self, params: &BTreeMap<String, String>) -> Result<Provider, BindError> {
        let values = self.values(params)?;
        let given = |name: &str| params.get(name).is_some_and(|value| !value.is_empty());
        Binder::new(&values, self.locality())
            .bind(self)
            .map(|provider| Provider {
                captures: self.captures(given),
                ..provider
            })
            .map_err(|errors| BindError::Unusable {
                provider: self.name.clone(),
                errors,
            })
    }

    /// Values for the parameters that need one: the examples of the definition where they fit, or invented ones. For
    /// showing what a definition would do, not for doing it.
    #[must_use]
    pub fn sample_params(&self) -> BTreeMap<String, String> {
        let needed = self.params.iter().filter(|(_, param)| {
            param.default.is_none() && !param.optional && param.from.is_none() && !param.secret
        });
        let value = |(name, _): (&String, &Param)| Some((name.clone(), self.sample(name)?));
        needed.filter_map(value).collect()
    }

    /// A value as the parameter `name` may have it, as far as one can be made up; `None` where there is no such parameter.
    #[must_use]
    pub fn sample(&self, name: &str) -> Option<String> {
        /// Names, numbers and identifiers as services hand them out.
        const USUAL: [&str; 5] = [
            "sample",
            "12345678",
            "ABCDEFGHIJ",
            "abcdefghijklmnopqrst",
            "00000000-0000-0000-0000-000000000000",
        ];
        let param = self.params.get(name)?;
        let example = param.example.as_deref().unwrap_or_default();
        let first = example.split([' ', ',']).next();
        let invented = self.invented(name);
        let fits = |value: &&str| !value.is_empty() && self.check_value(name, param, value).is_ok();
        let mut candidates = [example, param.default.as_deref().unwrap_or_default()]
            .into_iter()
            .chain(first)
            .chain([invented])
            .chain(USUAL);
        Some(candidates.find(fits).unwrap_or(invented).to_owned())
    }

    /// A value that fits every template, though perhaps not the pattern.
    fn invented(&self, name: &str) -> &'static str {
        if self.must_be_url(name) {
            "https://sample.example"
        } else {
            "sample.example"
        }
    }

    /// What has to be found out during login, because nobody has given it.
    fn captures(&self, given: impl Fn(&str) -> bool) -> Vec<Capture> {
        let captured = self.params.iter().filter(|(name, _)| !given(name));
        captured
            .filter_map(|(name, param)| {
                Some(Capture {
                    param: name.clone(),
                    from: param.from.clone()?,
                    required: param.default.is_none() && !param.optional,
                })
            })
            .collect()
    }

    /// Binds defaults and invented values, and reports what comes out wrong.
    pub(crate) fn dry_bind(&self, report: &Report) {
        let mut values = BTreeMap::new();
        for (name, param) in self.params.iter().filter(|(_, param)| !param.secret) {
            let value = match &param.default {
                Some(default) => match self.check_value(name, param, default) {
                    Ok(value) => value,
                    Err(reason) => {
                        report.fault(format!("params.{name}.default"), reason);
                        continue;
                    }
                },
                None => self.invented(name).to_owned(),
            };
            values.insert(name.clone(), value);
        }
        let faults = Binder::new(&values, self.locality()).bind(self).err();
        for fault in faults.into_iter().flatten() {
            report.fault(fault.field, fault.reason);
        }
    }

    fn values(
        &self,
        given: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, BindError> {
        if let Some(name) = given.keys().find(|name| !self.params.contains_key(*name)) {
            return Err(BindError::Unknown {
                provider: self.name.clone(),
                shown: text::quote(name),
                known: self.params.keys().cloned().collect(),
            });
        }
        if let Some((name, _)) = self
            .secret_params()
            .find(|(name, _)| given.contains_key(*name))
        {
            return Err(BindError::BadValue {
                provider: self.name.clone(),
                param: name.clone(),
                reason: "is a secret, which is asked for and never taken as a parameter".to_owned(),
            });
        }
        let mut values = BTreeMap::new();
        for (name, param) in &self.params {
            let value = match given.get(name).filter(|value| !value.is_empty()) {
                Some(value) => Some(value),
                None if self.default_holds(param, given) => param.default.as_ref(),
                None => None,
            };
            match value {
                Some(value) => {
                    let value = self.check_value(name, param, value).map_err(|reason| {
                        BindError::BadValue {
                            provider: self.name.clone(),
                            param: name.clone(),
                            reason,
                        }
                    })?;
                    values.insert(name.clone(), value);
                }
                None if param.optional || param.from.is_some() || param.secret => {}
                None => {
                    return Err(BindError::Missing {
                        provider: self.name.clone(),
                        param: name.clone(),
                        label: param.label.clone(),
                        example: param.example.clone().or_else(|| param.hint.clone()),
                    });
                }
            }
        }
        Ok(values)
    }

    /// A default that is tied to another parameter's default falls with it.
    fn default_holds(&self, param: &Param, given: &BTreeMap<String, String>) -> bool {
        let Some((name, other)) = param
            .if_default
            .as_ref()
            .and_then(|name| self.params.get_key_value(name))
        else {
            return true;
        };
        match given.get(name).filter(|value| !value.is_empty()) {
            Some(value) => self.check_value(name, other, value).ok() == other.default,
            None => true,
        }
    }
}

fn example_of(example: Option<&str>) -> String {
    example.map_or_else(String::new, |example| format!(", for example {example}"))
}

fn known_of(known: &[String]) -> String {
    match known {
        [] => "; it has none".to_owned(),
        names => format!("; it has {}", names.join(", ")),
    }
}

fn joined(errors: &[FieldError]) -> String {
    errors
        .iter()
        .map(FieldError::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

#[cfg(test)]
mod tests;
