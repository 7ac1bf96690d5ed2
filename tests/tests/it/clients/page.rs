//! The page of the manual that says what each client does: made from the rows.

use std::fmt::Write as _;
use std::path::Path;

use super::rows::{Outcome, rows};

const BEGIN: &str = "<!-- From here to the end mark the tests know what stands here. -->\n";
const END: &str = "<!-- The end. -->\n";

fn table() -> String {
    let mut table = String::new();
    let mut group = "";
    for row in rows() {
        if row.group != group {
            group = row.group;
            let _written = write!(
                table,
                "\n### {group}\n\n| client | through the sidecar | trusts it by | |\n|---|---|---|---|\n"
            );
        }
        let (through, by) = match row.outcome {
            Outcome::PastTheProxy => ("**no**", String::new()),
            Outcome::Works | Outcome::Arrives => {
                let names = row.led_by.iter().map(|name| format!("`{name}`"));
                ("yes", names.collect::<Vec<_>>().join(", "))
            }
        };
        let _written = writeln!(
            table,
            "| {} | {through} | {by} | {} |",
            row.client, row.note
        );
    }
    table + "\n"
}

#[test]
fn the_manual_says_of_each_client_what_is_tested() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/clients.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (_, rest) = page.split_once(BEGIN).unwrap();
    let (there, _) = rest.split_once(END).unwrap();
    let table = table();
    assert!(
        there == table,
        "docs/reference/clients.md has to say, between its marks:\n{table}"
    );
}
