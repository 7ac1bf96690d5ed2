//! What a login would be, before there is one: what it asks for, what it would send, and a definition that is not trusted yet.

mod asked_for;
mod download;
mod reachable;
mod rehearsal;

pub use self::asked_for::{AskedFor, AskedKind, asked_for, found_out};
pub use self::download::{DownloadError, Downloaded};
pub use self::reachable::reachable;
pub use self::rehearsal::{DescribedRequest, Rehearsal, rehearse};
