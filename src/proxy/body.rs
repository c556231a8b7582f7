//! Reading a body whole: within its size, its time and the gate's budget. A large one waits in a file for its
//! end, and is held in memory only while it is inspected.

use std::io;

use super::budget::Share;
use super::buffers::Buffer;
use super::deadline::Alarm;
use super::downstream::Client;
use super::gate::Gate;
use super::pace::Pace;
use super::request::Outgoing;
use super::spool::Spool;
use crate::http1::Framing;
use crate::policy::decide::Whole;
use crate::policy::rejection::Rejection;

/// Of a body that goes to a file, so much is gathered for each write, where so much may be in memory.
const GATHERED: u64 = 256 << 10;

/// A body that came whole, and its share of the budget for as long as it is held.
#[derive(Debug)]
pub(super) struct Held<A> {
    bytes: Bytes<A>,
    share: Share,
}

#[derive(Debug)]
enum Bytes<A> {
    /// There is none.
    None,
    /// It came with the head.
    Arrived(A),
    /// It was read.
    Read(Buffer),
    /// It is in a file, and in memory while somebody looks at it.
    Spooled { spool: Spool, loaded: Vec<u8> },
}

impl<A: AsRef<[u8]>> Held<A> {
    /// All of it, to be inspected.
    pub(super) fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::None => b"",
            Bytes::Arrived(bytes) => bytes.as_ref(),
            Bytes::Read(bytes) => bytes,
            Bytes::Spooled { loaded, .. } => loaded,
        }
    }

    /// It was inspected, and goes. What is in a file need not be in memory any more.
    pub(super) fn inspected(self) -> Outgoing<A> {
        match self.bytes {
            Bytes::Spooled { spool, .. } => Outgoing::Spooled(spool),
            bytes => Outgoing::Held(Self { bytes, share: self.share }),
        }
    }
}

/// A body that need not be waited for: there is none, or it came with the head.
pub(super) fn at_hand<C: Client>(
    client: &mut C,
    whole: &Whole<'_>,
    gate: &Gate,
) -> Result<Option<Held<C::Arrived>>, Rejection> {
    let mut share = gate.budget.share(whole.identified().limits().buffered_bytes);
    if whole.identified().framing().is_empty() {
        return Ok(Some(Held { bytes: Bytes::None, share }));
    }
    let Some(bytes) = client.body_at_hand()? else { return Ok(None) };
    within(whole, bytes.as_ref().len() as u64)?;
    hold(&mut share, bytes.as_ref().len() as u64 + whole.decoded_bytes())?;
    Ok(Some(Held { bytes: Bytes::Arrived(bytes), share }))
}

/// Reads all of a body that is not at hand, or says why not.
pub(super) async fn read<C: Client>(
    client: &mut C,
    whole: &Whole<'_>,
    gate: &Gate,
    alarm: &mut Alarm,
) -> Result<Held<C::Arrived>, Rejection> {
    let (identified, limits) = (whole.identified(), whole.identified().limits());
    let mut share = gate.budget.share(limits.buffered_bytes);
    let announced = if let Framing::Length(length) = identified.framing() { length } else { 0 };
    // Who announces much has not sent it yet; what would not fit in the end is refused before it is sent.
    let in_memory = announced.min(limits.spool_above_bytes);
    hold(&mut share, in_memory + whole.decoded_bytes())?;
    let pace = Pace::begin(limits);
    if identified.expects_continue() {
        let invited = alarm.wait_for(pace.deadline(0), client.invite()).await;
        invited.map_err(|_| Rejection::BodyTimeout)?.map_err(|_| Rejection::BodyIncomplete)?;
    }
    let mut bytes = Buffer::with_room(usize::try_from(in_memory).unwrap_or(0));
    let mut spool: Option<Spool> = None;
    let gathered = usize::try_from(limits.spool_above_bytes.min(GATHERED)).unwrap_or(0);
    loop {
        let total = spool.as_ref().map_or(0, Spool::bytes) + bytes.len() as u64;
        let more = alarm.within(pace.deadline(total), |cx| client.poll_body(cx, &mut bytes)).await;
        let more = more.map_err(|_| Rejection::BodyTimeout)??;
        let total = spool.as_ref().map_or(0, Spool::bytes) + bytes.len() as u64;
        within(whole, total)?;
        if spool.is_none() && total > limits.spool_above_bytes {
            spool = Some(open(gate, identified.spool_folder(), limits.spool_bytes, announced.max(total)).await?);
        }
        let Some(file) = spool.as_mut() else {
            hold(&mut share, total + whole.decoded_bytes())?;
            if more {
                continue;
            }
            return Ok(Held { bytes: Bytes::Read(bytes), share });
        };
        if !more || bytes.len() >= gathered {
            if !file.grow_to(total) {
                return Err(Rejection::BuffersFull);
            }
            file.append(std::mem::replace(&mut bytes, Buffer::with_room(gathered))).await.map_err(failed)?;
        }
        if !more {
            hold(&mut share, total + whole.decoded_bytes())?;
            let loaded = file.load().await.map_err(failed)?;
            let bytes = spool.map_or(Bytes::None, |spool| Bytes::Spooled { spool, loaded });
            return Ok(Held { bytes, share });
        }
    }
}

async fn open(gate: &Gate, folder: Option<&std::path::Path>, limit: u64, expected: u64) -> Result<Spool, Rejection> {
    let mut share = gate.spooled.share(limit);
    hold(&mut share, expected)?;
    Spool::open(folder, share).await.map_err(failed)
}

fn failed(error: io::Error) -> Rejection {
    Rejection::SpoolFailed { cause: error.to_string() }
}

/// Whether so many bytes are within what may be read.
fn within(whole: &Whole<'_>, bytes: u64) -> Result<(), Rejection> {
    if bytes > whole.max_bytes() { Err(whole.overflow()) } else { Ok(()) }
}

/// Takes room for so many bytes in all.
fn hold(share: &mut Share, bytes: u64) -> Result<(), Rejection> {
    if share.grow_to(bytes) { Ok(()) } else { Err(Rejection::BuffersFull) }
}
