//! Asks another service about a request (forward authentication).

use bytes::Bytes;
use http::Method;
use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::client::{Ask, Failure, Services};
use crate::policy::authenticate::{Delegate, MAX_RELAYED_BYTES, Spoken};
use crate::policy::decide::Arrived;

/// What it says. It is asked each time: it alone knows what its answer hangs on.
pub(super) async fn ask(services: &Services, delegate: &Delegate, arrived: &Arrived<'_>) -> Result<Spoken, Failure> {
    let mut fields = HeaderMap::new();
    for (name, value) in delegate.question(arrived) {
        let told = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_bytes(&value).ok());
        let (name, value) = told.ok_or(Failure::Meaningless("cannot be told all of the request's fields"))?;
        fields.insert(name, value);
    }
    let question = Ask { method: Method::GET, fields, body: Bytes::new() };
    let reply = services.ask(&delegate.service, question, MAX_RELAYED_BYTES).await?;
    let fields = reply.fields.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let body = reply.body.as_deref().ok();
    delegate.spoken(reply.status.as_u16(), fields, body).map_err(Failure::Unclear)
}
