//! How long a token lives, from whatever stands in `expires_in`.

use std::time::Duration;

use serde_json::Value;

/// Ten years. Nobody keeps a token longer, and no sum with a clock overflows.
const MAX: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);

/// Beyond 2^53 a float no longer counts seconds, and whoever sent it did not either.
const NONSENSE: f64 = 9_007_199_254_740_992.0;

/// Reads a number, a float or a number in a string, in seconds, rounded down.
///
/// `None` for everything that names no lifetime: absent, zero, negative, not a number, beyond
/// reason. Zero is among them because services write it for tokens that do not expire.
pub(crate) fn read(value: Option<&Value>) -> Option<Duration> {
    let seconds = match value? {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse::<f64>().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    // NaN lies in no range.
    if !(1.0..=NONSENSE).contains(&seconds) {
        return None;
    }
    let lifetime = Duration::try_from_secs_f64(seconds.floor()).ok()?;
    Some(lifetime.min(MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lifetimes() {
        let ten_years = Some(MAX.as_secs());
        let table = [
            (json!(3600), Some(3600)),
            (json!(1), Some(1)),
            (json!("3600"), Some(3600)),
            (json!(" 3600\n"), Some(3600)),
            (json!("3599.9"), Some(3599)),
            (json!(3599.9), Some(3599)),
            (json!(2_147_483_647), ten_years),
            (json!("99999999999"), ten_years),
            (json!(0), None),
            (json!("0"), None),
            (json!(0.5), None),
            (json!(-1), None),
            (json!("-3600"), None),
            (json!(1e308), None),
            (json!(u64::MAX), None),
            (json!("1e308"), None),
            (json!("NaN"), None),
            (json!("inf"), None),
            (json!("-inf"), None),
            (json!("soon"), None),
            (json!(""), None),
            (json!(null), None),
            (json!(true), None),
            (json!([3600]), None),
            (json!({"seconds": 3600}), None),
        ];
        for (value, expected) in table {
            assert_eq!(read(Some(&value)).map(|d| d.as_secs()), expected, "{value}");
        }
        assert_eq!(read(None), None);
    }
}
