//! Where a large body waits for its end: in a file, so that a client that takes its time holds disk and not
//! memory. The file has no name; it is gone with whoever holds it, however that ends.
//!
//! Files are read and written off the threads that serve.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::task::{Context, Poll, ready};

use tokio::task::{JoinHandle, spawn_blocking};

use super::budget::Share;
use super::buffers::Buffer;

/// So much is read at once of what goes upstream.
const PIECE: u64 = 64 << 10;

/// A body in a file.
#[derive(Debug)]
pub(super) struct Spool {
    /// None while somebody reads or writes it.
    file: Option<File>,
    bytes: u64,
    /// Of the budget for all such files.
    _share: Share,
}

/// A body that is read from its file, piece by piece.
#[derive(Debug)]
pub(super) struct Reading {
    spool: Spool,
    left: u64,
    next: Option<JoinHandle<io::Result<(File, Buffer)>>>,
}

impl Spool {
    /// An empty one in this folder, or in the system's for temporary files.
    pub(super) async fn open(folder: Option<&Path>, share: Share) -> io::Result<Self> {
        let folder = folder.map(Path::to_owned);
        let file = blocking(move || match folder {
            Some(folder) => tempfile::tempfile_in(folder),
            None => tempfile::tempfile(),
        });
        Ok(Self { file: Some(file.await?), bytes: 0, _share: share })
    }

    /// So many bytes are in it.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether so many fit into the budget.
    pub(super) fn grow_to(&mut self, bytes: u64) -> bool {
        self._share.grow_to(bytes)
    }

    /// Adds to it.
    pub(super) async fn append(&mut self, bytes: Buffer) -> io::Result<()> {
        let (mut file, length) = (self.file()?, bytes.len() as u64);
        self.file = Some(blocking(move || file.write_all(&bytes).map(|()| file)).await?);
        self.bytes += length;
        Ok(())
    }

    /// All of it.
    pub(super) async fn load(&mut self) -> io::Result<Vec<u8>> {
        let (mut file, length) = (self.file()?, usize::try_from(self.bytes).unwrap_or(usize::MAX));
        let (file, bytes) = blocking(move || {
            let mut bytes = Vec::with_capacity(length);
            file.seek(SeekFrom::Start(0))?;
            file.read_to_end(&mut bytes)?;
            if bytes.len() == length { Ok((file, bytes)) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
        })
        .await?;
        self.file = Some(file);
        Ok(bytes)
    }

    /// From its beginning, piece by piece.
    pub(super) fn read(self) -> Reading {
        Reading { left: self.bytes, spool: self, next: None }
    }

    fn file(&mut self) -> io::Result<File> {
        self.file.take().ok_or_else(|| io::Error::other("the file was lost"))
    }
}

impl Reading {
    /// The next piece; an empty one at the end.
    pub(super) fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Buffer>> {
        if self.left == 0 {
            return Poll::Ready(Ok(Buffer::lent()));
        }
        if self.next.is_none() {
            let (mut file, at, length) = (self.spool.file()?, self.spool.bytes - self.left, self.left.min(PIECE));
            self.next = Some(spawn_blocking(move || {
                let length = usize::try_from(length).unwrap_or(0);
                let mut piece = Buffer::with_room(length);
                piece.resize(length, 0);
                file.seek(SeekFrom::Start(at))?;
                file.read_exact(&mut piece)?;
                Ok((file, piece))
            }));
        }
        let Some(next) = &mut self.next else { return Poll::Pending };
        let done = ready!(std::pin::Pin::new(next).poll(cx));
        self.next = None;
        let (file, piece) = done.map_err(io::Error::other)??;
        self.spool.file = Some(file);
        self.left -= piece.len() as u64;
        Poll::Ready(Ok(piece))
    }

    /// Whether nothing follows the last piece.
    pub(super) fn is_over(&self) -> bool {
        self.left == 0
    }

    /// Back to its beginning, where nobody reads it just now.
    pub(super) fn rewound(self) -> Option<Spool> {
        self.next.is_none().then_some(self.spool)
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::super::budget::Budget;
    use super::*;

    #[tokio::test]
    async fn what_was_written_is_read_whole_and_in_pieces_and_leaves_nothing() {
        let (folder, budget) = (tempfile::tempdir().expect("a folder can be had"), Budget::new());
        let body: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        let mut spool = Spool::open(Some(folder.path()), budget.share(1 << 20)).await.expect("it can be opened");
        assert!(spool.grow_to(body.len() as u64) && !spool.grow_to(2 << 20));
        for piece in body.chunks(100_000) {
            spool.append(Buffer::holding(piece).expect("it is not empty")).await.expect("it can be written");
        }
        assert_eq!(spool.load().await.expect("it can be read"), body);
        let mut spool = Some(spool);
        for _ in 0..2 {
            let (mut reading, mut read) = (spool.take().expect("it was given back").read(), Vec::new());
            while !reading.is_over() {
                read.extend_from_slice(&poll_fn(|cx| reading.poll_piece(cx)).await.expect("it can be read"));
            }
            assert!(read == body);
            spool = reading.rewound();
        }
        assert_eq!(budget.held(), (1, body.len() as u64));
        assert_eq!(folder.path().read_dir().expect("it is there").count(), 0, "no name is left");
        drop(spool);
        assert_eq!(budget.held(), (0, 0));
        assert!(Spool::open(Some(&folder.path().join("none")), budget.share(1)).await.is_err());
    }
}
