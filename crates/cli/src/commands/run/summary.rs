//! What a run amounted to: said on stderr at its end, so that what the program prints stays its own.

use std::collections::BTreeMap;
use std::io::{self, Write};

use authkeep_proxy::{Account, Code, Counts, Tally};
use serde_json::{Value, json};

use crate::output::View;

/// The figures of one run.
#[derive(Debug, Default)]
pub(super) struct Summary {
    accounts: BTreeMap<Account, Counts>,
    refused: u64,
    reasons: BTreeMap<Code, u64>,
    passed: u64,
    tunnels: u64,
}

impl Summary {
    pub(super) fn of(tally: &Tally) -> Self {
        Self {
            accounts: tally.accounts(),
            refused: tally.refused(),
            reasons: tally.reasons(),
            passed: tally.passed(),
            tunnels: tally.tunnels(),
        }
    }

    /// One line for people, about logins and refusals: what was passed on by itself says nothing to them.
    fn text(&self) -> Option<String> {
        let accounts = self.accounts.iter().map(|(account, counts)| {
            let refused = match counts.refused {
                0 => String::new(),
                refused => format!(", {refused} refused"),
            };
            format!("{account} {}{refused}", requests(counts.injected))
        });
        let refused = match self.refused {
            0 => None,
            refused => Some(format!("without a login {refused} refused")),
        };
        let reasons = self
            .reasons
            .iter()
            .map(|(code, count)| format!("{} {count}", code.as_str()));
        let reasons: Vec<_> = reasons.collect();
        let why = (!reasons.is_empty()).then(|| format!("reasons: {}", reasons.join(", ")));
        let all: Vec<_> = accounts.chain(refused).chain(why).collect();
        (!all.is_empty()).then(|| format!("authkeep: {}", all.join("; ")))
    }
}

impl View for Summary {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.text() {
            Some(text) => writeln!(out, "{text}"),
            None => Ok(()),
        }
    }

    fn json(&self) -> Value {
        let logins = self.accounts.iter().map(|(account, counts)| {
            json!({
                "provider": account.provider.as_str(),
                "connection": account.connection.as_str(),
                "injected": counts.injected,
                "refused": counts.refused,
            })
        });
        let reasons = self.reasons.iter();
        let reasons: BTreeMap<_, _> = reasons
            .map(|(code, count)| (code.as_str(), count))
            .collect();
        json!({
            "event": "run_ended",
            "logins": logins.collect::<Vec<_>>(),
            "refused": self.refused,
            "reasons": reasons,
            "passed": self.passed,
            "tunnels": self.tunnels,
        })
    }
}

fn requests(count: u64) -> String {
    match count {
        1 => "1 request".to_owned(),
        count => format!("{count} requests"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(text: &str) -> Account {
        let (provider, connection) = text.split_once('=').unwrap();
        Account {
            provider: provider.parse().unwrap(),
            connection: connection.parse().unwrap(),
        }
    }

    #[test]
    fn a_run_without_requests_says_nothing() {
        assert_eq!(Summary::default().text(), None);
        let tunnels = Summary {
            tunnels: 7,
            ..Summary::default()
        };
        assert_eq!(tunnels.text(), None);
    }

    #[test]
    fn a_run_says_what_it_did_with_each_login() {
        let counts = |injected, refused| Counts { injected, refused };
        let summary = Summary {
            accounts: [
                (account("github=work"), counts(12, 0)),
                (account("openai=default"), counts(1, 2)),
            ]
            .into(),
            refused: 3,
            reasons: [(Code::Unmatched, 3), (Code::LoginExpired, 2)].into(),
            ..Summary::default()
        };
        assert_eq!(
            summary.text().unwrap(),
            "authkeep: github=work 12 requests; openai=default 1 request, 2 refused; without a login 3 refused; \
             reasons: unmatched 3, login_expired 2"
        );
        assert_eq!(summary.json()["logins"][1]["injected"], 1);
        assert_eq!(summary.json()["reasons"]["login_expired"], 2);
    }
}
