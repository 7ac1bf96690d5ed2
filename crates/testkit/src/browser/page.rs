//! Reads the one form of a consent page: where it goes, what it carries, which buttons it has.
//!
//! Enough HTML for pages written for tests: lower-case tags, attributes in double quotes.

/// A form as found in a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ConsentForm {
    /// Where it is posted, as written.
    pub(super) action: String,
    inputs: Vec<(String, String)>,
    buttons: Vec<(String, String)>,
}

impl ConsentForm {
    /// The first posted form of `html`.
    pub(super) fn find(html: &str) -> Option<Self> {
        let form = &html[html.find("<form")?..];
        let form = &form[..form.find("</form>")?];
        let mut tags = form
            .split('<')
            .skip(1)
            .map(|tag| tag.split('>').next().unwrap_or_default());
        let action = attribute(tags.next()?, "action")?;
        let mut found = Self {
            action,
            inputs: Vec::new(),
            buttons: Vec::new(),
        };
        for tag in tags {
            let Some(name) = attribute(tag, "name") else {
                continue;
            };
            let value = attribute(tag, "value").unwrap_or_default();
            if tag.starts_with("input") {
                found.inputs.push((name, value));
            } else if tag.starts_with("button") {
                found.buttons.push((name, value));
            }
        }
        Some(found)
    }

    /// The fields as sent when the button with the value `decision` is pressed.
    pub(super) fn filled(&self, decision: &str) -> Vec<(String, String)> {
        let button = self.buttons.iter().find(|(_, value)| value == decision);
        self.inputs.iter().chain(button).cloned().collect()
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let value = tag[start..].split('"').next()?;
    Some(
        value
            .replace("&quot;", "\"")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&"),
    )
}

#[cfg(test)]
mod tests {
    use super::ConsentForm;

    #[test]
    fn fields_and_the_pressed_button_are_sent_and_no_other_button() {
        let html = r#"<p>hi</p><form method="post" action="/a?b=1&amp;c=2">
            <input type="hidden" name="request" value="r1"><input name="login" value="ada">
            <button name="decision" value="approve">Yes</button>
            <button name="decision" value="deny">No</button></form>"#;
        let form = ConsentForm::find(html).expect("a form");
        assert_eq!(form.action, "/a?b=1&c=2");
        let sent = form.filled("deny");
        let sent: Vec<(&str, &str)> = sent.iter().map(|(n, v)| (&**n, &**v)).collect();
        assert_eq!(
            sent,
            [("request", "r1"), ("login", "ada"), ("decision", "deny")]
        );
    }

    #[test]
    fn a_page_without_a_form_has_none() {
        for html in ["", "<p>error</p>", "<form action=\"/x\"", "<form></form>"] {
            assert_eq!(ConsentForm::find(html), None, "{html}");
        }
    }
}
