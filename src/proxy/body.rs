//! Reading a body whole: within its size, its time and the gate's budget.

use std::future::poll_fn;

use bytes::BytesMut;
use tokio::time::Instant;

use super::budget::Share;
use super::deadline::Alarm;
use super::downstream::Client;
use super::gate::Gate;
use crate::http1::Framing;
use crate::policy::decide::Whole;
use crate::policy::rejection::Rejection;

/// A body at hand, and its share of the budget for as long as it is.
#[derive(Debug)]
pub(super) struct Held<A> {
    bytes: Bytes<A>,
    _share: Share,
}

#[derive(Debug)]
enum Bytes<A> {
    /// There is none.
    None,
    /// It came with the head.
    Arrived(A),
    /// It was read.
    Read(BytesMut),
}

impl<A: AsRef<[u8]>> Held<A> {
    pub(super) fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::None => b"",
            Bytes::Arrived(bytes) => bytes.as_ref(),
            Bytes::Read(bytes) => bytes,
        }
    }
}

/// Reads all of a body, or says why not.
pub(super) async fn read<C: Client>(
    client: &mut C,
    whole: &Whole<'_>,
    gate: &Gate,
    alarm: &mut Alarm,
) -> Result<Held<C::Arrived>, Rejection> {
    let identified = whole.identified();
    let mut share = gate.budget.share(identified.limits().buffered_bytes);
    let announced = match identified.framing() {
        Framing::Length(0) => return Ok(Held { bytes: Bytes::None, _share: share }),
        Framing::Length(length) => length,
        Framing::Chunked => 0,
    };
    if !share.grow_to(announced + whole.decoded_bytes()) {
        return Err(Rejection::BuffersFull);
    }
    if let Some(bytes) = client.body_at_hand()? {
        within(whole, &mut share, bytes.as_ref().len())?;
        return Ok(Held { bytes: Bytes::Arrived(bytes), _share: share });
    }
    let deadline = Instant::now() + identified.limits().body_timeout;
    if identified.expects_continue() {
        let invited = alarm.within(deadline, client.invite()).await.map_err(|_| Rejection::BodyTimeout)?;
        invited.map_err(|_| Rejection::BodyIncomplete)?;
    }
    let mut bytes = BytesMut::with_capacity(usize::try_from(announced).unwrap_or(0));
    loop {
        let more = alarm.within(deadline, poll_fn(|cx| client.poll_body(cx, &mut bytes))).await;
        let more = more.map_err(|_| Rejection::BodyTimeout)??;
        within(whole, &mut share, bytes.len())?;
        if !more {
            return Ok(Held { bytes: Bytes::Read(bytes), _share: share });
        }
    }
}

/// Whether so many bytes are within what may be read, and what may be held.
fn within(whole: &Whole<'_>, share: &mut Share, bytes: usize) -> Result<(), Rejection> {
    if bytes as u64 > whole.max_bytes() {
        return Err(whole.overflow());
    }
    if share.grow_to(bytes as u64 + whole.decoded_bytes()) { Ok(()) } else { Err(Rejection::BuffersFull) }
}
