//! Bytes that come slowly, and then do not come.
//!
//! Every request stops somewhere within its head, and somewhere within its body where it has one: what the codec
//! says is unfinished there must end at its deadline with 408, although a byte came every now and then.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep};

use super::case::{Case, End};
use super::cuts::seeded;
use super::outcome::{Came, Pieces, Requests};
use super::pure::{Source, judged};
use super::rules::{compiled, written};
use crate::support::chance::Chance;
use crate::support::client::Client;
use crate::support::corpus::{Differences, hold_live};
use crate::support::gate::LiveGate;
use crate::support::message::Ended;
use crate::support::peer::Peer;

/// What the configuration says of heads and of bodies.
const DEADLINE: Duration = Duration::from_millis(300);

/// Between two bytes of those that come slowly; each by itself is well in time.
const BETWEEN: Duration = Duration::from_millis(70);

/// So many come slowly: were the time counted from the last byte, it would be over only after twice the deadline.
const SLOWLY: usize = 8;

/// All they do is wait; but those that stream ask for connections all at once, and a listening socket holds no more
/// than 128 of these.
const AT_ONCE: usize = 200;

/// Places that are looked at to find where a request can stop.
const LOOKS: usize = 60;

/// A request, and where it stops.
struct Stopping {
    label: String,
    raw: Vec<u8>,
    /// So much of it comes at once.
    at_once: usize,
    within: End,
    /// The statuses that come before, and whether HEAD asked for them; then whether it asked for what stops.
    before: Vec<(u16, bool)>,
    to_head: bool,
}

/// Withholds bytes of every request, all of them at one gate.
pub(super) fn run(cases: &[Case]) {
    let shared: Arc<OnceCell<(Peer, LiveGate)>> = Arc::default();
    let stopping = cases.iter().flat_map(stopping).collect();
    hold_live(
        stopping,
        AT_ONCE,
        |stopping: &Stopping| stopping.label.clone(),
        |stopping| {
            let shared = Arc::clone(&shared);
            async move {
                let (_, gate) = shared.get_or_init(gate).await;
                withheld(&stopping, gate.client().await).await
            }
        },
    );
}

async fn gate() -> (Peer, LiveGate) {
    let peer = Peer::start(Vec::new()).await;
    let gate = LiveGate::start(&written(true), peer.address).expect("the configuration is sound");
    (peer, gate)
}

/// A request up to somewhere within its head, and up to somewhere within its body; and both as far as it goes.
fn stopping(case: &Case) -> Vec<Stopping> {
    let Case::Request(request) = case else { return Vec::new() };
    let (raw, mut chance, gateway) = (&request.raw, seeded(case), compiled());
    let mut places: Vec<usize> = if raw.len() <= LOOKS {
        (1..=raw.len()).collect()
    } else {
        (0..LOOKS).map(|_| 1 + chance.below(raw.len())).chain([1, raw.len() - 1, raw.len()]).collect()
    };
    places.sort_unstable();
    places.dedup();
    let judged = |end: usize| judged(&gateway, Source::new(Pieces::whole().of(&raw[..end])));
    let looked: Vec<(usize, Requests)> = places.into_iter().map(|end| (end, judged(end))).collect();
    // What comes slowly is all of the same head or body, so that it has one deadline.
    let at_once = |end: usize, found: &Requests| {
        let same = |start: &usize| {
            let before = judged(*start);
            before.came.len() == found.came.len() && (before.end == found.end || before.end == End::Kept)
        };
        (end.saturating_sub(SLOWLY)..end).find(same).unwrap_or(end)
    };
    let one = |(end, found): &(usize, Requests)| {
        let to_head = |turn: usize| request.turns.get(turn).is_some_and(|turn| turn.is_to_head());
        let statuses = found.came.iter().map(|came| match came {
            Came::Forwarded { .. } => 200,
            Came::Refused { status, .. } => *status,
        });
        Stopping {
            label: format!("{}, {end} bytes of it", case.label()),
            raw: raw[..*end].to_vec(),
            at_once: at_once(*end, found),
            within: found.end,
            before: statuses.enumerate().map(|(turn, status)| (status, to_head(turn))).collect(),
            to_head: found.end == End::WithinBody && to_head(found.came.len()),
        }
    };
    let some = |within: End, chance: &mut Chance| {
        let mut there: Vec<_> = looked.iter().filter(|(_, found)| found.end == within).collect();
        let last = there.pop();
        let other = (!there.is_empty()).then(|| there[chance.below(there.len())]);
        last.into_iter().chain(other).map(one).collect::<Vec<_>>()
    };
    let mut all = some(End::WithinHead, &mut chance);
    all.extend(some(End::WithinBody, &mut chance));
    all
}

/// Sends the end of it slowly, and no more. What came too late must be told so, and in time.
async fn withheld(stopping: &Stopping, mut client: Client) -> Result<(), String> {
    let (at_once, slowly) = stopping.raw.split_at(stopping.at_once);
    let mut writer = client.split_off_writer();
    let began = Instant::now();
    writer.send(at_once).await;
    let dripping = async {
        for byte in slowly {
            writer.send([*byte]).await;
            sleep(BETWEEN).await;
        }
        // The side that writes stays: a client that ends it has given up.
        std::future::pending::<()>().await
    };
    let mut differences = Differences::default();
    let answers = async {
        for (status, to_head) in &stopping.before {
            let answer = client.answer(*to_head).await;
            differences.equal("the status before", Some(*status), answer.map(|answer| answer.status));
        }
        let answer = client.answer(stopping.to_head).await;
        (answer, began.elapsed(), client.end().await)
    };
    let (answer, took, end) = tokio::select! {
        seen = answers => seen,
        () = dripping => unreachable!("it is pending"),
    };
    let code = if stopping.within == End::WithinHead { "head_timeout" } else { "body_timeout" };
    let found = answer.map(|answer| (answer.status, answer.code()));
    let expected = (408, (!stopping.to_head).then(|| code.to_owned()));
    differences.equal("the answer", Some(expected), found);
    let latest = DEADLINE + BETWEEN * SLOWLY as u32;
    if !(DEADLINE..latest).contains(&(took + Duration::from_millis(1))) {
        differences.add("the time that it took", DEADLINE..latest, took);
    }
    differences.equal("what is behind the answer", (Vec::new(), Ended::ByClose), end);
    differences.told()
}
