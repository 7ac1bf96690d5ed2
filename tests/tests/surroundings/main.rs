//! The binary among its surroundings: what it leaves on the disk, which programs it starts, and what it says when
//! the system lets it down.
#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod browser_launch;
mod file_modes;
mod letdowns;
mod stage;
mod trace;
