//! The live table: every login, how it stands, and what comes next.

use authkeep_core::Timestamp;
use comfy_table::{Table, presets};

use super::journal::Journal;
use super::login::Login;
use super::planner::{Next, Planner};
use crate::duration;

/// The table as text, one line a login.
pub(super) fn text(
    now: Timestamp,
    logins: &[Login],
    journal: &Journal,
    planner: &Planner,
    trouble: Option<&str>,
) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header([
        "PROVIDER",
        "CONNECTION",
        "STATUS",
        "TIME LEFT",
        "LAST REFRESH",
        "NOTE",
    ]);
    for login in logins {
        let refreshed = login.refreshed_at.map(|at| duration::ago(now, at));
        table.add_row([
            login.id.provider.as_str(),
            login.id.connection.as_str(),
            login.status.as_str(),
            &login.time_left(now),
            refreshed.as_deref().unwrap_or("-"),
            &note(now, login, journal, planner.next(now, login)),
        ]);
    }
    let mut lines: Vec<String> = table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    if logins.is_empty() {
        lines.push(" nobody is logged in yet; new logins are picked up".to_owned());
    }
    if let Some(why) = journal.vault() {
        lines.push(format!(
            " the vault cannot be read, and is tried again: {why}"
        ));
    }
    if let Some(why) = trouble {
        lines.push(format!(" {why}"));
    }
    lines.join("\n")
}

fn note(now: Timestamp, login: &Login, journal: &Journal, next: Next) -> String {
    if login.needs_person() {
        return format!("run `{}`", journal.login_command(&login.id));
    }
    let until = |then| duration::left(now, then).unwrap_or_else(|| "0s".to_owned());
    // Whoever tried last, its failure is kept with the login.
    let trouble = login.trouble.as_ref();
    let failing = journal
        .failing(&login.id)
        .or_else(|| trouble.map(|trouble| trouble.message.as_str()));
    match (next, failing) {
        (Next::UnderWay, None) => "renewing now".to_owned(),
        (Next::UnderWay, Some(why)) => format!("trying again: {why}"),
        (Next::Retry(then), Some(why)) => format!("next try in {}: {why}", until(then)),
        (Next::Retry(then), None) => format!("next try in {}", until(then)),
        (Next::Now, None) => "waits for its turn".to_owned(),
        (Next::Now, Some(why)) => format!("waits for its turn: {why}"),
        (Next::At(then), _) => format!("renews in {}", until(then)),
        (Next::Never, _) if login.expires_at.is_none() => "does not run out".to_owned(),
        (Next::Never, _) => "cannot be renewed".to_owned(),
    }
}
