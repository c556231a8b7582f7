//! `Content-Digest` (RFC 9530): what ties a body to the signature of its head.

use ring::digest::{SHA256, SHA512, digest};

use super::SignatureFault;
use super::input::members;

/// The digests that a body must have: of its bytes as they were sent, with their content coding (RFC 9530 §2) and
/// without the framing of the hop. There is one at least, and all must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentDigest {
    sha256: Option<[u8; 32]>,
    sha512: Option<[u8; 64]>,
}

impl ContentDigest {
    /// Reads the field's lines.
    pub(super) fn read<'v>(mut lines: impl Iterator<Item = &'v [u8]>) -> Result<Self, SignatureFault> {
        let mut value = lines.next().unwrap_or_default().to_vec();
        for line in lines {
            value.extend_from_slice(b", ");
            value.extend_from_slice(line);
        }
        let mut read = Self::default();
        for (algorithm, bytes) in members(&value).ok_or(SignatureFault::Digest)? {
            // RFC 9530 §5: the others are broken, or no digests at all, and tell nothing.
            match algorithm {
                "sha-256" => read.sha256 = Some(bytes.try_into().map_err(|_| SignatureFault::Digest)?),
                "sha-512" => read.sha512 = Some(bytes.try_into().map_err(|_| SignatureFault::Digest)?),
                _ => {}
            }
        }
        if read == Self::default() { Err(SignatureFault::Digest) } else { Ok(read) }
    }

    /// Whether they are those of this body.
    pub fn is_of(&self, body: &[u8]) -> bool {
        self.sha256.is_none_or(|expected| digest(&SHA256, body).as_ref() == expected)
            && self.sha512.is_none_or(|expected| digest(&SHA512, body).as_ref() == expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Result<ContentDigest, SignatureFault> {
        ContentDigest::read(lines.iter().map(|line| line.as_bytes()))
    }

    // RFC 9530 appendix B.1, of `{"hello": "world"}` and a line's end.
    const SHA_256: &str = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
    // RFC 9421 appendix B.2, of `{"hello": "world"}`.
    const SHA_512: &str =
        "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";

    #[test]
    fn the_examples_hold() {
        let (with_line, without) = (b"{\"hello\": \"world\"}\n", b"{\"hello\": \"world\"}");
        assert!(read(&[SHA_256]).is_ok_and(|digest| digest.is_of(with_line) && !digest.is_of(without)));
        assert!(read(&[SHA_512]).is_ok_and(|digest| digest.is_of(without) && !digest.is_of(with_line)));
        // All that are known must hold, whichever line they stand in.
        for both in [vec![SHA_256, SHA_512], vec![&*format!("{SHA_512},{SHA_256}")]] {
            assert!(read(&both).is_ok_and(|digest| !digest.is_of(with_line) && !digest.is_of(without)));
        }
        assert!(read(&["md5=:YQ==:", SHA_256]).is_ok_and(|digest| digest.is_of(with_line)));
    }

    #[test]
    fn what_holds_no_known_digest_is_refused() {
        let twice = format!("{SHA_256}, {SHA_256}");
        for wrong in
            ["", "md5=:YQ==:", "sha=:YQ==:", "unixsum=:AA==:", "sha-256=:YQ==:", "sha-256=\"x\"", "sha-256", &twice]
        {
            assert_eq!(read(&[wrong]), Err(SignatureFault::Digest), "{wrong}");
        }
        assert_eq!(read(&[SHA_256, SHA_256]), Err(SignatureFault::Digest));
        assert_eq!(read(&[]), Err(SignatureFault::Digest));
    }
}
