//! Whom the gate believes where it asks: the certificates that another's must lead to, the system's or a
//! file's own, and a TLS configuration made of them.
//!
//! No message holds a byte of a PEM file, for one of them may be a private key.

use std::cell::OnceCell;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::sign::SingleCertAndKey;
use rustls::version::{TLS12, TLS13};
use sha2::{Digest, Sha256};

use super::authorities::{Authorities, of_file, of_system};
use super::pem::Identity;
use crate::config::environment::Environment;
use crate::config::faults::Faults;
use crate::config::located::{Field, Located};
use crate::config::source::Place;
use crate::config::text::Text;
use crate::policy::gateway::UpstreamTls;

/// What all who ask share: the system's certificates are many, and are read once, where at all.
pub(super) struct Trust<'a> {
    pub(super) environment: &'a dyn Environment,
    pub(super) provider: Arc<CryptoProvider>,
    system: OnceCell<Option<Authorities>>,
}

impl<'a> Trust<'a> {
    pub(super) fn new(environment: &'a dyn Environment) -> Self {
        Self { environment, provider: Arc::new(ring::default_provider()), system: OnceCell::new() }
    }

    /// The file's certificates where one is named, else the system's; `at` is where a server is.
    pub(super) fn roots(&self, ca: &Field<Text>, at: Place, faults: &mut Faults) -> Option<Authorities> {
        match ca {
            Field::Absent => self.stated_system(at, faults),
            Field::Broken => None,
            Field::Given(written) => self.own(written, faults),
        }
    }

    fn stated_system(&self, at: Place, faults: &mut Faults) -> Option<Authorities> {
        let roots = self.system.get_or_init(|| of_system(self.environment)).as_ref();
        if roots.is_none() {
            let fault = faults.error(at, "this server can't be told from others");
            fault
                .label("the system has no certificates that it could show itself by")
                .help("name the file with its issuer's certificate: ca = \"ca.pem\"");
        }
        roots.cloned()
    }

    /// A file's certificates.
    pub(super) fn own(&self, written: &Located<Text>, faults: &mut Faults) -> Option<Authorities> {
        of_file(written, self.environment, faults)
    }

    /// How those are spoken to whose certificates lead to these; `client` is who the gate is to them.
    pub(super) fn tls(&self, roots: Authorities, client: Option<Identity>) -> UpstreamTls {
        let fingerprint = fingerprint(&roots, client.as_ref());
        UpstreamTls { config: Arc::new(self.config(roots, client)), fingerprint }
    }

    fn config(&self, roots: Authorities, client: Option<Identity>) -> ClientConfig {
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .expect("the provider has suites for both versions")
            .with_root_certificates(roots.store);
        let mut config = match client {
            Some(client) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(client.certified))),
            None => builder.with_no_client_auth(),
        };
        // What is spoken inside is HTTP/1.1; a server that insists on another says so at once.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config
    }
}

/// Over all that can differ between two configurations that [`Trust::config`] makes.
fn fingerprint(roots: &Authorities, client: Option<&Identity>) -> [u8; 32] {
    let mut fingerprint = Sha256::new();
    fingerprint.update(roots.digest);
    fingerprint.update(client.map_or([0; 32], |client| client.digest));
    fingerprint.finalize().into()
}
