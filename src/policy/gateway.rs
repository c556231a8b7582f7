//! The compiled configuration: an immutable snapshot that a request is judged by from head to log line.
//!
//! A `Gateway` that exists can serve: whatever could be wrong with a configuration was found when it
//! was compiled. It holds no state that changes and knows no file it came from.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use rustls::pki_types::ServerName;

use super::authenticate::Authenticator;
use super::authorize::ClaimRule;
use super::body::JsonRules;
use super::keys::KeyHash;
use super::media_type::MediaType;
use super::params::Parameters;
use super::problem::Face;
use super::quota::Quota;
use super::route::{Routes, Template};
use super::schema::Schema;
use super::tls::ListenerTls;

/// Everything a request can be judged by.
#[derive(Debug)]
pub struct Gateway {
    /// Where it listens.
    pub listeners: Vec<Listener>,
    /// Where requests can be sent.
    pub upstreams: Vec<Upstream>,
    /// The ways a caller can prove who it is.
    pub authenticators: Vec<Authenticator>,
    /// One for each path and method, in the order of the configuration.
    pub endpoints: Vec<Endpoint>,
    /// Finds the endpoint of a path and method.
    pub routes: Routes,
    /// Failed credentials that an address may present before it has to wait; by client address.
    pub guard: Quota,
    /// Sizes and times that hold for every request.
    pub limits: Limits,
    /// Where bodies wait that are not held in memory; the system's folder for temporary files, if none.
    pub spool_folder: Option<PathBuf>,
    /// What refusals look like where the endpoint does not say otherwise.
    pub face: Face,
    /// The listener for those who run the gate, if there is one.
    pub admin: Option<Admin>,
    /// Where a line for each request goes.
    pub access_log: AccessLog,
    /// What the gate tells of itself.
    pub program_log: ProgramLog,
}

/// The listener for those who run the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admin {
    /// Where it binds.
    pub address: SocketAddr,
    /// SHA-256 of the bearer token that metrics and configuration ask for, if any.
    pub token: Option<KeyHash>,
    /// When requests are wanted.
    pub ready: ReadyWhen,
}

/// When the gate tells that it wants requests; never while it drains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReadyWhen {
    /// While at least one upstream answers.
    #[default]
    AnyUpstream,
    /// While every upstream answers.
    AllUpstreams,
    /// Whatever the upstreams do.
    Serving,
}

/// Where a line for each request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessLog {
    /// The end of it.
    pub sink: LogSink,
    /// Bytes of lines that wait to be written; past it they are dropped and counted.
    pub buffer_bytes: usize,
}

/// Where lines end up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogSink {
    /// Nowhere.
    Off,
    /// Standard output.
    #[default]
    Stdout,
    /// A file that they are added to.
    Path(PathBuf),
}

/// What the gate tells of itself, on standard error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramLog {
    /// Directives as in `info,portcullis::proxy=debug`.
    pub levels: String,
}

/// An address that is listened on, and what holds for all who come there.
#[derive(Debug)]
pub struct Listener {
    /// Its name in the configuration.
    pub name: String,
    /// Where it binds.
    pub address: SocketAddr,
    /// Hosts that are served, lower case without port; empty where any is.
    pub hosts: Vec<String>,
    /// Networks whose `Forwarded` and `X-Forwarded-*` fields are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Networks that may come, or not.
    pub access: Access,
    /// All requests of this listener together, where that is limited.
    pub total: Option<Quota>,
    /// Whether HTTP/2 is taken, too.
    pub http2: bool,
    /// How it is spoken to by TLS; none for plain HTTP.
    pub tls: Option<ListenerTls>,
}

/// Which client addresses may come: those of `allow` (all, where empty) but for those of `deny`.
#[derive(Debug, Default)]
pub struct Access {
    /// Networks that may come; empty where all may.
    pub allow: Vec<IpNet>,
    /// Networks that may not, whatever `allow` says.
    pub deny: Vec<IpNet>,
}

/// A group of servers that answer alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Upstream {
    /// Its name in the configuration.
    pub name: String,
    /// At least one.
    pub peers: Vec<Peer>,
    /// What the peers see as `Host`.
    pub host: HostField,
    /// How long each phase may take.
    pub timeouts: UpstreamTimeouts,
    /// How peers are spoken to by TLS; there exactly where one of them is.
    pub tls: Option<UpstreamTls>,
}

/// One server of an upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// A name or an address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The name that its certificate must hold; none for plain HTTP.
    pub server_name: Option<ServerName<'static>>,
}

/// Whom the peers of an upstream are believed to be by, and who the gate is to them.
#[derive(Clone)]
pub struct UpstreamTls {
    /// What a connection is made with.
    pub config: Arc<rustls::ClientConfig>,
    /// SHA-256 over everything it was made of: two alike are one.
    pub fingerprint: [u8; 32],
}

impl PartialEq for UpstreamTls {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl Eq for UpstreamTls {}

impl fmt::Debug for UpstreamTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The configuration holds a private key.
        f.debug_struct("UpstreamTls").field("fingerprint", &Hex(&self.fingerprint)).finish_non_exhaustive()
    }
}

pub(super) struct Hex<'a>(pub(super) &'a [u8]);

impl fmt::Debug for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What an upstream sees as `Host`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostField {
    /// The peer's own name and port.
    #[default]
    Peer,
    /// What the client sent.
    Preserve,
}

/// How long an upstream may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpstreamTimeouts {
    /// For a connection to stand.
    pub connect: Duration,
    /// An unused connection is kept for so long.
    pub idle: Duration,
    /// From the first byte sent to the last byte of the answer received.
    pub total: Duration,
}

/// A path and method, and its policy.
#[derive(Debug)]
pub struct Endpoint {
    /// The method, as on the wire.
    pub method: String,
    /// The path.
    pub template: Template,
    /// Index of the upstream.
    pub upstream: usize,
    /// Who may come.
    pub authentication: Authentication,
    /// Scopes that the caller must have, all of them.
    pub scopes: Vec<String>,
    /// What must be claimed of the caller: any of these; nothing, where there are none.
    pub allow: Vec<ClaimRule>,
    /// Charged together or not at all.
    pub quotas: Vec<Arc<Quota>>,
    /// Query, field and path parameters.
    pub parameters: Parameters,
    /// What may be in the body.
    pub body: BodyRule,
    /// Media types that this endpoint can answer with; empty where unstated.
    pub produces: Vec<MediaType>,
    /// Stages that only report.
    pub report: Report,
    /// What is added to, or kept in, the request that the upstream sees.
    pub forwarding: Forwarding,
    /// What refusals look like here, where not as everywhere.
    pub face: Option<Arc<Face>>,
}

/// Who may come to an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// Indices of the authenticators, any of which will do.
    pub accepted: Vec<usize>,
    /// Whether a request without any credential is a welcome stranger.
    pub anonymous: bool,
}

/// What may be in a body.
#[derive(Debug)]
pub struct BodyRule {
    /// Types that are taken; empty where no body is.
    pub media_types: Vec<MediaType>,
    /// Bytes of the body as sent, and again of the body decoded.
    pub max_bytes: u64,
    /// Whether a body of those types (of any, where none is named) streams through unchecked.
    pub unchecked: bool,
    /// How strict JSON is read.
    pub json: JsonRules,
    /// What it must satisfy.
    pub schema: Option<Arc<Schema>>,
}

/// Stages whose refusals are counted and logged, but not enforced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Bit set of stages, by `Stage as u16`.
    pub stages: u16,
}

/// How the forwarded request differs from the one that came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forwarding {
    /// Send `X-Authenticated-Principal`.
    pub identity: bool,
    /// Leave the credential in the request.
    pub credentials: bool,
    /// Fields that are dropped unless named here, lower case (`x-original-url` and its kin).
    pub pass_headers: Vec<String>,
    /// Protocols that it may switch to, lower case.
    pub upgrades: Vec<String>,
}

/// Sizes and times that hold for every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all bodies held at once, of all listeners.
    pub buffered_bytes: u64,
    /// Bytes of a request head.
    pub max_head_bytes: usize,
    /// Fields of a request head.
    pub max_fields: usize,
    /// Bytes of a request target.
    pub max_target_bytes: usize,
    /// A decoded body may be so many times as large as what was sent.
    pub max_decode_ratio: u32,
    /// From the first byte of a head to its last.
    pub head_timeout: Duration,
    /// From the end of a head to the end of its body.
    pub body_timeout: Duration,
    /// Bytes a second that a body has to come with, on average, once it had some time to begin.
    pub min_body_rate: u64,
    /// A checked body that is larger waits for its end in a file.
    pub spool_above_bytes: u64,
    /// Bytes of all bodies that wait in files.
    pub spool_bytes: u64,
    /// Between requests on one connection.
    pub idle_timeout: Duration,
    /// After a stop was asked for, requests in flight may take so long.
    pub drain: Duration,
    /// Connections open at once, of all listeners.
    pub max_connections: usize,
    /// Threads that serve; 0 for one a core.
    pub threads: usize,
}
