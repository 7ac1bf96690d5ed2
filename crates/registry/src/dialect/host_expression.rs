//! Regular expressions for hosts, turned into host patterns where that is possible.
//!
//! Our patterns have no expressions, because what an expression lets through is hard to see: `.*example.*` is also
//! `example.evil.test`. So an expression is taken apart, and what comes out matches hosts that the expression matches, all of
//! them or fewer, never others. Where some are left out, a warning names one. What cannot be taken apart is refused.
//! Nothing is ever matched with the expression itself.

use super::Warning;
use crate::text;

/// More alternatives than this are nobody's host list.
const MOST: usize = 32;

/// A part of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// `.*` or `.+`: any characters, dots among them.
    Any {
        or_none: bool,
    },
}

type Sequence = Vec<Part>;

/// The host patterns of an expression that has to match the whole host (Python's `fullmatch`), or why there are none.
pub(super) fn patterns(
    field: &str,
    expression: &str,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<String>, String> {
    let mut reader = Reader {
        rest: expression,
        loose_dot: false,
    };
    let sequences = reader.alternatives(0)?;
    if !reader.rest.is_empty() {
        return Err("is not an expression: a parenthesis too many".to_owned());
    }
    let shown = text::quote(expression);
    let mut patterns: Vec<String> = Vec::new();
    for sequence in sequences {
        let (found, left_out) = from_sequence(&sequence)?;
        if let Some(example) = left_out {
            warnings.push(Warning {
                field: field.to_owned(),
                message: format!(
                    "{shown} also matches {}; only {} will get the credential",
                    text::quote(&example),
                    found.join(" and ")
                ),
            });
        }
        for pattern in found {
            if !patterns.contains(&pattern) {
                patterns.push(pattern);
            }
        }
    }
    if reader.loose_dot {
        warnings.push(Warning {
            field: field.to_owned(),
            message: format!("{shown} has a dot that matches any character; it is taken for a dot"),
        });
    }
    Ok(patterns)
}

/// What one alternative stands for, and a host that it also matches and that is left out.
fn from_sequence(sequence: &[Part]) -> Result<(Vec<String>, Option<String>), String> {
    const INSIDE: &str =
        "cannot be taken over: a `*` in our patterns stands for whole labels at the start";
    let (front, sequence) = match sequence {
        [Part::Any { or_none }, rest @ ..] => (Some(*or_none), rest),
        all => (None, all),
    };
    let (sequence, open_end) = match sequence {
        [rest @ .., Part::Any { or_none: true }] => (rest, true),
        all => (all, false),
    };
    let [Part::Text(name)] = sequence else {
        return Err(INSIDE.to_owned());
    };
    let mut name = name.to_ascii_lowercase();
    let mut left_out = open_end.then(|| format!("{name}.evil.example"));
    if open_end {
        // `.*acme.*` names no domain; of the hosts that it matches, these are the ones that were meant.
        if name.ends_with('.') {
            name.push_str("com");
        } else if !name.trim_start_matches('.').contains('.') {
            name.push_str(".com");
        }
    }
    let patterns = match (front, name.strip_prefix('.')) {
        (None, _) => vec![name],
        (Some(_), Some(suffix)) => vec![format!("*.{suffix}")],
        (Some(or_none), None) => {
            if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
                return Err(INSIDE.to_owned());
            }
            left_out.get_or_insert_with(|| format!("evil{name}"));
            let below = format!("*.{name}");
            if or_none {
                vec![name, below]
            } else {
                vec![below]
            }
        }
    };
    Ok((patterns, left_out))
}

struct Reader<'e> {
    rest: &'e str,
    /// Whether a bare dot was read as the character.
    loose_dot: bool,
}

impl Reader<'_> {
    /// Reads up to the end, or up to the parenthesis that ends the group.
    fn alternatives(&mut self, depth: usize) -> Result<Vec<Sequence>, String> {
        if depth > 4 {
            return Err("has too many groups in one another".to_owned());
        }
        let mut all = Vec::new();
        let mut current = vec![Sequence::new()];
        while let Some(next) = self.rest.chars().next() {
            match next {
                ')' => break,
                '|' => {
                    self.skip(1);
                    all.append(&mut current);
                    current = vec![Sequence::new()];
                }
                '(' => {
                    let group = self.group(depth)?;
                    current = product(&current, &group)?;
                }
                _ => {
                    if let Some(part) = self.part(next)? {
                        current = product(&current, &[vec![part]])?;
                    }
                }
            }
        }
        all.append(&mut current);
        if all.len() > MOST {
            return Err(format!("has more than {MOST} alternatives"));
        }
        Ok(all)
    }

    fn group(&mut self, depth: usize) -> Result<Vec<Sequence>, String> {
        self.skip(1);
        if let Some(rest) = self.rest.strip_prefix("?:") {
            self.rest = rest;
        } else if self.rest.starts_with('?') {
            return Err("has a group of a kind that is not taken over".to_owned());
        }
        let mut group = self.alternatives(depth + 1)?;
        let Some(rest) = self.rest.strip_prefix(')') else {
            return Err("is not an expression: a parenthesis is open".to_owned());
        };
        self.rest = rest;
        if let Some(rest) = self.rest.strip_prefix('?') {
            self.rest = rest;
            group.push(Sequence::new());
        }
        self.no_repetition()?;
        Ok(group)
    }

    /// One literal character or `.*`; an anchor is nothing, because the whole host is matched anyway.
    fn part(&mut self, next: char) -> Result<Option<Part>, String> {
        let unknown = || {
            Err(format!(
                "has {}, which is not taken over",
                text::quote(&next.to_string())
            ))
        };
        let part = match next {
            '^' | '$' => {
                self.skip(1);
                return Ok(None);
            }
            '.' => {
                self.skip(1);
                if let Some(rest) = self.rest.strip_prefix(['*', '+']) {
                    let or_none = self.rest.starts_with('*');
                    self.rest = rest;
                    return Ok(Some(Part::Any { or_none }));
                }
                self.loose_dot = true;
                Part::Text(".".to_owned())
            }
            '\\' => {
                self.skip(1);
                match self.rest.chars().next() {
                    Some(c @ ('.' | '-' | '_')) => {
                        self.skip(1);
                        Part::Text(c.to_string())
                    }
                    _ => return unknown(),
                }
            }
            c if c.is_ascii_alphanumeric() || c == '-' || c == '_' => {
                self.skip(1);
                Part::Text(c.to_string())
            }
            _ => return unknown(),
        };
        self.no_repetition()?;
        Ok(Some(part))
    }

    fn no_repetition(&self) -> Result<(), String> {
        match self.rest.chars().next() {
            Some(c @ ('*' | '+' | '?' | '{')) => Err(format!(
                "repeats something with `{c}`, which is not taken over"
            )),
            _ => Ok(()),
        }
    }

    /// Goes on behind ASCII characters that were looked at.
    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }
}

/// Every sequence followed by every other one; neighbouring texts become one.
fn product(left: &[Sequence], right: &[Sequence]) -> Result<Vec<Sequence>, String> {
    if left.len() * right.len() > MOST {
        return Err(format!("has more than {MOST} alternatives"));
    }
    let joined = |one: &Sequence, other: &Sequence| {
        let mut all = one.clone();
        for part in other {
            match (all.last_mut(), part) {
                (Some(Part::Text(text)), Part::Text(more)) => text.push_str(more),
                _ => all.push(part.clone()),
            }
        }
        all
    };
    Ok(left
        .iter()
        .flat_map(|one| right.iter().map(move |other| joined(one, other)))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::HostPattern;

    fn converted(expression: &str) -> (Result<Vec<String>, String>, Vec<Warning>) {
        let mut warnings = Vec::new();
        (patterns("host_url", expression, &mut warnings), warnings)
    }

    const EXPRESSIONS: [(&str, &[&str], usize); 13] = [
        (r"api\.example\.com", &["api.example.com"], 0),
        (r".*\.linear\.app", &["*.linear.app"], 0),
        (r"^(api\.a\.com|b\.com)$", &["api.a.com", "b.com"], 0),
        (r"^(api\.a\.com|b\.com)", &["api.a.com", "b.com"], 0),
        (r"(?:www\.)?a\.com", &["www.a.com", "a.com"], 0),
        (r"(.*\.)?a\.com", &["*.a.com", "a.com"], 0),
        (r"a\.com|.+\.b\.com", &["a.com", "*.b.com"], 0),
        (
            r"(eu|us)\.(a|b)\.com",
            &["eu.a.com", "eu.b.com", "us.a.com", "us.b.com"],
            0,
        ),
        (r".*content\.com$", &["content.com", "*.content.com"], 1),
        (".*apis.*", &["apis.com", "*.apis.com"], 1),
        (r".*\.google\.com.*", &["*.google.com"], 1),
        ("api.example.com", &["api.example.com"], 1),
        (r".+example\.com", &["*.example.com"], 1),
    ];

    #[test]
    fn expressions_become_patterns() {
        for (expression, expected, warned) in EXPRESSIONS {
            let (found, warnings) = converted(expression);
            assert_eq!(
                found.as_deref(),
                Ok(expected.map_str().as_slice()),
                "{expression}"
            );
            assert_eq!(warnings.len(), warned, "{expression}: {warnings:?}");
        }
    }

    trait MapStr {
        fn map_str(&self) -> Vec<String>;
    }

    impl MapStr for &[&str] {
        fn map_str(&self) -> Vec<String> {
            self.iter().map(|&text| text.to_owned()).collect()
        }
    }

    /// The expressions themselves are the judge: whatever host a pattern lets through, its expression matches.
    #[test]
    fn no_pattern_is_wider_than_its_expression() {
        let hosts = hosts();
        let mut passed = 0;
        for (expression, patterns, _) in EXPRESSIONS {
            let whole = regex_lite::Regex::new(&format!("^(?:{expression})$")).unwrap();
            for pattern in patterns {
                let pattern = HostPattern::parse(pattern).unwrap();
                for host in hosts.iter().filter(|host| pattern.covers(host, 443)) {
                    assert!(
                        whole.is_match(host),
                        "{pattern} lets {host} through, {expression} does not"
                    );
                    passed += 1;
                }
            }
        }
        assert!(passed > 40, "{passed}");
        // The judge is awake: a pattern that is too wide is found out.
        let wide = HostPattern::parse("*.a.com").unwrap();
        let narrow = regex_lite::Regex::new(r"^(?:(eu|us)\.a\.com)$").unwrap();
        assert!(
            hosts
                .iter()
                .any(|host| wide.covers(host, 443) && !narrow.is_match(host))
        );
    }

    fn hosts() -> Vec<String> {
        let names = [
            "a.com",
            "b.com",
            "example.com",
            "linear.app",
            "content.com",
            "apis.com",
            "google.com",
            "google.com.evil.example",
            "apis.evil.example",
            "evila.com",
        ];
        let fronts = ["", "api.", "www.", "eu.", "us.", "x.y.", "evil", "-"];
        names
            .iter()
            .flat_map(|name| fronts.iter().map(move |front| format!("{front}{name}")))
            .collect()
    }

    #[test]
    fn what_cannot_be_taken_apart_is_refused() {
        for expression in [
            r"[^.]+\.example\.com",
            r"api-.*\.example\.com",
            r"api\.example\.(com|net){2}",
            r"\w+\.example\.com",
            r"(?!evil)\.example\.com",
            r"a(b",
            r"a)b",
            r"a+\.com",
            r"api-\d\.example\.com",
            r".*-api\.example\.com",
            ".*",
            "",
            "ä.com",
            r"a\",
            "((((((a))))))",
            "(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)",
        ] {
            let (found, _) = converted(expression);
            assert!(found.is_err(), "{expression}: {found:?}");
        }
        let many = format!("({})", vec!["a"; 5000].join("|"));
        assert!(converted(&many).0.is_err());
    }
}
