use authkeep_core::OutletHost;

use super::*;
use crate::selection::Named;

struct Login {
    account: &'static str,
    is_default: bool,
    local: bool,
    hosts: &'static [&'static str],
    endpoints: &'static [&'static str],
}

const LOGIN: Login = Login {
    account: "a=default",
    is_default: true,
    local: false,
    hosts: &["api.a.example"],
    endpoints: &[],
};

fn account(text: &str) -> Account {
    let (provider, connection) = text.split_once('=').expect("an account");
    Account {
        provider: provider.parse().expect("a name"),
        connection: connection.parse().expect("a name"),
    }
}

fn routes(logins: &[Login]) -> Routes {
    let outlet = |login: &Login| {
        let Account {
            provider,
            connection,
        } = account(login.account);
        let endpoints: Vec<url::Url> = (login.endpoints.iter())
            .map(|url| url.parse().expect("a URL"))
            .collect();
        Outlet {
            provider,
            connection,
            is_default: login.is_default,
            local: login.local,
            hosts: (login.hosts.iter())
                .map(|pattern| OutletHost {
                    pattern: pattern.parse().expect("a pattern"),
                    injection: Injection::bearer(),
                })
                .collect(),
            plain_fields: vec![],
            headers: vec![],
            token_endpoint: endpoints.first().cloned(),
            endpoints,
        }
    };
    Routes::new(logins.iter().map(outlet).collect())
}

fn authority(text: &str) -> Authority {
    Authority::from_host_header(text, 443).expect("an authority")
}

/// `Ok("")` for a request that is let through as it is.
fn ask(
    routes: &Routes,
    url: &str,
    named: Option<&str>,
    placeholder: Option<&str>,
) -> Result<String, (Code, Vec<String>)> {
    let (host, path) = url.split_at(url.find('/').expect("a path"));
    let named = named.map(|text| {
        let (provider, connection) = text.split_once('=').unwrap_or((text, ""));
        Named {
            provider: provider.parse().expect("a name"),
            connection: connection.parse().ok(),
        }
    });
    let placeholder = placeholder.map(account);
    let selection = Selection {
        named: named.as_ref(),
        placeholder: placeholder.as_ref(),
    };
    match routes.choose(&authority(host), path, selection) {
        Ok(Choice::Inject(route)) => Ok(route.account.to_string()),
        Ok(Choice::PassThrough) => Ok(String::new()),
        Err(refusal) => Err((refusal.code, refusal.choices)),
    }
}

fn refused(code: Code) -> Result<String, (Code, Vec<String>)> {
    Err((code, vec![]))
}

#[test]
fn the_most_specific_pattern_wins() {
    let routes = routes(&[
        Login {
            account: "wide=default",
            hosts: &["*.example.com"],
            ..LOGIN
        },
        Login {
            account: "near=default",
            hosts: &["*.api.example.com", "api.example.com"],
            ..LOGIN
        },
        Login {
            account: "path=default",
            hosts: &["api.example.com/v2/"],
            ..LOGIN
        },
    ]);
    for (url, account) in [
        ("x.example.com/", "wide=default"),
        ("API.example.com./v1", "near=default"),
        ("api.example.com/v2/x", "path=default"),
        ("api.example.com/v2x", "near=default"),
        ("x.api.example.com/v2/x", "near=default"),
        ("example.com/", ""),
        ("x.example.com:8443/", ""),
        ("x.example.org/", ""),
    ] {
        assert_eq!(
            ask(&routes, url, None, None).as_deref(),
            Ok(account),
            "{url}"
        );
    }
    // Whoever is named gets it wherever its own definition says so.
    let wide = ask(&routes, "api.example.com/v1", Some("wide"), None);
    assert_eq!(wide.as_deref(), Ok("wide=default"));
    assert!(!routes.intercepts(&authority("example.com")));
    assert!(routes.intercepts(&authority("x.y.example.com")));
}

#[test]
fn several_logins_are_told_apart_or_refused() {
    let logins = |is_default| {
        [
            ("a=home", false),
            ("a=work", is_default),
            ("b=default", true),
        ]
        .map(|(account, is_default)| Login {
            account,
            is_default,
            hosts: if account.starts_with('a') {
                &["api.a.example", "both.example"]
            } else {
                &["both.example"]
            },
            ..LOGIN
        })
    };
    let known = routes(&logins(true));
    let ask_known = |url, named, placeholder| ask(&known, url, named, placeholder);
    assert_eq!(
        ask_known("api.a.example/", None, None).as_deref(),
        Ok("a=work")
    );
    for (named, placeholder, chosen) in [
        (Some("a"), None, Ok("a=work")),
        (Some("a=home"), None, Ok("a=home")),
        (None, Some("a=home"), Ok("a=home")),
        (Some("a"), Some("a=home"), Ok("a=home")),
        (Some("b"), None, Ok("b=default")),
        (Some("b"), Some("a=home"), Err(Code::Denied)),
        (Some("a=work"), Some("a=home"), Err(Code::Denied)),
        (Some("a=other"), None, Err(Code::NotConnected)),
        (Some("c"), None, Err(Code::NotConnected)),
    ] {
        let answer = ask_known("both.example/", named, placeholder);
        let answer = answer.as_deref().map_err(|(code, _)| *code);
        assert_eq!(answer, chosen, "{named:?} {placeholder:?}");
    }
    let all = ["a=home", "a=work", "b=default"]
        .map(str::to_owned)
        .to_vec();
    assert_eq!(
        ask_known("both.example/", None, None),
        Err((Code::Ambiguous, all))
    );
    // Without a default nothing is guessed.
    let two = ["a=home", "a=work"].map(str::to_owned).to_vec();
    let answer = ask(&routes(&logins(false)), "api.a.example/", None, None);
    assert_eq!(answer, Err((Code::Ambiguous, two)));
    let elsewhere = ask_known("api.a.example/", Some("b"), None);
    assert_eq!(elsewhere, refused(Code::Denied));
}

#[test]
fn where_a_path_is_a_limit_it_has_one_reading() {
    let part = routes(&[Login {
        hosts: &["a.example/api/"],
        ..LOGIN
    }]);
    // The form of the credential differs, but all of the host is the login's.
    let whole = routes(&[Login {
        hosts: &["a.example/api/", "a.example"],
        ..LOGIN
    }]);
    assert_eq!(
        ask(&part, "a.example/api/x?y=/../%2e%2e;", None, None).as_deref(),
        Ok("a=default")
    );
    assert_eq!(ask(&part, "a.example/apix", None, None).as_deref(), Ok(""));
    for path in [
        "/api/../x",
        "/api/%2e%2e/x",
        "/x/../api/",
        "/api/a%2fb",
        "/api//x",
        "/api/;/x",
        "/a\\x",
        "//api/",
    ] {
        let url = format!("a.example{path}");
        assert_eq!(
            ask(&part, &url, None, None),
            refused(Code::BadRequest),
            "{url}"
        );
        assert_eq!(
            ask(&whole, &url, None, None).as_deref(),
            Ok("a=default"),
            "{url}"
        );
    }
    // Another login's whole host does not lift the limit of this one.
    let both = routes(&[
        Login {
            hosts: &["a.example/api/"],
            ..LOGIN
        },
        Login {
            account: "b=default",
            hosts: &["a.example"],
            ..LOGIN
        },
    ]);
    assert_eq!(
        ask(&both, "a.example/api/../x", None, None),
        refused(Code::BadRequest)
    );
    assert_eq!(
        ask(&both, "a.example/x", None, None).as_deref(),
        Ok("b=default")
    );
}

#[test]
fn the_providers_own_endpoints_get_nothing() {
    let login = || Login {
        hosts: &["api.a.example"],
        endpoints: &[
            "https://api.a.example/oauth/token",
            "https://login.a.example/authorize",
        ],
        ..LOGIN
    };
    let known = routes(&[login()]);
    for path in [
        "/oauth/token",
        "/oauth/token/",
        "/oauth/token?x",
        "/x/../oauth/%74oken",
        "//oauth//token;x",
        "/OAuth/Token",
    ] {
        let url = format!("api.a.example{path}");
        assert_eq!(ask(&known, &url, None, None).as_deref(), Ok(""), "{url}");
        assert_eq!(
            ask(&known, &url, None, Some("a=default")),
            refused(Code::Denied),
            "{url}"
        );
    }
    for url in [
        "api.a.example/oauth/tokens",
        "api.a.example/oauth",
        "api.a.example/v1/oauth/token",
    ] {
        assert_eq!(
            ask(&known, url, None, None).as_deref(),
            Ok("a=default"),
            "{url}"
        );
    }
    let login_page = authority("login.a.example");
    let token = authority("api.a.example");
    assert!(
        !known.intercepts(&login_page) && known.token_endpoint(&token, "/oauth/token").is_empty()
    );

    let apart = Login {
        hosts: &["other.a.example"],
        ..login()
    };
    let answering = routes(&[login(), apart]).answering_token_requests();
    assert_eq!(
        answering.token_endpoint(&token, "/oauth/token?x"),
        [&account("a=default"); 2]
    );
    assert!(answering.token_endpoint(&token, "/").is_empty());
    assert!(answering.intercepts(&token) && !answering.intercepts(&login_page));
    assert_eq!(
        answering.names(),
        ["api.a.example", "other.a.example"]
            .map(str::to_owned)
            .into()
    );
}

#[test]
fn only_what_every_login_calls_local_is_local() {
    let known = routes(&[
        Login {
            local: true,
            hosts: &["[::1]:8443", "127.0.0.1:8443", "a.example"],
            ..LOGIN
        },
        Login {
            account: "b=default",
            hosts: &["a.example", "*.b.example"],
            ..LOGIN
        },
    ]);
    let is_local = |text| known.is_local(&authority(text));
    assert!(is_local("[::1]:8443") && is_local("127.0.0.1:8443"));
    assert!(!is_local("a.example") && !is_local("x.b.example") && !is_local("127.0.0.1:1"));
    let names = ["127.0.0.1", "::1", "a.example", "b.example"];
    assert_eq!(known.names(), names.map(str::to_owned).into());
}

#[test]
fn a_token_endpoint_that_is_answered_for_is_as_local_as_its_login() {
    let known = |locals: [bool; 2]| {
        let login = |account, local, endpoints| Login {
            account,
            local,
            endpoints,
            ..LOGIN
        };
        routes(&[
            login("a=default", locals[0], &["https://auth.example/token"]),
            login("b=default", locals[1], &["https://auth.example/other"]),
        ])
    };
    let host = authority("auth.example");
    for locals in [[true, true], [true, false], [false, true], [false, false]] {
        let answering = known(locals).answering_token_requests();
        assert_eq!(answering.is_local(&host), locals == [true, true]);
        assert!(!answering.is_local(&authority("auth.example:8443")));
        // Where nothing is answered, connections there are not opened up.
        assert!(!known(locals).is_local(&host));
    }
}
