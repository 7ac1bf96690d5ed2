//! The programs that are asked, each with the shortest program in its language that makes one request.

/// One of them.
pub(super) struct Probe {
    pub(super) name: &'static str,
    pub(super) program: &'static str,
    pub(super) arguments: &'static [&'static str],
    /// A file that is the last argument: its name and what is in it.
    pub(super) source: Option<(&'static str, &'static str)>,
    /// What to look at where it does not go through the sidecar.
    pub(super) proxy: &'static str,
    /// What to look at where it does not trust it.
    pub(super) trust: &'static str,
}

/// Asks the sidecar's own host, `authkeep_proxy::PROBE_HOST`.
macro_rules! url {
    () => {
        "https://probe.authkeep.invalid/"
    };
}

const fn probe(
    name: &'static str,
    program: &'static str,
    arguments: &'static [&'static str],
    trust: &'static str,
) -> Probe {
    Probe {
        name,
        program,
        arguments,
        source: None,
        proxy: "look for a setting of its own that names another proxy, or none",
        trust,
    }
}

const NODE_PROXY: &str =
    "look whether something in between sets NODE_OPTIONS; versions before 18 are not led";
const NODE_TRUST: &str = "look whether something in between sets NODE_EXTRA_CA_CERTS";

pub(super) const PROBES: [Probe; 15] = [
    probe(
        "curl",
        "curl",
        &["-sS", "--max-time", "30", url!()],
        "look for `cacert` in ~/.curlrc: it overrules CURL_CA_BUNDLE",
    ),
    probe(
        "wget",
        "wget",
        &["-nv", "-O-", "--tries=1", "--timeout=30", url!()],
        "look whether something in between sets WGETRC",
    ),
    probe(
        "git",
        "git",
        &["ls-remote", url!()],
        "look whether something in between sets GIT_SSL_CAINFO",
    ),
    probe(
        "python3",
        "python3",
        &[
            "-c",
            concat!(
                "import urllib.request; urllib.request.urlopen('",
                url!(),
                "', timeout=30)"
            ),
        ],
        "look whether something in between sets SSL_CERT_FILE",
    ),
    Probe {
        proxy: NODE_PROXY,
        ..probe(
            "node fetch",
            "node",
            &["-e", concat!("fetch('", url!(), "')")],
            NODE_TRUST,
        )
    },
    Probe {
        proxy: NODE_PROXY,
        ..probe(
            "node https",
            "node",
            &[
                "-e",
                concat!(
                    "require('https').get('",
                    url!(),
                    "', (answer) => answer.resume())"
                ),
            ],
            NODE_TRUST,
        )
    },
    probe(
        "deno",
        "deno",
        &["eval", concat!("await fetch('", url!(), "')")],
        "look whether something in between sets DENO_CERT",
    ),
    probe(
        "bun",
        "bun",
        &["-e", concat!("await fetch('", url!(), "')")],
        NODE_TRUST,
    ),
    Probe {
        source: Some((
            "probe.go",
            concat!(
                "package main\nimport \"net/http\"\nfunc main() {\n\tif _, err := http.Get(\"",
                url!(),
                "\"); err != nil {\n\t\tpanic(err)\n\t}\n}\n"
            ),
        )),
        ..probe(
            "go",
            "go",
            &["run"],
            "on macOS and Windows, Go asks the system's store and reads no SSL_CERT_FILE",
        )
    },
    Probe {
        source: Some((
            "Probe.java",
            concat!(
                "class Probe { public static void main(String[] a) throws Exception { \
                 new java.net.URL(\"",
                url!(),
                "\").openStream().close(); } }\n"
            ),
        )),
        proxy: "only a JDK of version 11 or later can be asked, and only on Linux does the sidecar know Java, \
                which sends no credential, as a process of the run",
        ..probe(
            "java",
            "java",
            &[],
            "look for `-Djavax.net.ssl.trustStore` on its command line: it overrules JAVA_TOOL_OPTIONS",
        )
    },
    probe(
        "ruby",
        "ruby",
        &[
            "-rnet/http",
            "-e",
            concat!("Net::HTTP.get(URI('", url!(), "'))"),
        ],
        "look whether something in between sets SSL_CERT_FILE",
    ),
    probe(
        "cargo",
        "cargo",
        &["search", "probe", "--index", concat!("sparse+", url!())],
        "look for `http.cainfo` in cargo's configuration",
    ),
    probe(
        "php",
        "php",
        &[
            "-r",
            concat!(
                "$r = curl_init('",
                url!(),
                "'); curl_exec($r) || fwrite(STDERR, curl_error($r));"
            ),
        ],
        "look for `curl.cainfo` in its settings: `php --ini` lists the files",
    ),
    probe(
        "perl",
        "perl",
        &[
            "-MHTTP::Tiny",
            "-e",
            concat!(
                "print STDERR HTTP::Tiny->new(verify_SSL => 1)->get('",
                url!(),
                "')->{content}"
            ),
        ],
        "look whether something in between sets SSL_CERT_FILE",
    ),
    probe(
        "perl LWP",
        "perl",
        &[
            "-MLWP::UserAgent",
            "-e",
            concat!(
                "print STDERR LWP::UserAgent->new(env_proxy => 1)->get('",
                url!(),
                "')->content"
            ),
        ],
        "look whether something in between sets PERL_LWP_SSL_CA_FILE",
    ),
];
