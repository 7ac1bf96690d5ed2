//! The questions whose answers make a definition, one after the other.

use authkeep_registry::ProviderName;
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};

use crate::args::GlobalArgs;
use crate::context::{OnInterrupt, block_on};
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output::Output;
use crate::printable::printable;
use crate::prompt::{self, Answer, Echo};

/// Somebody at a terminal.
pub(super) struct Questions<'a> {
    output: &'a Output,
    may_ask: bool,
}

impl<'a> Questions<'a> {
    pub(super) fn of(output: &'a Output, global: &GlobalArgs) -> Self {
        Self {
            output,
            may_ask: !global.no_input,
        }
    }

    /// The definition that the answers make.
    pub(super) fn ask(&self, name: &ProviderName) -> Result<Value, CommandError> {
        if !self.may_ask || !prompt::is_possible() {
            return Err(nobody());
        }
        self.output
            .say("Enter alone takes what stands in brackets.");
        let display_name = self.text("Name that people read", name.as_str())?;
        let hosts = self.list(
            "Hosts that get the credential, such as api.acme.example (several with spaces between)",
        )?;
        let way = loop {
            let way = self.text("How one logs in: key or oauth", "key")?;
            match way.as_str() {
                "key" | "api_key" => break "api_key",
                "oauth" | "authorization_code" => break "authorization_code",
                _ => self.output.warn("it is `key` or `oauth`"),
            }
        };
        let mut definition = Map::new();
        definition.insert("schema_version".to_owned(), json!(2));
        definition.insert("name".to_owned(), json!(name.as_str()));
        definition.insert("display_name".to_owned(), json!(display_name));
        definition.insert("flows".to_owned(), json!([way]));
        definition.insert("hosts".to_owned(), json!(hosts));
        let stem = name.as_str().to_ascii_uppercase();
        let stem = stem.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        let suffix = match way {
            "api_key" => {
                definition.insert("api_key".to_owned(), self.key()?);
                "API_KEY"
            }
            _ => {
                definition.insert("oauth".to_owned(), self.oauth()?);
                "ACCESS_TOKEN"
            }
        };
        let variable = self.text("Variable for programs", &format!("{stem}_{suffix}"))?;
        definition.insert("env".to_owned(), json!({ variable: "{token}" }));
        Ok(Value::Object(definition))
    }

    fn key(&self) -> Result<Value, CommandError> {
        let header = self.text("Header that carries the key", "Authorization")?;
        let usual = match header.eq_ignore_ascii_case("authorization") {
            true => "Bearer {token}",
            false => "{token}",
        };
        let value = self.text("What stands in it", usual)?;
        let mut key = Map::new();
        key.insert("headers".to_owned(), json!({ header: value }));
        self.page("Page where one makes a key", &mut key)?;
        Ok(Value::Object(key))
    }

    fn oauth(&self) -> Result<Value, CommandError> {
        let mut oauth = Map::new();
        let authorization = self.needed("Authorization endpoint (https://…)")?;
        let token = self.needed("Token endpoint (https://…)")?;
        oauth.insert("authorization_url".to_owned(), json!(authorization));
        oauth.insert("token_url".to_owned(), json!(token));
        let scopes = self.text("Scopes, with spaces between (empty for none)", "")?;
        let scopes: Vec<&str> = scopes.split_whitespace().collect();
        oauth.insert("scopes".to_owned(), json!(scopes));
        self.page("Page where one registers an app", &mut oauth)?;
        Ok(Value::Object(oauth))
    }

    fn page(&self, question: &str, section: &mut Map<String, Value>) -> Result<(), CommandError> {
        let page = self.text(&format!("{question} (empty for none)"), "")?;
        if !page.is_empty() {
            section.insert("docs".to_owned(), json!(page));
        }
        Ok(())
    }

    fn list(&self, question: &str) -> Result<Vec<String>, CommandError> {
        let answer = self.needed(question)?;
        Ok(answer
            .split([' ', ','])
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect())
    }

    fn needed(&self, question: &str) -> Result<String, CommandError> {
        loop {
            let answer = self.text(question, "")?;
            if !answer.is_empty() {
                return Ok(answer);
            }
            self.output.warn("it is needed; Ctrl-C cancels");
        }
    }

    fn text(&self, question: &str, usual: &str) -> Result<String, CommandError> {
        let usually = match usual.is_empty() {
            true => String::new(),
            false => format!(" [{usual}]"),
        };
        let question = printable(&format!("{question}{usually}: ")).into_owned();
        let answer = block_on(OnInterrupt::Drop, async {
            let answer = prompt::ask(&question, Echo::On).await;
            answer.map_err(|error| {
                CommandError::caused(ExitCode::Other, "terminal", &error)
                    .hint("run it in a terminal, or with --from URL")
            })
        })?;
        match answer {
            Answer::Text(text) => {
                // EXPOSE: what a definition says is no secret; it only came through the same door.
                let text = text.expose_secret().trim();
                Ok(if text.is_empty() { usual } else { text }.to_owned())
            }
            Answer::NoTerminal => Err(nobody()),
            _ => Err(
                CommandError::new(ExitCode::Interrupted, "cancelled", "nothing was written")
                    .hint("run it again, and answer each question with one line"),
            ),
        }
    }
}

fn nobody() -> CommandError {
    CommandError::new(
        ExitCode::Usage,
        "no_terminal",
        "there are questions to answer, and no terminal to ask them on",
    )
    .hint("start from what a server publishes: --from URL; or write the file by hand, with `authkeep provider schema` for your editor")
}
