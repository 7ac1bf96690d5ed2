//! Which test is about which peculiarity of services. A peculiarity of a service that is shipped and has no test is a gap.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{bundled, facts};

/// Each word of the fixture, and a test that looks at it closely.
const TESTS: [(&str, &str); 55] = [
    ("accept-json-header", "from_login_to_logout"),
    (
        "authorize-params",
        "with_all_that_a_refresh_token_depends_on",
    ),
    ("base-url-template", "an_instance_of_ones_own"),
    ("basic-auth", "a_user_and_a_password"),
    ("basic-token-auth", "by_basic_and_nothing_of_it_in_the_body"),
    ("browser-cookies", "cookies_that_a_person_has_entered"),
    ("client-credentials", "the_standards_grant_by_basic"),
    (
        "client-secret-required",
        "a_secret_is_asked_for_where_there_is_no_login_without",
    ),
    ("custom-grant", "zooms_accounts_have_a_grant_of_their_own"),
    ("custom-revocation", "requests_of_a_vendors_own_end_a_login"),
    ("custom-scheme", "a_scheme_of_the_services_own"),
    (
        "device-scope-limits",
        "a_device_gets_only_what_google_gives_to_devices",
    ),
    (
        "dynamic-registration",
        "a_client_is_registered_and_nothing_is_asked",
    ),
    ("error-in-200", "an_error_with_status_200_is_an_error"),
    ("https-redirect", "slack_from_login_to_logout"),
    (
        "json-token-request",
        "a_body_of_json_where_the_service_wants_it",
    ),
    ("multi-field", "a_user_and_a_password"),
    ("multi-header", "several_headers_at_once"),
    (
        "no-expiry",
        "a_token_without_an_end_is_good_until_it_is_refused",
    ),
    (
        "no-revocation",
        "what_nobody_can_revoke_is_said_to_stay_good",
    ),
    ("non-bearer-header", "a_header_of_the_services_own"),
    (
        "oauth1",
        "where_only_a_signature_of_the_first_oauth_would_do_there_is_a_key",
    ),
    (
        "path-key",
        "no_spelling_of_the_path_has_two_keys_or_another_beginning",
    ),
    (
        "per-host-injection",
        "another_form_at_another_host_of_the_same_service",
    ),
    ("per-tenant-host", "a_credential_stays_with_its_tenant"),
    ("per-tenant-url", "an_endpoint_for_each_directory"),
    (
        "pkce-required",
        "with_a_verifier_where_there_is_no_login_without",
    ),
    ("query-key", "a_parameter_of_the_query"),
    ("raw-authorization", "a_scheme_of_the_services_own"),
    (
        "request-signing",
        "what_a_program_signs_with_placeholders_is_signed_again",
    ),
    (
        "resource-param",
        "tokens_are_for_one_resource_and_every_request_for_one_says_so",
    ),
    (
        "rotating-refresh",
        "a_refresh_token_that_is_spent_by_its_use_is_replaced_by_the_next",
    ),
    ("scope-separator", "joined_by_what_the_service_splits_at"),
    (
        "token-params",
        "whom_a_box_or_an_auth0_token_is_for_is_said",
    ),
    ("two-step-login", "a_key_that_is_turned_into_a_token_first"),
    (
        "user-agent-required",
        "a_name_for_the_program_where_strangers_are_turned_away",
    ),
    ("version-header", "a_version_beside_the_key"),
    (
        "wildcard-host",
        "any_name_below_a_domain_and_none_beside_it",
    ),
    (
        "captured-param",
        "quickbooks_names_the_company_in_the_address_that_the_browser_comes_back_to",
    ),
    (
        "client-id-header",
        "twitch_and_etsy_get_the_client_id_with_every_request",
    ),
    (
        "client-id-param",
        "tiktok_gets_its_challenge_in_hexadecimal_and_calls_the_client_a_key",
    ),
    (
        "device-scope-param",
        "every_definition_is_what_its_service_wants",
    ),
    (
        "fragment-authorize-url",
        "apollos_page_behind_a_fragment_is_opened_with_all_that_it_needs",
    ),
    (
        "hex-pkce",
        "tiktok_gets_its_challenge_in_hexadecimal_and_calls_the_client_a_key",
    ),
    (
        "json-device-request",
        "postiz_knows_a_device_by_its_code_alone",
    ),
    (
        "missing-expires-in",
        "salesforce_names_its_host_with_the_token_and_keeps_to_it",
    ),
    (
        "nested-token-response",
        "a_users_token_of_slack_lies_deeper_at_first_and_at_the_top_when_renewed",
    ),
    (
        "no-refresh-token",
        "facebook_trades_its_token_for_one_of_sixty_days_and_has_no_other",
    ),
    (
        "refresh-by-access-token",
        "tokens_of_instagram_and_threads_renew_themselves_as_long_as_they_are_good",
    ),
    (
        "refresh-params",
        "basecamp_wants_to_be_told_that_it_is_a_refresh",
    ),
    (
        "scope-param",
        "a_users_token_of_slack_lies_deeper_at_first_and_at_the_top_when_renewed",
    ),
    (
        "separate-refresh-url",
        "figma_renews_at_an_address_of_its_own",
    ),
    (
        "special-redirect",
        "ebay_gets_the_name_of_a_redirect_and_the_person_pastes",
    ),
    (
        "token-upgrade",
        "facebook_trades_its_token_for_one_of_sixty_days_and_has_no_other",
    ),
    (
        "versioned-endpoint",
        "facebook_trades_its_token_for_one_of_sixty_days_and_has_no_other",
    ),
];

#[test]
fn each_peculiarity_of_a_service_has_a_test() {
    let facts = facts();
    let shipped = bundled();
    let quirks = shipped
        .iter()
        .filter_map(|name| facts[name]["quirks"].as_array());
    let quirks: BTreeSet<&str> = quirks.flatten().filter_map(Value::as_str).collect();
    let covered: BTreeSet<&str> = TESTS.iter().map(|(quirk, _)| *quirk).collect();
    let gaps: Vec<_> = quirks.difference(&covered).collect();
    assert!(gaps.is_empty(), "no test is about {gaps:?}");
    let tests = tests();
    for (quirk, test) in TESTS {
        assert!(
            tests.contains(test),
            "there is no test {test}, which is to be about {quirk}"
        );
    }
    println!(
        "figure: {} peculiarities in {} services, each with a test",
        quirks.len(),
        shipped.len()
    );
    // The negative control: a test that is not there is missed.
    assert!(!tests.contains("each_peculiarity_of_a_planet_has_a_test"));
}

/// The names of all tests of services.
fn tests() -> BTreeSet<String> {
    let folder = format!("{}/tests/it/services", env!("CARGO_MANIFEST_DIR"));
    let mut names = BTreeSet::new();
    for file in authkeep_tests::files_below(folder.as_ref()).into_values() {
        let text = String::from_utf8(file).unwrap();
        let tests = text.split("#[test]\nfn ").skip(1);
        names.extend(tests.filter_map(|rest| Some(rest.split_once('(')?.0.to_owned())));
    }
    names
}
