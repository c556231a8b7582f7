//! PEM files: certificates, and the private key that belongs to one. No message holds a byte of them, for one of
//! them is a private key.

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{Error, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{Error as TlsError, InconsistentKeys};
use sha2::{Digest, Sha256};

use crate::config::environment::{Environment, describe};
use crate::config::faults::Faults;
use crate::config::located::Located;
use crate::config::text::Text;
use crate::config::toml_text::file_name;
use crate::policy::certificate::validity;
use crate::policy::time::Timestamp;

/// A certificate with its private key: who the gate is to somebody.
pub(super) struct Identity {
    pub(super) certified: CertifiedKey,
    /// SHA-256 over both.
    pub(super) digest: [u8; 32],
}

/// All certificates of a file, at least one; whether they are X.509 is not asked.
pub(super) fn certificates(
    written: &Located<Text>,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Option<Vec<CertificateDer<'static>>> {
    let content = read(written, environment, faults)?;
    let found: Result<Vec<_>, Error> = CertificateDer::pem_slice_iter(&content).collect();
    let label = match &found {
        Ok(certificates) if certificates.is_empty() => "expected `-----BEGIN CERTIFICATE-----` in it",
        Ok(_) => return found.ok(),
        Err(error) => flaw(error),
    };
    faults.error(written.at, "this file holds no certificate").label(label);
    None
}

/// Reports one of a file's certificates that is none.
pub(super) fn no_certificate(written: &Located<Text>, index: usize, count: usize, faults: &mut Faults) {
    let label = match count {
        1 => "what it holds is not X.509 of version 3".to_owned(),
        _ => format!("number {} of the {count} that it holds is not X.509 of version 3", index + 1),
    };
    faults.error(written.at, "this certificate can't be used").label(label);
}

/// Warns of each certificate of a file that is good no more.
pub(super) fn warn_of_expired(
    written: &Located<Text>,
    certificates: &[CertificateDer<'_>],
    consequence: &str,
    environment: &dyn Environment,
    faults: &mut Faults,
) {
    let now = environment.now();
    let expired = certificates.iter().filter(|one| has_expired(one, now)).count();
    let message = match (expired, certificates.len()) {
        (0, _) => return,
        (1, 1) => "this certificate has expired".to_owned(),
        (1, count) => format!("1 of the {count} certificates in this file has expired"),
        (expired, count) => format!("{expired} of the {count} certificates in this file have expired"),
    };
    faults.warning(written.at, message).label(consequence);
}

/// A certificate, what leads to its issuer, and its key. `consequence` is what comes of its having expired.
pub(super) fn identity(
    certificate: &Located<Text>,
    key: &Located<Text>,
    consequence: &str,
    provider: &CryptoProvider,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Option<Identity> {
    let chain = certificates(certificate, environment, faults);
    let private = private_key(key, environment, faults);
    let chain = chain?;
    if let Some(index) = chain.iter().position(|one| ParsedCertificate::try_from(one).is_err()) {
        no_certificate(certificate, index, chain.len(), faults);
        return None;
    }
    warn_of_expired(certificate, &chain, consequence, environment, faults);
    let private = private?;
    let mut digest = Sha256::new();
    chain.iter().for_each(|one| digest.update(Sha256::digest(one)));
    digest.update(Sha256::digest(private.secret_der()));
    let Ok(signing) = provider.key_provider.load_private_key(private) else {
        let fault = faults.error(key.at, "this private key can't be used");
        fault.label("expected one of RSA from 2048 bits, ECDSA on P-256 or P-384, or Ed25519");
        return None;
    };
    let certified = CertifiedKey::new(chain, signing);
    // What can't be compared is not known to differ.
    if let Err(TlsError::InconsistentKeys(InconsistentKeys::KeyMismatch)) = certified.keys_match() {
        let fault = faults.error(key.at, "this key is not the certificate's");
        fault.label("it belongs to another certificate").also(certificate.at, "and not to the first in here");
        return None;
    }
    Some(Identity { certified, digest: digest.finalize().into() })
}

/// Whether a certificate was good once, and is no more.
fn has_expired(certificate: &CertificateDer<'_>, now: Timestamp) -> bool {
    validity(certificate).is_some_and(|(_, last)| last < now)
}

fn private_key(
    written: &Located<Text>,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Option<PrivateKeyDer<'static>> {
    let content = read(written, environment, faults)?;
    let encrypted = b"-----BEGIN ENCRYPTED PRIVATE KEY-----";
    let label = match PrivateKeyDer::from_pem_slice(&content) {
        Ok(key) => return Some(key),
        Err(_) if content.windows(encrypted.len()).any(|line| line == encrypted) => {
            "the one in it is encrypted, and nobody is asked for its password"
        }
        Err(Error::NoItemsFound) => "expected `-----BEGIN PRIVATE KEY-----` in it",
        Err(error) => flaw(&error),
    };
    faults.error(written.at, "this file holds no private key").label(label);
    None
}

pub(super) fn read(written: &Located<Text>, environment: &dyn Environment, faults: &mut Faults) -> Option<Vec<u8>> {
    let path = faults.source(written.at.file).relative(written.as_str());
    match environment.read(&path) {
        Ok(content) => Some(content),
        Err(error) => {
            let name = file_name(written, &path);
            faults.error(written.at, format!("can't read `{name}`")).label(describe(&error));
            None
        }
    }
}

/// What is wrong with a PEM file. The error's own words repeat what stands there.
pub(super) fn flaw(error: &Error) -> &'static str {
    match error {
        Error::MissingSectionEnd { .. } => "a `-----BEGIN` in it has no `-----END`",
        Error::IllegalSectionStart { .. } => "a `-----BEGIN` in it has no dashes behind it",
        Error::Base64Decode(_) => "what stands in it is not Base64",
        _ => "it is not PEM",
    }
}
