//! Bodies of every size that is a limit somewhere, framed either way, asked for or not, good and bad.

use super::{KEY, written};
use crate::support::chance::Chance;
use crate::support::client::{Answer, Client};
use crate::support::gate::LiveGate;
use crate::support::peer::Peer;
use crate::support::run;

/// 64 KiB and its neighbours are where replay buffers end; 8 MiB is the endpoint's own limit.
const SIZES: [usize; 8] = [0, 1, 65_535, 65_536, 65_537, 1 << 20, 8 << 20, (8 << 20) + 1];

/// One body, and how it is sent.
#[derive(Clone, Copy, Debug)]
struct Sending {
    path: &'static str,
    media_type: &'static str,
    size: usize,
    /// Whether it is what the endpoint takes.
    sound: bool,
    chunked: bool,
    expects: bool,
}

#[test]
fn bodies_arrive_whole_or_not_at_all() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let gate = LiveGate::start(&written(), peer.address).expect("it is sound");
        let mut chance = Chance::seeded(7);
        let mut open: Option<Client> = None;
        for (path, media_type) in [
            ("/texts", "application/json"),
            ("/files", "application/octet-stream"),
            ("/streams", "application/octet-stream"),
        ] {
            for size in SIZES {
                for bits in 0..8 {
                    let [sound, chunked, expects] = [bits & 1 == 0, bits & 2 == 0, bits & 4 == 0];
                    let sending = Sending { path, media_type, size, sound, chunked, expects };
                    let client = open.take();
                    let mut client = match client {
                        Some(client) => client,
                        None => gate.client().await,
                    };
                    if holds(&sending, &mut client, &peer, &mut chance).await {
                        open = Some(client);
                    }
                }
            }
        }
    });
}

/// Sends it and asks what must hold; whether the connection lives on.
async fn holds(sending: &Sending, client: &mut Client, peer: &Peer, chance: &mut Chance) -> bool {
    let body = body(sending);
    let before = peer.record(|record| (record.connections, record.heads));
    let answer = send(sending, &body, client, chance).await;
    let status = answer.status;
    assert_eq!(status, expected(sending), "{sending:?}: {}", answer.text());
    if status == 200 {
        peer.record(|record| {
            assert_eq!(record.heads, before.1 + 1, "{sending:?}");
            let seen = record.requests.last().expect("it was just asked");
            assert!(seen.body == body, "{sending:?}: the peer got {} other bytes", seen.body.len());
            assert_eq!(seen.target(), sending.path);
        });
    } else if !streams_too_far(sending) {
        assert_eq!(
            peer.record(|record| (record.connections, record.heads)),
            before,
            "{sending:?} touched the upstream"
        );
    }
    // Of a body in chunks nobody can say beforehand whether what is left of it is too long to read away.
    let unsure = status != 200 && sending.chunked && sending.size > 65_536;
    !unsure && answer.head.value("connection").is_none_or(|value| value != "close")
}

/// What must be answered.
fn expected(sending: &Sending) -> u16 {
    match sending {
        Sending { path: "/texts", size: 0, .. } => 400,
        Sending { path: "/texts", sound: false, size, .. } if *size <= 8 << 20 => 400,
        // Where nobody looks inside, bad is what has no type.
        Sending { path: "/files", sound: false, size: 1.., .. } => 415,
        Sending { size, .. } if *size > 8 << 20 => 413,
        _ => 200,
    }
}

/// Only a body that streams can be found too large after its first bytes went on.
fn streams_too_far(sending: &Sending) -> bool {
    sending.path == "/streams" && sending.chunked && sending.size > 8 << 20
}

fn body(sending: &Sending) -> Vec<u8> {
    let filled = |byte: u8| vec![byte; sending.size];
    match (sending.path, sending.size, sending.sound) {
        ("/texts", 0, _) => Vec::new(),
        ("/texts", 1, sound) => if sound { b"7" } else { b"{" }.to_vec(),
        ("/texts", _, sound) => {
            let mut text = filled(b'a');
            text[0] = b'"';
            // One that is not sound shows it with its last byte.
            *text.last_mut().expect("it is not empty") = if sound { b'"' } else { b'a' };
            text
        }
        _ => (0..sending.size).map(|at| (at % 251) as u8).collect(),
    }
}

async fn send(sending: &Sending, body: &[u8], client: &mut Client, chance: &mut Chance) -> Answer {
    let typed = sending.sound || sending.path == "/texts";
    let media_type = if typed { format!("Content-Type: {}\r\n", sending.media_type) } else { String::new() };
    let expect = if sending.expects { "Expect: 100-continue\r\n" } else { "" };
    let (framing, framed) = if sending.chunked {
        ("Transfer-Encoding: chunked".to_owned(), chunks(body, chance))
    } else {
        (format!("Content-Length: {}", body.len()), body.to_vec())
    };
    let path = sending.path;
    let head = format!("POST {path} HTTP/1.1\r\nHost: gate.test\r\n{KEY}\r\n{media_type}{expect}{framing}\r\n\r\n");
    if !sending.expects || framed.is_empty() {
        let bytes = [head.as_bytes(), &framed].concat();
        return client.exchange(&bytes, false).await.unwrap_or_else(|| panic!("{sending:?} is not answered"));
    }
    client.send(&head).await;
    let (status, head) = client.answer_head().await.unwrap_or_else(|| panic!("{sending:?} is not answered"));
    match status {
        100 => client.exchange(&framed, false).await,
        _ => client.answer_after(status, head, false).await,
    }
    .unwrap_or_else(|| panic!("{sending:?} is not answered"))
}

/// In chunks of chance sizes, the first few of them small.
pub(super) fn chunks(body: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut framed = Vec::with_capacity(body.len() + 1024);
    let mut rest = body;
    let mut most = 3;
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at((1 + chance.below(most)).min(rest.len()));
        framed.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        framed.extend_from_slice(chunk);
        framed.extend_from_slice(b"\r\n");
        rest = after;
        most = (most * 4).min(1 << 20);
    }
    framed.extend_from_slice(b"0\r\n\r\n");
    framed
}
