//! The admin listener: whether the gate lives and wants requests, what it has counted, and by which
//! configuration it judges.
//!
//! It reads and never decides. Without a token it listens on loopback only, and answers only who names it
//! by an address: a page in somebody's browser can make a name of its own lead here (DNS rebinding), and
//! would read along. With a token, metrics and configuration ask for it; probes never do.

mod access;
mod configuration;
mod guests;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use axum::extract::State;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router, middleware};
use tokio::net::TcpListener;

use crate::policy::keys::KeyHash;
use crate::proxy::{Gate, Readiness};
use crate::telemetry::metrics::Form;
use guests::Guests;

/// What is told of the configuration in force, beside what it says.
pub struct Facts {
    /// SHA-256 of its files, in hexadecimal digits.
    pub digest: String,
    /// Since when it is in force.
    pub since: SystemTime,
    /// What to show in the place of a text that is, holds or is a part of a secret.
    pub mask: Box<Mask>,
}

/// What is shown in the place of a text, where that may not be shown.
pub type Mask = dyn Fn(&str) -> Option<String> + Send + Sync;

/// The hash of the token that a listener asks for, if any. It belongs to the listener and not to the
/// configuration in force: while a reload moves an open one to where it needs none, the old one still does.
pub type Token = ArcSwap<Option<KeyHash>>;

/// What the routes share.
#[derive(Clone)]
struct Shared {
    gate: Arc<Gate>,
    facts: Arc<ArcSwap<Facts>>,
    token: Arc<Token>,
}

/// Serves until it is dropped.
pub async fn serve(listener: TcpListener, gate: Arc<Gate>, facts: Arc<ArcSwap<Facts>>, token: Arc<Token>) {
    let shared = Shared { gate, facts, token };
    let guarded = Router::new()
        .route("/metrics", get(metrics))
        .route("/config", get(config))
        .layer(middleware::from_fn_with_state(shared.clone(), access::token));
    let router = Router::new()
        .route("/livez", get(|| async { "live\n" }))
        .route("/readyz", get(readyz))
        .merge(guarded)
        .layer(middleware::map_response(uncached))
        .layer(middleware::from_fn_with_state(shared.clone(), access::host))
        .with_state(shared);
    // It goes on through errors of accepting, and ends with the task.
    let _ = axum::serve(Guests::at(listener), router).await;
}

/// A load balancer that sees 503 sends nothing more, while what is in flight is finished.
async fn readyz(State(shared): State<Shared>) -> (StatusCode, String) {
    match shared.gate.readiness().await {
        Readiness::Ready => (StatusCode::OK, "ready\n".to_owned()),
        Readiness::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining\n".to_owned()),
        Readiness::Unanswered(upstreams) => {
            let text = format!("no answer from {}\n", upstreams.join(", "));
            (StatusCode::SERVICE_UNAVAILABLE, text)
        }
    }
}

async fn metrics(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let accept = headers.get_all(ACCEPT).iter().find_map(|value| value.to_str().ok());
    let form = Form::accepted(accept.unwrap_or_default());
    let text = shared.gate.telemetry().metrics.exposition(&shared.gate.standing(), form);
    ([(CONTENT_TYPE, form.content_type())], text).into_response()
}

async fn config(State(shared): State<Shared>) -> Json<serde_json::Value> {
    let facts = shared.facts.load();
    Json(shared.gate.look(|gateway| configuration::view(gateway, &facts)))
}

async fn uncached(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facts").field("digest", &self.digest).finish_non_exhaustive()
    }
}
