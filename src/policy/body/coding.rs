//! stub
/// c
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// g
    Gzip,
}
impl Coding {
    /// p
    pub fn parse(_n: &[u8]) -> Option<Self> {
        None
    }
}
/// l
#[derive(Clone, Copy, Debug)]
pub struct DecodeLimits {
    /// m
    pub max_bytes: u64,
    /// r
    pub max_ratio: u32,
}
/// f
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodingFault {
    /// a
    TooLarge,
    /// b
    RatioExceeded,
    /// c
    Corrupt,
    /// d
    Truncated,
    /// e
    TrailingBytes,
}
impl std::fmt::Display for CodingFault {
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}
/// d
pub fn decode(_c: Coding, _b: &[u8], _l: DecodeLimits) -> Result<Vec<u8>, CodingFault> {
    Err(CodingFault::Corrupt)
}
