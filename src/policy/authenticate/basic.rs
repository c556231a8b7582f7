//! A name and a password in `Authorization: Basic` (RFC 7617).
//!
//! Whether somebody has the name must not show, in words or in time: a name that nobody has is asked about
//! as well, with another's hash, and is refused whatever the answer.

use std::time::Duration;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::authorization::Authorization;
use super::caller::Caller;
use super::evidence::{Finding, Known, Question, Unavailable};
use super::fault::CredentialFault;
use super::{Authenticator, Verdict};
use crate::policy::passwords::{PasswordFault, Users};
use crate::policy::time::Timestamp;

/// Longer values are not decoded at all: no name and password are.
const MAX_ENCODED_BYTES: usize = 1024;

/// Canonical: with padding, and no bits left that say nothing. Two spellings of one credential are one too many.
const CANONICAL: GeneralPurpose = GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new());

/// What a request presents. Not printed, and wiped.
struct Presented {
    text: Zeroizing<String>,
    colon: usize,
}

pub(super) fn check<'a>(
    by: &'a Authenticator,
    users: &'a Users,
    keep: Duration,
    authorization: Option<Authorization<'a>>,
    (known, now): (Known<'_>, Timestamp),
) -> Verdict<'a> {
    let failed = |fault| Verdict::Failed(CredentialFault::Password(fault));
    let Some(credential) = authorization.and_then(|it| it.by("basic")) else { return Verdict::Absent };
    let Some(presented) = Presented::read(credential) else { return failed(PasswordFault::Malformed) };

    let user = users.find(presented.name());
    let Some(hash) = user.map(|user| &user.hash).or(users.decoy()) else { return failed(PasswordFault::Unknown) };
    let (password, most) = (presented.password(), hash.max_password_bytes());
    // What would be cut is another password, and refused; after as long as any.
    let fits = password.len() <= most;
    let asked = Zeroizing::new(password[..password.len().min(most)].to_vec());
    let keep = if user.is_some() && fits { keep } else { Duration::ZERO };
    let right = match answer(known, Question::Password { hash, password: asked, keep }) {
        Ok(right) => right && fits,
        Err(verdict) => return verdict,
    };
    match user {
        None => failed(PasswordFault::Unknown),
        Some(_) if !right => failed(PasswordFault::Wrong),
        Some(user) => match user.usable(now) {
            Ok(()) => Verdict::Known(Caller::listed(by, &user.principal)),
            Err(fault) => failed(fault),
        },
    }
}

/// Whether it is the password: as it was found out, or as somebody knows without waiting.
fn answer<'a>(known: Known<'_>, question: Question<'a>) -> Result<bool, Verdict<'a>> {
    let finding = match known.findings().next() {
        Some(finding) => finding.clone(),
        None => known.at_hand(question).map_err(Verdict::Needs)?,
    };
    match finding {
        Finding::Password(right) => Ok(right),
        Finding::Unavailable(why) => Err(Verdict::Unavailable(why)),
        _ => Err(Verdict::Unavailable(Unavailable("this was not asked for".to_owned()))),
    }
}

/// RFC 7617 §2, §2.1: the realm, and that names and passwords are read as UTF-8.
pub(super) fn challenge(realm: &str) -> String {
    format!("Basic realm=\"{realm}\", charset=\"UTF-8\"")
}

impl Presented {
    /// RFC 7617 §2: base64 of a name, a colon and a password. The first colon is the one; neither part holds a
    /// control. An empty password is none: it is what a script's unset variable hashes to.
    fn read(credential: &[u8]) -> Option<Self> {
        if credential.len() > MAX_ENCODED_BYTES {
            return None;
        }
        // All the room at once: bytes that move leave themselves behind.
        let mut decoded = Zeroizing::new(vec![0; MAX_ENCODED_BYTES / 4 * 3]);
        let length = CANONICAL.decode_slice(credential, &mut decoded).ok()?;
        let text = std::str::from_utf8(&decoded[..length]).ok()?;
        let colon = text.find(':')?;
        let sound = !text.chars().any(char::is_control) && colon + 1 < text.len();
        sound.then(|| Self { text: Zeroizing::new(text.to_owned()), colon })
    }

    fn name(&self) -> &str {
        &self.text[..self.colon]
    }

    fn password(&self) -> &[u8] {
        &self.text.as_bytes()[self.colon + 1..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(credential: impl AsRef<[u8]>) -> Option<(String, String)> {
        let presented = Presented::read(credential.as_ref())?;
        let password = String::from_utf8(presented.password().to_vec()).expect("it was text");
        Some((presented.name().to_owned(), password))
    }

    fn encoded(text: impl AsRef<[u8]>) -> String {
        CANONICAL.encode(text)
    }

    #[test]
    fn the_first_colon_splits() {
        let of = |text: &str| read(encoded(text)).expect("a name and a password");
        // RFC 7617 §2 and §2.1
        assert_eq!(read("QWxhZGRpbjpvcGVuIHNlc2FtZQ==").expect("both"), ("Aladdin".into(), "open sesame".into()));
        assert_eq!(read("dGVzdDoxMjPCow==").expect("both"), ("test".into(), "123£".into()));
        assert_eq!(of("a:b:c"), ("a".into(), "b:c".into()));
        assert_eq!(of("::"), (String::new(), ":".into()));
    }

    #[test]
    fn what_has_another_reading_is_none() {
        for wrong in [
            "",
            "=",
            "QQ==",
            "YTpi YTpi",
            "YTpi=",
            "YTpi====",
            "YTpiYw",
            "YTpiYw=",
            "YTpiYx==",
            "YTpi\n",
            "YTpi,",
            "YTp_",
            "YTp-",
            "%3A",
            "a:b",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        for wrong in
            [&b"ab"[..], b"a:", b":", b"a:b\0", b"a\n:b", b"a:\x7f", b"a:\xc2\x85", b"a:\xff", b"a:\xed\xa0\x80"]
        {
            assert_eq!(read(encoded(wrong)), None, "{wrong:?}");
        }
    }

    #[test]
    fn length_is_looked_at_before_anything_else() {
        assert!(read(encoded(format!("a:{}", "b".repeat(766)))).is_some());
        assert_eq!(read(encoded(format!("a:{}", "b".repeat(767)))), None);
        assert_eq!(read("A".repeat(1 << 20)), None);
    }
}
