//! TLS to the servers of an upstream: whom they are believed to be by, and who the gate is to them.
//!
//! What a server's certificate must hold is its own affair ([`super::peers`]). No message holds a byte of
//! a PEM file, for one of them is a private key.

use std::cell::OnceCell;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::sign::SingleCertAndKey;
use rustls::version::{TLS12, TLS13};
use sha2::{Digest, Sha256};

use crate::config::compile::authorities::{Authorities, of_file, of_system};
use crate::config::compile::pem::{self, Identity};
use crate::config::environment::Environment;
use crate::config::faults::Faults;
use crate::config::file::UpstreamTable;
use crate::config::located::{Field, Located};
use crate::config::source::Place;
use crate::policy::gateway::{Peer, UpstreamTls};

/// What all upstreams share: the system's certificates are many, and are read once, where at all.
pub(super) struct Trust<'a> {
    environment: &'a dyn Environment,
    provider: Arc<CryptoProvider>,
    system: OnceCell<Option<Authorities>>,
}

impl<'a> Trust<'a> {
    pub(super) fn new(environment: &'a dyn Environment) -> Self {
        Self { environment, provider: Arc::new(ring::default_provider()), system: OnceCell::new() }
    }

    /// The system's certificates, but for those that no root store takes; `None` where that leaves nothing.
    fn system(&self) -> Option<&Authorities> {
        self.system.get_or_init(|| of_system(self.environment)).as_ref()
    }
}

/// How an upstream is spoken to by TLS; the inner `None` where it is not.
pub(super) fn tls(
    table: &UpstreamTable,
    peers: Option<&[Located<Peer>]>,
    trust: &Trust<'_>,
    faults: &mut Faults,
) -> Option<Option<UpstreamTls>> {
    let Some(peers) = peers else {
        // The servers have had their fault; the files may have one of their own.
        let _ = table.ca.given().map(|written| of_file(written, trust.environment, faults));
        let _ = client(table, trust, faults);
        return None;
    };
    let (secure, plain): (Vec<_>, Vec<_>) = peers.iter().partition(|peer| peer.server_name.is_some());
    let Some(first) = secure.first() else {
        return means_nothing(table, plain.first().map(|peer| peer.at), faults).then_some(None);
    };
    if let Some(plain) = plain.first() {
        let fault = faults.warning(plain.at, "requests go to this server as plain HTTP");
        fault.label("anybody on the way can read them").also(first.at, "and by TLS to this one");
    }
    let roots = match &table.ca {
        Field::Absent => system(first.at, trust, faults),
        Field::Broken => None,
        Field::Given(written) => of_file(written, trust.environment, faults),
    };
    let client = client(table, trust, faults);
    let (roots, client) = (roots?, client?);
    let fingerprint = fingerprint(&roots, client.as_ref());
    let config = Arc::new(config(roots, client, trust));
    Some(Some(UpstreamTls { config, fingerprint }))
}

/// Reports every key that is for TLS only, and returns whether there was none.
fn means_nothing(table: &UpstreamTable, plain: Option<Place>, faults: &mut Faults) -> bool {
    let keys = [
        ("ca", &table.ca),
        ("client_certificate", &table.client_certificate),
        ("client_key", &table.client_key),
        ("server_name", &table.server_name),
    ];
    let mut sound = true;
    for (key, field) in keys {
        sound &= !field.is_broken();
        if let Field::Given(given) = field {
            sound = false;
            let fault = faults.error(given.at, format!("`{key}` means nothing to plain HTTP"));
            fault.label("this has to go, or the servers be `https://`");
            if let Some(at) = plain {
                fault.also(at, "");
            }
        }
    }
    sound
}

fn system(at: Place, trust: &Trust<'_>, faults: &mut Faults) -> Option<Authorities> {
    let roots = trust.system();
    if roots.is_none() {
        let fault = faults.error(at, "this server can't be told from others");
        fault
            .label("the system has no certificates that it could show itself by")
            .help("name the file with its issuer's certificate: ca = \"ca.pem\"");
    }
    roots.cloned()
}

/// Who the gate is to the servers; the inner `None` where it is nobody.
fn client(table: &UpstreamTable, trust: &Trust<'_>, faults: &mut Faults) -> Option<Option<Identity>> {
    match (&table.client_certificate, &table.client_key) {
        (Field::Absent, Field::Absent) => Some(None),
        (Field::Given(certificate), Field::Absent) => {
            let fault = faults.absent(certificate.at, "this certificate has no key");
            fault.label("expected `client_key` beside it, as in client_key = \"client.key\"");
            None
        }
        (Field::Absent, Field::Given(key)) => {
            let fault = faults.absent(key.at, "this key has no certificate");
            fault.label("expected `client_certificate` beside it, as in client_certificate = \"client.pem\"");
            None
        }
        (certificate, key) => {
            let consequence = "servers will not believe the gate";
            let (certificate, key) = (certificate.given()?, key.given()?);
            pem::identity(certificate, key, consequence, &trust.provider, trust.environment, faults).map(Some)
        }
    }
}

fn config(roots: Authorities, client: Option<Identity>, trust: &Trust<'_>) -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(Arc::clone(&trust.provider))
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

/// Over all that can differ between two configurations that [`config`] makes.
fn fingerprint(roots: &Authorities, client: Option<&Identity>) -> [u8; 32] {
    let mut fingerprint = Sha256::new();
    fingerprint.update(roots.digest);
    fingerprint.update(client.map_or([0; 32], |client| client.digest));
    fingerprint.finalize().into()
}
