//! The live table, on a terminal.

use crate::terminal::on_a_terminal;

use super::short_lived;

#[test]
fn on_a_terminal_there_is_one_table_that_is_redrawn() {
    let acme = short_lived(2);
    let times = |seen: &str| seen.matches("PROVIDER").count();
    let seen = on_a_terminal(&acme.product, "refresh --watch", |seen| times(seen) > 4);
    let (first, rest) = seen.split_once("\x1b[J").unwrap();
    assert!(first.contains("Keeping 1 login fresh"), "{first:?}");
    // Each drawing goes back over the header and the one row before it.
    let drawings: Vec<_> = rest.split("\r\x1b[2A\x1b[J").collect();
    assert_eq!(drawings.len(), times(&seen), "{seen:?}");
    for word in ["CONNECTION", "STATUS", "TIME LEFT", "LAST REFRESH", "NOTE"] {
        assert!(drawings[0].contains(word), "{seen:?}");
    }
    for drawing in &drawings[..drawings.len() - 1] {
        assert!(
            drawing.contains("acme") && drawing.contains("connected"),
            "{drawing:?}"
        );
        assert_eq!(drawing.matches('\n').count(), 2, "{drawing:?}");
    }
    // Programs that read a terminal still get lines.
    let seen = on_a_terminal(&acme.product, "refresh --watch --json", |seen| {
        seen.contains("\"event\":\"renewed\"")
    });
    assert!(!seen.contains('\u{1b}'), "{seen:?}");
}
