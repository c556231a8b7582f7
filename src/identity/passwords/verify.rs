//! Computing the hash of a password: to compare it with one that is kept, or to keep it.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::policy::passwords::{Argon2Variant, HashScheme, PasswordHash};

/// Whether it is the password that the hash was made of. Takes as long as the hash says, on the thread of
/// whoever asks.
pub fn verify(hash: &PasswordHash, password: &[u8]) -> bool {
    match hash.scheme() {
        HashScheme::Bcrypt { cost, salt, digest } => {
            // A NUL ends it, where that finds room; longer ones are not this password.
            if password.len() > hash.max_password_bytes() || password.contains(&0) {
                return false;
            }
            let mut ended = Zeroizing::new([0; 73]);
            ended[..password.len()].copy_from_slice(password);
            let key = &ended[..(password.len() + 1).min(72)];
            let computed = bcrypt::bcrypt(*cost, *salt, key);
            bool::from(computed[..digest.len()].ct_eq(digest))
        }
        HashScheme::Argon2 { variant, version, memory_kib, passes, lanes, salt, digest } => {
            let algorithm = match variant {
                Argon2Variant::D => Algorithm::Argon2d,
                Argon2Variant::I => Algorithm::Argon2i,
                Argon2Variant::Id => Algorithm::Argon2id,
            };
            let version = if *version == 0x10 { Version::V0x10 } else { Version::V0x13 };
            let Ok(params) = Params::new(*memory_kib, *passes, *lanes, Some(digest.len())) else { return false };
            let mut computed = vec![0; digest.len()];
            let hashed = Argon2::new(algorithm, version, params).hash_password_into(password, salt, &mut computed);
            hashed.is_ok() && bool::from(computed.ct_eq(digest))
        }
    }
}

/// A password's hash as OWASP's cheat sheet on password storage advises: argon2id with 19 MiB, two passes and
/// one lane.
///
/// # Errors
///
/// Where there is no memory for that.
pub fn hashed(password: &[u8], salt: [u8; 16]) -> Result<String, argon2::Error> {
    let params = Params::new(19 * 1024, 2, 1, Some(32))?;
    let costs = format!("m={},t={},p={}", params.m_cost(), params.t_cost(), params.p_cost());
    let mut digest = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(password, &salt, &mut digest)?;
    Ok(format!("$argon2id$v=19${costs}${}${}", STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(digest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(hash: &str, password: &str) -> bool {
        verify(&PasswordHash::parse(hash).expect("a hash"), password.as_bytes())
    }

    #[test]
    fn known_answers_of_bcrypt() {
        // From jBCrypt and from Openwall's crypt_blowfish.
        for (hash, password) in [
            ("$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.", ""),
            ("$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe", "a"),
            ("$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i", "abc"),
            ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"),
            ("$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"),
            ("$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"),
        ] {
            assert!(good(hash, password), "{hash}");
            assert!(!good(hash, &format!("{password}x")), "{hash}");
            assert!(!good(hash, &format!("{password}\0")), "{hash}");
        }
        // Openwall's vector of 72 bytes; one more would be cut.
        let long = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        let hash = "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";
        assert!(good(hash, long));
        assert!(!good(hash, &format!("{long}x")));
        assert!(!good(hash, &long[..71]));
    }

    #[test]
    fn known_answers_of_argon2() {
        // From the reference implementation's test.c.
        for hash in [
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
            "$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY",
        ] {
            assert!(good(hash, "password"), "{hash}");
            assert!(!good(hash, "Password") && !good(hash, ""), "{hash}");
        }
    }

    #[test]
    fn what_is_hashed_here_is_good_here() {
        let hash = hashed(b"correct horse", [7; 16]).expect("memory");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$"), "{hash}");
        let parsed = PasswordHash::parse(&hash).expect("a hash");
        assert!(!parsed.is_cheap() && !parsed.is_ruinous());
        assert!(good(&hash, "correct horse") && !good(&hash, "wrong horse"));
    }
}
