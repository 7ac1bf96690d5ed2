//! Single flight at an OpenID provider that is nobody's code here: it rotates, and a second use kills the grant.

use std::time::Instant;

use authkeep_tests::{
    BrowserAction, OidcClient, OidcOptions, all_at_once, expire, open_vault, rounds,
};

use crate::openid::OpenId;

#[test]
fn a_crowd_asks_the_openid_provider_once() {
    let openid = OpenId::new(&OidcOptions::default(), OidcClient::PublicNative);
    let login = openid.login(BrowserAction::Approve, ("public-native", None), &[]);
    assert_eq!(login.code, 0, "{login:?}");
    openid.provider.forget_events();
    let mut tokens = vec![openid.product.secret("acme", "token")];
    let (size, expiries) = (rounds(8, 64), rounds(3, 50));
    let start = Instant::now();
    for expiry in 0..expiries {
        expire(&open_vault(&openid.product.home().authkeep_home()));
        let get = ["get", "acme", "--field", "token", "--show-secret"];
        let crowd = all_at_once((0..size).map(|_| openid.product.command(&get)));
        for caller in &crowd {
            assert_eq!(
                (caller.code, &caller.stdout),
                (0, &crowd[0].stdout),
                "expiry {expiry}: {caller:?}"
            );
        }
        let token = crowd[0].stdout.clone();
        assert!(openid.provider.token_is_active(&token), "expiry {expiry}");
        assert!(!tokens.contains(&token), "expiry {expiry}: an old one");
        tokens.push(token);
    }
    let seconds = start.elapsed().as_secs_f64();
    let asked = openid.token_requests("refresh_token");
    let (granted, refused) = (
        openid.provider.count("grant.success"),
        openid.provider.count("grant.error"),
    );
    println!(
        "figure: single flight at the OpenID provider, {size} processes over {expiries} expiries: \
         {asked} token requests, {granted} granted, {refused} refused, {seconds:.1} s"
    );
    assert_eq!(
        (asked, granted, refused),
        (expiries as usize, expiries as usize, 0)
    );
}
