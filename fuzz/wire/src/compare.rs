//! Holds what a reader made of the bytes against what the gate made of them.
//!
//! What the gate took, everybody must have read as the same. What it refused for good is nobody's business: it
//! closes the connection, and nothing of what follows goes anywhere. What it refused and read past must have ended
//! for everybody where it ended for the gate. What a reader does not take though it is sound
//! is excused in `excuse.rs`, case by case.

use crate::excuse::excuse;
use crate::reading::{End, Message, Reading};

/// How a reader saw it differently, and which request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It refused, or did not see, a request that the gate took.
    Missing(usize),
    /// It read another head.
    Head(usize),
    /// It read another body, or ended it elsewhere.
    Body(usize),
    /// It read a request where the gate saw none.
    More(usize),
}

/// The first difference and what excuses it, if anything does; what comes behind one would only follow from it.
pub fn difference(ours: &Reading, reader: &str, theirs: &Reading) -> Option<(Difference, Option<&'static str>)> {
    let found = first_difference(ours, reader, theirs)?;
    Some((found, excuse(found, ours, reader, theirs)))
}

fn first_difference(ours: &Reading, reader: &str, theirs: &Reading) -> Option<Difference> {
    for (number, message) in ours.messages.iter().enumerate() {
        let Some(other) = theirs.messages.get(number) else {
            // Where both refuse, the reader has no next request to read elsewhere.
            return (!message.refused).then_some(Difference::Missing(number));
        };
        // hyper keeps no target as it came, but a URI.
        if !message.refused && !same_head(message, other, reader == "hyper") {
            return Some(Difference::Head(number));
        }
        let same = match (message.done, ours.end) {
            (true, _) => same_body(message, other),
            (false, End::Refused) => true,
            // Readers may tell of a body before it is whole, or not; but it may not be whole.
            (false, _) => !other.done,
        };
        if !same {
            return Some(Difference::Body(number));
        }
    }
    let count = ours.messages.len();
    (ours.end != End::Refused && theirs.messages.len() > count).then_some(Difference::More(count))
}

/// Whether two readers read the same requests, whole or not.
pub fn same_messages(one: &Reading, other: &Reading) -> bool {
    let same = |(one, other): (&Message, &Message)| same_head(one, other, true) && same_body(one, other);
    one.messages.len() == other.messages.len() && one.messages.iter().zip(&other.messages).all(same)
}

fn same_head(one: &Message, other: &Message, as_uri: bool) -> bool {
    let same_target = one.target == other.target || (as_uri && uri(&one.target) == uri(&other.target));
    same_target && one.method == other.method && one.version == other.version && one.fields == other.fields
}

fn same_body(one: &Message, other: &Message) -> bool {
    one.done == other.done && (!one.done || (one.length, &one.hash) == (other.length, &other.hash))
}

/// The one spelling of a scheme, and of no path behind an authority (RFC 3986 §6.2.2.1 and §6.2.3).
fn uri(target: &str) -> String {
    for scheme in ["http://", "https://"] {
        if target.get(..scheme.len()).is_some_and(|own| own.eq_ignore_ascii_case(scheme)) {
            let rest = &target[scheme.len()..];
            let slash = if rest.contains('/') { "" } else { "/" };
            return format!("{scheme}{rest}{slash}");
        }
    }
    target.to_owned()
}
