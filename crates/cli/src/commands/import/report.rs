//! The report of an import: what was found, what became of it, and what is left to do. Names only, never values.

use std::io::{self, Write};

use authkeep_core::ProfileName;
use authkeep_core::import::{Entry, ImportMode, Outcome};
use comfy_table::{Table, presets};
use serde_json::{Value, json};

use crate::exit_code::ExitCode;
use crate::output::View;

/// What became of everything in one source.
pub(super) struct Report {
    pub(super) source: &'static str,
    pub(super) from: String,
    pub(super) mode: ImportMode,
    pub(super) sections: Vec<Section>,
}

/// One profile's part.
pub(super) struct Section {
    pub(super) profile: ProfileName,
    pub(super) entries: Vec<Entry>,
}

impl Report {
    fn count(&self, outcome: Outcome) -> usize {
        let entries = self.sections.iter().flat_map(|section| &section.entries);
        entries.filter(|entry| entry.outcome == outcome).count()
    }
}

impl View for Report {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let all = || {
            self.sections
                .iter()
                .flat_map(|s| s.entries.iter().map(move |e| (s, e)))
        };
        if all().next().is_none() {
            return writeln!(out, "There is nothing to take over in {}.", self.from);
        }
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.add_row([
            "PROFILE",
            "PROVIDER",
            "CONNECTION",
            "WHAT",
            "OUTCOME",
            "FROM",
        ]);
        for (section, entry) in all() {
            table.add_row([
                section.profile.as_str(),
                or_dash(&entry.provider),
                entry.connection.as_ref().map_or("-", |name| name.as_str()),
                entry.kind.as_str(),
                words(entry.outcome, self.mode),
                &entry.place,
            ]);
        }
        for line in table.lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        for (_, entry) in all() {
            details(entry, out)?;
        }
        writeln!(out, "\n{}", self.summary())
    }

    fn json(&self) -> Value {
        let entries: Vec<_> = self
            .sections
            .iter()
            .flat_map(|section| {
                section.entries.iter().map(|entry| {
                    let mut shown = shown_entry(entry);
                    if let Some(shown) = shown.as_object_mut() {
                        shown.insert("profile".to_owned(), json!(section.profile.as_str()));
                    }
                    shown
                })
            })
            .collect();
        json!({
            "source": self.source,
            "from": self.from,
            "dry_run": self.mode == ImportMode::Rehearse,
            "imported": self.count(Outcome::Imported),
            "already_there": self.count(Outcome::AlreadyThere),
            "differs": self.count(Outcome::Differs),
            "skipped": self.count(Outcome::Skipped),
            "damaged": self.count(Outcome::Damaged),
            "entries": entries,
        })
    }

    fn exit_code(&self) -> ExitCode {
        match self.count(Outcome::Damaged) {
            0 => ExitCode::Ok,
            _ => ExitCode::Other,
        }
    }
}

impl Report {
    fn summary(&self) -> String {
        let verb = match self.mode {
            ImportMode::Store => "taken over",
            ImportMode::Rehearse => "would be taken over",
        };
        let mut parts = vec![format!("{} {verb}", self.count(Outcome::Imported))];
        let others = [
            (Outcome::AlreadyThere, "already there"),
            (Outcome::Differs, "kept as they are here"),
            (Outcome::Skipped, "left"),
            (Outcome::Damaged, "damaged"),
        ];
        for (outcome, words) in others {
            match self.count(outcome) {
                0 => {}
                count => parts.push(format!("{count} {words}")),
            }
        }
        format!("{}. The source was not changed.", parts.join(", "))
    }
}

/// What does not fit into a column.
fn details(entry: &Entry, out: &mut dyn Write) -> io::Result<()> {
    let taken = entry.outcome == Outcome::Imported && !entry.hosts.is_empty();
    if entry.reason.is_none() && entry.next.is_none() && !taken {
        return Ok(());
    }
    let name = match &entry.connection {
        Some(connection) => format!("{} ({connection})", entry.provider),
        None if entry.provider.is_empty() => entry.place.clone(),
        None => format!("{} ({})", entry.provider, entry.kind.as_str()),
    };
    match &entry.reason {
        Some(reason) => writeln!(out, "\n{name}: {reason}")?,
        None => writeln!(out, "\n{name}")?,
    }
    if taken {
        writeln!(out, "  may be sent to {}", entry.hosts.join(", "))?;
    }
    if let Some(endpoint) = &entry.token_endpoint {
        writeln!(out, "  renewed at {endpoint}")?;
    }
    match &entry.next {
        Some(next) => writeln!(out, "  {next}"),
        None => Ok(()),
    }
}

fn or_dash(text: &str) -> &str {
    match text {
        "" => "-",
        text => text,
    }
}

fn words(outcome: Outcome, mode: ImportMode) -> &'static str {
    match outcome {
        Outcome::Imported if mode == ImportMode::Rehearse => "would be imported",
        Outcome::Imported => "imported",
        Outcome::AlreadyThere => "already there",
        Outcome::Differs => "differs, kept",
        Outcome::Skipped => "left",
        Outcome::Damaged => "damaged",
    }
}

/// One entry as programs see it.
pub(crate) fn shown_entry(entry: &Entry) -> Value {
    let provider = Some(entry.provider.as_str()).filter(|name| !name.is_empty());
    json!({
        "place": entry.place,
        "kind": entry.kind.as_str(),
        "provider": provider,
        "connection": entry.connection.as_ref().map(|name| name.as_str()),
        "outcome": entry.outcome.as_str(),
        "reason": entry.reason,
        "next": entry.next,
        "hosts": entry.hosts,
        "token_endpoint": entry.token_endpoint,
    })
}
