//! A certificate authority of the test's own, with a certificate for each host.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, GeneralSubtree, IsCa, KeyPair,
    KeyUsagePurpose, NameConstraints,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

pub(crate) struct Authority {
    /// What a client trusts.
    anchor: String,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    /// One that may speak for what is at or below `permitted`, and says so as the sidecar's does; without that, for
    /// everything.
    pub(crate) fn new(permitted: Option<&str>) -> Self {
        let params = |name, authorities_below| {
            let mut params = CertificateParams::default();
            let names = &mut params.distinguished_name;
            names.push(DnType::CommonName, name);
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(authorities_below));
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            params.name_constraints = permitted.map(|name| NameConstraints {
                permitted_subtrees: vec![GeneralSubtree::DnsName(name.to_owned())],
                excluded_subtrees: Vec::new(),
            });
            params.use_authority_key_identifier_extension = true;
            params
        };
        let key = || KeyPair::generate().expect("a key");
        let anchor = CertifiedIssuer::self_signed(params("anchor of a test", 1), key());
        let anchor = anchor.expect("a certificate");
        let issuer = CertifiedIssuer::signed_by(params("authority of a test", 0), key(), &anchor);
        Self {
            anchor: anchor.pem(),
            issuer: issuer.expect("a certificate"),
        }
    }

    pub(crate) fn pem(&self) -> String {
        self.anchor.clone()
    }

    /// What speaks for `host`, in both versions of HTTP; the client chooses.
    pub(crate) fn acceptor(&self, host: &str) -> TlsAcceptor {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new([host.to_owned()]).expect("a host name");
        // Authorities of two servers have one name; this tells which one it was.
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(&key, &self.issuer).expect("a certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("protocol versions")
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.der().clone(), self.issuer.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).expect("a key in PKCS #8"),
            )
            .expect("a key that fits");
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }
}
