//! One key that tokens are checked with: what it is, and what it may be used for.
//!
//! The algorithm is bound to the key and never taken from the token (RFC 8725 §3.1): by its kind and curve, and
//! where it says so itself, by its `alg`. A key that is not for checking signatures, too weak, or known to
//! everybody, is none.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RsaPublicKeyComponents};
use ring::signature::{UnparsedPublicKey, VerificationAlgorithm};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use serde_json::{Map, Value};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::algorithm::{Algorithm, Family};

/// RFC 8725 §3.5 asks for 2048 bits; beyond 8192 checking takes longer than anybody has.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// A key that signatures are checked with. It prints no secret.
pub struct VerificationKey {
    id: Option<String>,
    /// What it says that it is for.
    algorithm: Option<Algorithm>,
    material: Material,
}

enum Material {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
    Secret(Vec<u8>),
}

/// Why something is no key to check signatures with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUnfit(pub &'static str);

impl VerificationKey {
    /// A member of a JWK set (RFC 7517 §4).
    ///
    /// # Errors
    ///
    /// Where it cannot be used, or must not be. A reader of a set passes over such keys (§5).
    pub fn from_jwk(jwk: &Map<String, Value>) -> Result<Self, KeyUnfit> {
        let text = |name: &str| match jwk.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(KeyUnfit("a member of it is no text")),
        };
        if text("use")?.is_some_and(|used| used != "sig") {
            return Err(KeyUnfit("it is not for signatures"));
        }
        if let Some(operations) = jwk.get("key_ops") {
            let operations = operations.as_array().ok_or(KeyUnfit("its `key_ops` are no list"))?;
            if !operations.iter().any(|operation| operation == "verify") {
                return Err(KeyUnfit("it is not for checking"));
            }
        }
        // RFC 7517 §9.2: somebody published what signs.
        if jwk.contains_key("d") || jwk.contains_key("k") {
            return Err(KeyUnfit("it is a private key that everybody can read"));
        }
        let bytes = |name: &str| {
            let text = text(name)?.ok_or(KeyUnfit("a part of it is missing"))?;
            URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyUnfit("a part of it is not base64url"))
        };
        let point = |length: usize| {
            let (x, y) = (bytes("x")?, bytes("y")?);
            if x.len() != length || y.len() != length {
                return Err(KeyUnfit("its point is not of its curve's length"));
            }
            // SEC 1 §2.3.3: uncompressed.
            Ok([&[4], x.as_slice(), y.as_slice()].concat())
        };
        let material = match (text("kty")?, text("crv")?) {
            (Some("RSA"), _) => Material::rsa(&bytes("n")?, &bytes("e")?)?,
            (Some("EC"), Some("P-256")) => Material::P256(point(32)?),
            (Some("EC"), Some("P-384")) => Material::P384(point(48)?),
            (Some("OKP"), Some("Ed25519")) => Material::ed25519(bytes("x")?)?,
            _ => return Err(KeyUnfit("it is of no kind that can be checked with")),
        };
        let algorithm = match text("alg")? {
            None => None,
            Some(name) => Some(Algorithm::named(name).ok_or(KeyUnfit("it is for an algorithm that is not known"))?),
        };
        let key = Self { id: text("kid")?.map(str::to_owned), algorithm, material };
        match key.algorithm.is_some_and(|algorithm| !key.material.is_for(algorithm)) {
            true => Err(KeyUnfit("it is not of the kind that its `alg` is for")),
            false => Ok(key),
        }
    }

    /// The public key, or that of the first certificate, in a PEM file.
    ///
    /// # Errors
    ///
    /// Where there is none, or none that can be used.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyUnfit> {
        if pem.windows(12).any(|window| window == b"PRIVATE KEY-") {
            return Err(KeyUnfit("it holds a private key, which only the issuer should have"));
        }
        if let Ok(der) = SubjectPublicKeyInfoDer::from_pem_slice(pem) {
            let (_, info) = SubjectPublicKeyInfo::from_der(&der).map_err(|_| KeyUnfit("its key is malformed"))?;
            return Self::from_info(&info);
        }
        if let Ok(der) = CertificateDer::from_pem_slice(pem) {
            let (_, certificate) =
                X509Certificate::from_der(&der).map_err(|_| KeyUnfit("its certificate is malformed"))?;
            return Self::from_info(certificate.public_key());
        }
        Err(KeyUnfit("expected `-----BEGIN PUBLIC KEY-----` or `-----BEGIN CERTIFICATE-----` in it"))
    }

    fn from_info(info: &SubjectPublicKeyInfo<'_>) -> Result<Self, KeyUnfit> {
        const P256: &str = "1.2.840.10045.3.1.7";
        const P384: &str = "1.3.132.0.34";
        const ED25519: &str = "1.3.101.112";
        let curve = info.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
        let curve = curve.map(|curve| curve.to_id_string());
        let material = match (info.parsed(), curve.as_deref()) {
            (Ok(PublicKey::RSA(rsa)), _) => Material::rsa(rsa.modulus, rsa.exponent)?,
            (Ok(PublicKey::EC(point)), Some(P256)) if point.data().len() == 65 => Material::P256(point.data().to_vec()),
            (Ok(PublicKey::EC(point)), Some(P384)) if point.data().len() == 97 => Material::P384(point.data().to_vec()),
            _ if info.algorithm.algorithm.to_id_string() == ED25519 => {
                Material::ed25519(info.subject_public_key.data.to_vec())?
            }
            _ => return Err(KeyUnfit("expected RSA, ECDSA on P-256 or P-384, or Ed25519")),
        };
        Ok(Self { id: None, algorithm: None, material })
    }

    /// A secret that is shared with the issuer, for one algorithm.
    ///
    /// # Errors
    ///
    /// Where it is shorter than the algorithm's hash (RFC 7518 §3.2).
    pub fn from_secret(secret: &[u8], algorithm: Algorithm) -> Result<Self, KeyUnfit> {
        if !algorithm.is_symmetric() || secret.len() < algorithm.least_secret_bytes() {
            return Err(KeyUnfit("it is shorter than the algorithm's hash"));
        }
        Ok(Self { id: None, algorithm: Some(algorithm), material: Material::Secret(secret.to_vec()) })
    }

    /// Its id, where it has one.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Whether a token that names this key id may be of it. A key or a token without an id fits any.
    pub(super) fn may_be(&self, id: Option<&str>) -> bool {
        match (self.id(), id) {
            (Some(own), Some(named)) => own == named,
            _ => true,
        }
    }

    /// Whether it checks signatures of this algorithm. An RSA key that does not say for which it is, is for those that
    /// the configuration states; where that is silent, too, for RS256.
    pub(super) fn is_for(&self, algorithm: Algorithm, stated: bool) -> bool {
        let bound = match self.algorithm {
            Some(own) => own == algorithm,
            None => stated || !matches!(self.material, Material::Rsa { .. }) || algorithm == Algorithm::Rs256,
        };
        bound && self.material.is_for(algorithm)
    }

    /// Whether a signature holds. False where the key is not for the algorithm.
    pub fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match (&self.material, algorithm.family()) {
            (Material::Rsa { modulus, exponent }, Family::Rsa(parameters)) => {
                RsaPublicKeyComponents { n: modulus, e: exponent }.verify(parameters, message, signature).is_ok()
            }
            (Material::P256(point), Family::P256) => check(&ECDSA_P256_SHA256_FIXED, point, message, signature),
            (Material::P384(point), Family::P384) => check(&ECDSA_P384_SHA384_FIXED, point, message, signature),
            (Material::Ed25519(point), Family::Ed25519) => check(&ED25519, point, message, signature),
            (Material::Secret(secret), Family::Secret(hash)) => {
                hmac::verify(&hmac::Key::new(hash, secret), message, signature).is_ok()
            }
            _ => false,
        }
    }
}

fn check(algorithm: &'static dyn VerificationAlgorithm, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
}

impl Material {
    fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyUnfit> {
        // RFC 7518 §6.3.1.1 wants no leading zeros, DER has one where the first bit is set; ring takes none.
        let trimmed = |number: &[u8]| {
            let zeros = number.iter().take_while(|byte| **byte == 0).count();
            number[zeros..].to_vec()
        };
        let (modulus, exponent) = (trimmed(modulus), trimmed(exponent));
        let bits = modulus.first().map_or(0, |first| modulus.len() * 8 - first.leading_zeros() as usize);
        if !RSA_BITS.contains(&bits) {
            return Err(KeyUnfit("it is RSA of fewer than 2048 bits, or of more than 8192"));
        }
        // ring takes exponents of up to 33 bits; an even one, or 1, signs nothing.
        let sound = exponent.len() <= 5 && exponent.last().is_some_and(|last| last % 2 == 1) && exponent != [1];
        match sound {
            true => Ok(Self::Rsa { modulus, exponent }),
            false => Err(KeyUnfit("its exponent is none")),
        }
    }

    fn ed25519(point: Vec<u8>) -> Result<Self, KeyUnfit> {
        match point.len() {
            32 => Ok(Self::Ed25519(point)),
            _ => Err(KeyUnfit("its point is not of its curve's length")),
        }
    }

    fn is_for(&self, algorithm: Algorithm) -> bool {
        match (self, algorithm.family()) {
            (Self::Rsa { .. }, Family::Rsa(_))
            | (Self::P256(_), Family::P256)
            | (Self::P384(_), Family::P384)
            | (Self::Ed25519(_), Family::Ed25519) => true,
            (Self::Secret(secret), Family::Secret(_)) => secret.len() >= algorithm.least_secret_bytes(),
            _ => false,
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Rsa { .. } => "RSA",
            Self::P256(_) => "P-256",
            Self::P384(_) => "P-384",
            Self::Ed25519(_) => "Ed25519",
            Self::Secret(_) => "secret",
        }
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, algorithm) = (&self.id, self.algorithm.map(Algorithm::name));
        let mut shown = f.debug_struct("VerificationKey");
        shown.field("id", id).field("algorithm", &algorithm).field("kind", &self.material.name()).finish()
    }
}
