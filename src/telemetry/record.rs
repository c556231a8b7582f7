//! All that is told of one request, once it has ended, however it did.
//!
//! Whoever served it fills this in; the access log and the metrics read it, and nobody decides by it.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::policy::connection::TlsVersion;
use crate::policy::rejection::Rejection;
use crate::policy::stage::Stage;
use crate::policy::trail::Trail;

/// All that is told of one request.
#[derive(Debug)]
pub struct Record<'a> {
    /// Its id, which the answer and the upstream were told, too.
    pub id: &'a str,
    /// The listener that it came to.
    pub listener: &'a str,
    /// Who is at the other end of the connection.
    pub peer: IpAddr,
    /// The version of TLS that it came by, if by any.
    pub tls: Option<TlsVersion>,
    /// The method as it came; empty where no head did.
    pub method: &'a [u8],
    /// The target as it came.
    pub target: &'a [u8],
    /// What the stages found out.
    pub trail: &'a Trail<'a>,
    /// How it ended.
    pub end: &'a End,
    /// What was sent where.
    pub traffic: &'a Traffic<'a>,
    /// From the last byte of the head to the last byte of the answer.
    pub total: Duration,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// The upstream's answer went to the client whole.
    Passed {
        /// Its status.
        status: u16,
    },
    /// The gate answered.
    Refused {
        /// The status that was sent, which may be an old face of the rejection's own.
        status: u16,
        /// Why.
        rejection: Rejection,
    },
    /// The client got half an answer, or none.
    Cut {
        /// The status of the half that it got.
        status: Option<u16>,
        /// Why, for the log.
        cause: Cow<'static, str>,
    },
}

/// What was sent where, and who was waited for.
#[derive(Debug, Default)]
pub struct Traffic<'a> {
    /// Bytes of the request's body that were read, as sent, without its framing.
    pub request_bytes: u64,
    /// Bytes of the answer's body that were written, without its framing.
    pub response_bytes: u64,
    /// The upstream that it was for, once it had passed.
    pub upstream: Option<&'a str>,
    /// The address of the last connection to it.
    pub peer: Option<SocketAddr>,
    /// Waited for whoever can tell who the caller is.
    pub identifying: Duration,
    /// Waited for the client's body.
    pub reading: Duration,
    /// Waited for a connection to the upstream.
    pub connecting: Duration,
    /// From then until the end of the answer.
    pub relaying: Duration,
}

impl End {
    /// The status that the client got.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Passed { status } | Self::Refused { status, .. } => Some(*status),
            Self::Cut { status, .. } => *status,
        }
    }

    /// As the log calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Passed { .. } => "passed",
            Self::Refused { .. } => "refused",
            Self::Cut { .. } => "cut",
        }
    }
}

impl Record<'_> {
    /// The gate's own share of the time: neither the client nor the upstream was waited for.
    pub fn own(&self) -> Duration {
        let Traffic { identifying, reading, connecting, relaying, .. } = self.traffic;
        self.total.saturating_sub(*identifying + *reading + *connecting + *relaying)
    }

    /// The stages that took a tenth of a microsecond or more, each with its time.
    pub fn stages(&self) -> impl Iterator<Item = (Stage, Duration)> {
        let timed = Stage::ALL.into_iter().map(|stage| (stage, self.trail.laps.of(stage)));
        timed.filter(|(_, spent)| spent.as_nanos() >= 100)
    }
}
