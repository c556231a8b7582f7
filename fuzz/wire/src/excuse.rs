//! Where a reader does not take what is sound, or goes on where the gate ends the connection: each excuse is for
//! one reader, one cause that shows in the bytes, and one section of a standard. None is for requests that come
//! out of a body, or for a head that reads as another.

use crate::compare::Difference;
use crate::reading::{End, Message, Reading};

/// What excuses a difference, if anything does.
pub fn excuse(difference: Difference, ours: &Reading, reader: &str, theirs: &Reading) -> Option<&'static str> {
    let why = theirs.why.as_str();
    let at = |number: usize| ours.messages.get(number);
    let before = |number: usize| number.checked_sub(1).and_then(at);
    let first = |excuses: &[(bool, &'static str)]| excuses.iter().find(|(holds, _)| *holds).map(|(_, name)| *name);
    match (difference, reader) {
        (Difference::Missing(number), "node") => first(&[
            (at(number).is_some_and(|message| is_unknown_method(message, why)), "node knows no such method"),
            (
                at(number).is_some_and(|message| has_tab_at_end(message, why)),
                "node takes no tab behind a framing field",
            ),
            (
                before(number).is_some_and(|before| ignores_upgrade(before, theirs)),
                "node drops what follows an Upgrade",
            ),
            (before(number).is_some_and(|before| obeys_proxy(before, theirs)), "node obeys Proxy-Connection"),
            (
                before(number).is_some_and(|before| before.version == "1.0" && hides_option(before)),
                "node sees no keep-alive before a tab",
            ),
        ]),
        (Difference::Missing(number), "h11") => first(&[(
            before(number).is_some_and(|before| ends_after_old(before, theirs)),
            "h11 keeps no connection of HTTP/1.0",
        )]),
        (Difference::Missing(number), "hyper") => {
            first(&[(at(number).is_some_and(|message| counts_no_further(message, why)), "hyper counts to 2^64 - 3")])
        }
        (Difference::Body(number), "node") => first(&[
            (
                at(number).is_some_and(|message| pads_extension(message, theirs, NODE_CHUNK)),
                "node takes no padded extension",
            ),
            (
                at(number).is_some_and(|message| has_tab_at_end(message, why)),
                "node takes no tab behind a framing field",
            ),
            (
                at(number).is_some_and(|message| loses_body(message, number, theirs)),
                "node loses the body of an Upgrade whose coding a tab hides",
            ),
        ]),
        (Difference::Body(number), "h11") => first(&[(
            at(number).is_some_and(|message| pads_extension(message, theirs, H11_CHUNK)),
            "h11 takes no padded extension",
        )]),
        (Difference::More(number), "node") if ours.end == End::Closed => first(&[
            (before(number).is_some_and(hides_option), "node sees no close before a tab"),
            (before(number).is_some_and(says_both), "node keeps a connection of HTTP/1.0 that says close, too"),
        ]),
        _ => None,
    }
}

/// How they refuse a chunk's first line.
const NODE_CHUNK: &[&str] = &["HPE_STRICT", "HPE_INVALID_CHUNK_SIZE"];
const H11_CHUNK: &[&str] = &["illegal chunk header"];

/// RFC 9110 §9.1 and §16.1: any token is a method. llhttp has a list, in which some are for other protocols.
fn is_unknown_method(message: &Message, why: &str) -> bool {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"];
    let refusals = ["HPE_INVALID_METHOD", "HPE_INVALID_CONSTANT", "HPE_INVALID_VERSION"];
    // PRI is not refused before the rest of HTTP/2's preface is missing.
    let awaits = message.method == "PRI" && why == "HPE_INVALID_EOF_STATE";
    !known.contains(&message.method.as_str()) && (awaits || refusals.contains(&why))
}

/// RFC 9112 §5: the white space behind a value may be a tab. llhttp knows none behind its framing fields, and
/// refuses these.
fn has_tab_at_end(message: &Message, why: &str) -> bool {
    let refusals = ["HPE_INVALID_CONTENT_LENGTH", "HPE_INVALID_TRANSFER_ENCODING"];
    refusals.contains(&why) && tab_ends(message, &["content-length", "transfer-encoding"])
}

/// As above, where Upgrade is asked for as well: then llhttp does not refuse, but sees no body, and Node drops what
/// follows.
fn loses_body(message: &Message, number: usize, theirs: &Reading) -> bool {
    let last = theirs.messages.len() == number + 1 && theirs.end == End::Clean;
    let empty = theirs.messages.get(number).is_some_and(|read| read.done && read.length == 0);
    is_upgrade(message) && tab_ends(message, &["transfer-encoding"]) && last && empty
}

/// As above: a tab hides from llhttp what `Connection` says. Where that is close, the gate closes, and nothing more
/// is read; where it is keep-alive on HTTP/1.0, it is Node that reads nothing more.
fn hides_option(message: &Message) -> bool {
    // Within its list a tab may stand as well (RFC 9110 §5.6.1).
    let within = message.fields.iter().any(|(name, value)| name == "connection" && value.contains('\t'));
    within || tab_ends(message, &["connection"])
}

/// RFC 9112 §9.3: close goes before keep-alive. On HTTP/1.0 llhttp looks for keep-alive only. The gate closes,
/// and nothing more is read.
fn says_both(message: &Message) -> bool {
    message.version == "1.0" && message.lists("connection", "close") && message.lists("connection", "keep-alive")
}

/// RFC 9110 §7.8: a server may ignore Upgrade, and Node does where nobody listens for it; but then it
/// drops what stands behind the request, too.
fn ignores_upgrade(before: &Message, theirs: &Reading) -> bool {
    is_upgrade(before) && theirs.end == End::Clean
}

fn is_upgrade(message: &Message) -> bool {
    message.lists("connection", "upgrade") && message.fields.iter().any(|(name, _)| name == "upgrade")
}

/// RFC 9112 appendix C.2.2: Proxy-Connection is no field of HTTP. llhttp obeys it.
fn obeys_proxy(before: &Message, theirs: &Reading) -> bool {
    before.lists("proxy-connection", "close") && theirs.end == End::Closed
}

/// RFC 9112 §9.3: a server may keep the connection of a client that speaks 1.0 and asks for it. h11 does not.
fn ends_after_old(before: &Message, theirs: &Reading) -> bool {
    before.version == "1.0" && before.lists("connection", "keep-alive") && theirs.end == End::Closed
}

/// RFC 9110 §8.6: a length is any number. hyper keeps the two greatest of 64 bits for itself.
fn counts_no_further(message: &Message, why: &str) -> bool {
    let greatest = |(name, value): &(String, String)| {
        name == "content-length" && value.parse::<u64>().is_ok_and(|length| length > u64::MAX - 2)
    };
    why.contains("TooLarge") && message.fields.iter().any(greatest)
}

/// RFC 9112 §7.1.1: around the `;` and the `=` of an extension white space may stand, which is bad, but has to be
/// read (RFC 9110 §5.6.3). llhttp takes none behind `;` and around `=`, h11 none before `;`. Both refuse;
/// of a request with Upgrade, Node does not tell that it did.
fn pads_extension(message: &Message, theirs: &Reading, refusals: &[&str]) -> bool {
    let refused = match theirs.end {
        End::Refused => refusals.iter().any(|refusal| theirs.why.starts_with(refusal)),
        End::Incomplete => is_upgrade(message) && theirs.why.is_empty(),
        _ => false,
    };
    let pads = size_lines(&message.raw.1).iter().any(|line| line.iter().any(|byte| matches!(byte, b' ' | b'\t')));
    refused && message.lists("transfer-encoding", "chunked") && pads
}

/// The lines with the sizes of chunks, in a body that the gate took.
fn size_lines(mut body: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    while let Some(end) = body.windows(2).position(|pair| pair == b"\r\n") {
        let line = &body[..end];
        lines.push(line);
        let digits: String = line.iter().map(|byte| char::from(*byte)).take_while(char::is_ascii_hexdigit).collect();
        let size = usize::from_str_radix(&digits, 16).unwrap_or_default();
        if size == 0 {
            break;
        }
        body = body.get(end + size + 4..).unwrap_or_default();
    }
    lines
}

/// Whether the white space that ends a line of one of these fields holds a tab.
fn tab_ends(message: &Message, names: &[&str]) -> bool {
    let text = String::from_utf8_lossy(&message.raw.0).to_ascii_lowercase();
    let blank_end = |line: &str| line[line.trim_end_matches([' ', '\t']).len()..].contains('\t');
    text.split("\r\n").any(|line| blank_end(line) && names.iter().any(|name| line.starts_with(name)))
}
