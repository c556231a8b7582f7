//! Any bytes as those of a connection, to the codec: wherever they are cut, they are the same requests; and what
//! passes is written as a head that reads as what passed. That others read the same is for `fuzz/wire`.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use portcullis::http1::{Body, Framing, HeadLimits, ParsedRequest, RequestHead, Scan};
use portcullis::limits::LocalLimits;
use portcullis::policy::authenticate::NoWitness;
use portcullis::policy::connection::Connection;
use portcullis::policy::decide::decide;
use portcullis::policy::forward::{Forward, Hop};
use portcullis::policy::gateway::Gateway;
use portcullis::policy::head;
use portcullis::policy::time::Timestamp;
use portcullis::policy::trail::Trail;

static GATEWAY: LazyLock<Gateway> = LazyLock::new(portcullis_fuzz::open_gateway);

const LIMITS: HeadLimits = HeadLimits { bytes: 64 << 10, first_line_bytes: (8 << 10) + 64 };

/// A head, its body as far as it came, and whether that is all of it.
type Message = (Vec<u8>, Vec<u8>, bool);

/// Why there are no more: which fault was seen first depends on where the bytes were cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Clean,
    Incomplete,
    Refused,
}

fuzz_target!(|bytes: &[u8]| {
    let (messages, end) = read(bytes, bytes.len().max(1));
    for most in [1, 7] {
        assert_eq!(read(bytes, most), (messages.clone(), end), "in pieces of {most}");
        if bytes.len() > 4096 {
            break;
        }
    }
    for (head, body, _) in messages.iter().filter(|(_, _, whole)| *whole) {
        let parsed = ParsedRequest::parse(head).expect("it was parsed before");
        let (request, connection) = (parsed.view(), Connection::plain(0, [127, 0, 0, 1].into()));
        let (limits, mut trail) = (LocalLimits::new(1), Trail::default());
        let decided = decide(&GATEWAY, connection, &request, body, &limits, &NoWitness, Timestamp::default(), &mut trail);
        if let Ok(forward) = decided {
            reads_as_it_was(&forward, &request);
        }
    }
});

/// The messages of a connection whose bytes come in pieces of at most `most`.
fn read(bytes: &[u8], most: usize) -> (Vec<Message>, End) {
    let (mut messages, mut held, mut pieces) = (Vec::new(), Vec::new(), bytes.chunks(most));
    let end = loop {
        match one(&mut messages, &mut held, &mut pieces) {
            Ok(()) => {}
            Err(end) => break end,
        }
    };
    // A body that was refused may have shown something of itself, or nothing.
    if end == End::Refused {
        messages.retain(|(_, _, whole)| *whole);
    }
    (messages, end)
}

fn one<'a>(
    messages: &mut Vec<Message>,
    held: &mut Vec<u8>,
    pieces: &mut impl Iterator<Item = &'a [u8]>,
) -> Result<(), End> {
    let mut scan = Scan::default();
    let end = loop {
        match scan.head_end(held, &LIMITS) {
            Ok(Some(end)) => break end,
            Ok(None) => match pieces.next() {
                Some(piece) => held.extend_from_slice(piece),
                None if held.is_empty() => return Err(End::Clean),
                None => return Err(End::Incomplete),
            },
            Err(_) => return Err(End::Refused),
        }
    };
    let head: Vec<u8> = held.drain(..end).collect();
    let framing = framing(&head).ok_or(End::Refused)?;
    messages.push((head, Vec::new(), false));
    let (_, data, whole) = messages.last_mut().expect("it was just put there");
    let mut body = Body::of_request(framing);
    loop {
        let step = body.decode(held).map_err(|_| End::Refused)?;
        assert!(step.data <= step.taken && step.taken <= held.len());
        data.extend_from_slice(&held[..step.data]);
        held.drain(..step.taken);
        if step.done {
            assert!(body.is_done());
            *whole = true;
            return Ok(());
        }
        held.extend_from_slice(pieces.next().ok_or(End::Incomplete)?);
    }
}

fn framing(head: &[u8]) -> Option<Framing> {
    let parsed = ParsedRequest::parse(head).ok()?;
    let request = parsed.view();
    head::check(&request, &GATEWAY.listeners[0], &GATEWAY.limits).ok().map(|head| head.framing)
}

/// What is written says the same as what came, and nothing that could be read as more.
fn reads_as_it_was(forward: &Forward<'_>, request: &RequestHead<'_>) {
    let hop = Hop { request_id: "fuzz", trace: ("00000000000000000000000000000001", "0000000000000001"), peer_authority: "127.0.0.1:9001" };
    let framing = Some(forward.framing()).filter(|framing| !framing.is_empty());
    let mut bytes = bytes::BytesMut::new();
    forward.write_head(&hop, framing, &mut bytes);
    let limits = HeadLimits { bytes: usize::MAX, first_line_bytes: usize::MAX };
    assert_eq!(Scan::default().head_end(&bytes, &limits), Ok(Some(bytes.len())), "it ends where it ends");
    let parsed = ParsedRequest::parse(&bytes).expect("what is written is a head");
    let written = parsed.view();
    let mut roomy = GATEWAY.limits.clone();
    (roomy.max_fields, roomy.max_head_bytes, roomy.max_target_bytes) = (usize::MAX, usize::MAX, usize::MAX);
    let again = head::check(&written, &GATEWAY.listeners[0], &roomy).expect("what is written would pass");
    assert_eq!(again.method, forward.method());
    assert_eq!(again.target.origin_form(), forward.target());
    assert_eq!(again.framing, forward.framing());
    let mut came = request.fields.iter();
    for field in written.fields[1..].iter().take_while(|field| !field.is("x-forwarded-for")) {
        assert!(came.any(|own| own == field), "a field that did not come, or not in this order: {field:?}");
    }
}
