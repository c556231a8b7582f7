//! stub
/// v
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Violation {
    /// p
    pub pointer: String,
    /// d
    pub detail: String,
    /// k
    pub keyword: &'static str,
}
/// s
#[derive(Debug)]
pub struct Schema;
impl Schema {
    /// c
    pub fn check(&self, _v: &serde_json::Value) -> Result<(), Vec<Violation>> {
        Ok(())
    }
}
