//! The end of a gate: what is in flight is finished, what is idle ends, what takes too long is cut off.

use portcullis::proxy::Stop;
use tokio::net::TcpStream;

use super::{HeldPeer, gate, gate_and_peer};
use crate::support::message::Ended;
use crate::support::run;

const GET: &str = "GET /things HTTP/1.1\r\nHost: gate.test\r\n\r\n";

#[test]
fn a_request_in_flight_is_finished_and_then_all_ends() {
    run(async {
        let held = HeldPeer::start().await;
        let mut gate = gate("", held.address);
        let mut idle = gate.client().await;
        idle.send("GET /nowhere HTTP/1.1\r\nHost: gate.test\r\n\r\n").await;
        assert_eq!(idle.answer(false).await.map(|answer| answer.status), Some(404));
        let mut busy = gate.client().await;
        busy.send(GET).await;
        held.arrived.await.expect("it is with the peer");
        gate.ask_to_stop();
        assert_eq!(idle.end().await, (Vec::new(), Ended::ByClose), "an idle connection ends at once");
        assert!(TcpStream::connect(gate.addresses[0]).await.is_err(), "nobody is let in any more");
        let _ = held.release.send(());
        let answer = busy.answer(false).await.expect("it is finished");
        assert_eq!((answer.status, &*answer.text(), answer.ended), (200, "held", Ended::Whole));
        assert_eq!(busy.end().await, (Vec::new(), Ended::ByClose));
        assert_eq!(gate.ended().await, Stop::Drained);
    });
}

#[test]
fn a_gate_without_work_stops_at_once() {
    run(async {
        let (mut gate, _peer) = gate_and_peer("", vec![]).await;
        let mut idle = gate.client().await;
        idle.send(GET).await;
        assert_eq!(idle.answer(false).await.map(|answer| answer.status), Some(200));
        gate.ask_to_stop();
        assert_eq!(gate.ended().await, Stop::Drained);
    });
}

#[test]
fn what_takes_longer_than_the_drain_is_cut_off() {
    run(async {
        let held = HeldPeer::start().await;
        let mut gate = gate("[limits]\ndrain = \"200ms\"", held.address);
        let mut busy = gate.client().await;
        busy.send(GET).await;
        held.arrived.await.expect("it is with the peer");
        gate.ask_to_stop();
        assert_eq!(gate.ended().await, Stop::CutOff(1));
    });
}

#[test]
fn a_head_half_sent_when_the_gate_stops_may_be_finished() {
    run(async {
        let (mut gate, _peer) = gate_and_peer("", vec![]).await;
        let mut client = gate.client().await;
        // A first request, so that the gate has surely begun with this connection.
        client.send([GET, "GET /things HTTP/1.1\r\n"].concat()).await;
        assert_eq!(client.answer(false).await.map(|answer| answer.status), Some(200));
        let mut idle = gate.client().await;
        idle.send(GET).await;
        assert_eq!(idle.answer(false).await.map(|answer| answer.status), Some(200));
        gate.ask_to_stop();
        assert_eq!(idle.end().await, (Vec::new(), Ended::ByClose), "by then every connection knows");
        client.send("Host: gate.test\r\n\r\n").await;
        let answer = client.answer(false).await.expect("it is finished");
        assert_eq!((answer.status, answer.head.value("connection").as_deref()), (200, Some("close")));
        assert_eq!(gate.ended().await, Stop::Drained);
    });
}
