use std::collections::HashMap;

use super::*;

const CA: &str = "-----BEGIN CERTIFICATE-----\nT1VSUw==\n-----END CERTIFICATE-----\n";

/// A user with a home, a directory for the run, and the variables that are given.
struct User {
    folder: tempfile::TempDir,
    variables: HashMap<String, OsString>,
    routed: BTreeSet<String>,
}

impl User {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            variables: HashMap::new(),
            routed: BTreeSet::from(["api.github.com".to_owned()]),
        }
    }

    fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    /// A file of the user's, and its path.
    fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn kit(&self) -> TrustKit {
        let runs = self.folder.path().join("runs");
        fs::create_dir_all(&runs).unwrap();
        let input = TrustInput {
            proxy_url: &"http://authkeep:s3cr3t@127.0.0.1:4711".to_owned().into(),
            ca_pem: CA,
            routed: &self.routed,
            variable: &|name| self.variables.get(name).cloned(),
            parents: &[runs],
        };
        TrustKit::new(&input).unwrap()
    }
}

/// The last that is said of a variable.
fn value(kit: &TrustKit, name: &str) -> String {
    let said = kit
        .variables()
        .iter()
        .rev()
        .find(|(known, _)| known == name);
    let (_, value) = said.unwrap_or_else(|| panic!("nothing is said of {name}"));
    value.clone().unwrap().into_string().unwrap()
}

fn content(kit: &TrustKit, name: &str) -> String {
    fs::read_to_string(value(kit, name)).unwrap()
}

#[test]
fn every_client_is_led_to_the_proxy_and_none_past_it() {
    let user = User::new()
        .with("HTTPS_PROXY", "http://corp:3128")
        .with("no_proxy", "corp.example,github.com")
        .with("CARGO_HTTP_PROXY", "http://corp:3128");
    let kit = user.kit();
    for name in PROXY {
        assert_eq!(value(&kit, name), "http://authkeep:s3cr3t@127.0.0.1:4711");
    }
    for name in NO_PROXY {
        assert_eq!(value(&kit, name), "localhost,127.0.0.1,::1,corp.example");
    }
    let removed: Vec<_> = kit
        .variables()
        .iter()
        .filter(|(_, value)| value.is_none())
        .collect();
    assert_eq!(removed.len(), OVERRULING.len());
    assert!(removed.iter().any(|(name, _)| name == "CARGO_HTTP_PROXY"));
}

#[test]
fn a_bundle_has_the_roots_that_the_client_had_and_ours() {
    let user = User::new();
    let mine = user.file("mine.pem", "MY ROOTS");
    let requests = user.file("requests.pem", "ROOTS FOR REQUESTS\n");
    let user = user
        .with("SSL_CERT_FILE", mine)
        .with("REQUESTS_CA_BUNDLE", requests);
    let kit = user.kit();
    let general = format!("MY ROOTS\n{CA}");
    let special = format!("ROOTS FOR REQUESTS\n{CA}");
    for (name, expected) in [
        ("SSL_CERT_FILE", &general),
        ("NIX_SSL_CERT_FILE", &general),
        ("CURL_CA_BUNDLE", &general),
        ("GIT_SSL_CAINFO", &general),
        ("CARGO_HTTP_CAINFO", &general),
        ("HTTPLIB2_CA_CERTS", &general),
        ("npm_config_cafile", &general),
        ("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", &general),
        ("PERL_LWP_SSL_CA_FILE", &general),
        ("REQUESTS_CA_BUNDLE", &special),
        ("PIP_CERT", &special),
        ("AWS_CA_BUNDLE", &special),
    ] {
        assert_eq!(content(&kit, name), *expected, "{name}");
    }
    // These are read in addition to what the runtime brings.
    for name in ADDITIONS {
        assert_eq!(content(&kit, name), CA, "{name}");
    }
}

#[test]
fn without_the_users_roots_it_is_the_distributions() {
    let Some(distribution) = bundles::distribution() else {
        panic!("install the roots of the distribution, such as the package `ca-certificates`")
    };
    let roots = String::from_utf8_lossy(&fs::read(distribution).unwrap()).into_owned();
    // A file that is named and is not there is of no use to anybody.
    for user in [
        User::new(),
        User::new().with("SSL_CERT_FILE", "/no/such/file"),
    ] {
        let kit = user.kit();
        let bundle = content(&kit, "SSL_CERT_FILE");
        let foreign = bundle.strip_suffix(CA).unwrap();
        assert!(
            foreign.matches("BEGIN CERTIFICATE").count() > 20,
            "no roots: {foreign}"
        );
        assert_eq!(foreign.trim_end(), roots.trim_end());
    }
}

#[test]
fn a_directory_of_roots_is_read_as_its_clients_read_it() {
    let user = User::new();
    let folder = user.folder.path().join("certs");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("0a1b2c3d.0"), "HASHED").unwrap();
    fs::write(folder.join("corp.pem"), "NOT LOOKED FOR").unwrap();
    let user = user.with("REQUESTS_CA_BUNDLE", folder);
    let kit = user.kit();
    assert_eq!(content(&kit, "REQUESTS_CA_BUNDLE"), format!("HASHED\n{CA}"));
}

#[test]
fn additions_are_added_to_the_users_own() {
    let user = User::new();
    let own = user.file("own.pem", "OWN\n");
    let user = user.with("NODE_EXTRA_CA_CERTS", own);
    let kit = user.kit();
    assert_eq!(content(&kit, "NODE_EXTRA_CA_CERTS"), format!("OWN\n{CA}"));
    assert_eq!(content(&kit, "DENO_CERT"), CA);
}

#[test]
fn options_and_settings_of_the_users_stay() {
    let user = User::new();
    user.file(".wgetrc", "tries = 7\nca_certificate = /old");
    let home = user.folder.path().to_owned();
    let user = user
        .with("HOME", home)
        .with("NODE_OPTIONS", "--max-old-space-size=99")
        .with("JAVA_TOOL_OPTIONS", "-Xmx9m")
        .with("PHP_INI_SCAN_DIR", "/etc/mine");
    let kit = user.kit();
    let wgetrc = content(&kit, "WGETRC");
    let bundle = value(&kit, "SSL_CERT_FILE");
    assert!(wgetrc.starts_with("tries = 7\n"), "{wgetrc}");
    assert!(
        wgetrc.ends_with(&format!("\nca_certificate = {bundle}\n")),
        "{wgetrc}"
    );
    assert!(value(&kit, "NODE_OPTIONS").starts_with("--max-old-space-size=99 --require=/"));
    let java = value(&kit, "JAVA_TOOL_OPTIONS");
    assert!(
        java.starts_with("-Xmx9m -Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort=4711 "),
        "{java}"
    );
    assert!(!java.contains("s3cr3t"), "the credential is in {java}");
    let php = value(&kit, "PHP_INI_SCAN_DIR");
    let folder = php.strip_prefix("/etc/mine:").unwrap();
    let settings = fs::read_to_string(Path::new(folder).join("authkeep.ini")).unwrap();
    assert_eq!(
        settings,
        format!("curl.cainfo={bundle}\nopenssl.cafile={bundle}\n")
    );
}

#[test]
fn the_credential_is_in_no_file_and_nothing_is_left() {
    let user = User::new();
    let kit = user.kit();
    let runs = user.folder.path().join("runs");
    let run = fs::read_dir(&runs).unwrap().next().unwrap().unwrap().path();
    let mut names = Vec::new();
    for entry in fs::read_dir(run).unwrap().flatten() {
        let text = fs::read(entry.path()).unwrap();
        assert!(
            !String::from_utf8_lossy(&text).contains("s3cr3t"),
            "{entry:?}"
        );
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    let expected = [
        "authkeep.ini",
        "bundle-1.pem",
        "bundle.pem",
        "preload.cjs",
        "trust.jks",
        "wgetrc",
    ];
    assert_eq!(names, expected);
    drop(kit);
    assert_eq!(fs::read_dir(&runs).unwrap().count(), 0);
}
