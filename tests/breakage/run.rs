//! Runs a case, and then asks what has to hold whatever broke.

use std::sync::Arc;

use super::case::{Case, Connection};
use super::client::Client;
use super::judge::{Differences, judge_client, judge_log, judge_upstream};
use super::peer::Peer;
use super::script::{Marks, OVER, Step};
use crate::support::PATIENCE;
use crate::support::config::Written;
use crate::support::gate::LiveGate;

/// Runs a case, and tells the differences.
pub(super) async fn run(case: &Case) -> Result<(), String> {
    let marks = Arc::new(Marks::new());
    let mut peer = Peer::bind(case.peer.clone(), case.window, Arc::clone(&marks));
    if !case.absent {
        peer.listen();
    }
    let gate = LiveGate::start(&Written::alone(&case.config), peer.address)?;
    let mut client = Client::connect(gate.addresses[0], case.window, to_head(&case.client)).await;
    let mut differences = Differences::default();
    if let Err(fault) = client.act(&case.client, &marks, &gate).await {
        differences.say(format!("the client: {fault}"));
    }
    judge_client(case, &mut client, &mut differences).await;
    let lines = if differences.is_empty() { gate.lines(case.log.len()).await } else { gate.lines(0).await };
    judge_log(&case.log, &lines, &mut differences);
    differences.none(&peer.faults())?;
    // The fault is over. What comes now has nothing to do with it.
    peer.listen();
    let mut probes = 0;
    if case.connection == Connection::Lives {
        probes += 1;
        let answers = client.heard().bodies.len();
        probe(&mut client, "same", answers).await?;
        gate.lines(case.log.len() + probes).await;
    }
    let mut other = Client::connect(gate.addresses[0], None, Vec::new()).await;
    probes += 1;
    probe(&mut other, "other", 0).await?;
    let lines = gate.lines(case.log.len() + probes).await;
    differences.equal("lines of the access log", case.log.len() + probes, lines.len());
    marks.tell(OVER);
    let let_go = all_but_the_last_ended(&peer).await;
    judge_upstream(case, probes, &peer.seen(), &mut differences);
    if !let_go {
        differences.say("the gate holds on to a connection of the upstream that it does not use".to_owned());
    }
    differences.none(&peer.faults())
}

/// Which answers are to HEAD, by the requests in the order in which they are sent.
fn to_head(script: &[Step]) -> Vec<bool> {
    let sent: Vec<u8> = script
        .iter()
        .filter_map(|step| match step {
            Step::Send(bytes) | Step::Trickle(bytes) => Some(bytes.as_slice()),
            _ => None,
        })
        .flatten()
        .copied()
        .take(1 << 16)
        .collect();
    let text = String::from_utf8_lossy(&sent).into_owned();
    text.split("\r\n").filter(|line| line.contains(" HTTP/1.")).map(|line| line.starts_with("HEAD ")).collect()
}

/// Asks, and wants its own answer.
async fn probe(client: &mut Client, name: &str, answers: usize) -> Result<(), String> {
    let told = |text: String| format!("    the next request, of the {name} client: {text}");
    client.send(format!("GET /probe/{name} HTTP/1.1\r\nHost: gate.test\r\n\r\n").as_bytes()).await.map_err(told)?;
    client.until("its answer", |heard| heard.bodies.len() > answers).await.map_err(told)?;
    let heard = client.heard();
    let answer = (heard.sees.last().map(String::as_str), heard.bodies.last().map(Vec::as_slice));
    let expected = format!("GET /probe/{name}");
    if answer == (Some("200"), Some(expected.as_bytes())) {
        return Ok(());
    }
    Err(told(format!("{:?} {}", answer.0, String::from_utf8_lossy(answer.1.unwrap_or_default()))))
}

async fn all_but_the_last_ended(peer: &Peer) -> bool {
    let ended = async {
        while peer.seen().iter().filter(|seen| !seen.ended).count() > 1 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, ended).await.is_ok()
}
