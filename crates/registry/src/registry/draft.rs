//! A definition that was read and checked, and is not stored: what `register` shows before it asks.

use serde_json::{Map, Value, json};

use super::{Registry, extends};
use crate::definition::{Definition, Trust};
use crate::dialect;
use crate::error::DefinitionError;

/// The field that says where a definition was downloaded.
const SOURCE: &str = "x-source";

/// A definition on its way into the user's own.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Draft {
    /// The definition, as the registry would answer with it.
    pub definition: Definition,
    /// The tool whose words it was written in; `None` for our own schema.
    pub converted_from: Option<&'static str>,
    /// What the conversion changed.
    pub warnings: Vec<dialect::Warning>,
    map: Map<String, Value>,
    text: String,
}

impl Draft {
    /// What is stored: the text as it came, or what was made of it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Has the stored text say where it was downloaded, and the SHA-256 of what came, in hexadecimal.
    pub fn note_source(&mut self, url: &str, sha256: &str) {
        let source = json!({ "url": url, "sha256": sha256 });
        self.map.insert(SOURCE.to_owned(), source);
        self.text = pretty(&self.map);
    }
}

impl Registry {
    /// Reads a definition the way the registry would, `extends` and other tools' words included, without storing it.
    /// `file` is only used in messages.
    ///
    /// # Errors
    /// [`DefinitionError`] holds every fault.
    pub fn draft(&self, file: &str, text: &str) -> Result<Draft, DefinitionError> {
        self.drafted(file, text)
            .map_err(|error| error.in_text(&dialect::without_comments(text)))
    }

    fn drafted(&self, file: &str, text: &str) -> Result<Draft, DefinitionError> {
        let document = dialect::parse(file, text)?;
        let merged = self.extended(file, document.map.clone(), extends::Side::User)?;
        let definition = Definition::read(file, &merged, Trust::Foreign)?;
        let (tool, warnings) = document.converted.unzip();
        Ok(Draft {
            definition,
            converted_from: tool,
            warnings: warnings.unwrap_or_default(),
            text: match tool {
                Some(_) => pretty(&document.map),
                None => text.to_owned(),
            },
            map: document.map,
        })
    }
}

fn pretty(map: &Map<String, Value>) -> String {
    format!("{:#}\n", Value::Object(map.clone()))
}
