//! All that one login asks a person for, as one question: so that it can be one form.

use secrecy::SecretString;

use crate::{AskError, FieldRequest};

/// What one login asks for.
#[derive(Debug, Clone)]
pub struct Inquiry {
    /// The provider's name, for people.
    pub provider: String,
    /// The values, in the order in which they are asked for.
    pub fields: Vec<FieldRequest>,
    /// The redirect address that the person registers with the provider, where the login needs one.
    pub redirect: Option<RedirectNote>,
    /// The scopes that the login will ask for, where the person may change them.
    pub scopes: Option<Vec<String>>,
}

/// A redirect address to register with a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectNote {
    /// The address, to be copied as it is.
    pub address: String,
    /// Whether it stands for all ports: the login chooses one, and adds it.
    pub port: RedirectPort,
}

/// Which port a redirect comes back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectPort {
    /// Any: a provider that follows RFC 8252 §7.3 does not compare it.
    Any,
    /// The one in the address.
    Fixed,
}

/// What the person answered.
#[derive(Debug)]
pub struct Answers {
    /// One for each field, in the same order. `None` for what was left out.
    pub values: Vec<Option<SecretString>>,
    /// The scopes, where the person was shown them.
    pub scopes: Option<Vec<String>>,
}

impl Answers {
    /// The answers of somebody who has said nothing yet.
    pub fn none(inquiry: &Inquiry) -> Self {
        Self {
            values: inquiry.fields.iter().map(|_| None).collect(),
            scopes: None,
        }
    }
}

/// Answers as they come in, one field after the other.
#[derive(Debug)]
pub struct Collected<'a> {
    inquiry: &'a Inquiry,
    answers: Answers,
    missing: Vec<usize>,
}

impl<'a> Collected<'a> {
    /// Begins with what is known already.
    pub fn new(inquiry: &'a Inquiry, answers: Answers) -> Self {
        Self {
            inquiry,
            answers,
            missing: Vec::new(),
        }
    }

    /// Whether the field at `index` has its answer.
    pub fn has(&self, index: usize) -> bool {
        self.answers.values[index].is_some()
    }

    /// Takes what was said to the field at `index`. Where nobody can be asked, a value that may be left out is, and
    /// the others are noted: whoever sets one variable should not have to come back for the next.
    ///
    /// # Errors
    ///
    /// [`Unanswered`] where it makes no sense to go on.
    pub fn take(
        &mut self,
        index: usize,
        answer: Result<SecretString, AskError>,
    ) -> Result<(), Unanswered> {
        match answer {
            Ok(value) => self.answers.values[index] = Some(value),
            Err(AskError::NotPossible) if self.inquiry.fields[index].optional => {}
            Err(AskError::NotPossible) => self.missing.push(index),
            Err(source) => {
                let missing = vec![index];
                return Err(Unanswered { missing, source });
            }
        }
        Ok(())
    }

    /// All answers.
    ///
    /// # Errors
    ///
    /// [`Unanswered`] names all that nobody could be asked for.
    pub fn finish(self) -> Result<Answers, Unanswered> {
        if self.missing.is_empty() {
            return Ok(self.answers);
        }
        Err(Unanswered {
            missing: self.missing,
            source: AskError::NotPossible,
        })
    }
}

/// Which values are missing, and why.
#[derive(Debug, thiserror::Error)]
#[error("a value was not given")]
pub struct Unanswered {
    /// The places of the fields in [`Inquiry::fields`]: those that somebody was asked for, or all where nobody can be.
    pub missing: Vec<usize>,
    /// Why there is none.
    #[source]
    pub source: AskError,
}
