//! The server, the proxies in front of it, and the processes they are.

use std::fs;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio_rustls::TlsConnector;

use crate::Fallible;
use crate::options::Options;

/// The server's name. Names below `localhost` are this machine's (RFC 6761).
pub(crate) const HOST: &str = "api.bench.localhost";
/// What the proxies inject.
const TOKEN: &str = "cnry_5f1d0c3b7a9e24680f1d2c3b4a596877";

/// One way to the server.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    /// The port of the proxy, and what it wants to be told; `None` for the straight way.
    pub(crate) proxy: Option<(u16, Option<String>)>,
    pub(crate) origin: u16,
    pub(crate) tls: TlsConnectorOf,
    /// The header that has to arrive at the server.
    pub(crate) authorization: Option<String>,
    /// The process that is the proxy.
    pub(crate) process: Option<u32>,
}

/// A connector, which has nothing to show in `Debug`.
#[derive(Clone)]
pub(crate) struct TlsConnectorOf(pub(crate) TlsConnector);

impl std::fmt::Debug for TlsConnectorOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsConnector")
    }
}

/// Everything that runs, until it is dropped.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) subjects: Vec<Subject>,
    _processes: Vec<Process>,
    _folder: TempDir,
}

#[derive(Debug)]
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.0.kill();
        let _status = self.0.wait();
    }
}

impl Stage {
    pub(crate) fn build(options: &Options) -> Fallible<Self> {
        let authkeep = match &options.authkeep {
            Some(program) => program.clone(),
            None => built()?,
        };
        let folder = tempfile::tempdir()?;
        let at = |name: &str| folder.path().join(name);
        certify(&at("root.pem"), &at("leaf.pem"), &at("leaf.key"))?;
        let mut processes = Vec::new();
        let mut start = |command: &mut Command| -> Fallible<(u32, Lines<BufReader<ChildStdout>>)> {
            let mut child = command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()?;
            let lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
            let id = child.id();
            processes.push(Process(child));
            Ok((id, lines))
        };
        let mut origin = Command::new(env!("CARGO_BIN_EXE_origin"));
        let (_, mut said) = start(origin.args([at("leaf.pem"), at("leaf.key")]))?;
        let origin = line(&mut said)?.parse()?;
        let reference = || Command::new(env!("CARGO_BIN_EXE_reference"));
        let (tunnel, mut said) = start(reference().arg("tunnel"))?;
        let tunnel_port = line(&mut said)?.parse()?;
        let bearer = format!("Bearer {TOKEN}");
        let (mitm, mut said) = start(
            reference()
                .arg("mitm")
                .args([at("root.pem"), at("mitm.pem")])
                .arg(&bearer),
        )?;
        let mitm_port = line(&mut said)?.parse()?;
        let home = at("home");
        seed(&authkeep, &home, origin)?;
        let (sidecar, mut said) = start(
            command(&authkeep, &home)
                .env("SSL_CERT_FILE", at("root.pem"))
                .args(["run", "--quiet", "--", "sh", "-c"])
                .arg("echo $HTTPS_PROXY; echo $SSL_CERT_FILE; exec cat"),
        )?;
        let (port, credential) = address(&line(&mut said)?)?;
        let bundle = PathBuf::from(line(&mut said)?);
        let subject = |name, proxy, root: &Path, authorization, process| -> Fallible<Subject> {
            Ok(Subject {
                name,
                proxy,
                origin,
                tls: connector(root)?,
                authorization,
                process,
            })
        };
        let (root, mitm_root) = (at("root.pem"), at("mitm.pem"));
        let subjects = vec![
            subject("direct", None, &root, None, None)?,
            subject(
                "tunnel",
                Some((tunnel_port, None)),
                &root,
                None,
                Some(tunnel),
            )?,
            subject(
                "mitm",
                Some((mitm_port, None)),
                &mitm_root,
                Some(bearer.clone()),
                Some(mitm),
            )?,
            subject(
                "authkeep",
                Some((port, Some(credential))),
                &bundle,
                Some(bearer),
                Some(sidecar),
            )?,
        ];
        Ok(Self {
            subjects,
            _processes: processes,
            _folder: folder,
        })
    }
}

fn line(lines: &mut Lines<BufReader<ChildStdout>>) -> Fallible<String> {
    Ok(lines.next().ok_or("it ended without a word")??)
}

/// Port and credential of `http://USER:PASSWORD@127.0.0.1:PORT`.
fn address(url: &str) -> Fallible<(u16, String)> {
    let rest = url.strip_prefix("http://").ok_or("not a proxy's address")?;
    let (credential, authority) = rest.split_once('@').ok_or("no credential")?;
    let (_, port) = authority.rsplit_once(':').ok_or("no port")?;
    Ok((port.trim_end_matches('/').parse()?, credential.to_owned()))
}

fn certify(root: &Path, leaf: &Path, leaf_key: &Path) -> Fallible<()> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    fs::write(root, params.self_signed(&key)?.pem())?;
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate()?;
    let params = CertificateParams::new([HOST.to_owned()])?;
    fs::write(leaf, params.signed_by(&key, &issuer)?.pem())?;
    fs::write(leaf_key, key.serialize_pem())?;
    Ok(())
}

fn connector(root: &Path) -> Fallible<TlsConnectorOf> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(root)? {
        // A bundle holds what the system trusts; not all of it is good enough for every library.
        let _known = roots.add(certificate?);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnectorOf(TlsConnector::from(Arc::new(config))))
}

/// A home with one login, to the server.
fn seed(authkeep: &Path, home: &Path, origin: u16) -> Fallible<()> {
    let definition = format!(
        r#"{{
  "schema_version": 2,
  "name": "bench",
  "display_name": "Bench",
  "local": true,
  "flows": ["api_key"],
  "hosts": ["{HOST}:{origin}"],
  "api_key": {{
    "fields": [{{"name": "token"}}],
    "headers": {{"Authorization": "Bearer {{token}}"}}
  }},
  "env": {{"BENCH_API_KEY": "{{token}}"}}
}}
"#
    );
    let run = |command: &mut Command, stdin: &str| -> Fallible<()> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        let mut pipe = child.stdin.take().ok_or("no stdin")?;
        pipe.write_all(stdin.as_bytes())?;
        drop(pipe);
        let done = child.wait()?.success();
        done.then_some(()).ok_or("the home was not seeded".into())
    };
    run(command(authkeep, home).args(["init", "--quiet"]), "")?;
    let definitions = home.join("providers");
    fs::create_dir_all(&definitions)?;
    fs::write(definitions.join("bench.json"), definition)?;
    let login = ["login", "bench", "--with-token", "--quiet"];
    run(command(authkeep, home).args(login), TOKEN)
}

fn command(authkeep: &Path, home: &Path) -> Command {
    let mut command = Command::new(authkeep);
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("AUTHKEEP_HOME", home);
    command
}

/// Builds the product by the same profile, into the same folder as this program's helpers.
fn built() -> Fallible<PathBuf> {
    let origin = PathBuf::from(env!("CARGO_BIN_EXE_origin"));
    let folder = origin.parent().ok_or("the server lies nowhere")?;
    let target = folder.parent().ok_or("the server lies nowhere")?;
    let built = Command::new(env!("CARGO"))
        .args([
            "build",
            "--release",
            "--locked",
            "--package",
            "authkeep-cli",
        ])
        .arg("--target-dir")
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()?;
    if !built.success() {
        return Err("authkeep was not built".into());
    }
    Ok(target
        .join("release/authkeep")
        .with_extension(std::env::consts::EXE_EXTENSION))
}
