//! What a server publishes about itself and a resource about its servers: every address has passed the rule.

#![no_main]

use authkeep_flows::HttpResponse;
use authkeep_flows::metadata::{
    read_resource_challenge, read_resource_metadata, read_server_metadata, server_metadata_urls,
};
use authkeep_fuzz::{check, response};
use authkeep_registry::{Locality, check_url};
use libfuzzer_sys::fuzz_target;

const ISSUER: &str = "https://as.test";

fuzz_target!(|data: &[u8]| {
    let Some(answer) = response(data) else {
        return;
    };
    let rule = |text: &str| check_url(text, Locality::Public);
    match read_server_metadata(&answer, &[ISSUER], &rule) {
        Ok(server) => {
            assert_eq!(server.issuer, ISSUER);
            let endpoints = [
                server.authorization_endpoint,
                Some(server.token_endpoint),
                server.device_authorization_endpoint,
                server.registration_endpoint,
                server.revocation_endpoint,
            ];
            for endpoint in endpoints.into_iter().flatten() {
                assert_eq!(endpoint.scheme(), "https");
                assert!(endpoint.username().is_empty() && endpoint.fragment().is_none());
            }
        }
        Err(error) => check(&error),
    }
    match read_resource_metadata(&answer, &[ISSUER]) {
        Ok(resource) => {
            assert_eq!(resource.resource, ISSUER);
            for issuer in &resource.authorization_servers {
                if let Ok(issuer) = rule(issuer) {
                    let places = server_metadata_urls(&issuer);
                    assert!(places.iter().all(|place| place.origin() == issuer.origin()));
                }
            }
        }
        Err(error) => check(&error),
    }
    // The same bytes in a header.
    if let Ok(header) = std::str::from_utf8(&data[2..]) {
        let headers = vec![("www-authenticate".to_owned(), header.to_owned())];
        read_resource_challenge(&HttpResponse::new(401, headers, Vec::new()));
    }
});
