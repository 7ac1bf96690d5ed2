//! A launch agent of macOS. It follows the manual and has never been run by us, and says so.

use super::Service;

/// Where the commands in it put it.
pub(super) fn file(service: &Service) -> String {
    format!("~/Library/LaunchAgents/{}.plist", service.name)
}

pub(super) fn text(service: &Service) -> String {
    let Service {
        program,
        arguments,
        environment,
        name,
    } = service;
    let words: String = std::iter::once(program)
        .chain(arguments)
        .map(|word| format!("    <string>{}</string>\n", escaped(word)))
        .collect();
    let variables: String = environment
        .iter()
        .map(|(name, value)| {
            format!(
                "    <key>{name}</key>\n    <string>{}</string>\n",
                escaped(value)
            )
        })
        .collect();
    let environment = if variables.is_empty() {
        String::new()
    } else {
        format!("  <key>EnvironmentVariables</key>\n  <dict>\n{variables}  </dict>\n")
    };
    // A comment cannot hold two hyphens in a row, so the commands take the text from a file.
    let file = file(service).replace("--", "-?");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <!-- UNTESTED: written after the manual of launchd, and never run by the makers of authkeep.\n     \
         Keeps logins fresh: authkeep renews them ahead of their expiry. Save this text as a file, then install it:\n       \
         cp FILE {file}\n       \
         launchctl bootstrap gui/$(id -u) {file}\n\
         -->\n\
         <plist version=\"1.0\">\n\
         <dict>\n  \
         <key>Label</key>\n  <string>{name}</string>\n  \
         <key>ProgramArguments</key>\n  <array>\n{words}  </array>\n\
         {environment}  \
         <key>RunAtLoad</key>\n  <true/>\n  \
         <key>KeepAlive</key>\n  <true/>\n  \
         <key>AbandonProcessGroup</key>\n  <true/>\n  \
         <key>ProcessType</key>\n  <string>Background</string>\n\
         </dict>\n\
         </plist>\n"
    )
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_well_formed_whatever_the_words_are() {
        let service = Service {
            program: "/opt/a&b/authkeep".to_owned(),
            arguments: ["refresh", "--watch", "--hook", "<say> --> 'it'"]
                .map(str::to_owned)
                .to_vec(),
            environment: vec![("AUTHKEEP_HOME", "/home/me".to_owned())],
            name: "authkeep-refresh-my--own".to_owned(),
        };
        let text = text(&service);
        assert!(
            text.contains("<string>/opt/a&amp;b/authkeep</string>"),
            "{text}"
        );
        assert!(
            text.contains("<string>&lt;say&gt; --&gt; 'it'</string>"),
            "{text}"
        );
        assert!(
            text.contains("<string>authkeep-refresh-my--own</string>"),
            "{text}"
        );
        let (_, comment) = text.split_once("<!--").unwrap();
        let (comment, _) = comment.split_once("-->").unwrap();
        assert!(
            comment.contains("UNTESTED") && !comment.contains("--"),
            "{comment}"
        );
        // Every element that is opened is closed.
        for element in ["dict", "array", "plist"] {
            let opened = text.matches(&format!("<{element}")).count();
            assert_eq!(
                opened,
                text.matches(&format!("</{element}>")).count(),
                "{text}"
            );
        }
    }
}
