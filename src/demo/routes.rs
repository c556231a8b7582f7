//! What the API answers: one handler a path and method, in the order of the configuration that
//! guards them. Extractors are taken as results, so that what axum would refuse politely ends in the
//! same 500 page as everything else.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderMap, HeaderName, LOCATION};
use axum::middleware::map_response_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::BadBodies;
use super::customer::Draft;
use super::fault::{BadBody, Blame, Fault};
use super::later::{self, Writer};
use super::store::Store;
use super::tables;

/// What the handlers share.
#[derive(Clone, Debug)]
pub(super) struct Api {
    pub(super) store: Store,
    pub(super) writer: Writer,
    pub(super) bad_bodies: BadBodies,
}

/// The whole API.
pub(super) fn router(api: Api) -> Router {
    Router::new()
        .route("/customers", get(list).post(create))
        .route("/customers/{id}", get(show).put(replace).patch(amend).delete(remove))
        .route("/jobs/{id}", get(job))
        .route("/healthz", get(health))
        .fallback(nothing)
        .layer(map_response_with_state(api.clone(), count_bad_bodies))
        .with_state(api)
}

type Answer = Result<Response, Failure>;
type Id = Result<Path<i64>, PathRejection>;
type Body = Result<Bytes, BytesRejection>;

enum Failure {
    Unknown,
    Fault(Fault),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Unknown => {
                let body = json!({"error": "not found", "service": "customers"});
                (StatusCode::NOT_FOUND, Json(body)).into_response()
            }
            Self::Fault(fault) => fault.into_response(),
        }
    }
}

#[derive(Deserialize)]
struct Listing {
    limit: Option<i64>,
    cursor: Option<String>,
}

async fn list(State(api): State<Api>, listing: Result<Query<Listing>, QueryRejection>) -> Answer {
    let Query(Listing { limit, cursor }) = listing.blame("GET /customers, the query")?;
    let limit = limit.unwrap_or(50);
    let page = api
        .store
        .run(move |connection| tables::list(connection, limit, cursor.as_deref()))
        .await
        .blame("GET /customers")?;
    Ok(Json(page).into_response())
}

async fn create(State(api): State<Api>, headers: HeaderMap, body: Body) -> Answer {
    let draft: Draft = read(body).blame("POST /customers")?;
    if !prefers_async(&headers) {
        let customer =
            api.store.run(move |connection| tables::insert(connection, &draft)).await.blame("POST /customers")?;
        let location = format!("/customers/{}", customer.id);
        return Ok((StatusCode::CREATED, [(LOCATION, location)], Json(customer)).into_response());
    }
    let job =
        api.store.run(move |connection| later::accept(connection, &draft)).await.blame("POST /customers, later")?;
    api.writer.wake();
    let location = format!("/jobs/{job}");
    let body = json!({"id": job, "state": "pending"});
    let applied = HeaderName::from_static("preference-applied");
    let headers = [(LOCATION, location), (applied, "respond-async".to_owned())];
    Ok((StatusCode::ACCEPTED, headers, Json(body)).into_response())
}

async fn show(State(api): State<Api>, id: Id) -> Answer {
    let Path(id) = id.blame("GET /customers/{id}, the id")?;
    let customer =
        api.store.run(move |connection| tables::customer(connection, id)).await.blame("GET /customers/{id}")?;
    Ok(Json(customer.ok_or(Failure::Unknown)?).into_response())
}

async fn replace(State(api): State<Api>, id: Id, body: Body) -> Answer {
    let Path(id) = id.blame("PUT /customers/{id}, the id")?;
    let draft: Draft = read(body).blame("PUT /customers/{id}")?;
    let customer =
        api.store.run(move |connection| tables::replace(connection, id, &draft)).await.blame("PUT /customers/{id}")?;
    Ok(Json(customer.ok_or(Failure::Unknown)?).into_response())
}

async fn amend(State(api): State<Api>, id: Id, body: Body) -> Answer {
    let Path(id) = id.blame("PATCH /customers/{id}, the id")?;
    let patch = read(body).blame("PATCH /customers/{id}")?;
    let customer =
        api.store.run(move |connection| tables::patch(connection, id, patch)).await.blame("PATCH /customers/{id}")?;
    Ok(Json(customer.ok_or(Failure::Unknown)?).into_response())
}

async fn remove(State(api): State<Api>, id: Id) -> Answer {
    let Path(id) = id.blame("DELETE /customers/{id}, the id")?;
    let removed =
        api.store.run(move |connection| tables::remove(connection, id)).await.blame("DELETE /customers/{id}")?;
    removed.then(|| StatusCode::NO_CONTENT.into_response()).ok_or(Failure::Unknown)
}

async fn job(State(api): State<Api>, id: Id) -> Answer {
    let Path(id) = id.blame("GET /jobs/{id}, the id")?;
    let job = api.store.run(move |connection| later::job(connection, id)).await.blame("GET /jobs/{id}")?;
    Ok(Json(job.ok_or(Failure::Unknown)?).into_response())
}

async fn health() -> Response {
    Json(json!({"status": "ok"})).into_response()
}

async fn nothing() -> Failure {
    Failure::Unknown
}

/// The media type is not looked at: whatever is JSON will do.
fn read<T: DeserializeOwned>(body: Body) -> Result<T, Fault> {
    let body = body.blame_body("routes::read, receiving")?;
    serde_json::from_slice(&body).blame_body("routes::read, reading JSON")
}

/// RFC 7240 §2: a list of preferences with optional parameters, names in any case, perhaps spread over
/// several fields; §4.1: `respond-async` has no value.
fn prefers_async(headers: &HeaderMap) -> bool {
    headers
        .get_all("prefer")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|preference| preference.split(';').next())
        .any(|name| name.trim().eq_ignore_ascii_case("respond-async"))
}

async fn count_bad_bodies(State(api): State<Api>, response: Response) -> Response {
    if response.extensions().get::<BadBody>().is_some() {
        api.bad_bodies.add_one();
    }
    response
}
