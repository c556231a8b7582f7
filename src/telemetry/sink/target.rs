//! What lines are written to: opened, written whole or told how far, and followed through a rotation.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// A target that would block is asked again after so long.
const RETRY: Duration = Duration::from_millis(10);

/// What a sink writes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// This process' standard output.
    Stdout,
    /// This process' standard error.
    Stderr,
    /// A file, appended to, and made where there is none.
    Path(PathBuf),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("standard output"),
            Self::Stderr => f.write_str("standard error"),
            Self::Path(path) => path.display().fmt(f),
        }
    }
}

/// A target that is open.
pub(super) struct Opened {
    file: File,
    /// Where it is a file: its path, and which file it was.
    path: Option<(PathBuf, Identity)>,
}

/// Device and inode.
type Identity = (u64, u64);

impl Opened {
    pub(super) fn open(target: &Target) -> io::Result<Self> {
        let file = match target {
            // Not through the standard library's handles: their locks would be held while a write stalls.
            Target::Stdout => return Self::inherited(io::stdout().as_fd()),
            Target::Stderr => return Self::inherited(io::stderr().as_fd()),
            // A log names people; it is not for everybody on the machine.
            Target::Path(path) => {
                let mut options = OpenOptions::new();
                // A pipe that is opened for writing alone is waited for until somebody reads.
                options.read(std::fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo()));
                options.append(true).create(true).mode(0o640).open(path)?
            }
        };
        let metadata = file.metadata()?;
        let Target::Path(path) = target else { return Ok(Self { file, path: None }) };
        Ok(Self { file, path: Some((path.clone(), (metadata.dev(), metadata.ino()))) })
    }

    fn inherited(descriptor: BorrowedFd<'_>) -> io::Result<Self> {
        Ok(Self { file: File::from(descriptor.try_clone_to_owned()?), path: None })
    }

    /// Opens the file anew where another one, or none, is at its path.
    pub(super) fn follow_rotation(&mut self, name: &'static str) {
        let Some((path, identity)) = &self.path else { return };
        if identity_at(path) == Some(*identity) {
            return;
        }
        match Self::open(&Target::Path(path.clone())) {
            Ok(opened) => *self = opened,
            Err(error) => tracing::warn!(log = name, %error, "was moved away, and cannot be opened anew"),
        }
    }

    /// Writes all; or tells how much went, and why no more.
    pub(super) fn write_all(&mut self, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
        let mut went = 0;
        while went < bytes.len() {
            match self.file.write(&bytes[went..]) {
                Ok(0) => return Err((went, io::ErrorKind::WriteZero.into())),
                Ok(written) => went += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Somebody made a pipe that is shared with us non-blocking.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(RETRY),
                Err(error) => return Err((went, error)),
            }
        }
        Ok(())
    }
}

fn identity_at(path: &Path) -> Option<Identity> {
    std::fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}
