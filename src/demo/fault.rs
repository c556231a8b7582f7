//! What goes wrong inside, and the page it ends in: a 500 with a stack trace in HTML.
//!
//! The trace is genuine: the error of SQLite or serde as it came, and the places in this code it
//! passed on its way out. That it is shown to strangers is the legacy API's fault, and deliberate.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::panic::Location;

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

/// An error, and the way it took.
#[derive(Debug)]
pub(super) struct Fault {
    message: String,
    frames: Vec<Frame>,
    bad_body: bool,
}

#[derive(Debug)]
struct Frame {
    doing: &'static str,
    place: &'static Location<'static>,
}

/// In the extensions of a response: the request's body was of no use.
#[derive(Clone, Copy, Debug)]
pub(super) struct BadBody;

/// Turns errors into faults, and adds a frame to those that already are.
pub(super) trait Blame<T> {
    /// `doing` says what was attempted, as a frame of a stack trace would.
    fn blame(self, doing: &'static str) -> Result<T, Fault>;

    /// The same, where what was sent is to blame.
    fn blame_body(self, doing: &'static str) -> Result<T, Fault>;
}

impl<T, E: Into<Fault>> Blame<T> for Result<T, E> {
    #[track_caller]
    fn blame(self, doing: &'static str) -> Result<T, Fault> {
        let place = Location::caller();
        self.map_err(|error| error.into().through(doing, place))
    }

    #[track_caller]
    fn blame_body(self, doing: &'static str) -> Result<T, Fault> {
        let place = Location::caller();
        self.map_err(|error| Fault { bad_body: true, ..error.into().through(doing, place) })
    }
}

impl<E: Error> From<E> for Fault {
    fn from(error: E) -> Self {
        let mut message = format!("{}: {error}", std::any::type_name::<E>());
        let mut cause = error.source();
        while let Some(error) = cause {
            // Writing to a String does not fail.
            let _ = write!(message, "\nCaused by: {error}");
            cause = error.source();
        }
        Self { message, frames: Vec::new(), bad_body: false }
    }
}

impl Fault {
    /// The store has been closed, or its thread is gone.
    pub(super) fn closed() -> Self {
        Self { message: "customers: the store is closed".to_owned(), frames: Vec::new(), bad_body: false }
    }

    fn through(mut self, doing: &'static str, place: &'static Location<'static>) -> Self {
        self.frames.push(Frame { doing, place });
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.frames.iter().try_for_each(|Frame { doing, place }| write!(f, "\n    at {doing} ({place})"))
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let page = page(&self.to_string());
        let mut response = (StatusCode::INTERNAL_SERVER_ERROR, Html(page)).into_response();
        if self.bad_body {
            response.extensions_mut().insert(BadBody);
        }
        response
    }
}

fn page(trace: &str) -> String {
    // serde quotes what it was sent: escaped, or the page would run a stranger's script.
    let trace = trace.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let version = rusqlite::version();
    format!(
        r#"<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">
<html>
<head><title>500 Internal Server Error</title></head>
<body>
<h1>Internal Server Error</h1>
<p>The customers service failed to process your request.</p>
<pre>
{trace}
</pre>
<hr>
<address>Customers/1.0 SQLite/{version}</address>
</body>
</html>
"#
    )
}
