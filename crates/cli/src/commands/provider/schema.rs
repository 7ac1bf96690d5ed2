//! The JSON Schema (draft 2020-12) of definitions, as the manual has it.

use std::io::{self, Write};

use serde_json::Value;

use crate::output::{Done, View};

const TEXT: &str = include_str!("../../../../../docs/definition.schema.json");

pub(super) fn run() -> Done {
    Done::view(Schema)
}

struct Schema;

impl View for Schema {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(TEXT.as_bytes())
    }

    fn json(&self) -> Value {
        serde_json::from_str(TEXT).unwrap_or_default()
    }
}
