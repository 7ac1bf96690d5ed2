//! Names and aliases: unique over all definitions, and those that people know from elsewhere.

use std::collections::BTreeMap;

use authkeep_registry::{Definition, Registry};
use serde_json::json;

use super::{bundled, planted, with};
use crate::name;

/// What authsome 0.2 bundles.
const AUTHSOME_0_2: &str = "
    ahrefs apollo ashby atlassian beehiiv brevo buffer calendly clearbit discord dub g2 github gitlab google hubspot
    hunter instantly intercom keywords-everywhere klaviyo klaviyo-oauth lemlist linear livestorm mailchimp mention-me
    microsoft notion openai optimizely postiz postmark resend rewardful savvycal semrush sendgrid slack tolt typeform
    wistia x zapier";

/// What authsome 0.7 bundles.
const AUTHSOME_0_7: &str = "
    ahrefs anthropic apollo ashby atlassian bedrock beehiiv brave-search-mcp brevo buffer calendly clearbit cloudflare
    cloudflare-mcp confluence discord dub fireworks g2 github github-mcp gitlab google google-admin google-analytics
    google-calendar google-chat google-classroom google-docs google-drive google-forms google-gmail google-meet
    google-photos google-search-console google-sheets google-slides google-tasks google-vertex-ai google-youtube groq
    hubspot hunter instantly intercom jira keywords-everywhere klaviyo klaviyo-oauth lemlist linear linear-mcp
    linkedin-browser livestorm mailchimp mention-me microsoft microsoft-calendar microsoft-outlook microsoft-word
    mistral notion notion-mcp openai openrouter optimizely perplexity postiz postmark reddit resend rewardful savvycal
    semrush sendgrid sentry-mcp slack slack-mcp stripe-mcp todoist together tolt typeform wistia x x-browser zapier
    zoom";

/// What PlanOpticon logs in to.
const PLANOPTICON: &str = "zoom notion dropbox github google microsoft";

/// Names and aliases that two definitions claim, in any capitalisation.
fn taken_twice(definitions: &[Definition]) -> Vec<String> {
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    let mut twice = Vec::new();
    for definition in definitions {
        for name in definition.aliases.iter().chain([&definition.name]) {
            let owner = definition.name.as_str();
            if let Some(other) = owners.insert(name.as_str().to_lowercase(), owner) {
                twice.push(format!("{name}: {other}, {owner}"));
            }
        }
    }
    twice
}

#[test]
fn names_and_aliases_are_unique() {
    assert_eq!(taken_twice(&bundled()), [""; 0]);
}

#[test]
fn a_name_that_is_taken_twice_would_be_seen() {
    for (name, aliases) in [("acme", json!(["GH"])), ("Slack", json!([]))] {
        let one = planted(name, json!({"aliases": aliases}));
        assert_eq!(taken_twice(&with(bundled(), one)).len(), 1, "{name}");
    }
}

#[test]
fn the_names_of_other_tools_are_found() {
    let registry = Registry::new(None);
    for (list, count) in [(AUTHSOME_0_2, 44), (AUTHSOME_0_7, 88), (PLANOPTICON, 6)] {
        let names: Vec<&str> = list.split_whitespace().collect();
        assert_eq!(names.len(), count);
        for wanted in names {
            assert!(registry.find(&name(wanted)).unwrap().is_some(), "{wanted}");
        }
    }
    assert!(registry.find(&name("authsome")).unwrap().is_none());
}
