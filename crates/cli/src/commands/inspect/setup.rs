//! The steps of setting a provider up, numbered.

use std::io::{self, Write};

use authkeep_core::Setup;
use serde_json::{Value, json};

pub(super) fn show(setups: &[Setup], out: &mut dyn Write) -> io::Result<()> {
    for setup in setups {
        let flows = flows(setup).join(", ");
        writeln!(out, "\nTo set it up for {flows}:")?;
        for (at, step) in setup.steps.iter().enumerate() {
            writeln!(out, "  {}. {}", at + 1, capital(&step.text))?;
            if let Some(link) = &step.link {
                writeln!(out, "     {link}")?;
            }
        }
    }
    Ok(())
}

pub(super) fn json(setups: &[Setup]) -> Value {
    let steps = |setup: &Setup| {
        let steps: Vec<_> = (setup.steps.iter())
            .map(|step| json!({ "text": step.text, "link": step.link }))
            .collect();
        json!({ "flows": flows(setup), "steps": steps })
    };
    setups.iter().map(steps).collect()
}

fn flows(setup: &Setup) -> Vec<&'static str> {
    setup.flows.iter().map(|flow| flow.as_str()).collect()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    format!("{}{}", first.unwrap_or_default(), letters.as_str())
}
