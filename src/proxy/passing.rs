//! A final answer on its way to the client, its body as it comes.

use std::io;
use std::task::{Context, Poll, ready};

use super::account::Account;
use super::downstream::Client;
use super::relay::Failure;
use super::request::Departing;
use super::response::Answering;
use super::upstream::{PeerConnection, PeerFault};
use crate::http1::{Body, Decoded, Ending};
use crate::policy::rate_limit;

/// An answer as it passes.
pub(super) struct Passing {
    body: Body,
    /// What is on its way now.
    piece: Option<Decoded>,
    /// The head has not left as yet.
    pub(super) held: bool,
    /// The head is leaving by itself.
    leaving: bool,
    looks_whole: bool,
    /// Whether the peer may be asked again, once all of it came.
    pub(super) peer_persists: bool,
    /// Why the peer takes no more of the request, where it does not.
    deaf: Option<PeerFault>,
    /// Bytes of the body that went.
    pub(super) bytes: u64,
}

impl Passing {
    /// Begins with the head, which is the first `end` bytes of what came.
    pub(super) fn begin<C: Client>(
        peer: &mut PeerConnection,
        end: usize,
        client: &mut C,
        to_head: bool,
        account: &mut Account<'_>,
    ) -> Result<Self, String> {
        let head = peer.head(end).map_err(|fault| fault.to_string())?;
        let ending = head.ending(to_head).map_err(|fault| fault.message().to_owned())?;
        let standings = rate_limit::fields(&account.trail.standings);
        account.answering(head.status);
        let looks_whole = client.begin(&Answering { head: &head, standings: &standings, ending });
        let peer_persists = head.persists() && ending != Ending::UntilClose;
        peer.take(end);
        let body = Body::of_response(ending);
        let nothing = body.is_done().then_some(Decoded { taken: 0, data: 0, done: true });
        let (held, leaving) = (true, false);
        Ok(Self { body, piece: nothing, held, leaving, looks_whole, peer_persists, deaf: None, bytes: 0 })
    }

    /// Passes it on to its end, and beside it what is left of the request.
    pub(super) fn poll_beside<C: Client>(
        &mut self,
        cx: &mut Context<'_>,
        peer: &mut PeerConnection,
        client: &mut C,
        departing: &mut Departing<C::Arrived>,
    ) -> Poll<Result<(), Failure>> {
        if !departing.is_over() {
            // Whatever becomes of the request now, the peer has made up its mind.
            let _ = departing.poll(cx, client, peer);
        }
        if let Some(fault) = departing.take_fault() {
            self.deaf = Some(fault);
        }
        self.poll(cx, peer, client)
    }

    fn poll<C: Client>(
        &mut self,
        cx: &mut Context<'_>,
        peer: &mut PeerConnection,
        client: &mut C,
    ) -> Poll<Result<(), Failure>> {
        loop {
            if self.leaving {
                ready!(self.poll_send(cx, client, b"", false))?;
                self.leaving = false;
            }
            if let Some(piece) = self.piece {
                ready!(self.poll_send(cx, client, &peer.pending()[..piece.data], piece.done))?;
                self.bytes += piece.data as u64;
                peer.take(piece.taken);
                self.piece = None;
                if piece.done {
                    return Poll::Ready(Ok(()));
                }
            }
            if peer.has_spoken() {
                let decoded = peer.decode(&mut self.body).map_err(|fault| self.unread(&fault))?;
                if decoded.data > 0 || decoded.done {
                    self.piece = Some(decoded);
                    continue;
                }
                peer.take(decoded.taken);
            }
            match peer.poll_fill(cx, self.body.left()) {
                Poll::Ready(Ok(0)) => match self.deaf.take() {
                    None if self.body.ends_with_connection() => {
                        self.piece = Some(Decoded { taken: 0, data: 0, done: true });
                    }
                    // A reset is told once, and to whoever writes just as well: what then reads like an end is
                    // none (RFC 9112 §8).
                    fault => return Poll::Ready(Err(self.unread(&fault.unwrap_or(PeerFault::Closed)))),
                },
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(fault)) => return Poll::Ready(Err(self.unread(&fault))),
                // While the peer pauses, the client gets what there is.
                Poll::Pending if self.held => self.leaving = true,
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn poll_send<C: Client>(
        &mut self,
        cx: &mut Context<'_>,
        client: &mut C,
        piece: &[u8],
        last: bool,
    ) -> Poll<Result<(), Failure>> {
        self.held = false;
        client.poll_send(cx, piece, last).map_err(|error: io::Error| self.aborted(format!("client: {error}"), false))
    }

    fn unread(&self, fault: &PeerFault) -> Failure {
        self.aborted(format!("upstream: {fault}"), true)
    }

    pub(super) fn aborted(&self, cause: String, upstream: bool) -> Failure {
        Failure::Aborted { cause, looks_whole: self.looks_whole, upstream }
    }
}
