//! Where lines go: a bounded buffer, and one thread that writes it out.
//!
//! Whoever tells something appends to memory and goes on: a sink that is slow, stalled or full costs
//! lines, which are counted, and never time. Lines go out together, some milliseconds after the first
//! of them, so that a busy gate writes a few times a second and not once a request. A file that was moved
//! away is noticed by its inode before each write, so rotation needs no signal; one that was truncated
//! is simply appended to.

mod target;

use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use target::Opened;
pub use target::Target;

/// So long the first line waits for others to go with it.
const GATHER: Duration = Duration::from_millis(20);

/// A log's lines on their way out.
#[derive(Clone, Debug)]
pub struct Sink {
    shared: Arc<Shared>,
    _closer: Arc<Closer>,
}

/// Lets the writer end with the last handle, once everything is written.
#[derive(Debug)]
struct Closer(Arc<Shared>);

/// Lines of one log, through all the sinks that it has in the life of a process.
#[derive(Debug, Default)]
pub struct Counts {
    written: AtomicU64,
    dropped: AtomicU64,
}

impl Counts {
    /// Lines written so far.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Lines that nobody will ever read.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
struct Shared {
    /// As messages of the program log and metrics call it.
    name: &'static str,
    state: Mutex<State>,
    /// There is something to do for the writer.
    work: Condvar,
    /// Everything that waited was written, or given up.
    idle: Condvar,
    capacity: AtomicUsize,
    counts: Arc<Counts>,
}

#[derive(Debug)]
struct State {
    waiting: Vec<u8>,
    lines: u64,
    target: Target,
    /// The target is to be opened anew before anything else is written.
    reopen: bool,
    /// Whoever waits for the end has no time to gather.
    hurry: bool,
    writing: bool,
    closed: bool,
}

impl Sink {
    /// Opens a target and starts its thread. `capacity` are the bytes that may wait.
    ///
    /// # Errors
    ///
    /// Where the target cannot be opened now. One that fails later costs lines only.
    pub fn open(name: &'static str, target: Target, capacity: usize, counts: Arc<Counts>) -> io::Result<Self> {
        let opened = Opened::open(&target)?;
        let state =
            State { waiting: Vec::new(), lines: 0, target, reopen: false, hurry: false, writing: false, closed: false };
        let shared = Arc::new(Shared {
            name,
            state: Mutex::new(state),
            work: Condvar::new(),
            idle: Condvar::new(),
            capacity: AtomicUsize::new(capacity),
            counts,
        });
        let writer = Writer { shared: Arc::clone(&shared), opened: Some(opened), torn: false, failing: false };
        thread::Builder::new().name(name.to_owned()).spawn(move || writer.run())?;
        let _closer = Arc::new(Closer(Arc::clone(&shared)));
        Ok(Self { shared, _closer })
    }

    /// Adds lines, each with its end. Never waits: what has no room is dropped and counted.
    pub fn append(&self, lines: &[u8], count: u64) {
        let mut state = self.shared.lock();
        if state.waiting.len() + lines.len() > self.shared.capacity.load(Ordering::Relaxed) {
            drop(state);
            self.shared.counts.dropped.fetch_add(count, Ordering::Relaxed);
            return;
        }
        let first = state.waiting.is_empty();
        state.waiting.extend_from_slice(lines);
        state.lines += count;
        drop(state);
        if first {
            self.shared.work.notify_one();
        }
    }

    /// Opens the target anew: after rotation, or to go on elsewhere.
    ///
    /// # Errors
    ///
    /// Where another target cannot be opened; the old one is then kept.
    pub fn turn_to(&self, target: &Target, capacity: usize) -> io::Result<()> {
        // Whether it can be opened is found out before the lock is taken, which requests take, too.
        if self.shared.lock().target != *target {
            Opened::open(target)?;
        }
        let mut state = self.shared.lock();
        state.target = target.clone();
        self.shared.capacity.store(capacity, Ordering::Relaxed);
        state.reopen = true;
        drop(state);
        self.shared.work.notify_one();
        Ok(())
    }

    /// Opens the same target anew, as after rotation.
    pub fn reopen(&self) {
        self.shared.lock().reopen = true;
        self.shared.work.notify_one();
    }

    /// Waits until everything was written, for so long at most.
    pub fn flush(&self, patience: Duration) {
        let mut state = self.shared.lock();
        state.hurry = true;
        self.shared.work.notify_one();
        let busy = |state: &mut State| !state.waiting.is_empty() || state.writing;
        let waited = self.shared.idle.wait_timeout_while(state, patience, busy);
        waited.unwrap_or_else(PoisonError::into_inner).0.hurry = false;
    }

    /// Lines written and lost so far.
    pub fn counts(&self) -> &Arc<Counts> {
        &self.shared.counts
    }
}

impl Shared {
    /// Nothing panics while it holds the lock; were it to, lines would still be lines.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Closer {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.work.notify_one();
    }
}

/// The thread that writes.
struct Writer {
    shared: Arc<Shared>,
    opened: Option<Opened>,
    /// The last write ended within a line.
    torn: bool,
    /// The last write failed, and was told of.
    failing: bool,
}

impl Writer {
    fn run(mut self) {
        let mut batch = Vec::new();
        loop {
            let dropped = self.shared.counts.dropped.load(Ordering::Relaxed);
            let Some((lines, reopen)) = self.next(&mut batch) else { return };
            if let Some(target) = reopen {
                self.open(&target);
            }
            self.write(&batch, lines);
            batch.clear();
            self.tell_dropped(self.shared.counts.dropped.load(Ordering::Relaxed) - dropped);
        }
    }

    /// Waits for lines and takes them, with what is to be opened first. `None` where no more will come.
    fn next(&self, batch: &mut Vec<u8>) -> Option<(u64, Option<Target>)> {
        let mut state = self.shared.lock();
        state.writing = false;
        let nothing = |state: &mut State| state.waiting.is_empty() && !state.reopen;
        if nothing(&mut state) {
            self.shared.idle.notify_all();
        }
        let idling = |state: &mut State| nothing(state) && !state.closed;
        state = self.shared.work.wait_while(state, idling).unwrap_or_else(PoisonError::into_inner);
        if nothing(&mut state) {
            return None;
        }
        let gathering = |state: &mut State| !state.hurry && !state.reopen && !state.closed;
        let gathered = self.shared.work.wait_timeout_while(state, GATHER, gathering);
        state = gathered.unwrap_or_else(PoisonError::into_inner).0;
        std::mem::swap(&mut state.waiting, batch);
        state.writing = true;
        let reopen = std::mem::take(&mut state.reopen).then(|| state.target.clone());
        Some((std::mem::take(&mut state.lines), reopen))
    }

    fn open(&mut self, target: &Target) {
        match Opened::open(target) {
            Ok(opened) => self.opened = Some(opened),
            Err(error) => {
                tracing::error!(log = self.shared.name, %error, "cannot be opened anew; going on with the old")
            }
        }
    }

    fn write(&mut self, batch: &[u8], lines: u64) {
        let Some(opened) = &mut self.opened else { return };
        opened.follow_rotation(self.shared.name);
        let torn = std::mem::take(&mut self.torn);
        let begun = if torn { opened.write_all(b"\n").err().map(|(_, error)| (0, error)) } else { None };
        let failed = begun.or_else(|| opened.write_all(batch).err());
        let Some((went, error)) = failed else {
            self.shared.counts.written.fetch_add(lines, Ordering::Relaxed);
            if std::mem::take(&mut self.failing) {
                tracing::info!(log = self.shared.name, "written again");
            }
            return;
        };
        self.torn = torn && went == 0 || !batch[..went].ends_with(b"\n") && went > 0;
        let whole = batch[..went].iter().filter(|byte| **byte == b'\n').count() as u64;
        self.shared.counts.written.fetch_add(whole, Ordering::Relaxed);
        self.shared.counts.dropped.fetch_add(lines - whole, Ordering::Relaxed);
        if !std::mem::replace(&mut self.failing, true) {
            tracing::error!(log = self.shared.name, %error, "cannot be written; its lines are lost until it can");
        }
    }

    /// Lines that found no room while one batch was written.
    fn tell_dropped(&self, lines: u64) {
        if lines > 0 && !self.failing {
            tracing::warn!(log = self.shared.name, lines, "lines were dropped: it is written too slowly");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Read;
    use std::path::Path;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    fn at(path: &Path) -> Sink {
        Sink::open("test log", Target::Path(path.to_owned()), 1 << 20, Arc::default()).expect("a writable folder")
    }

    #[test]
    fn a_file_that_was_moved_away_is_left_to_whoever_moved_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, moved) = (folder.path().join("log"), folder.path().join("log.1"));
        let sink = at(&path);
        sink.append(b"one\n", 1);
        sink.flush(PATIENCE);
        std::fs::rename(&path, &moved).expect("it is there");
        sink.append(b"two\n", 1);
        sink.flush(PATIENCE);
        let read = |path: &Path| std::fs::read_to_string(path).expect("it is there");
        assert_eq!((read(&moved), read(&path)), ("one\n".to_owned(), "two\n".to_owned()));
        assert_eq!((sink.counts().written(), sink.counts().dropped()), (2, 0));
    }

    #[test]
    fn a_sink_that_stalls_costs_lines_and_no_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo is a part of POSIX");
        assert!(made.success());
        let mut reader = OpenOptions::new().read(true).write(true).open(&path).expect("it is there");
        let sink = Sink::open("test log", Target::Path(path), 4096, Arc::default()).expect("there is a reader");
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        // More than any pipe holds, and nobody reads.
        for _ in 0..4096 {
            sink.append(&line, 1);
        }
        let dropped = sink.counts().dropped();
        assert!(dropped > 0, "the buffer has no more than four lines of room");
        let mut read = 0;
        let mut chunk = vec![0; 64 << 10];
        let target = usize::try_from(4096 - dropped).expect("it is small") * line.len();
        while read < target {
            read += reader.read(&mut chunk).expect("it is a pipe");
        }
        sink.flush(PATIENCE);
        assert_eq!((read, sink.counts().written(), sink.counts().dropped()), (target, 4096 - dropped, dropped));
    }

    #[test]
    fn a_full_device_loses_lines_and_says_how_many() {
        let sink =
            Sink::open("test log", Target::Path("/dev/full".into()), 4096, Arc::default()).expect("Linux has it");
        sink.append(b"lost\nlost\n", 2);
        sink.flush(PATIENCE);
        assert_eq!((sink.counts().written(), sink.counts().dropped()), (0, 2));
    }

    #[test]
    fn a_pipe_without_a_reader_holds_nobody_up() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, pipe) = (folder.path().join("log"), folder.path().join("pipe"));
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is a part of POSIX");
        assert!(made.success());
        let (told, done) = std::sync::mpsc::channel();
        // In a thread of its own, because what it guards against is that it never comes back.
        thread::spawn(move || {
            let sink = at(&path);
            let turned = sink.turn_to(&Target::Path(pipe.clone()), 4096);
            sink.append(b"one\n", 1);
            let opened = Sink::open("test log", Target::Path(pipe), 4096, Arc::default());
            let _ = told.send((turned.is_ok(), opened.is_ok()));
        });
        assert_eq!(done.recv_timeout(PATIENCE), Ok((true, true)));
    }

    #[test]
    fn another_target_that_cannot_be_had_leaves_the_old_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, other) = (folder.path().join("log"), folder.path().join("other"));
        let sink = at(&path);
        let nowhere = Target::Path(folder.path().join("no/such/folder"));
        assert!(sink.turn_to(&nowhere, 4096).is_err());
        sink.append(b"one\n", 1);
        sink.flush(PATIENCE);
        sink.turn_to(&Target::Path(other.clone()), 4096).expect("it can be opened");
        sink.append(b"two\n", 1);
        sink.flush(PATIENCE);
        let read = |path: &Path| std::fs::read_to_string(path).expect("it is there");
        assert_eq!((read(&path), read(&other)), ("one\n".to_owned(), "two\n".to_owned()));
    }
}
