//! What went wrong on a session of Pingora's, in words of ours: its own repeat the bytes that the peer sent,
//! which may be anybody's cookies, and belong in no log.

use std::io;

use pingora_core::{Error, ErrorType};

/// Why an exchange with a peer went no further.
pub(super) fn cause(error: &Error) -> String {
    let what = match error.etype() {
        ErrorType::ConnectionClosed => "the peer closed the connection before its time",
        ErrorType::ReadError => "reading failed",
        ErrorType::WriteError => "writing failed",
        ErrorType::ReadTimedout => "nothing was read in time",
        ErrorType::WriteTimedout => "nothing was written in time",
        ErrorType::InvalidHTTPHeader => "no sound HTTP head came",
        ErrorType::Custom("InvalidChunk") => "the body's chunks are not sound",
        other => other.as_str(),
    };
    match reason(error) {
        Some(reason) => format!("{what}: {reason}"),
        None => what.to_owned(),
    }
}

/// The system's word, or that of what parses heads; neither repeats anything.
fn reason(error: &Error) -> Option<String> {
    let root = error.root_cause();
    (root.is::<io::Error>() || root.is::<httparse::Error>()).then(|| root.to_string())
}
