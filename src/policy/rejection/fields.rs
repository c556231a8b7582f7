//! From reason to fields: those that a status asks for, beside what every problem has.

use std::time::Duration;

use super::Rejection;

impl Rejection {
    /// The fields that its status asks for, beside those of every problem.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = Vec::new();
        match self {
            Self::MethodNotAllowed { allow } => fields.push(("Allow", allow.clone())),
            Self::Unauthenticated { challenge, .. } => fields.push(("WWW-Authenticate", challenge.clone())),
            Self::InsufficientScope { required, .. } => {
                // RFC 6750 §3: the scopes that would do.
                let scope = required.join(" ");
                let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
                fields.push(("WWW-Authenticate", challenge));
            }
            Self::UnsupportedMediaType { accept, hint } if !accept.is_empty() => {
                fields.push(("Accept", accept.join(", ")));
                if let Some(name) = hint {
                    fields.push((name, accept.join(", ")));
                }
            }
            Self::UnsupportedCoding => fields.push(("Accept-Encoding", "gzip, deflate, br, zstd".to_owned())),
            // RFC 9110 §7.8: an upgrade that would do.
            Self::VersionNotSupported => fields.push(("Upgrade", "HTTP/1.1".to_owned())),
            _ => {}
        }
        if let Some(wait) = self.retry_after() {
            fields.push(("Retry-After", whole_seconds(wait).to_string()));
        }
        fields
    }
}

/// RFC 9110 §10.2.3: whole seconds, rounded up so that who waits as told passes; never zero.
pub fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
}
