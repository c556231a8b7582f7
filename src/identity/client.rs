//! How other services are asked: HTTP/1.1, by TLS or not, within a time and a size.
//!
//! A question is asked as it stands: no redirect is followed, no cookie kept, no proxy of the environment
//! used, nothing decoded. Whatever goes wrong is a [`Failure`], whose text is for the log and holds nothing
//! of what was asked or answered.
//!
//! Connections are kept for the next question. What drives one lives on the runtime that made it, so each
//! runtime keeps its own, and each thread that serves has one: a runtime that ends takes its connections with
//! it, and nobody else's. (Were its number given to another, a kept connection would be found closed.)

mod line;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue, USER_AGENT};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::runtime::{Handle, Id};

use crate::policy::authenticate::Service;
use crate::policy::gateway::UpstreamTls;
use line::Lines;

/// A connection that was not used for so long is closed.
const KEPT_IDLE: Duration = Duration::from_secs(30);
/// So many connections that wait are kept by each runtime for each service.
const KEPT_CONNECTIONS: usize = 16;
/// What nobody asked by for so long is forgotten, once another is made: a reload left it behind.
const FORGOTTEN: Duration = Duration::from_secs(300);
/// No answer's head is longer.
const MAX_HEAD_BYTES: usize = 16 * 1024;

type Https = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Everybody that is asked.
#[derive(Default)]
pub struct Services {
    clients: Mutex<HashMap<(Id, Trusted), Kept>>,
    lines: Lines,
}

/// What tells clients apart: whom they believe. Each keeps connections to several services.
type Trusted = Option<[u8; 32]>;

struct Kept {
    client: Https,
    used: Instant,
}

/// A question as it is sent, but for where. It changes nothing at the service, and may be asked twice.
#[derive(Clone, Debug)]
pub struct Ask {
    /// GET or POST.
    pub method: Method,
    /// Fields, without those of framing, `Host`, `User-Agent` and `Accept-Encoding`.
    pub fields: HeaderMap,
    /// The body; empty where there is none.
    pub body: Bytes,
}

/// What a service answered.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The fields.
    pub fields: HeaderMap,
    /// The body; an error where it was larger than was asked for.
    pub body: Result<Bytes, Failure>,
}

/// Why there is no answer, or none that says anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Too many wait for this service already.
    Busy,
    /// No connection, or no TLS on it.
    Connect(String),
    /// It took too long.
    Timeout(Duration),
    /// It is no HTTP, or ended before it did.
    Broken(String),
    /// A status that says nothing of what was asked.
    Status(u16),
    /// A body of more bytes than this.
    TooLarge(usize),
    /// An answer that says nothing of what was asked, in words that follow the service's name.
    Meaningless(&'static str),
    /// The same, where the words are made.
    Unclear(String),
}

impl Ask {
    /// A GET of what is of this media type.
    pub fn get(accept: &'static str) -> Self {
        let fields = HeaderMap::from_iter([(http::header::ACCEPT, HeaderValue::from_static(accept))]);
        Self { method: Method::GET, fields, body: Bytes::new() }
    }
}

impl Services {
    /// Asks a service, and reads at most `max_bytes` of its answer's body. All of it together takes at most the
    /// service's time, waiting in line included. Whoever drops this has asked nothing any more.
    ///
    /// # Errors
    ///
    /// Where no answer came that is one.
    pub async fn ask(&self, service: &Service, ask: Ask, max_bytes: usize) -> Result<Reply, Failure> {
        let asked = async {
            let _place = self.lines.place(service).await?;
            let request = request(service, ask)?;
            let client = self.client(service.tls.as_ref());
            let answer = match client.request(request.clone()).await {
                // A kept connection may close just as it is used again. RFC 9110 §9.2.2: what is asked here
                // changes nothing, so it may be asked twice.
                Err(error) if !error.is_connect() => client.request(request).await,
                answer => answer,
            };
            let (head, mut body) = answer.map_err(failure)?.into_parts();
            let mut read = BytesMut::new();
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|error| Failure::Broken(innermost(&error)))?;
                let Ok(data) = frame.into_data() else { continue };
                if data.len() > max_bytes - read.len() {
                    // What is left of it closes the connection with it.
                    let body = Err(Failure::TooLarge(max_bytes));
                    return Ok(Reply { status: head.status, fields: head.headers, body });
                }
                read.extend_from_slice(&data);
            }
            Ok(Reply { status: head.status, fields: head.headers, body: Ok(read.freeze()) })
        };
        tokio::time::timeout(service.timeout, asked).await.unwrap_or(Err(Failure::Timeout(service.timeout)))
    }

    /// The client of this runtime for whoever is believed by these certificates.
    fn client(&self, tls: Option<&UpstreamTls>) -> Https {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (Handle::current().id(), tls.map(|tls| tls.fingerprint));
        let now = Instant::now();
        if let Some(kept) = clients.get_mut(&key) {
            kept.used = now;
            return kept.client.clone();
        }
        clients.retain(|_, kept| now.duration_since(kept.used) < FORGOTTEN);
        let client = connecting(tls);
        clients.insert(key, Kept { client: client.clone(), used: now });
        client
    }
}

impl Reply {
    /// The body of a 200, whole.
    ///
    /// # Errors
    ///
    /// Where it is of another status, or too large.
    pub fn document(self) -> Result<Bytes, Failure> {
        if self.status != StatusCode::OK {
            return Err(Failure::Status(self.status.as_u16()));
        }
        self.body
    }

    /// Whether its one `Content-Type` is this media type, whatever its parameters.
    pub fn is_of_type(&self, media_type: &str) -> bool {
        let mut types = self.fields.get_all(http::header::CONTENT_TYPE).iter();
        let (first, second) = (types.next(), types.next());
        let essence = first.and_then(|value| value.to_str().ok()).and_then(|value| value.split(';').next());
        second.is_none() && essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case(media_type))
    }
}

fn request(service: &Service, ask: Ask) -> Result<Request<Full<Bytes>>, Failure> {
    let uri: Uri = format!("{}{}", service.url.origin(), service.url.path)
        .parse()
        .map_err(|_| Failure::Connect("its URL is none".to_owned()))?;
    let mut request = Request::new(Full::new(ask.body));
    *request.method_mut() = ask.method;
    *request.uri_mut() = uri;
    *request.headers_mut() = ask.fields;
    request.headers_mut().insert(USER_AGENT, HeaderValue::from_static("portcullis"));
    // RFC 9110 §12.5.3: nothing here decodes.
    request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Ok(request)
}

fn connecting(tls: Option<&UpstreamTls>) -> Https {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    let mut config = match tls {
        Some(tls) => (*tls.config).clone(),
        // Who believes nobody is not spoken to by TLS: no certificate leads anywhere.
        None => believing_nobody(),
    };
    // The builder wants to say itself what is spoken inside: HTTP/1.1 alone, which needs no ALPN.
    config.alpn_protocols.clear();
    let https =
        HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().wrap_connector(http);
    Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(KEPT_IDLE)
        .pool_max_idle_per_host(KEPT_CONNECTIONS)
        .http1_max_buf_size(MAX_HEAD_BYTES)
        .build(https)
}

fn believing_nobody() -> rustls::ClientConfig {
    rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has suites for them")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

fn failure(error: hyper_util::client::legacy::Error) -> Failure {
    match error.is_connect() {
        true => Failure::Connect(innermost(&error)),
        false => Failure::Broken(innermost(&error)),
    }
}

/// The cause of causes, which is where the system, TLS or the parser says what happened. None of them
/// repeats what was sent or came.
fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("too many wait for it"),
            Self::Connect(cause) => write!(f, "cannot connect: {cause}"),
            Self::Timeout(after) => write!(f, "timed out after {after:?}"),
            Self::Broken(cause) => write!(f, "gave no valid answer: {cause}"),
            Self::Status(status) => write!(f, "answered {status}"),
            Self::Meaningless(why) => f.write_str(why),
            Self::Unclear(why) => f.write_str(why),
            Self::TooLarge(bytes) => write!(f, "answered with more than {} KiB", bytes.div_ceil(1024)),
        }
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services").finish_non_exhaustive()
    }
}
