//! Who may ask the admin listener what.

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Shared;
use crate::policy::keys::KeyHash;

/// Where there is a token, whoever asks must have it (RFC 6750 §2.1).
pub(super) async fn token(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    if shared.token.load().is_none_or(|wanted| presents(request.headers(), &wanted)) {
        return next.run(request).await;
    }
    let challenge = [(WWW_AUTHENTICATE, "Bearer realm=\"portcullis admin\"")];
    (StatusCode::UNAUTHORIZED, challenge, "this needs the token of [admin]\n").into_response()
}

/// Without a token, only who names this listener by an address or `localhost` is answered.
pub(super) async fn host(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    if shared.token.load().is_some() || names_an_address(request.headers()) {
        return next.run(request).await;
    }
    (StatusCode::MISDIRECTED_REQUEST, "name the admin listener by its address\n").into_response()
}

fn presents(headers: &HeaderMap, wanted: &KeyHash) -> bool {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    match value.as_bytes().split_at_checked("Bearer ".len()) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"Bearer ") => {
            KeyHash::from(Sha256::digest(token)).ct_eq(wanted).into()
        }
        _ => false,
    }
}

fn names_an_address(headers: &HeaderMap) -> bool {
    let Some(Ok(host)) = headers.get(HOST).map(|host| host.to_str()) else { return false };
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(host, _)| host);
    let host = bracketed.unwrap_or_else(|| host.split(':').next().unwrap_or_default());
    host.eq_ignore_ascii_case("localhost") || host.parse::<std::net::IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (name.parse().expect("a name"), value.parse().expect("a value"))).collect()
    }

    #[test]
    fn a_token_is_one_bearer_token_and_the_right_one() {
        let wanted = KeyHash::from(Sha256::digest("a-token-of-16-bytes"));
        for (values, expected) in [
            (&["Bearer a-token-of-16-bytes"][..], true),
            (&["bearer a-token-of-16-bytes"], true),
            (&["Bearer a-token-of-16-byte"], false),
            (&["Bearer  a-token-of-16-bytes"], false),
            (&["Basic a-token-of-16-bytes"], false),
            (&["Bearer"], false),
            (&[], false),
            (&["Bearer a-token-of-16-bytes", "Bearer a-token-of-16-bytes"], false),
        ] {
            assert_eq!(presents(&headers("authorization", values), &wanted), expected, "{values:?}");
        }
    }

    #[test]
    fn a_name_that_somebody_made_lead_here_is_not_answered() {
        for (host, expected) in [
            ("127.0.0.1:9900", true),
            ("[::1]:9900", true),
            ("localhost", true),
            ("LOCALHOST:9900", true),
            ("evil.example:9900", false),
            ("localhost.evil.example", false),
            ("", false),
        ] {
            assert_eq!(names_an_address(&headers("host", &[host])), expected, "{host}");
        }
        assert!(!names_an_address(&HeaderMap::new()));
    }
}
