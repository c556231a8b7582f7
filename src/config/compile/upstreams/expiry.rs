//! Until when a certificate is good: the one thing of X.509 that nobody below tells before it is too late.
//!
//! It reads no further than that, and judges nothing: what can't be read has no end.

use rustls::pki_types::CertificateDer;
use toml::value::Datetime;

use crate::config::key_file::seconds;
use crate::policy::time::Timestamp;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// Whether a certificate was good once, and is no more.
pub(super) fn has_expired(certificate: &CertificateDer<'_>, now: Timestamp) -> bool {
    not_after(certificate).is_some_and(|last| last < now)
}

/// RFC 5280 §4.1: the certificate holds what was signed, which holds version, serial number, algorithm,
/// issuer and, fifth, the validity.
fn not_after(certificate: &[u8]) -> Option<Timestamp> {
    let mut whole = certificate;
    let mut outer = expect(&mut whole, SEQUENCE)?;
    let mut signed = expect(&mut outer, SEQUENCE)?;
    if signed.first() == Some(&VERSION) {
        next(&mut signed)?;
    }
    expect(&mut signed, INTEGER)?;
    expect(&mut signed, SEQUENCE)?;
    expect(&mut signed, SEQUENCE)?;
    let mut validity = expect(&mut signed, SEQUENCE)?;
    next(&mut validity)?;
    time(next(&mut validity)?)
}

/// RFC 5280 §4.1.2.5: both forms are in UTC and have seconds; two digits of a year mean 1950 to 2049.
fn time((tag, text): (u8, &[u8])) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.is_ascii())?;
    let (century, digits) = match tag {
        UTC_TIME if text.get(..2)? >= "50" => ("19", text),
        UTC_TIME => ("20", text),
        GENERALIZED_TIME => (text.get(..2)?, text.get(2..)?),
        _ => return None,
    };
    let part = |from: usize| digits.get(from..from + 2);
    let [year, month, day] = [part(0)?, part(2)?, part(4)?];
    let [hour, minute, second] = [part(6)?, part(8)?, part(10)?];
    let written: Datetime = format!("{century}{year}-{month}-{day}T{hour}:{minute}:{second}Z").parse().ok()?;
    // What ended before 1970 is as past as can be.
    Some(Timestamp::from_seconds(u64::try_from(seconds(&written)?).unwrap_or(0)))
}

/// The content of the next element, which must be of this type.
fn expect<'d>(der: &mut &'d [u8], tag: u8) -> Option<&'d [u8]> {
    next(der).filter(|(found, _)| *found == tag).map(|(_, content)| content)
}

/// The next element's type and content (X.690 §8.1), which are cut off `der`.
fn next<'d>(der: &mut &'d [u8]) -> Option<(u8, &'d [u8])> {
    let (&[tag, first], rest) = der.split_first_chunk::<2>()?;
    // Up to 127 the length is the byte itself; above, the byte says in how many more it stands.
    let (length, rest) = match first {
        0..0x80 => (usize::from(first), rest),
        _ => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let longer = |length: usize, byte: &u8| length.checked_mul(256)?.checked_add(usize::from(*byte));
            (bytes.iter().try_fold(0, longer)?, rest)
        }
    };
    let (content, behind) = rest.split_at_checked(length)?;
    *der = behind;
    Some((tag, content))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(of: Option<Timestamp>) -> Option<u64> {
        of.map(Timestamp::seconds)
    }

    #[test]
    fn both_forms_of_time() {
        let of = |tag, text: &str| ends(time((tag, text.as_bytes())));
        assert_eq!(of(UTC_TIME, "270101000000Z"), Some(1_798_761_600));
        assert_eq!(of(UTC_TIME, "990101000000Z"), Some(915_148_800));
        assert_eq!(of(UTC_TIME, "500101000000Z"), Some(0));
        assert_eq!(of(GENERALIZED_TIME, "20270101000000Z"), Some(1_798_761_600));
        for wrong in ["", "27", "2701010000", "271301000000Z", "27é101000000Z", "-70101000000Z"] {
            assert_eq!(of(UTC_TIME, wrong), None, "{wrong}");
            assert_eq!(of(GENERALIZED_TIME, wrong), None, "{wrong}");
        }
        assert_eq!(of(INTEGER, "270101000000Z"), None);
    }

    #[test]
    fn the_end_is_found_and_half_a_certificate_has_none() {
        let mut params = rcgen::CertificateParams::new(["a.internal".to_owned()]).expect("it is a name");
        params.not_after = rcgen::date_time_ymd(2027, 1, 1);
        let key = rcgen::KeyPair::generate().expect("there is randomness");
        let certificate = params.self_signed(&key).expect("the parameters are sound");
        let der = certificate.der();
        assert_eq!(ends(not_after(der)), Some(1_798_761_600));
        assert!(!has_expired(der, Timestamp::from_seconds(1_798_761_600)));
        assert!(has_expired(der, Timestamp::from_seconds(1_798_761_601)));
        // Cut off before its end, the outermost element is not whole.
        (0..der.len()).for_each(|length| assert_eq!(not_after(&der[..length]), None, "{length}"));
        for at in 0..der.len() {
            let mut other = der.to_vec();
            other[at] ^= 0xff;
            let _ = not_after(&other);
        }
    }
}
