//! stub
use crate::policy::quota::*;
use crate::policy::time::Timestamp;
use std::time::Duration;
/// s
#[derive(Debug, Default)]
pub struct LocalLimits;
impl Limits for LocalLimits {
    fn peek(&self, _c: &Charge<'_>, _n: Timestamp) -> Result<(), Duration> {
        Ok(())
    }
    fn charge<'a>(&self, _c: &[Charge<'a>], _n: Timestamp) -> Result<Vec<Standing<'a>>, Exceeded<'a>> {
        Ok(vec![])
    }
}
