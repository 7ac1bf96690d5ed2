//! The form as HTML. All text of a provider is escaped, and of its links only https ones are links.

use std::fmt::Write as _;

use crate::login::{BrowserUrl, Loopbacks};
use crate::{FieldRequest, Inquiry, RedirectPort};

/// The name of the hidden field that only the page itself knows the value of.
pub(super) const MARK: &str = "form_token";
/// The name of the field for the scopes. No field of a definition can have it: theirs are numbered.
pub(super) const SCOPES: &str = "scopes";

/// The name of the field at `index`.
pub(super) fn name(index: usize) -> String {
    format!("field{index}")
}

/// What the page has to say about what was sent before.
pub(super) struct Progress<'a> {
    /// Whether the field of this name was received.
    pub(super) is_kept: &'a dyn Fn(&str) -> bool,
    /// Whether something was sent at all.
    pub(super) was_sent: bool,
}

/// The page's content: what is asked for, and nothing that was answered.
pub(super) fn form(inquiry: &Inquiry, mark: &str, path: &str, progress: &Progress<'_>) -> String {
    let provider = escaped(&inquiry.provider);
    let mut html = format!(
        "<h1>Connect {provider}</h1>\n<p>What you enter here goes to authkeep on this computer and is kept \
         encrypted.</p>\n"
    );
    let missing: Vec<usize> = (0..inquiry.fields.len())
        .filter(|index| !inquiry.fields[*index].optional && !(progress.is_kept)(&name(*index)))
        .collect();
    if progress.was_sent && !missing.is_empty() {
        let labels: Vec<String> = missing
            .iter()
            .map(|index| escaped(&inquiry.fields[*index].label))
            .collect();
        push(
            &mut html,
            format_args!(
                "<p class=\"problem\" role=\"alert\">Still missing: {}.</p>\n",
                labels.join(", ")
            ),
        );
    }
    let mut pages: Vec<&str> = inquiry
        .fields
        .iter()
        .filter_map(|field| field.docs.as_deref())
        .collect();
    pages.dedup();
    for page in pages {
        if let Ok(page) = BrowserUrl::parse(page, Loopbacks::Refused) {
            let page = escaped(page.as_str());
            push(
                &mut html,
                format_args!(
                    "<p>You find or create it at<br><a href=\"{page}\" target=\"_blank\" \
                     rel=\"noopener noreferrer\">{page}</a></p>\n"
                ),
            );
        }
    }
    // `novalidate`: what a browser takes for wrong is marked, and sent all the same. What is missing is asked for again.
    push(
        &mut html,
        format_args!(
            "<form method=\"post\" action=\"{path}\" autocomplete=\"off\" novalidate>\n\
             <input type=\"hidden\" name=\"{MARK}\" value=\"{mark}\">\n"
        ),
    );
    redirect(&mut html, inquiry);
    for (index, field) in inquiry.fields.iter().enumerate() {
        let kept = (progress.is_kept)(&name(index));
        let state = match (progress.was_sent, missing.first()) {
            _ if kept => State::Kept,
            (true, Some(first)) if *first == index => State::FirstMissing,
            (true, Some(_)) if !field.optional => State::Missing,
            _ => State::Fresh,
        };
        control(&mut html, index, field, state);
    }
    if let Some(scopes) = &inquiry.scopes {
        let state = match (progress.is_kept)(SCOPES) {
            true => State::Kept,
            false => State::Fresh,
        };
        scopes_control(&mut html, scopes, state);
    }
    html.push_str(
        "<button type=\"submit\">Continue</button>\n</form>\n\
         <p class=\"foot\">This page can be sent once. It closes after a few minutes, or when you cancel in the \
         terminal.</p>\n",
    );
    html
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Fresh,
    Kept,
    FirstMissing,
    Missing,
}

fn control(html: &mut String, index: usize, field: &FieldRequest, state: State) {
    let id = name(index);
    let label = escaped(&field.label);
    let extra = if field.optional {
        " <span class=\"extra\">(if there is one)</span>"
    } else {
        ""
    };
    push(
        html,
        format_args!("<div class=\"field\">\n<label for=\"{id}\">{label}{extra}</label>\n"),
    );
    let mut described = Vec::new();
    if let Some(hint) = &field.hint {
        push(
            html,
            format_args!("<p class=\"hint\" id=\"{id}-hint\">{}</p>\n", escaped(hint)),
        );
        described.push(format!("{id}-hint"));
    }
    if state == State::Kept {
        described.push(format!("{id}-kept"));
    }
    let kind = if field.secret { "password" } else { "text" };
    push(
        html,
        format_args!(
            "<input id=\"{id}\" name=\"{id}\" type=\"{kind}\" placeholder=\" \" autocomplete=\"off\" \
             autocapitalize=\"none\" spellcheck=\"false\""
        ),
    );
    if !field.optional && state != State::Kept {
        html.push_str(" required");
    }
    if matches!(state, State::FirstMissing | State::Missing) {
        html.push_str(" aria-invalid=\"true\"");
    }
    if state == State::FirstMissing {
        html.push_str(" autofocus");
    }
    if let Some(pattern) = &field.pattern {
        // A definition's pattern says how a value starts; the attribute is about the whole of it.
        push(
            html,
            format_args!(" pattern=\".*(?:{}).*\"", escaped(pattern)),
        );
        described.push(format!("{id}-odd"));
    }
    if !described.is_empty() {
        push(
            html,
            format_args!(" aria-describedby=\"{}\"", described.join(" ")),
        );
    }
    html.push_str(">\n");
    if state == State::Kept {
        push(
            html,
            format_args!(
                "<p class=\"kept\" id=\"{id}-kept\">Received. Leave it empty to keep it.</p>\n"
            ),
        );
    }
    if field.pattern.is_some() {
        push(
            html,
            format_args!(
                "<p class=\"odd\" id=\"{id}-odd\" role=\"status\">This does not look like the usual {label}. \
                 You can send it all the same.</p>\n"
            ),
        );
    }
    html.push_str("</div>\n");
}

fn redirect(html: &mut String, inquiry: &Inquiry) {
    let Some(redirect) = &inquiry.redirect else {
        return;
    };
    let port = match redirect.port {
        RedirectPort::Any => " It stands for any port: leave the port out.",
        RedirectPort::Fixed => "",
    };
    push(
        html,
        format_args!(
            "<div class=\"field\">\n<label for=\"redirect\">Redirect address</label>\n\
             <p class=\"hint\" id=\"redirect-hint\">Copy it into the settings of the client at {}.{port}</p>\n\
             <input id=\"redirect\" type=\"text\" readonly value=\"{}\" aria-describedby=\"redirect-hint\">\n</div>\n",
            escaped(&inquiry.provider),
            escaped(&redirect.address)
        ),
    );
}

fn scopes_control(html: &mut String, scopes: &[String], state: State) {
    let (hint, value) = if state == State::Kept {
        ("Received. Leave them empty to keep them.", String::new())
    } else {
        (
            "What the login will ask for, separated by spaces.",
            escaped(&scopes.join(" ")),
        )
    };
    push(
        html,
        format_args!(
            "<div class=\"field\">\n<label for=\"{SCOPES}\">Scopes</label>\n\
             <p class=\"hint\" id=\"{SCOPES}-hint\">{hint}</p>\n\
             <textarea id=\"{SCOPES}\" name=\"{SCOPES}\" rows=\"3\" autocomplete=\"off\" autocapitalize=\"none\" \
             spellcheck=\"false\" aria-describedby=\"{SCOPES}-hint\">\n{value}</textarea>\n</div>\n"
        ),
    );
}

fn push(html: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing to memory does not fail.
    let _written = html.write_fmt(words);
}

/// Text that means itself in HTML, inside quotes and out of them. What moves or hides its neighbours is left out.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '`' => escaped.push_str("&#96;"),
            c if c.is_control() || turns_text(c) => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// The marks and overrides of the bidirectional algorithm, the byte order mark, and what has no width.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}')
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_ends_a_quote_or_begins_a_tag() {
        assert_eq!(
            escaped("a<b>\"c\"'d'&`e`\u{0}\u{202e}\r\n"),
            "a&lt;b&gt;&quot;c&quot;&#39;d&#39;&amp;&#96;e&#96;"
        );
        assert_eq!(escaped("Ümlaut & 漢字"), "Ümlaut &amp; 漢字");
    }
}
