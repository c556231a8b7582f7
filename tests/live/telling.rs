//! What the access log says of peers that misbehave: the rest is held against every golden case.

use super::gate_and_peer;
use crate::support::peer::{Script, Then};
use crate::support::run;

const GET: &str = "GET /things HTTP/1.1\r\nHost: gate.test\r\n\r\n";

/// The framework's text of such an error holds all that came.
#[test]
fn what_a_peer_says_that_is_no_http_is_not_told() {
    run(async {
        let answer = "HTTP/9 200 OK\r\nSet-Cookie: session=hunter2\r\n\r\n";
        let (gate, _peer) = gate_and_peer("", vec![Script::answering(answer, Then::Close)]).await;
        let mut client = gate.client().await;
        client.send(GET).await;
        assert_eq!(client.answer(false).await.map(|answer| answer.status), Some(502));
        let line = gate.lines(1).await.remove(0);
        assert_eq!(line["cause"], "no sound HTTP head came. The answer is neither HTTP/1.0 nor HTTP/1.1.", "{line}");
        assert!(!line.to_string().contains("hunter2"), "{line}");
    });
}
