//! Stage *authorize*: has the caller the scope?

use super::gateway::Endpoint;
use super::keys::Principal;
use super::rejection::Rejection;

/// Judges what the caller may do; a stranger has no scopes.
pub fn check(endpoint: &Endpoint, principal: Option<&Principal>) -> Result<(), Rejection> {
    let granted = principal.map_or(&[][..], Principal::scopes);
    if endpoint.scopes.iter().all(|scope| granted.contains(scope)) {
        Ok(())
    } else {
        Err(Rejection::InsufficientScope { required: endpoint.scopes.clone() })
    }
}
