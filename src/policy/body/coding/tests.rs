//! Each coding with what its own encoder makes, and with what is wrong with it.

use std::io::Write;

use proptest::prelude::*;

use super::CodingFault::{Corrupt, RatioExceeded, TooLarge, TrailingBytes, Truncated};
use super::{Coding, CodingFault, DecodeLimits, RATIO_FREE_BYTES, decode};

const LIMITS: DecodeLimits = DecodeLimits { max_bytes: 8 * 1024 * 1024, max_ratio: 100 };

fn encode(coding: Coding, body: &[u8]) -> Vec<u8> {
    let level = flate2::Compression::default();
    match coding {
        Coding::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
            encoder.write_all(body).and_then(|()| encoder.finish())
        }
        Coding::Deflate => {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(body).and_then(|()| encoder.finish())
        }
        Coding::Br => {
            let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
            encoder.write_all(body).map(|()| encoder.into_inner())
        }
        Coding::Zstd => zstd::stream::encode_all(body, 3),
    }
    .expect("encoding into memory does not fail")
}

/// Bytes that do not compress, always the same ones.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    })
    .take(length)
    .collect()
}

fn bodies() -> Vec<Vec<u8>> {
    let text = br#"{"name":"Ada","tags":["a","b"]}"#;
    let mut bodies = vec![Vec::new(), b"x".to_vec(), text.to_vec(), text.repeat(1000)];
    bodies.extend([1, 16_383, 16_384, 16_385, 65_537, 1 << 20].map(noise));
    bodies
}

#[test]
fn names_are_those_of_the_registry_in_any_case() {
    for coding in Coding::ALL {
        assert_eq!(Coding::parse(coding.name().as_bytes()), Some(coding));
        assert_eq!(Coding::parse(coding.name().to_uppercase().as_bytes()), Some(coding));
    }
    assert_eq!(Coding::parse(b"X-GZip"), Some(Coding::Gzip));
    for unknown in ["", "identity", "compress", "x-compress", "x-deflate", "gzip ", "gzip, br", "brotli", "zst"] {
        assert_eq!(Coding::parse(unknown.as_bytes()), None, "{unknown}");
    }
}

#[test]
fn what_was_encoded_comes_out() {
    for coding in Coding::ALL {
        for body in bodies() {
            let encoded = encode(coding, &body);
            assert!(decode(coding, &encoded, LIMITS) == Ok(body), "{coding:?}");
        }
    }
}

#[test]
fn a_stream_that_stops_anywhere_is_truncated() {
    for coding in Coding::ALL {
        for body in [b"".to_vec(), b"{\"a\":1}".repeat(20), noise(20_000)] {
            let encoded = encode(coding, &body);
            let cuts = (0..encoded.len()).filter(|cut| *cut < 100 || cut % 97 == 0 || encoded.len() - cut < 20);
            for cut in cuts {
                assert_eq!(
                    decode(coding, &encoded[..cut], LIMITS),
                    Err(Truncated),
                    "{coding:?} {cut} of {}",
                    encoded.len()
                );
            }
        }
    }
}

#[test]
fn nothing_may_follow_the_end() {
    for coding in Coding::ALL {
        for body in bodies() {
            let encoded = encode(coding, &body);
            for trailer in
                [&b"\0"[..], b"\n", b"trailing bytes that are longer than any bit reader's buffer is", &encoded]
            {
                let outcome = decode(coding, &[&encoded, trailer].concat(), LIMITS);
                assert_eq!(outcome, Err(TrailingBytes), "{coding:?} {}", body.len());
            }
        }
    }
}

#[test]
fn a_decoded_body_may_be_exactly_as_large_as_allowed() {
    for coding in Coding::ALL {
        for length in [0, 1, 1000, 16_384, 20_000, 100_000] {
            let encoded = encode(coding, &noise(length));
            let limits = |max_bytes| DecodeLimits { max_bytes, ..LIMITS };
            assert!(decode(coding, &encoded, limits(length as u64)).is_ok(), "{coding:?}");
            if length > 0 {
                assert_eq!(decode(coding, &encoded, limits(length as u64 - 1)), Err(TooLarge), "{coding:?}");
            }
        }
    }
}

#[test]
fn a_bomb_is_defused_by_size_or_by_ratio() {
    for coding in Coding::ALL {
        let bomb = encode(coding, &vec![b' '; 64 << 20]);
        assert!(bomb.len() < 128 << 10, "{coding:?}");
        let limits = DecodeLimits { max_bytes: 1 << 20, max_ratio: u32::MAX };
        assert_eq!(decode(coding, &bomb, limits), Err(TooLarge), "{coding:?}");
        let limits = DecodeLimits { max_bytes: u64::MAX, max_ratio: 100 };
        assert_eq!(decode(coding, &bomb, limits), Err(RatioExceeded), "{coding:?}");
        let limits = DecodeLimits { max_bytes: u64::MAX, max_ratio: u32::MAX };
        assert_eq!(decode(coding, &bomb, limits).map(|body| body.len()), Ok(64 << 20), "{coding:?}");
    }
}

#[test]
fn short_texts_may_have_any_ratio() {
    for coding in Coding::ALL {
        let limits = DecodeLimits { max_bytes: u64::MAX, max_ratio: 1 };
        let at = encode(coding, &vec![b' '; RATIO_FREE_BYTES]);
        assert!(decode(coding, &at, limits).is_ok(), "{coding:?}");
        let over = encode(coding, &vec![b' '; RATIO_FREE_BYTES + 1]);
        assert_eq!(decode(coding, &over, limits), Err(RatioExceeded), "{coding:?}");
    }
}

#[test]
fn what_is_not_the_coding_is_corrupt() {
    let raw_deflate = {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&b"{\"a\":1}".repeat(20)).and_then(|()| encoder.finish())
    }
    .expect("encoding into memory does not fail");
    let mut checksum = encode(Coding::Gzip, b"{\"a\":1}");
    let at = checksum.len() - 6;
    checksum[at] ^= 1;
    let mut length = encode(Coding::Gzip, b"{\"a\":1}");
    let at = length.len() - 1;
    length[at] ^= 1;
    let mut adler = encode(Coding::Deflate, b"{\"a\":1}");
    let at = adler.len() - 1;
    adler[at] ^= 1;
    let cases: &[(&str, Coding, &[u8])] = &[
        ("plain text as gzip", Coding::Gzip, b"{\"a\":1, \"b\":2, \"c\":3}"),
        ("plain text as deflate", Coding::Deflate, b"{\"a\":1, \"b\":2, \"c\":3}"),
        ("plain text as zstd", Coding::Zstd, b"{\"a\":1, \"b\":2, \"c\":3}"),
        ("gzip as deflate", Coding::Deflate, &encode(Coding::Gzip, b"{}")),
        ("deflate as gzip", Coding::Gzip, &encode(Coding::Deflate, b"{\"a\":1, \"b\":2}")),
        ("raw deflate", Coding::Deflate, &raw_deflate),
        ("a gzip checksum", Coding::Gzip, &checksum),
        ("a gzip length", Coding::Gzip, &length),
        ("a zlib checksum", Coding::Deflate, &adler),
        ("a zlib dictionary", Coding::Deflate, b"\x78\xf9\0\0\0\x01\x03\0\0\0\0\x01"),
        ("a gzip method that is not deflate", Coding::Gzip, b"\x1f\x8b\x07\0\0\0\0\0\0\xff\x03\0\0\0\0\0\0\0\0\0"),
        // RFC 8878 §3.1.2: size 4, then four bytes of anything.
        ("a skippable frame alone", Coding::Zstd, b"\x50\x2a\x4d\x18\x04\0\0\0abcd"),
        // Window descriptor 0x70: exponent 14, so 16 MiB.
        ("a zstd window of 16 MiB", Coding::Zstd, b"\x28\xb5\x2f\xfd\x00\x70\x01\x00\x00"),
        ("a zstd dictionary", Coding::Zstd, b"\x28\xb5\x2f\xfd\x21\x07\x00\x01\x00\x00"),
        // The large-window extension announces itself by 0x11, then six bits of window size.
        ("a large brotli window", Coding::Br, b"\x11\x1e\x03\x03\x03\x03"),
    ];
    for (name, coding, body) in cases {
        assert_eq!(decode(*coding, body, LIMITS), Err(Corrupt), "{name}");
    }
    // RFC 8878 §3.1.2: before a frame as well as after it.
    let skippable = b"\x50\x2a\x4d\x18\x04\0\0\0abcd";
    let frame = encode(Coding::Zstd, b"{}");
    assert_eq!(decode(Coding::Zstd, &[skippable, &frame[..]].concat(), LIMITS), Err(Corrupt));
    assert_eq!(decode(Coding::Zstd, &[&frame[..], skippable].concat(), LIMITS), Err(TrailingBytes));
    // An 8 MiB window is the last that is taken.
    let window = decode(Coding::Zstd, b"\x28\xb5\x2f\xfd\x00\x68\x01\x00\x00", LIMITS);
    assert_eq!(window, Ok(Vec::new()));
}

fn coding() -> impl Strategy<Value = Coding> {
    prop::sample::select(Coding::ALL.to_vec())
}

proptest! {
    #[test]
    fn any_bytes(coding in coding(), bytes: Vec<u8>) {
        let _: Result<Vec<u8>, CodingFault> = decode(coding, &bytes, LIMITS);
    }

    #[test]
    fn streams_with_a_few_bytes_changed(
        coding in coding(),
        body in prop::collection::vec(prop::sample::select(b"{}[]\",:ab1".to_vec()), 0..400),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = encode(coding, &body);
        for (index, byte) in changes {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        let limits = DecodeLimits { max_bytes: 1000, max_ratio: 100 };
        if let Ok(decoded) = decode(coding, &bytes, limits) {
            prop_assert!(decoded.len() <= 1000);
        }
    }
}
