//! stub
/// f
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormFault;
impl std::fmt::Display for FormFault {
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}
/// p
pub fn parse(_b: &[u8]) -> Result<serde_json::Value, FormFault> {
    Err(FormFault)
}
