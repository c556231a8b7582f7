//! Hashes of passwords, as files of users have them: bcrypt, and argon2 in the PHC's form.
//!
//! They are taken apart here, once, so that one that exists can be checked against. Computing them is not
//! this room's: it takes long on purpose.

use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Longer is no hash that anybody writes.
const MAX_TEXT_BYTES: usize = 512;
/// bcrypt reads no more of a password (its key is 72 bytes, with the NUL at the end where there is room).
const BCRYPT_PASSWORD_BYTES: usize = 72;

/// Without padding; what is left of the last character's bits says nothing, and old writers left it.
const UNPADDED: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::RequireNone)
    .with_decode_allow_trailing_bits(true);
const BCRYPT_BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::BCRYPT, UNPADDED);
const PHC_BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, UNPADDED);

/// What a password is checked against.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    text: Box<str>,
    scheme: HashScheme,
}

/// How it was computed, and what came of it.
#[derive(Clone, PartialEq, Eq)]
pub enum HashScheme {
    /// `$2a$`, `$2b$` and `$2y$`, which are one to passwords that fit.
    Bcrypt {
        /// 2 to the power of this many rounds; 4 to 31.
        cost: u32,
        /// The salt.
        salt: [u8; 16],
        /// What came of it.
        digest: [u8; 23],
    },
    /// RFC 9106.
    Argon2 {
        /// Which of the three.
        variant: Argon2Variant,
        /// 0x10 or 0x13.
        version: u32,
        /// KiB of memory, at least eight a lane.
        memory_kib: u32,
        /// Passes over it, at least one.
        passes: u32,
        /// Lanes, at least one.
        lanes: u32,
        /// The salt, 8 to 64 bytes.
        salt: Box<[u8]>,
        /// What came of it, 16 to 64 bytes.
        digest: Box<[u8]>,
    },
}

/// How argon2 goes through its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argon2Variant {
    /// By what it computed.
    D,
    /// By a fixed order.
    I,
    /// First so, then so.
    Id,
}

/// Why a text is no hash that passwords are checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashFault {
    /// A hash of another kind, by name; all of them are quick to guess by, or broken.
    Foreign(&'static str),
    /// One of a kind that is taken, and this is wrong with it.
    Broken(&'static str),
    /// None at all: perhaps the password itself.
    Unknown,
}

impl PasswordHash {
    /// The hash that a text is.
    ///
    /// # Errors
    ///
    /// Where it is none, or of a kind that is not taken.
    pub fn parse(text: &str) -> Result<Self, HashFault> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(HashFault::Unknown);
        }
        let bcrypt = ["$2a$", "$2b$", "$2y$"].iter().find_map(|prefix| text.strip_prefix(prefix));
        let scheme = match (bcrypt, text.strip_prefix("$argon2")) {
            (Some(rest), _) => parse_bcrypt(rest).map_err(HashFault::Broken)?,
            (None, Some(rest)) => parse_argon2(rest).map_err(HashFault::Broken)?,
            (None, None) => return Err(foreign(text).map_or(HashFault::Unknown, HashFault::Foreign)),
        };
        Ok(Self { text: text.into(), scheme })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How it was computed.
    pub fn scheme(&self) -> &HashScheme {
        &self.scheme
    }

    /// So many bytes of a password it reads; what is longer must not be taken for what it begins with.
    pub fn max_password_bytes(&self) -> usize {
        match self.scheme {
            HashScheme::Bcrypt { .. } => BCRYPT_PASSWORD_BYTES,
            HashScheme::Argon2 { .. } => usize::MAX,
        }
    }

    /// Whether it is computed so quickly that who has stolen it can try many.
    pub fn is_cheap(&self) -> bool {
        match self.scheme {
            HashScheme::Bcrypt { cost, .. } => cost < 10,
            HashScheme::Argon2 { memory_kib, passes, .. } => u64::from(memory_kib) * u64::from(passes) < 8 * 1024,
        }
    }

    /// Whether it takes so long, or so much, that a few who ask for it stop the gate.
    pub fn is_ruinous(&self) -> bool {
        match self.scheme {
            HashScheme::Bcrypt { cost, .. } => cost > 14,
            HashScheme::Argon2 { memory_kib, passes, .. } => memory_kib > 1024 * 1024 || passes > 16,
        }
    }
}

/// Whoever has a hash can guess at leisure: no more than its kind is printed.
impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.scheme {
            HashScheme::Bcrypt { .. } => "PasswordHash(bcrypt)",
            HashScheme::Argon2 { .. } => "PasswordHash(argon2)",
        })
    }
}

/// What follows `$2y$`: two digits, `$`, 22 characters of salt and 31 of what came of it.
fn parse_bcrypt(rest: &str) -> Result<HashScheme, &'static str> {
    let (cost, rest) = rest.split_once('$').ok_or("its cost is not followed by a salt")?;
    let cost = (cost.len() == 2).then(|| number(cost)).flatten().filter(|cost| (4..=31).contains(cost));
    let cost = cost.ok_or("its cost is not 04 to 31")?;
    if rest.len() != 53 || !rest.is_ascii() {
        return Err("its salt and digest are not 53 characters long");
    }
    let (salt, digest) = rest.split_at(22);
    let salt = decoded(&BCRYPT_BASE64, salt).ok_or("its salt is not in bcrypt's alphabet")?;
    let digest = decoded(&BCRYPT_BASE64, digest).ok_or("its digest is not in bcrypt's alphabet")?;
    Ok(HashScheme::Bcrypt { cost, salt, digest })
}

/// What follows `$argon2`: `id$v=19$m=19456,t=2,p=1$SALT$DIGEST`. Without `v` it is the first version.
fn parse_argon2(rest: &str) -> Result<HashScheme, &'static str> {
    let mut parts = rest.split('$');
    let variant = match parts.next() {
        Some("id") => Argon2Variant::Id,
        Some("i") => Argon2Variant::I,
        Some("d") => Argon2Variant::D,
        _ => return Err("argon2 is argon2id, argon2i or argon2d"),
    };
    let mut parts = parts.peekable();
    let version = match parts.next_if(|part| part.starts_with("v=")) {
        None | Some("v=16") => 0x10,
        Some("v=19") => 0x13,
        Some(_) => return Err("its version is neither 16 nor 19"),
    };
    let costs = parts.next().and_then(costs).ok_or("its costs are not written as in `m=19456,t=2,p=1`")?;
    let (memory_kib, passes, lanes) = costs;
    if passes < 1 || !(1..=255).contains(&lanes) || memory_kib < 8 * lanes {
        return Err("no argon2 can be computed by its costs");
    }
    let mut bytes = |least: usize| {
        let bytes = PHC_BASE64.decode(parts.next()?).ok()?;
        (least..=64).contains(&bytes.len()).then(|| bytes.into_boxed_slice())
    };
    let salt = bytes(8).ok_or("its salt is not 8 to 64 bytes in base64 without padding")?;
    let digest = bytes(16).ok_or("its digest is not 16 to 64 bytes in base64 without padding")?;
    if parts.next().is_some() {
        return Err("something follows its digest");
    }
    Ok(HashScheme::Argon2 { variant, version, memory_kib, passes, lanes, salt, digest })
}

fn costs(text: &str) -> Option<(u32, u32, u32)> {
    let (memory, rest) = text.strip_prefix("m=")?.split_once(",t=")?;
    let (passes, lanes) = rest.split_once(",p=")?;
    Some((number(memory)?, number(passes)?, number(lanes)?))
}

/// Digits and nothing else.
fn number(digits: &str) -> Option<u32> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

fn decoded<const N: usize>(engine: &GeneralPurpose, text: &str) -> Option<[u8; N]> {
    engine.decode(text).ok()?.try_into().ok()
}

/// What writers of such files have used, and should no more.
fn foreign(text: &str) -> Option<&'static str> {
    const KINDS: [(&str, &str); 12] = [
        ("$apr1$", "MD5 (apr1)"),
        ("$1$", "MD5 (crypt)"),
        ("{SHA}", "SHA-1"),
        ("{SSHA}", "SHA-1"),
        ("{PLAIN}", "no hash at all"),
        ("$5$", "SHA-256 (crypt)"),
        ("$6$", "SHA-512 (crypt)"),
        ("$7$", "scrypt"),
        ("$y$", "yescrypt"),
        ("$scrypt$", "scrypt"),
        ("$2$", "bcrypt as it was before its repair"),
        ("$2x$", "bcrypt as it was before its repair"),
    ];
    KINDS.iter().find(|(prefix, _)| text.starts_with(prefix)).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BCRYPT: &str = "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.";
    const ARGON2: &str = "$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

    fn broken(text: &str) -> &'static str {
        match PasswordHash::parse(text) {
            Err(HashFault::Broken(why)) => why,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn hashes_are_taken_apart() {
        for prefix in ["$2a$", "$2b$", "$2y$"] {
            let hash = PasswordHash::parse(&BCRYPT.replace("$2a$", prefix)).expect("a hash");
            let HashScheme::Bcrypt { cost, salt, .. } = hash.scheme() else { panic!("{hash:?}") };
            assert_eq!((*cost, salt[0], salt[15]), (6, 0x14, 0x9c));
        }
        for (text, variant, version) in [
            (ARGON2.to_owned(), Argon2Variant::Id, 0x13),
            (ARGON2.replace("id$", "i$"), Argon2Variant::I, 0x13),
            (ARGON2.replace("id$v=19", "d$v=16"), Argon2Variant::D, 0x10),
            (ARGON2.replace("$v=19", ""), Argon2Variant::Id, 0x10),
        ] {
            let hash = PasswordHash::parse(&text).expect("a hash");
            let HashScheme::Argon2 {
                variant: found, version: dated, memory_kib: 64, passes: 2, lanes: 1, salt, ..
            } = hash.scheme()
            else {
                panic!("{text}")
            };
            assert_eq!((*found, *dated, &**salt), (variant, version, &b"somesalt"[..]));
        }
    }

    #[test]
    fn what_is_broken_says_how() {
        for cost in ["03", "32", "6", "+6", "006", ""] {
            assert!(broken(&BCRYPT.replace("$06$", &format!("${cost}$"))).contains("cost"), "{cost}");
        }
        assert!(broken(&BCRYPT[..59]).contains("53"));
        assert!(broken("$2y$10").contains("salt"));
        assert!(broken(&BCRYPT.replace("DCq7", "DC+7")).contains("salt"));
        assert!(broken(&BCRYPT.replace("jc8d", "jc=d")).contains("digest"));
        assert!(broken("$argon2x$v=19$m=64,t=2,p=1$c29tZXNhbHQ$AAAA").contains("argon2id"));
        assert!(broken(&ARGON2.replace("v=19", "v=20")).contains("version"));
        for costs in ["m=64,t=2", "t=2,m=64,p=1", "m=64,t=2,p=1,keyid=AA", "m=-1,t=2,p=1", "m=4294967296,t=1,p=1"] {
            assert!(broken(&ARGON2.replace("m=64,t=2,p=1", costs)).contains("costs"), "{costs}");
        }
        for costs in ["m=7,t=1,p=1", "m=64,t=0,p=1", "m=64,t=1,p=0", "m=64,t=1,p=9", "m=9999,t=1,p=256"] {
            assert!(broken(&ARGON2.replace("m=64,t=2,p=1", costs)).contains("computed"), "{costs}");
        }
        assert!(broken(&ARGON2.replace("c29tZXNhbHQ", "c29t")).contains("salt"));
        assert!(broken(&ARGON2.replace("c29tZXNhbHQ", "c29tZXNhbHQ=")).contains("salt"));
        assert!(broken(&ARGON2[..60]).contains("digest"));
        assert!(broken(&format!("{ARGON2}$x")).contains("follows"));
    }

    #[test]
    fn other_kinds_are_named_and_the_rest_is_unknown() {
        for text in ["$apr1$x$y", "{SHA}5yfRRkrhJDbomacm2lsvEdg4GyY=", "$6$salt$hash", "$2x$05$abc", "$y$j9T$a$b"] {
            assert!(matches!(PasswordHash::parse(text), Err(HashFault::Foreign(_))), "{text}");
        }
        for text in ["", "hunter2", "abJnggxhB/yWI", "$", "$2", &"x".repeat(5000)] {
            assert_eq!(PasswordHash::parse(text), Err(HashFault::Unknown), "{text}");
        }
    }

    #[test]
    fn costs_are_judged() {
        let judged = |text: &str| {
            let hash = PasswordHash::parse(text).expect("a hash");
            (hash.is_cheap(), hash.is_ruinous())
        };
        let bcrypt = |cost: &str| judged(&BCRYPT.replace("$06$", cost));
        assert_eq!(
            [bcrypt("$09$"), bcrypt("$10$"), bcrypt("$14$"), bcrypt("$15$")],
            [(true, false), (false, false), (false, false), (false, true)]
        );
        let argon2 = |costs: &str| judged(&ARGON2.replace("m=64,t=2,p=1", costs));
        assert_eq!(argon2("m=4095,t=2,p=1"), (true, false));
        assert_eq!(argon2("m=4096,t=2,p=1"), (false, false));
        assert_eq!(argon2("m=1048576,t=16,p=4"), (false, false));
        assert_eq!(argon2("m=1048577,t=1,p=1"), (false, true));
        assert_eq!(argon2("m=8192,t=17,p=1"), (false, true));
    }

    #[test]
    fn nothing_of_a_hash_is_printed() {
        let hash = PasswordHash::parse(BCRYPT).expect("a hash");
        assert_eq!(format!("{hash:?}"), "PasswordHash(bcrypt)");
    }
}
