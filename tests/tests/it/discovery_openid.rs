//! An OpenID provider that is nobody's code here, of which no more is known than its issuer.

use authkeep_tests::{BrowserAction, OidcClient, OidcOptions, expire, open_vault};

use crate::openid::OpenId;

#[test]
fn the_issuer_is_enough() {
    for client in [OidcClient::PublicNative, OidcClient::ConfBasic] {
        let openid = OpenId::new(&OidcOptions::default(), client);
        let mut definition = openid.provider.definition("acme", client);
        let oauth = definition["oauth"].as_object_mut().unwrap();
        oauth.retain(|field, _| !field.ends_with("_url"));
        openid.product.home().write_definition(&definition);
        let shown = openid.product.run(&["inspect", "acme"]).stdout;
        let issuer = openid.provider.issuer();
        let line = format!("{issuer}  (names the endpoints at login)");
        assert!(shown.contains(&line), "{shown}");

        let credentials = (client.id(), client.secret());
        let output = openid.login(BrowserAction::Approve, credentials, &[]);
        assert_eq!(output.code, 0, "{output:?}");
        let asking = "Asking 127.0.0.1 for its endpoints";
        assert!(output.stderr.contains(asking), "{output:?}");
        let token = openid.product.secret("acme", "token");
        assert_eq!(openid.api(&token).status, 200);

        // Renewed and ended at the endpoints of the login.
        expire(&open_vault(&openid.product.home().authkeep_home()));
        let renewed = openid.product.secret("acme", "token");
        assert_ne!(renewed, token);
        assert_eq!(openid.api(&renewed).status, 200);
        let output = openid.product.run(&["logout", "acme"]);
        assert_eq!(output.code, 0, "{output:?}");
        assert_eq!(openid.api(&renewed).status, 401);
    }
}
