//! The steps of setting a provider up, numbered, for each flow.

use std::io::{self, Write};

use authkeep_core::SetupStep;
use serde_json::{Value, json};

pub(super) fn show(steps: &[SetupStep], out: &mut dyn Write) -> io::Result<()> {
    for of_flow in by_flow(steps) {
        let flow = of_flow.first().map_or("", |step| step.flow.as_str());
        writeln!(out, "\nTo set it up for {flow}:")?;
        for (at, step) in of_flow.iter().enumerate() {
            writeln!(out, "  {}. {}", at + 1, step.text)?;
            if let Some(link) = &step.link {
                writeln!(out, "     {link}")?;
            }
        }
    }
    Ok(())
}

pub(super) fn json(steps: &[SetupStep]) -> Value {
    let all = by_flow(steps).map(|of_flow| {
        let steps: Vec<_> = (of_flow.iter())
            .map(|step| json!({ "text": step.text, "link": step.link }))
            .collect();
        json!({ "flow": of_flow.first().map(|step| step.flow.as_str()), "steps": steps })
    });
    all.collect()
}

/// The steps of one flow stand together.
fn by_flow(steps: &[SetupStep]) -> impl Iterator<Item = &[SetupStep]> {
    steps.chunk_by(|one, next| one.flow == next.flow)
}
