//! What one side of a conversation does, step by step.
//!
//! A step is a verb, and behind a space its argument. Texts of bytes may hold the placeholders of
//! [`crate::support::text`], and `{NAME}` for what `common.toml` calls so.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::support::PATIENCE;
use crate::support::text::bytes;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// `send BYTES`
    Send(Vec<u8>),
    /// `trickle BYTES`, each by itself.
    Trickle(Vec<u8>),
    /// `head`: waits for a whole one more; a client's may be an interim one.
    Head,
    /// `body`: waits for all of the request's; a peer's.
    Body,
    /// `read BYTES`: takes so many and no more; a peer's.
    Read(usize),
    /// `echo`: sends the body back while it comes, however little of that is taken; a peer's.
    Echo,
    /// `received BYTES`: waits for so many in all; a client's.
    Received(usize),
    /// `answered TIMES`: waits for so many answers in all; a client's.
    Answered(usize),
    /// `logged LINES`: waits for so many in the access log; a client's.
    Logged(usize),
    /// `stop` and `go`: reads nothing in between; a client's.
    Listen(bool),
    /// `tell MARK`: lets the other side go on.
    Tell(String),
    /// `await MARK`. `end of 1` is told once the first connection of the upstream has ended.
    Await(String),
    /// `half_close`: sends nothing more, and still reads.
    HalfClose,
    /// `drop`: closes without reading.
    Drop,
    /// `reset`
    Reset,
    /// `stall`: does nothing until the case is over.
    Stall,
    /// `end`: waits for the other side's.
    End,
    /// `pause MILLISECONDS`, where nothing could be waited for.
    Pause(Duration),
}

/// Texts by their names.
pub(super) type Words = BTreeMap<String, String>;

/// Reads a script.
pub(super) fn parse(steps: &[String], words: &Words) -> Result<Vec<Step>, String> {
    let mut parsed = Vec::new();
    for step in steps {
        let (verb, argument) = step.split_once(' ').unwrap_or((step, ""));
        let text = || bytes(&filled(argument, words));
        let number = || argument.parse().map_err(|_| format!("a number: {step:?}"));
        match verb {
            "request" => parsed.push(Step::Head),
            _ if argument.is_empty() == takes_argument(verb) => return Err(format!("an argument? {step:?}")),
            _ => {}
        }
        parsed.push(match verb {
            "send" => Step::Send(text()),
            "trickle" => Step::Trickle(text()),
            "head" => Step::Head,
            "body" | "request" => Step::Body,
            "read" => Step::Read(number()?),
            "echo" => Step::Echo,
            "received" => Step::Received(number()?),
            "answered" => Step::Answered(number()?),
            "logged" => Step::Logged(number()?),
            "stop" => Step::Listen(false),
            "go" => Step::Listen(true),
            "tell" => Step::Tell(argument.to_owned()),
            "await" => Step::Await(argument.to_owned()),
            "half_close" => Step::HalfClose,
            "drop" => Step::Drop,
            "reset" => Step::Reset,
            "stall" => Step::Stall,
            "end" => Step::End,
            "pause" => Step::Pause(Duration::from_millis(number()? as u64)),
            _ => return Err(format!("no step is called so: {step:?}")),
        });
    }
    Ok(parsed)
}

fn takes_argument(verb: &str) -> bool {
    matches!(verb, "send" | "trickle" | "read" | "received" | "answered" | "logged" | "tell" | "await" | "pause")
}

/// A text with its words filled in.
pub(super) fn filled(text: &str, words: &Words) -> String {
    words.iter().fold(text.to_owned(), |text, (name, word)| text.replace(&format!("{{{name}}}"), word))
}

/// Points that the sides have reached.
#[derive(Debug)]
pub(super) struct Marks(watch::Sender<BTreeSet<String>>);

/// What the runner tells when the fault is over.
pub(super) const OVER: &str = "over";

impl Marks {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(BTreeSet::new()))
    }

    pub(super) fn tell(&self, mark: &str) {
        self.0.send_modify(|marks| {
            marks.insert(mark.to_owned());
        });
    }

    /// Waits until it is told, for as long as it takes.
    pub(super) async fn told(&self, mark: &str) {
        let _ = self.0.subscribe().wait_for(|marks| marks.contains(mark)).await;
    }

    /// The same, in time.
    pub(super) async fn told_in_time(&self, mark: &str) -> Result<(), String> {
        timeout(PATIENCE, self.told(mark)).await.map_err(|_| format!("waited in vain for {mark:?}"))
    }
}
