//! What stands where a host and a port should: it has one spelling, and other readers see the same host in it, or none.

#![no_main]

use authkeep_proxy::Authority;
use libfuzzer_sys::fuzz_target;
use url::{Position, Url};

fuzz_target!(|text: &str| {
    let Ok(authority) = Authority::from_host_header(text, 443) else {
        assert!(Authority::from_connect(text).is_err(), "{text:?}");
        return;
    };
    let shown = authority.to_string();
    assert_eq!(Authority::from_connect(&shown).as_ref(), Ok(&authority));
    assert!(!shown.contains(|c: char| !c.is_ascii_graphic() || "@/\\?#%".contains(c)));
    let written = authority.for_https();
    assert_eq!(
        Authority::from_host_header(&written, 443).as_ref(),
        Ok(&authority)
    );
    // Names that are wrong inside, as `xn--` can be, are refused by this one.
    let Ok(url) = Url::parse(&format!("https://{text}/")) else {
        return;
    };
    let host = &url[Position::BeforeHost..Position::AfterHost];
    let host = host.strip_suffix('.').unwrap_or(host);
    assert_eq!(host, authority.host(), "{text:?}");
    assert_eq!(
        url.port_or_known_default(),
        Some(authority.port()),
        "{text:?}"
    );
    let is_address = !matches!(url.host(), Some(url::Host::Domain(_)));
    assert_eq!(authority.ip().is_some(), is_address, "{text:?}");
});
