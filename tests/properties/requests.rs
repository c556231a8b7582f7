//! Random requests through a live gate: whatever is refused, the upstream has heard nothing of it;
//! whatever passes, it got exactly what was judged.
//!
//! A request is put together from parts, each known to be good or bad; only where all are good may it
//! pass. So a check that lets something by fails here, and so does one that refuses too much.

use super::sizes::chunks;
use super::{KEY, written};
use crate::support::chance::Chance;
use crate::support::client::Client;
use crate::support::gate::LiveGate;
use crate::support::message::Ended;
use crate::support::peer::Peer;
use crate::support::run;

/// Conversations at once, each with a gate of its own, so that what a peer sees has one cause.
const CONVERSATIONS: u64 = 4;

/// Requests in each of them.
const REQUESTS: usize = 400;

#[test]
fn what_is_refused_is_not_heard_of_and_what_passes_is_what_was_judged() {
    run(async {
        let conversations = (0..CONVERSATIONS).map(|seed| tokio::spawn(converse(seed)));
        let mut passed = 0;
        for conversation in conversations.collect::<Vec<_>>() {
            passed += conversation.await.expect("it holds");
        }
        // Neither side of the property is empty.
        let all = CONVERSATIONS as usize * REQUESTS;
        assert!((all / 4..all * 3 / 4).contains(&passed), "{passed} of {all} passed");
    });
}

async fn converse(seed: u64) -> usize {
    let peer = Peer::start(vec![]).await;
    let gate = LiveGate::start(&written(), peer.address).expect("it is sound");
    let mut chance = Chance::seeded(seed);
    let mut open: Option<Client> = None;
    let mut passed = 0;
    for turn in 0..REQUESTS {
        let request = Request::random(&mut chance);
        let told = || format!("seed {seed}, turn {turn}: {:?} {}", request.faults, request.shown());
        let client = open.take();
        let mut client = match client {
            Some(client) => client,
            None => gate.client().await,
        };
        let before = peer.record(|record| (record.connections, record.heads));
        let answer = client.exchange(&request.bytes, request.method == "HEAD").await;
        let answer = answer.unwrap_or_else(|| panic!("no answer: {}", told()));
        assert_eq!(answer.ended, Ended::Whole, "{}", told());
        if request.faults.is_empty() {
            assert_eq!(answer.status, 200, "{}: {}", told(), answer.text());
            peer.record(|record| {
                assert_eq!(record.heads, before.1 + 1, "{}", told());
                let seen = record.requests.last().expect("it was just asked");
                assert_eq!((seen.method(), seen.target()), (&*request.method, &*request.target), "{}", told());
                assert!(seen.body == request.body, "{}", told());
            });
            passed += 1;
        } else {
            assert!((400..500).contains(&answer.status) || answer.status == 505, "{}: {}", told(), answer.status);
            assert_eq!(peer.record(|record| (record.connections, record.heads)), before, "{}", told());
        }
        if answer.head.value("connection").as_deref() != Some("close") {
            open = Some(client);
        }
    }
    passed
}

/// A request, and all that is wrong with it.
struct Request {
    bytes: Vec<u8>,
    method: String,
    /// As it must reach the peer.
    target: String,
    body: Vec<u8>,
    faults: Vec<&'static str>,
}

/// A request line, and what becomes of its target.
type Line = (&'static str, &'static str, &'static str);

const BODYLESS: [&Line; 7] = [
    &("GET", "/customers", "/customers"),
    &("GET", "/customers?limit=500&cursor=a%20b", "/customers?limit=500&cursor=a%20b"),
    &("HEAD", "/%63ustomers", "/customers"),
    &("GET", "/customers/-12", "/customers/-12"),
    &("GET", "http://gate.test/customers/7", "/customers/7"),
    &("DELETE", "/customers/9007199254740991", "/customers/9007199254740991"),
    &("GET", "/customers/%31%32?any=%zz", "/customers/12?any=%zz"),
];

const WITH_BODY: [&Line; 5] = [
    &("POST", "/customers", "/customers"),
    &("PUT", "/customers/3", "/customers/3"),
    &("POST", "/files", "/files"),
    &("POST", "/streams", "/streams"),
    &("POST", "/forms", "/forms"),
];

const BAD_LINES: [&Line; 12] = [
    &("GET", "/customers/abc", ""),
    &("GET", "/customers//1", ""),
    &("GET", "/customers/../customers", ""),
    &("GET", "/customers/%2e%2e/customers", ""),
    &("GET", "/customers%2F1", ""),
    &("GET", "/customers;a=b", ""),
    &("GET", "/customers?limit=0", ""),
    &("GET", "/customers?limit=1&limit=1", ""),
    &("GET", "/Customers", ""),
    &("PATCH", "/customers", ""),
    &("OPTIONS", "/customers", ""),
    &("get", "/customers", ""),
];

const GOOD_FIELDS: [&str; 7] = [
    "X-Thing: \u{e9}",
    "Accept: */*",
    "Connection: keep-alive",
    "Connection: X-Hop",
    "X-Forwarded-For: 1.2.3.4",
    "X_Odd: 1",
    "Cookie: a=b",
];

const BAD_FIELDS: [&str; 13] = [
    "Expect: nothing",
    "Content_Length: 5",
    "Transfer_Encoding: chunked",
    "Transfer-Encoding: gzip",
    "Host: other.test",
    "Connection: Host",
    "Connection: X-API-Key",
    "X-Control: a\u{1}b",
    "X-Folded: a\r\n b",
    "X-Spaced : a",
    "X-Lone: a\rb",
    "X-API-Key: guess",
    "X-Bare: a\nX-More: b",
];

impl Request {
    fn random(chance: &mut Chance) -> Self {
        let mut faults = Vec::new();
        // Half of them are good; the others have one fault, and now and then a second.
        let mut bad = |chance: &mut Chance, what: &'static str| {
            let bad = chance.once_in(12);
            if bad {
                faults.push(what);
            }
            bad
        };
        let with_body = chance.once_in(2);
        let line = if bad(chance, "line") {
            chance.pick(&BAD_LINES)
        } else {
            chance.pick(if with_body { &WITH_BODY } else { &BODYLESS })
        };
        let mut head = format!("{} {} HTTP/1.1\r\nHost: gate.test\r\n", line.0, line.1);
        if bad(chance, "credential") {
            head.push_str(chance.pick(&[
                "",
                "X-API-Key: guess\r\n",
                "X-API-Key:\r\n",
                "X_API_Key: key-of-acme-0123456789abcdef\r\n",
            ]));
        } else {
            head.push_str(&format!("{KEY}\r\n"));
        }
        for _ in 0..chance.below(4) {
            head.push_str(chance.pick(&GOOD_FIELDS));
            head.push_str("\r\n");
        }
        if bad(chance, "field") {
            head.push_str(chance.pick(&BAD_FIELDS));
            head.push_str("\r\n");
        }
        let body = if with_body { Self::body(line.1, &mut head, &mut bad, chance) } else { Vec::new() };
        let tail = if with_body && chance.once_in(2) {
            head.push_str("Transfer-Encoding: chunked\r\n");
            if bad(chance, "framing") {
                head.push_str(chance.pick(&["Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n"]));
            }
            chunks(&body, chance)
        } else if with_body {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
            if bad(chance, "framing") {
                head.push_str(chance.pick(&[
                    "Content-Length: 3\r\n",
                    "Transfer-Encoding: chunked\r\n",
                    "Content-Length: +3\r\n",
                ]));
            }
            body.clone()
        } else {
            Vec::new()
        };
        let head: Vec<u8> = format!("{head}\r\n").into_bytes();
        let (method, target) = (line.0.to_owned(), line.2.to_owned());
        Self { bytes: [head, tail].concat(), method, target, body, faults }
    }

    fn body(
        target: &str,
        head: &mut String,
        bad: &mut impl FnMut(&mut Chance, &'static str) -> bool,
        chance: &mut Chance,
    ) -> Vec<u8> {
        if target == "/streams" {
            return (0..chance.below(3000)).map(|_| chance.next() as u8).collect();
        }
        let types: [&str; 3] = match target {
            "/files" => ["application/octet-stream"; 3],
            "/forms" => ["application/x-www-form-urlencoded"; 3],
            _ => ["application/json", "Application/Json; charset=utf-8", "application/json;charset=\"UTF-8\""],
        };
        if bad(chance, "type") {
            head.push_str(chance.pick(&["", "Content-Type: text/html\r\n", "Content-Type: application/*\r\n"]));
        } else {
            head.push_str(&format!("Content-Type: {}\r\n", chance.pick(&types)));
        }
        let odd = target != "/files" && bad(chance, "body");
        match target {
            "/files" => (0..1 + chance.below(3000)).map(|_| chance.next() as u8).collect(),
            "/forms" if odd => chance.pick(&["a=1&a=2", "a=%zz", "a=1;b=2", "=1"]).as_bytes().to_vec(),
            "/forms" => chance.pick(&["a=1&b=2", "a=%C3%A4", "a"]).as_bytes().to_vec(),
            _ if odd => chance
                .pick(&[
                    "{",
                    "{\"name\":\"a\",\"name\":\"b\"}",
                    "{\"name\":\"a\"} ,",
                    "{\"nom\":\"a\"}",
                    "{\"name\":\"a\",\"size\":9007199254740993}",
                    "{\"name\":\"a\",\"size\":1.5}",
                    "\u{feff}{\"name\":\"a\"}",
                    "[]",
                    " ",
                ])
                .as_bytes()
                .to_vec(),
            _ => format!(
                "{}{{\"name\":\"{}\",\"size\":{}}}",
                " ".repeat(chance.below(3)),
                "ä".repeat(chance.below(40)),
                chance.below(1 << 40)
            )
            .into_bytes(),
        }
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.bytes[..self.bytes.len().min(500)]).into_owned()
    }
}
