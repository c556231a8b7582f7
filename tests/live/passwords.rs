//! Passwords that are checked while others wait: how many hashes are computed, and how many are not.

use std::thread::available_parallelism;

use tokio::task::JoinSet;

use crate::support::client::Client;
use crate::support::config::Written;
use crate::support::exposition::Exposition;
use crate::support::gate::LiveGate;
use crate::support::peer::Peer;
use crate::support::run;
use crate::support::text::bytes;

/// A guard that lets everybody be, however many come at once.
const LAX: &str = "failures = \"100000/s\"\nburst = 100000";

/// A gate for ann, whose password is `correct horse`, and which takes a while to check: bcrypt of cost 8.
fn gate(guard: &str, peer: &Peer) -> LiveGate {
    let config = format!(
        r#"
        [listener.public]
        address = "127.0.0.1:0"

        [upstream.api]
        peers = ["http://{{upstream}}"]

        [authenticator.ops]
        kind = "basic"
        users = "users.htpasswd"

        [guard]
        {guard}

        [endpoint."/things".GET]
        upstream = "api"
        auth = "ops"
        quotas = []
        "#
    );
    let users = "ann:$2b$08$taOaaIeNHmq8RBPkmwdYyukX4O3aZP2jZoUN6McAF2MRNtR5AEGoy\n";
    let files = [("users.htpasswd".to_owned(), users.to_owned())].into();
    LiveGate::start(&Written { config, files }, peer.address).unwrap_or_else(|fault| panic!("{fault}"))
}

fn request(credential: &str) -> Vec<u8> {
    bytes(&format!("GET /things HTTP/1.1\r\nHost: gate.test\r\nAuthorization: Basic {{base64:{credential}}}\r\n\r\n"))
}

/// Passwords checked so far, by this result.
fn checked(gate: &LiveGate, result: &str) -> usize {
    Exposition::parse(&gate.metrics()).value("portcullis_password_checks_total", &[("result", result)]) as usize
}

/// The statuses of all of these, sent at once, each on a connection that stands already.
async fn at_once(gate: &LiveGate, requests: Vec<Vec<u8>>) -> Vec<u16> {
    let mut clients = Vec::new();
    for request in requests {
        clients.push((Client::connect(gate.addresses[0]).await, request));
    }
    let mut asking = JoinSet::new();
    for (mut client, request) in clients {
        asking.spawn(async move { client.exchange(&request, false).await.expect("an answer").status });
    }
    asking.join_all().await
}

/// So many hashes are computed at once.
fn turns() -> usize {
    available_parallelism().map_or(1, usize::from).saturating_sub(1).max(1)
}

/// All of them are within the guard's bound when they come. Were they asked no more, each would cost a hash.
#[test]
fn guesses_that_come_at_once_end_at_the_guard() {
    run(async {
        let peer = Peer::start(Vec::new()).await;
        let gate = gate("failures = \"5/hour\"", &peer);
        let guesses = (0..200).map(|number| request(&format!("ann:guess {number}"))).collect();
        let statuses = at_once(&gate, guesses).await;

        let count = |status: u16| statuses.iter().filter(|other| **other == status).count();
        let (failed, guarded, unavailable) = (count(401), count(429), count(503));
        assert_eq!(failed + guarded + unavailable, 200, "{statuses:?}");
        assert!((5..=5 + turns()).contains(&failed), "{failed} were computed: {statuses:?}");
        assert_eq!((checked(&gate, "wrong"), checked(&gate, "good")), (failed, 0));
        assert!(guarded > 0 && checked(&gate, "refused") > 0, "nobody waited: {statuses:?}");
    });
}

/// The same at a gate whose guard lets them be: the line before the hashes is bounded by itself.
#[test]
fn no_more_wait_than_the_line_holds() {
    run(async {
        let peer = Peer::start(Vec::new()).await;
        let gate = gate(LAX, &peer);
        let guesses = (0..300).map(|number| request(&format!("ann:guess {number}"))).collect();
        let statuses = at_once(&gate, guesses).await;
        let (failed, unavailable) = (checked(&gate, "wrong"), checked(&gate, "refused"));
        assert_eq!(failed, statuses.iter().filter(|status| **status == 401).count());
        assert_eq!(unavailable, statuses.iter().filter(|status| **status == 503).count());
        assert_eq!(failed + unavailable, 300, "{statuses:?}");
        assert!(unavailable > 0, "all of 300 found room");
    });
}

#[test]
fn a_right_password_is_computed_once() {
    run(async {
        let peer = Peer::start(Vec::new()).await;
        let gate = gate(LAX, &peer);
        let good = request("ann:correct horse");
        let statuses = at_once(&gate, vec![good.clone(); 20]).await;
        assert_eq!(statuses, [200; 20]);
        let computed = checked(&gate, "good");
        // Those that had a turn at once may all have computed.
        assert!((1..=turns()).contains(&computed), "{computed}");
        assert_eq!(checked(&gate, "cached"), 20 - computed);
        let mut client = gate.client().await;
        assert_eq!(client.exchange(&good, false).await.map(|answer| answer.status), Some(200));
        assert_eq!((checked(&gate, "good"), checked(&gate, "cached")), (computed, 21 - computed));

        // A wrong one is not remembered, nor is a right one with a name that nobody has.
        for (credential, times) in [("ann:wrong horse", 2), ("bob:correct horse", 2)] {
            for _ in 0..times {
                let answer = client.exchange(&request(credential), false).await;
                assert_eq!(answer.map(|answer| answer.status), Some(401), "{credential}");
            }
        }
        assert_eq!((checked(&gate, "wrong"), checked(&gate, "good")), (2, computed + 2));
        assert_eq!(checked(&gate, "cached"), 21 - computed);
    });
}
