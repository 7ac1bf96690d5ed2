//! Keys that stand in the path of a request, as in `/bot{token}/getMe`: what of the sender's path comes behind them.

use crate::{Code, Placeholders, Refusal};

/// The path without its beginning, where the sender has put a key of its own, a placeholder or nothing in the place that
/// `template` gives the credential. A path that has nothing of the template at all comes whole behind it.
///
/// # Errors
///
/// A [`Refusal`] where a placeholder is left: a second key, or one where the service looks for none.
pub(super) fn behind_key<'a>(
    path: &'a str,
    template: &str,
    placeholders: &Placeholders,
) -> Result<&'a str, Refusal> {
    let rest = without_key(path, template);
    if placeholders.contains(rest.as_bytes()) {
        let message = "the path has a placeholder where the service has no key";
        return Err(Refusal::new(Code::BadRequest, message)
            .hint(format!("begin the path with `{template}`")));
    }
    Ok(if rest == "/" { "" } else { rest })
}

fn without_key<'a>(path: &'a str, template: &str) -> &'a str {
    let (Some((before, _)), Some((_, after))) =
        (template.split_once('{'), template.rsplit_once('}'))
    else {
        return path;
    };
    let folder = before.rfind('/').map_or("", |end| &before[..end]);
    if let Some(key) = path.strip_prefix(before) {
        let rest = &key[key.find('/').unwrap_or(key.len())..];
        let behind = rest.strip_prefix(after);
        behind.filter(|behind| is_end(behind)).unwrap_or(rest)
    } else {
        // As in `/v2`, or `/file/x` for `/file/bot{token}/x`.
        let rest = path.strip_prefix(folder);
        rest.filter(|rest| is_end(rest)).unwrap_or(path)
    }
}

fn is_end(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Account;

    const PLACEHOLDER: &str = "7123456789AAq8Zt6uYw3nVb5xKc7mLd9fGh";

    fn behind(path: &str, template: &str) -> Result<String, Code> {
        let account = Account {
            provider: "a".parse().expect("a name"),
            connection: "default".parse().expect("a name"),
        };
        let placeholders = Placeholders::new(vec![(PLACEHOLDER.to_owned(), account)]);
        let path = path.replace("PH", PLACEHOLDER);
        let rest = behind_key(&path, template, &placeholders.expect("it builds"));
        rest.map(str::to_owned).map_err(|refusal| refusal.code)
    }

    #[test]
    fn what_stands_in_the_place_of_the_key_gives_way() {
        for (template, path, rest) in [
            ("/bot{token}", "/botPH/getMe", "/getMe"),
            ("/bot{token}", "/bot/getMe", "/getMe"),
            ("/bot{token}", "/bot12:own/getMe", "/getMe"),
            ("/bot{token}", "/getMe", "/getMe"),
            ("/bot{token}", "/botPH", ""),
            ("/bot{token}", "/botPH/", ""),
            ("/bot{token}", "/botPH/test/getMe", "/test/getMe"),
            ("/bot{token}", "/", ""),
            ("/file/bot{token}", "/file/botPH/a/b.jpg", "/a/b.jpg"),
            ("/file/bot{token}", "/file/bot/a/b.jpg", "/a/b.jpg"),
            ("/file/bot{token}", "/file/a/b.jpg", "/a/b.jpg"),
            ("/v2/{token}", "/v2/PH", ""),
            ("/v2/{token}", "/v2/", ""),
            ("/v2/{token}", "/v2", ""),
            ("/v2/{token}", "/", ""),
            ("/v2/{token}", "/v2/PH/x", "/x"),
            ("/v2/{token}", "/v2x", "/v2x"),
            ("/k/{token}/v1", "/k/PH/v1/x", "/x"),
            ("/k/{token}/v1", "/k/PH/v1x", "/v1x"),
            ("/k/{token}/v1", "/k/PH/x", "/x"),
            ("/fixed", "/fixed/x", "/fixed/x"),
        ] {
            assert_eq!(
                behind(path, template).as_deref(),
                Ok(rest),
                "{template} {path}"
            );
        }
    }

    #[test]
    fn a_placeholder_elsewhere_is_refused() {
        let encoded: String = PLACEHOLDER.bytes().map(|b| format!("%{b:02X}")).collect();
        for (template, path) in [
            ("/bot{token}", "/botPH/botPH/getMe"),
            ("/bot{token}", "/BOTPH/getMe"),
            ("/bot{token}", "/%62otPH/getMe"),
            ("/bot{token}", "/bot/PH/getMe"),
            ("/bot{token}", "/PH/getMe"),
            ("/bot{token}", "/getMe/PH"),
            ("/bot{token}", &format!("/getMe/{encoded}")),
            ("/file/bot{token}", "/file/PH/a"),
            ("/file/bot{token}", "/botPH/a"),
            ("/v2/{token}", "/v3/PH"),
            ("/v2/{token}", "/v2/PH/PH"),
        ] {
            assert_eq!(
                behind(path, template),
                Err(Code::BadRequest),
                "{template} {path}"
            );
        }
    }
}
