//! Any bytes as an encoded body: whatever comes out keeps to the limits.
//!
//! The first byte chooses the coding, the second the ratio; what is left is the body.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::policy::body::coding::{Coding, DecodeLimits, RATIO_FREE_BYTES, decode};

const MAX_BYTES: u64 = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let [which, ratio, body @ ..] = bytes else { return };
    let coding = Coding::ALL[usize::from(*which) % Coding::ALL.len()];
    let max_ratio = u32::from(*ratio);
    if let Ok(decoded) = decode(coding, body, DecodeLimits { max_bytes: MAX_BYTES, max_ratio }) {
        assert!(decoded.len() as u64 <= MAX_BYTES);
        assert!(decoded.len() <= (body.len() * max_ratio as usize).max(RATIO_FREE_BYTES));
        // One body, one meaning: with a byte more it is another body, and no longer whole.
        let longer = [body, b"\0"].concat();
        assert!(decode(coding, &longer, DecodeLimits { max_bytes: MAX_BYTES, max_ratio }).is_err());
    }
});
