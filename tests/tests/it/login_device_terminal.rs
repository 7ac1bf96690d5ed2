//! What a person sees on a terminal while a device code waits: the QR code, how long still, and nothing after Ctrl-C.

use authkeep_testkit::oauth_server::OAuthServer;
use authkeep_tests::Product;

use crate::acme::Acme;
use crate::terminal::on_a_terminal;

/// Black on white by number, whatever the terminal's own colours are.
const BLACK_ON_WHITE: &str = "\x1b[38;5;16;48;5;231m";

fn login(more: &str) -> (OAuthServer, Product, String) {
    let Acme { server, product } = Acme::new();
    product
        .home()
        .write_definition(&server.device_definition("acme"));
    let arguments = format!("login acme --client-id test-client {more}");
    let seen = on_a_terminal(&product, &arguments, |seen| seen.contains("(9:58 left"));
    (server, product, seen)
}

#[test]
fn the_code_can_be_scanned_and_the_time_runs() {
    let (server, product, seen) = login("");
    let (words, rest) = seen.split_once(BLACK_ON_WHITE).unwrap();
    assert!(words.contains("and enter the code:"), "{words}");
    assert!(
        words.contains(&format!("{}/device?user_code=", server.url())),
        "{words}"
    );
    let picture: Vec<&str> = rest
        .lines()
        .take_while(|line| line.ends_with("\x1b[0m"))
        .collect();
    let widths = picture.iter().map(|line| {
        let cells = line
            .trim_start_matches(BLACK_ON_WHITE)
            .trim_end_matches("\x1b[0m");
        assert!(cells.chars().all(|c| "█▀▄ ".contains(c)), "{line:?}");
        cells.chars().count()
    });
    let widths: Vec<usize> = widths.collect();
    // Two modules stand in one character above each other, so it is as high as wide.
    assert!(
        widths
            .iter()
            .all(|width| *width == widths[0] && width.div_ceil(2) == picture.len())
    );
    assert!(picture.len() > 14, "{picture:?}");

    // One line, drawn over itself.
    let line = rest.lines().nth(picture.len()).unwrap();
    for left in ["9:59", "9:58"] {
        let drawn = format!("\rWaiting for your approval ({left} left; Ctrl-C cancels) …");
        assert!(line.contains(&drawn), "{line:?}");
    }
    let last = line.rsplit_once("left; Ctrl-C cancels) …").unwrap().1;
    let (blanks, last) = last.split_once("error:").unwrap();
    let blanks = blanks.trim_end_matches("\x1b[1m\x1b[31m");
    assert!(
        blanks.trim_matches(['\r', ' ', '^', 'C']).is_empty(),
        "{blanks:?}"
    );
    assert!(last.contains("interrupted"), "{last:?}");
    assert_eq!(product.json(&["get", "acme"]).0, 5, "something was stored");
}

#[test]
fn without_colours_there_is_no_picture_and_no_escape_sequence() {
    let (_server, _product, seen) = login("--no-color");
    assert!(seen.contains("and enter the code:"), "{seen}");
    assert!(!seen.contains(['\x1b', '█', '▀']), "{seen:?}");
}
