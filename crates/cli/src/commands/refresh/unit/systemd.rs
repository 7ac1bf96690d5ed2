//! A user unit of systemd.

use super::Service;

/// Where the commands in it put it.
pub(super) fn file(service: &Service) -> String {
    format!("~/.config/systemd/user/{}.service", service.name)
}

pub(super) fn text(service: &Service) -> String {
    let Service {
        program,
        arguments,
        environment,
        name,
    } = service;
    let file = file(service);
    let again = again(service);
    let command: Vec<_> = std::iter::once(quoted(program))
        .chain(arguments.iter().map(|word| quoted(word).replace('$', "$$")))
        .collect();
    let command = command.join(" ");
    let environment: String = environment
        .iter()
        .map(|(name, value)| format!("Environment={}\n", quoted(&format!("{name}={value}"))))
        .collect();
    format!(
        "# Keeps logins fresh: authkeep renews them ahead of their expiry. To install it:\n\
         #   {again} | install -D -m 644 /dev/stdin {file}\n\
         #   systemctl --user daemon-reload && systemctl --user enable --now {name}.service\n\
         \n\
         [Unit]\n\
         Description=authkeep: keep logins fresh\n\
         \n\
         [Service]\n\
         Type=exec\n\
         ExecStart={command}\n\
         {environment}\
         # Ended by a signal, it ends with 130, as Ctrl-C does.\n\
         SuccessExitStatus=130\n\
         # A renewal under way is a process of its own, and is left to finish.\n\
         KillMode=process\n\
         Restart=on-failure\n\
         RestartSec=30\n\
         \n\
         [Install]\n\
         WantedBy=default.target\n"
    )
}

/// The command that prints this text, for a shell.
fn again(service: &Service) -> String {
    let assignments = service.environment.iter();
    let assignments = assignments.map(|(name, value)| format!("{name}={}", shell(value)));
    let words = service.arguments.iter().map(|word| match word.as_str() {
        "--watch" => "--unit systemd".to_owned(),
        word => shell(word),
    });
    assignments
        .chain([shell(&service.program)])
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
}

fn shell(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), std::borrow::Cow::into_owned)
}

/// One word between quotes. `%` begins a specifier.
fn quoted(word: &str) -> String {
    let mut quoted = String::with_capacity(word.len() + 2);
    quoted.push('"');
    for c in word.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '%' => quoted.push_str("%%"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_words() {
        let service = Service {
            program: "/opt/my $tools/authkeep".to_owned(),
            arguments: ["refresh", "--watch", "--hook", "say \"50%\" $HOME \\ it's"]
                .map(str::to_owned)
                .to_vec(),
            environment: vec![("AUTHKEEP_HOME", "/home/me/a b".to_owned())],
            name: "authkeep-refresh".to_owned(),
        };
        let text = text(&service);
        assert!(
            text.contains(
                "\nExecStart=\"/opt/my $tools/authkeep\" \"refresh\" \"--watch\" \"--hook\" \
                 \"say \\\"50%%\\\" $$HOME \\\\ it's\"\n"
            ),
            "{text}"
        );
        assert!(
            text.contains("\nEnvironment=\"AUTHKEEP_HOME=/home/me/a b\"\n"),
            "{text}"
        );
        let install = text.lines().nth(1).unwrap().trim_start_matches("#   ");
        let words = shlex::split(install).unwrap();
        assert_eq!(
            words[..7],
            [
                "AUTHKEEP_HOME=/home/me/a b",
                "/opt/my $tools/authkeep",
                "refresh",
                "--unit",
                "systemd",
                "--hook",
                "say \"50%\" $HOME \\ it's"
            ]
        );
    }
}
