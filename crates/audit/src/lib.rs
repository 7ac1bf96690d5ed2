//! What happened to credentials: an append-only log in JSON Lines.
//!
//! One line tells of one event: who logged in where, what was released, refreshed or removed, and
//! whether that worked. The crate decides nothing and sees no secret: callers hand it names and
//! outcomes. It reads no clock; the time of an event is an argument.
//!
//! A caller that must not act without a record appends first and acts only if that succeeded.
//!
//! Start with [`AuditLog`], then [`Event`].

mod action;
mod error;
mod event;
mod filter;
mod line;
mod log;
mod log_file;

pub use action::{Action, UnknownAction};
pub use error::{AppendError, ReadError};
pub use event::{Event, Outcome};
pub use filter::Filter;
pub use line::{Line, Record, RecordedOutcome};
pub use log::AuditLog;
