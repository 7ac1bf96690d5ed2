//! Asking in the browser: the form of the core, opened like any other page of a login.

use authkeep_core::{Answers, AskError, Form, FormError, Inquiry};

use crate::browser::{Choice, Started};
use crate::context::entropy;
use crate::person::TerminalPerson;

/// What is still to be asked.
pub(crate) fn without(inquiry: &Inquiry, answers: &Answers) -> Inquiry {
    let asked = inquiry.fields.iter().zip(&answers.values);
    Inquiry {
        fields: asked
            .filter(|(_, answer)| answer.is_none())
            .map(|(field, _)| field.clone())
            .collect(),
        ..inquiry.clone()
    }
}

/// Puts what was sent into the places that were still empty.
pub(crate) fn merge(answers: &mut Answers, sent: Answers) {
    let empty = answers.values.iter_mut().filter(|value| value.is_none());
    for (place, value) in empty.zip(sent.values) {
        *place = value;
    }
    answers.scopes = sent.scopes;
}

/// Shows the form and waits for it. `None` where no browser could be started: then the terminal is asked.
///
/// # Errors
///
/// [`AskError::TimedOut`] where nobody sent it in time.
pub(crate) async fn fill_in(
    inquiry: &Inquiry,
    person: &TerminalPerson,
) -> Result<Option<Answers>, AskError> {
    let form = match Form::bind(inquiry, entropy) {
        Ok(form) => form,
        Err(error) => {
            person.output.warn(&format!(
                "the form cannot be shown ({error}); asking on the terminal"
            ));
            return Ok(None);
        }
    };
    let minutes = person.patience.min(Form::LIFETIME).as_secs().div_ceil(60);
    let wait = format!("(up to {minutes} min; Ctrl-C cancels)");
    match person.browser.open(form.url()) {
        Started::Yes => person.output.say(&format!(
            "Asking for what {} needs in your browser {wait}. If nothing appears, open this address:\n  {}",
            inquiry.provider,
            form.url()
        )),
        Started::NotTried(_) if person.browser.choice == Choice::None => person.output.instruct(&format!(
            "Open this address in a browser on this machine to enter what {} needs {wait}:\n  {}",
            inquiry.provider,
            form.url()
        )),
        Started::NotTried(_) => return Ok(None),
        Started::Failed(why) => {
            person.output.say(&format!(
                "No browser could be opened ({why}); asking on the terminal."
            ));
            return Ok(None);
        }
    }
    match form.answers(person.patience).await {
        Ok(answers) => Ok(Some(answers)),
        Err(FormError::TimedOut(patience)) => Err(AskError::TimedOut(patience)),
        Err(error) => Err(AskError::Terminal(std::io::Error::other(error))),
    }
}
