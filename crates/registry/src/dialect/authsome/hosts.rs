//! `host_url` and `api_url`: a host, an address, or a regular expression.

use serde_json::{Value, json};

use super::section::Log;
use super::{Translation, literal};
use crate::dialect::host_expression;

/// Adds the host patterns that one target stands for.
pub(super) fn translate(
    translation: &mut Translation,
    field: &str,
    target: &str,
    rules: &mut Vec<Value>,
    log: &mut Log,
) {
    const EXPRESSION: &str = "regex:";
    let target = target.trim();
    if target
        .get(..EXPRESSION.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(EXPRESSION))
    {
        let expression = target[EXPRESSION.len()..].trim();
        match host_expression::patterns(field, expression, &mut log.warnings) {
            Ok(patterns) => patterns.iter().for_each(|pattern| add(rules, pattern)),
            Err(why) => log.fault(
                field,
                format!("the expression {why}; name the hosts one by one"),
            ),
        }
        return;
    }
    let target = match target.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => rest,
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => {
            log.warn(
                field,
                "is read as https: nothing is sent without encryption",
            );
            rest
        }
        _ => target,
    };
    let target = match target.find(['?', '#']) {
        Some(at) => {
            log.warn(field, "has a query, which limits nothing and was left out");
            &target[..at]
        }
        None => target,
    };
    // A path limits the credential to what is below it, there as here.
    let target = target.trim_end_matches('/');
    if target.contains("{base_url}") {
        let template = translation.template(target);
        add(rules, &template);
    } else {
        add(rules, &literal(target));
    }
}

fn add(rules: &mut Vec<Value>, pattern: &str) {
    let rule = json!(pattern);
    if !rules.contains(&rule) {
        rules.push(rule);
    }
}
