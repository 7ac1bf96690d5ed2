//! What a program's runtime needs to speak through the sidecar and to trust its certificates: variables, and the
//! files that they name.
//!
//! There is no one setting that all clients obey, so each gets its own; `docs/reference/clients.md` says which one obeys
//! which. Nothing is changed outside of the program's environment and of a private directory, and both are gone when the
//! run is. A client that is led by none of them goes its own way, with a placeholder in its hands.

mod bundles;
mod directory;
mod java;
mod no_proxy;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use self::bundles::Bundles;
use self::directory::PrivateDirectory;
use self::no_proxy::NoProxy;
use crate::env;

/// The proxy, in both spellings: there are clients that know only one.
const PROXY: [&str; 6] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// What goes past it.
const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// Variables that name the file of all roots, each with the one whose file its clients would otherwise use.
const BUNDLES: [(&str, Option<&str>); 12] = [
    ("SSL_CERT_FILE", None),
    // Programs of Nix look at it first.
    ("NIX_SSL_CERT_FILE", Some("SSL_CERT_FILE")),
    ("CURL_CA_BUNDLE", Some("SSL_CERT_FILE")),
    ("REQUESTS_CA_BUNDLE", Some("CURL_CA_BUNDLE")),
    ("PIP_CERT", Some("REQUESTS_CA_BUNDLE")),
    ("HTTPLIB2_CA_CERTS", Some("SSL_CERT_FILE")),
    ("AWS_CA_BUNDLE", Some("REQUESTS_CA_BUNDLE")),
    ("GIT_SSL_CAINFO", Some("SSL_CERT_FILE")),
    ("CARGO_HTTP_CAINFO", Some("SSL_CERT_FILE")),
    ("npm_config_cafile", Some("SSL_CERT_FILE")),
    ("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", Some("SSL_CERT_FILE")),
    ("PERL_LWP_SSL_CA_FILE", Some("SSL_CERT_FILE")),
];

/// Variables that name a file of roots beside those that the runtime brings.
const ADDITIONS: [&str; 2] = ["NODE_EXTRA_CA_CERTS", "DENO_CERT"];

/// Options that every Java runtime takes.
const JAVA: &str = "JAVA_TOOL_OPTIONS";

/// What Node loads before the program.
const PRELOAD: &str = include_str!("trust_kit/preload.cjs");

/// Variables by which single clients are led to another proxy, or past any. They would win.
const OVERRULING: [&str; 9] = [
    "CARGO_HTTP_PROXY",
    "PIP_PROXY",
    "grpc_proxy",
    "no_grpc_proxy",
    "npm_config_proxy",
    "npm_config_https_proxy",
    "npm_config_noproxy",
    "NPM_CONFIG_PROXY",
    "NPM_CONFIG_HTTPS_PROXY",
];

/// What the kit is made of.
pub(crate) struct TrustInput<'a> {
    /// Where the sidecar is, with the credential of this run.
    pub(crate) proxy_url: &'a SecretString,
    /// The certificate of this run's authority, in PEM.
    pub(crate) ca_pem: &'a str,
    /// The hosts that have a route: names, suffixes and addresses. No request to one of them goes past the proxy.
    pub(crate) routed: &'a BTreeSet<String>,
    /// Reads the user's environment. A variable that is empty counts as none.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// Where the private directory may be, the best place first.
    pub(crate) parents: &'a [PathBuf],
}

/// The variables, and the directory with the files that they name. Dropped, the directory is removed.
#[derive(Debug)]
pub(crate) struct TrustKit {
    variables: Vec<(OsString, Option<OsString>)>,
    directory: PrivateDirectory,
}

impl TrustKit {
    /// The kit for a program that is started with this process's environment.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub(crate) fn for_child(
        proxy_url: &SecretString,
        ca_pem: &str,
        routed: &BTreeSet<String>,
    ) -> io::Result<Self> {
        Self::new(&TrustInput {
            proxy_url,
            ca_pem,
            routed,
            variable: &env::inherited,
            parents: &env::runtime_folders(),
        })
    }

    /// Writes the files.
    ///
    /// # Errors
    ///
    /// There is no directory that is safe from other users, or it cannot be written to.
    pub(crate) fn new(input: &TrustInput<'_>) -> io::Result<Self> {
        let directory = PrivateDirectory::make(input.parents)?;
        let mut variables = Vec::new();
        let mut set = |name: &str, value: OsString| variables.push((name.into(), Some(value)));
        // EXPOSE: for the program that is run, which sends the credential to this proxy alone.
        let proxy = input.proxy_url.expose_secret();
        for name in PROXY {
            set(name, proxy.into());
        }
        let own = NO_PROXY.map(|name| input.text(name));
        let past = NoProxy::new(own.iter().map(String::as_str), input.routed);
        for name in NO_PROXY {
            set(name, past.list().into());
        }

        let mut bundles = Bundles::new(&directory, input.ca_pem);
        for (name, _) in BUNDLES {
            set(name, bundles.on(input.roots(name).as_deref())?.into());
        }
        for name in ADDITIONS {
            set(name, bundles.on(input.path(name).as_deref())?.into());
        }
        let bundle = bundles.on(input.roots("SSL_CERT_FILE").as_deref())?;
        set(
            "WGETRC",
            directory.write("wgetrc", &input.wgetrc(&bundle))?.into(),
        );
        set("PHP_INI_SCAN_DIR", input.php(&directory, &bundle)?);

        // For versions of Node that know it; the preload is for the others, and for what this leaves out.
        set("NODE_USE_ENV_PROXY", "1".into());
        let preload = directory.write("preload.cjs", PRELOAD.as_bytes())?;
        let preload = format!("--require={}", preload.display());
        set(
            "NODE_OPTIONS",
            appended(&input.text("NODE_OPTIONS"), &preload).into(),
        );

        let store = java::trust_store(&String::from_utf8_lossy(&fs::read(&bundle)?));
        let store = directory.write("trust.jks", &store)?;
        let port = Url::parse(proxy).ok().and_then(|url| url.port());
        let own = input.text(JAVA);
        set(
            JAVA,
            java::options(&own, port.unwrap_or(80), &past.java(), &store).into(),
        );

        variables.extend(OVERRULING.map(|name| (name.into(), None)));
        Ok(Self {
            variables,
            directory,
        })
    }

    /// Writes one more file beside those of the kit, and says where it is.
    ///
    /// # Errors
    ///
    /// It cannot be written, or there is one of this name.
    pub(crate) fn file(&self, name: &str, content: &[u8]) -> io::Result<PathBuf> {
        self.directory.write(name, content)
    }

    /// What to set in the program's environment, and what to remove from it where there is no value.
    pub(crate) fn variables(&self) -> &[(OsString, Option<OsString>)] {
        &self.variables
    }
}

impl TrustInput<'_> {
    fn path(&self, name: &str) -> Option<PathBuf> {
        let value = (self.variable)(name).filter(|value| !value.is_empty());
        value.map(PathBuf::from)
    }

    fn text(&self, name: &str) -> String {
        let value = (self.variable)(name).unwrap_or_default();
        value.to_string_lossy().into_owned()
    }

    /// What the clients that a variable is for trust today.
    fn roots(&self, variable: &str) -> Option<PathBuf> {
        let mut name = Some(variable);
        while let Some(asked) = name {
            if let Some(path) = self.path(asked).filter(|path| path.exists()) {
                return Some(path);
            }
            name = BUNDLES
                .iter()
                .find(|(known, _)| *known == asked)
                .and_then(|(_, instead)| *instead);
        }
        bundles::distribution()
    }

    /// The user's own settings, and where the roots are. The last line counts.
    fn wgetrc(&self, bundle: &Path) -> Vec<u8> {
        let home = || self.path("HOME").map(|home| home.join(".wgetrc"));
        let own = self.path("WGETRC").or_else(home);
        let mut text = own.and_then(|own| fs::read(own).ok()).unwrap_or_default();
        text.extend(format!("\nca_certificate = {}\n", bundle.display()).into_bytes());
        text
    }

    /// A directory of settings that is read after the user's own. Without an entry before the colon it would be read in
    /// place of the usual one; with an empty entry it is read in addition.
    fn php(&self, directory: &PrivateDirectory, bundle: &Path) -> io::Result<OsString> {
        let bundle = bundle.display();
        let settings = format!("curl.cainfo={bundle}\nopenssl.cafile={bundle}\n");
        let file = directory.write("authkeep.ini", settings.as_bytes())?;
        let mut folders = (self.variable)("PHP_INI_SCAN_DIR").unwrap_or_default();
        folders.push(":");
        folders.push(file.parent().unwrap_or(Path::new("")));
        Ok(folders)
    }
}

/// Options behind other options.
fn appended(own: &str, ours: &str) -> String {
    let sep = if own.is_empty() { "" } else { " " };
    format!("{own}{sep}{ours}")
}

#[cfg(test)]
mod tests;
