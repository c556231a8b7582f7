//! Those who sign certificates: whom somebody's certificate must lead to.

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};

use super::pem;
use crate::config::environment::Environment;
use crate::config::faults::Faults;
use crate::config::located::Located;
use crate::config::text::Text;

/// Certificates that another one must lead to.
#[derive(Clone)]
pub(super) struct Authorities {
    pub(super) store: Arc<RootCertStore>,
    /// SHA-256 over all of them.
    pub(super) digest: [u8; 32],
}

/// Those of a file, all of which must do.
pub(super) fn of_file(
    written: &Located<Text>,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Option<Authorities> {
    let certificates = pem::certificates(written, environment, faults)?;
    let mut store = RootCertStore::empty();
    for (index, certificate) in certificates.iter().enumerate() {
        if store.add(certificate.clone()).is_err() {
            pem::no_certificate(written, index, certificates.len(), faults);
            return None;
        }
    }
    // An authority's own end is not looked at when a certificate is judged, only that of what it signed.
    pem::warn_of_expired(written, &certificates, "what it signed is still believed", environment, faults);
    Some(Authorities { store: Arc::new(store), digest: digest_of_set(&certificates) })
}

/// The system's, but for those that no root store takes; `None` where that leaves nothing.
pub(super) fn of_system(environment: &dyn Environment) -> Option<Authorities> {
    let mut store = RootCertStore::empty();
    let mut taken = environment.system_roots();
    taken.retain(|found| store.add(found.clone()).is_ok());
    (!store.is_empty()).then(|| Authorities { store: Arc::new(store), digest: digest_of_set(&taken) })
}

/// The same in whichever order the certificates come.
fn digest_of_set(certificates: &[CertificateDer<'_>]) -> [u8; 32] {
    let mut hashes: Vec<[u8; 32]> = certificates.iter().map(|one| Sha256::digest(one).into()).collect();
    hashes.sort_unstable();
    hashes.dedup();
    Sha256::digest(hashes.concat()).into()
}
