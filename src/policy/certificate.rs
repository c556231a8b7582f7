//! The certificate that a client has shown: what it says, and whether it is believed.
//!
//! That the client holds its key was proven by the handshake. Who an authority is, and what was revoked, is known to
//! the verifier that is handed in; here its verdict becomes one of a few words. What comes of it is the stage
//! *authenticate*'s affair.

mod name;
mod written;

use std::time::Duration;

use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::{CertificateError, Error};
use sha2::{Digest, Sha256};
use x509_parser::prelude::{ASN1Time, CertificateRevocationList, FromDer, GeneralName, X509Certificate};

use self::name::{common_name, printable, rfc4514};
pub use self::written::{NameFault, distinguished_name};
use super::time::Timestamp;

/// A client's certificate. What it names in characters that don't print is as if it were not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// Whose it is, as RFC 4514 writes a distinguished name (`CN=Acme,O=Acme Ltd.,C=DE`: the last part first); empty
    /// where it has none.
    pub subject: String,
    /// The common name among that, where there is exactly one.
    pub common_name: Option<String>,
    /// Further names: of hosts, as they are written (RFC 5280 §4.2.1.6).
    pub dns_names: Vec<String>,
    /// Further names: addresses of mail.
    pub email_addresses: Vec<String>,
    /// Further names: URIs, such as a SPIFFE ID.
    pub uris: Vec<String>,
    /// Who signed it, as RFC 4514 writes it.
    pub issuer: String,
    /// Its first second.
    pub not_before: Timestamp,
    /// Its last second.
    pub not_after: Timestamp,
    /// What its issuer tells it by: a number in lower-case hexadecimal digits, two for each byte.
    pub serial: String,
    /// SHA-256 over all of it.
    pub fingerprint: [u8; 32],
    /// Whether it is believed, and if not, why.
    pub verdict: Result<(), CertificateFault>,
}

/// Why a client's certificate is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CertificateFault {
    /// It leads to none of the authorities, or only seems to.
    UnknownIssuer,
    /// It, or one between it and the authority, is good no more.
    Expired,
    /// It, or one between it and the authority, is not good yet.
    NotYet,
    /// It, or one between it and the authority, was revoked.
    Revoked,
    /// It is not for clients (RFC 5280 §4.2.1.12), or is an authority's own.
    Purpose,
    /// It can't be read.
    Malformed,
    /// Something else that RFC 5280 asks for does not hold: a constraint on names, an algorithm, a list of revoked
    /// certificates that its issuer did not sign.
    Unacceptable,
}

impl ClientCertificate {
    /// The first certificate of a chain, and whether `verifier` believes it at `now`; `None` where none was shown.
    pub fn judged(chain: &[CertificateDer<'_>], verifier: &dyn ClientCertVerifier, now: Timestamp) -> Option<Self> {
        let (first, between) = chain.split_first()?;
        let now = UnixTime::since_unix_epoch(Duration::from_secs(now.seconds()));
        let verified = verifier.verify_client_cert(first, between, now);
        let verdict = verified.map(|_| ()).map_err(|error| CertificateFault::of(&error));
        let mut this = read(first).unwrap_or_else(|| Self::unreadable(first));
        // What could not be read stays the fault only of what is otherwise believed.
        this.verdict = verdict.and(this.verdict);
        Some(this)
    }

    fn unreadable(der: &[u8]) -> Self {
        Self {
            subject: String::new(),
            common_name: None,
            dns_names: Vec::new(),
            email_addresses: Vec::new(),
            uris: Vec::new(),
            issuer: String::new(),
            not_before: Timestamp::default(),
            not_after: Timestamp::default(),
            serial: String::new(),
            fingerprint: Sha256::digest(der).into(),
            verdict: Err(CertificateFault::Malformed),
        }
    }
}

impl CertificateFault {
    /// As the log says it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::UnknownIssuer => "certificate of an unknown issuer",
            Self::Expired => "certificate expired",
            Self::NotYet => "certificate not good yet",
            Self::Revoked => "certificate revoked",
            Self::Purpose => "certificate not for clients",
            Self::Malformed => "certificate that cannot be read",
            Self::Unacceptable => "certificate that does not hold",
        }
    }

    fn of(error: &Error) -> Self {
        let Error::InvalidCertificate(error) = error else { return Self::Unacceptable };
        match error {
            // Who signs under another's name is as unknown as under one of his own.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::UnknownIssuer,
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::NotYet,
            CertificateError::Revoked => Self::Revoked,
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => Self::Purpose,
            // The verifier has no word of its own for an authority that shows itself.
            CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => Self::Purpose,
            CertificateError::BadEncoding => Self::Malformed,
            _ => Self::Unacceptable,
        }
    }
}

/// From when until when a certificate is good, in DER; `None` where that can't be read.
pub fn validity(der: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let validity = certificate.validity();
    Some((moment(validity.not_before), moment(validity.not_after)))
}

/// When a list of revoked certificates, in DER, is followed by another one; `None` where it does not say.
pub fn next_update(der: &[u8]) -> Option<Timestamp> {
    let (_, list) = CertificateRevocationList::from_der(der).ok()?;
    list.next_update().map(moment)
}

/// What lies before 1970 is as past as can be.
fn moment(time: ASN1Time) -> Timestamp {
    Timestamp::from_seconds(u64::try_from(time.timestamp()).unwrap_or(0))
}

/// What a certificate says; nobody has judged it yet.
fn read(der: &[u8]) -> Option<ClientCertificate> {
    let (_, certificate) = X509Certificate::from_der(der).ok().filter(|(rest, _)| rest.is_empty())?;
    let serial = certificate.raw_serial();
    let number = if let [0, rest @ ..] = serial { rest } else { serial };
    let mut this = ClientCertificate {
        subject: rfc4514(certificate.subject()).unwrap_or_default(),
        common_name: common_name(certificate.subject()),
        issuer: rfc4514(certificate.issuer()).unwrap_or_default(),
        not_before: moment(certificate.validity().not_before),
        not_after: moment(certificate.validity().not_after),
        serial: if number.is_empty() { "00".into() } else { hex(number) },
        verdict: Ok(()),
        ..ClientCertificate::unreadable(der)
    };
    let names = match certificate.subject_alternative_name() {
        Ok(None) => return Some(this),
        Ok(Some(names)) => &names.value.general_names,
        Err(_) => {
            this.verdict = Err(CertificateFault::Malformed);
            return Some(this);
        }
    };
    for name in names {
        match name {
            GeneralName::DNSName(name) => this.dns_names.extend(graphic(name)),
            GeneralName::RFC822Name(name) => this.email_addresses.extend(graphic(name)),
            GeneralName::URI(name) => this.uris.extend(graphic(name)),
            GeneralName::Invalid(..) => this.verdict = Err(CertificateFault::Malformed),
            _ => {}
        }
    }
    Some(this)
}

/// RFC 5280 §4.2.1.6: these names are in ASCII, and none of them has spaces.
fn graphic(name: &str) -> Option<String> {
    printable(name).filter(|name| name.bytes().all(|byte| byte.is_ascii_graphic())).map(str::to_owned)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
