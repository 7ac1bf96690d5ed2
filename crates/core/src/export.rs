//! Environment variables as text for shells and tools, quoted so that no value can become code.

use secrecy::{ExposeSecret, SecretString};

/// Who will read the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// `NAME=value`, one a line, unquoted: for `env -S`-like readers and systemd's `EnvironmentFile`-like files.
    Env,
    /// `export NAME='value'` for POSIX shells: sh, bash, zsh, ksh.
    Shell,
    /// `set -gx NAME 'value'` for fish.
    Fish,
    /// `$env:NAME = 'value'` for PowerShell.
    PowerShell,
    /// One JSON object.
    Json,
    /// `NAME='value'` for dotenv readers. They disagree about every escape, so none is used, and a value that
    /// they would read differently is refused.
    Dotenv,
}

/// Variables to be exported, by name.
#[derive(Debug, Default)]
pub struct Variables(Vec<(String, SecretString)>);

/// A value cannot be written in the format.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// No format can carry a NUL, `env` lines cannot carry a line break, and dotenv readers would each make
    /// something else of some quotes and backslashes.
    #[error("the value of `{name}` holds a character that this format cannot carry")]
    Unrepresentable {
        /// The variable.
        name: String,
    },
    /// Two providers set the same variable to different values: one would silently win.
    #[error("two providers set `{name}`")]
    Conflict {
        /// The variable.
        name: String,
    },
}

impl Variables {
    /// Adds the variables of one credential.
    ///
    /// # Errors
    ///
    /// [`ExportError::Conflict`] where a name is taken by another value.
    pub fn extend(&mut self, more: Vec<(String, SecretString)>) -> Result<(), ExportError> {
        for (name, value) in more {
            // EXPOSE: compared, not shown. Both sides are this user's own secrets, so timing tells nobody anything.
            match self.0.iter().find(|(taken, _)| *taken == name) {
                Some((_, taken)) if taken.expose_secret() == value.expose_secret() => {}
                Some(_) => return Err(ExportError::Conflict { name }),
                None => self.0.push((name, value)),
            }
        }
        Ok(())
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &SecretString)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The text for `format`, secrets included.
    ///
    /// # Errors
    ///
    /// [`ExportError::Unrepresentable`] where a value would change its meaning.
    pub fn render(&self, format: ExportFormat) -> Result<SecretString, ExportError> {
        let mut text = String::new();
        if format == ExportFormat::Json {
            // EXPOSE: into the rendered text, which is a secret again at once.
            let object: serde_json::Map<_, _> = self
                .iter()
                .map(|(name, value)| (name.to_owned(), value.expose_secret().into()))
                .collect();
            text = format!("{:#}\n", serde_json::Value::Object(object));
            return Ok(text.into());
        }
        for (name, value) in self.iter() {
            // EXPOSE: into the rendered text, which is a secret again at once.
            let line = line(format, name, value.expose_secret()).ok_or_else(|| {
                ExportError::Unrepresentable {
                    name: name.to_owned(),
                }
            })?;
            text.push_str(&line);
            text.push('\n');
        }
        Ok(text.into())
    }
}

fn line(format: ExportFormat, name: &str, value: &str) -> Option<String> {
    if value.contains('\0') {
        return None;
    }
    Some(match format {
        ExportFormat::Env if value.contains(['\n', '\r']) => return None,
        ExportFormat::Env => format!("{name}={value}"),
        // Inside POSIX single quotes nothing is special but the quote itself.
        ExportFormat::Shell => format!("export {name}='{}'", value.replace('\'', r"'\''")),
        // fish also reads backslashes there, before a quote and before another backslash.
        ExportFormat::Fish => {
            format!(
                "set -gx {name} '{}'",
                value.replace('\\', r"\\").replace('\'', r"\'")
            )
        }
        ExportFormat::PowerShell => format!("$env:{name} = '{}'", powershell(value)),
        ExportFormat::Dotenv => format!("{name}={}", dotenv(value)?),
        ExportFormat::Json => return None,
    })
}

/// PowerShell takes four typographic quotes for an apostrophe too; doubling any of them makes it literal.
fn powershell(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}') {
            quoted.push(c);
        }
        quoted.push(c);
    }
    quoted
}

/// The value in the quotes in which all dotenv readers take it as it stands, if there are any.
///
/// Between single quotes Node and Ruby read every character as itself; Python undoes a backslash before another
/// and before a quote, and replaces `${NAME}` whatever the quotes. Between double quotes all read `\n` as a line
/// break, and each has its own idea of the rest.
fn dotenv(value: &str) -> Option<String> {
    if value.contains("${") || value.contains('\r') {
        return None;
    }
    let is_plain = !value.contains(['\'', '\n']);
    if is_plain && !value.contains(r"\\") && !value.ends_with('\\') {
        return Some(format!("'{value}'"));
    }
    let has_escapes = value.contains(['"', '\\', '$', '`']);
    (!has_escapes).then(|| format!("\"{}\"", value.replace('\n', r"\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(format: ExportFormat, value: &str) -> Option<String> {
        let mut variables = Variables::default();
        variables
            .extend(vec![("K".to_owned(), value.into())])
            .unwrap();
        variables
            .render(format)
            .ok()
            .map(|text| text.expose_secret().to_owned())
    }

    #[test]
    fn each_format_quotes_what_is_special_to_its_reader() {
        let value = "a'b\"c$d`e\\f";
        let check = |format, expected: &str| assert_eq!(rendered(format, value).unwrap(), expected);
        check(ExportFormat::Env, "K=a'b\"c$d`e\\f\n");
        check(ExportFormat::Shell, "export K='a'\\''b\"c$d`e\\f'\n");
        check(ExportFormat::Fish, "set -gx K 'a\\'b\"c$d`e\\\\f'\n");
        check(ExportFormat::PowerShell, "$env:K = 'a''b\"c$d`e\\f'\n");
        check(ExportFormat::Json, "{\n  \"K\": \"a'b\\\"c$d`e\\\\f\"\n}\n");
        assert_eq!(
            rendered(ExportFormat::PowerShell, "’").unwrap(),
            "$env:K = '’’'\n"
        );
    }

    #[test]
    fn dotenv_values_stand_in_the_quotes_that_all_readers_share() {
        let check = |value, expected: Option<&str>| {
            assert_eq!(
                rendered(ExportFormat::Dotenv, value).as_deref(),
                expected,
                "{value}"
            );
        };
        check("plain", Some("K='plain'\n"));
        check("a\"b$c`d#e\\f", Some("K='a\"b$c`d#e\\f'\n"));
        check("it's", Some("K=\"it's\"\n"));
        check("two\nlines", Some("K=\"two\\nlines\"\n"));
        for both in ["it's \"here\"", "a\\\\b", "a\\", "${HOME}", "a\rb"] {
            check(both, None);
        }
    }

    #[test]
    fn what_a_format_cannot_carry_is_refused() {
        assert!(rendered(ExportFormat::Env, "a\nB=evil").is_none());
        assert!(rendered(ExportFormat::Shell, "a\0b").is_none());
        assert!(rendered(ExportFormat::Shell, "a\nb").is_some());
    }

    #[test]
    fn one_variable_with_two_values_is_a_conflict() {
        let mut variables = Variables::default();
        variables
            .extend(vec![("K".to_owned(), "1".into())])
            .unwrap();
        variables
            .extend(vec![("K".to_owned(), "1".into())])
            .unwrap();
        let conflict = variables.extend(vec![("K".to_owned(), "2".into())]);
        assert!(matches!(conflict, Err(ExportError::Conflict { name }) if name == "K"));
    }
}
