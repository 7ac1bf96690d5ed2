//! What setup found and what it took over, by name.

use std::io::{self, Write};

use authkeep_core::ProfileName;
use authkeep_core::import::{Entry, Outcome};
use comfy_table::{Table, presets};
use serde_json::{Value, json};

use super::is_takeable;
use crate::commands::import::{Source, shown_entry};
use crate::error::CommandError;
use crate::output::View;

/// One thing that was found.
pub(super) struct Finding {
    /// Where it is among all sources: source, part of it, position there.
    pub(super) source: usize,
    pub(super) part: usize,
    pub(super) position: usize,
    pub(super) from: &'static str,
    pub(super) profile: ProfileName,
    pub(super) entry: Entry,
}

/// Everything that was found.
#[derive(Default)]
pub(super) struct Findings {
    findings: Vec<Finding>,
    scanned: Vec<&'static str>,
    problems: Vec<Problem>,
    /// Whether the person is asked next which of them to take over.
    pub(super) is_question: bool,
}

/// A source that is there and cannot be read.
struct Problem {
    from: &'static str,
    message: String,
    hints: Vec<String>,
}

impl Findings {
    pub(super) fn add(
        &mut self,
        at: usize,
        source: &Source,
        found: Vec<(ProfileName, Vec<Entry>)>,
    ) {
        if !self.scanned.contains(&source.name()) {
            self.scanned.push(source.name());
        }
        for (part, (profile, entries)) in found.into_iter().enumerate() {
            for (position, entry) in entries.into_iter().enumerate() {
                self.findings.push(Finding {
                    source: at,
                    part,
                    position,
                    from: source.name(),
                    profile: profile.clone(),
                    entry,
                });
            }
        }
    }

    pub(super) fn problem(&mut self, source: &Source, error: &CommandError) {
        self.problems.push(Problem {
            from: source.name(),
            message: error.message(),
            hints: error.hints().to_vec(),
        });
    }

    /// Those that can be taken over, with the numbers that they are chosen by.
    pub(super) fn numbered(&self) -> impl Iterator<Item = (usize, &Finding)> {
        let takeable = self
            .findings
            .iter()
            .filter(|found| is_takeable(&found.entry));
        takeable.enumerate().map(|(at, finding)| (at + 1, finding))
    }

    pub(super) fn takeable(&self) -> usize {
        self.numbered().count()
    }

    /// Those that can not.
    fn others(&self) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(|found| !is_takeable(&found.entry))
    }
}

impl View for Findings {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.findings.is_empty() {
            writeln!(out, "No credentials were found that could be taken over.")?;
        } else {
            let mut table = Table::new();
            table.load_style(presets::NOTHING);
            table.add_row(["", "FROM", "PROVIDER", "CONNECTION", "WHAT", "STATE"]);
            let numbered = self.numbered().map(|(n, found)| (n.to_string(), found));
            let others = self.others().map(|found| ("-".to_owned(), found));
            for (number, found) in numbered.chain(others) {
                let entry = &found.entry;
                let provider = match entry.provider.as_str() {
                    "" => "-",
                    name => name,
                };
                table.add_row([
                    number.as_str(),
                    &entry.place,
                    provider,
                    entry.connection.as_ref().map_or("-", |name| name.as_str()),
                    entry.kind.as_str(),
                    state(entry),
                ]);
            }
            for line in table.lines() {
                writeln!(out, "{}", line.trim_end())?;
            }
        }
        for found in self.others() {
            let entry = &found.entry;
            if let Some(reason) = &entry.reason {
                writeln!(out, "\n{}: {reason}", entry.place)?;
            }
            if let Some(next) = &entry.next {
                writeln!(out, "  {next}")?;
            }
        }
        for problem in &self.problems {
            writeln!(out, "\n{}: {}", problem.from, problem.message)?;
            for hint in &problem.hints {
                writeln!(out, "  {hint}")?;
            }
        }
        match self.is_question {
            true => Ok(()),
            false => writeln!(out, "\nNext: {}", self.next()),
        }
    }

    fn json(&self) -> Value {
        let numbered = self.numbered().map(|(n, found)| (Some(n), found));
        let others = self.others().map(|found| (None, found));
        let found: Vec<_> = numbered
            .chain(others)
            .map(|(number, found)| shown_finding(found, number))
            .collect();
        let problems: Vec<_> = self
            .problems
            .iter()
            .map(|p| json!({ "source": p.from, "message": p.message, "hint": p.hints.join("\n") }))
            .collect();
        json!({ "scanned": self.scanned, "found": found, "problems": problems, "next": self.next() })
    }
}

impl Findings {
    fn next(&self) -> String {
        match self.takeable() {
            0 => "authkeep providers, then authkeep login PROVIDER".to_owned(),
            _ => "choose in `authkeep setup`, or take over all of one kind with `authkeep import`"
                .to_owned(),
        }
    }
}

/// What was taken over.
pub(super) struct Taken {
    pub(super) entries: Vec<Finding>,
}

impl View for Taken {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for found in &self.entries {
            let entry = &found.entry;
            let what = match entry.outcome {
                Outcome::Imported => "taken over",
                outcome => outcome.as_str(),
            };
            let reason = entry
                .reason
                .as_ref()
                .map(|why| format!(" ({why})"))
                .unwrap_or_default();
            writeln!(
                out,
                "{} from {}: {what}{reason}",
                entry.provider, entry.place
            )?;
        }
        writeln!(out, "\nNext: authkeep list")
    }

    fn json(&self) -> Value {
        json!({ "entries": self.entries.iter().map(shown).collect::<Vec<_>>() })
    }
}

fn shown(found: &Finding) -> Value {
    let mut shown = shown_entry(&found.entry);
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("source".to_owned(), json!(found.from));
        shown.insert("profile".to_owned(), json!(found.profile.as_str()));
    }
    shown
}

/// What was found is not imported yet.
fn shown_finding(found: &Finding, number: Option<usize>) -> Value {
    let mut shown = shown(found);
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("number".to_owned(), json!(number));
        if number.is_some() {
            shown.insert("outcome".to_owned(), json!("available"));
        }
    }
    shown
}

fn state(entry: &Entry) -> &'static str {
    match entry.outcome {
        Outcome::Imported => "can be taken over",
        Outcome::AlreadyThere => "already there",
        Outcome::Differs => "another one is here",
        Outcome::Skipped => "not taken over",
        Outcome::Damaged => "damaged",
    }
}
