//! What a login would be, before there is one: what it asks for.

mod asked_for;

pub use self::asked_for::{AskedFor, AskedKind, asked_for, found_out};
