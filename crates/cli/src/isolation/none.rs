//! Systems that have no walls.

use std::io;

use super::{Support, Walls};

pub(super) fn raise(_: &Walls) -> io::Result<()> {
    Ok(())
}

pub(super) fn support() -> Support {
    Support {
        files: false,
        tcp: false,
        scopes: false,
    }
}
