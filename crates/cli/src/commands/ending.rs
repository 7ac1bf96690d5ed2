//! When a login ends for good, in words: no refresh helps then, a person has to log in again.

use authkeep_core::{Connection, LoginExpiry, Timestamp};
use serde_json::{Value, json};

use crate::duration;

/// What is worth saying ahead of time. Before that a person can do nothing about it that would not be too early.
const SOON: i64 = 48 * 3600;

/// `the login ends in 6d 23h`; `None` where nobody knows of an end, or its time has passed and it did not come.
pub(super) fn words(connection: &Connection, now: Timestamp) -> Option<String> {
    let LoginExpiry { at, condition } = connection.login_expires()?;
    let left = duration::left(now, at)?;
    let condition = condition.map(|condition| format!("if {condition}, "));
    Some(format!(
        "{}the login ends in {left}, whatever renews its tokens until then",
        condition.unwrap_or_default()
    ))
}

/// The same, if it is near.
pub(super) fn soon(connection: &Connection, now: Timestamp) -> Option<String> {
    let at = connection.login_expires()?.at;
    let near = at.duration_since(now).as_secs() <= SOON;
    words(connection, now).filter(|_| near)
}

/// The shape that `--json` shows as `login_expires`.
pub(super) fn as_json(connection: &Connection) -> Value {
    connection.login_expires().map_or(
        Value::Null,
        |expiry| json!({ "at": expiry.at.to_string(), "condition": expiry.condition }),
    )
}
