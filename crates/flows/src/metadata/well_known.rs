//! Where metadata is published.

use url::Url;

/// Where the metadata of an authorization server may be, the best place first: RFC 8414 §3.1, then OpenID Connect
/// Discovery §4.1, which appends where the other inserts; and last what RFC 8414 §5 allows for both.
///
/// A query or fragment of the issuer, which it may not have, is left out.
pub fn server_metadata_urls(issuer: &Url) -> Vec<Url> {
    const OAUTH: &str = "/.well-known/oauth-authorization-server";
    const OPENID: &str = "/.well-known/openid-configuration";
    let path = issuer.path().trim_end_matches('/');
    let mut paths = vec![format!("{OAUTH}{path}"), format!("{path}{OPENID}")];
    if !path.is_empty() {
        paths.push(format!("{OPENID}{path}"));
    }
    let at = |path: String| {
        let mut url = issuer.clone();
        url.set_query(None);
        url.set_fragment(None);
        url.set_path(&path);
        url
    };
    paths.into_iter().map(at).collect()
}

/// Where the metadata of a protected resource is (RFC 9728 §3.1): the path is inserted before its own, and a query stays.
pub fn resource_metadata_url(resource: &Url) -> Url {
    let path = match resource.path() {
        "/" => "",
        path => path,
    };
    let mut url = resource.clone();
    url.set_fragment(None);
    url.set_path(&format!("/.well-known/oauth-protected-resource{path}"));
    url
}
