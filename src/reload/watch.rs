//! Whether files have changed: by asking the system what is at their paths, again and again.
//!
//! Not by inotify: it watches inodes, and a configuration is a set of paths. A ConfigMap swaps a link that
//! a path leads through, an editor puts another file in the place of the old one, a file that lacked appears,
//! a mount comes over it; and on a network file system nothing is told at all. A look at each path sees
//! all of these, and costs a microsecond or two.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::config::LookedAt;

/// Paths, and what was at each.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Watched(Vec<(PathBuf, Option<Stamp>)>);

/// Another file, or another content, has another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    file: (u64, u64),
    size: u64,
    /// Seconds and nanoseconds. The second of the two cannot be set by hand.
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Watched {
    /// What a reading looked at, as it is now.
    pub(super) fn now(looked_at: &LookedAt) -> Self {
        let paths = looked_at.files.iter().chain(&looked_at.folders);
        Self(paths.map(|path| (path.clone(), Stamp::of(path))).collect())
    }

    /// The same paths, as they are now.
    pub(super) fn again(&self) -> Self {
        Self(self.0.iter().map(|(path, _)| (path.clone(), Stamp::of(path))).collect())
    }
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        // The folder that the process runs in has no name.
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        std::fs::metadata(path).ok().map(|metadata| Self::from(&metadata))
    }
}

impl From<&Metadata> for Stamp {
    fn from(metadata: &Metadata) -> Self {
        Self {
            file: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn whatever_changes_at_a_path_is_seen() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| std::fs::write(at(name), text).expect("a writable folder");
        for version in ["v1", "v2"] {
            std::fs::create_dir(at(version)).expect("a writable folder");
            write(&format!("{version}/mapped.toml"), "same");
        }
        symlink("v1", at("data")).expect("a writable folder");
        symlink("data/mapped.toml", at("mapped.toml")).expect("a writable folder");
        write("plain.toml", "one");
        write("replaced.toml", "one");
        let files = ["plain.toml", "replaced.toml", "mapped.toml", "absent.toml"].map(at).to_vec();
        let looked_at = LookedAt { files, folders: vec![folder.path().to_owned()] };

        let mut before = Watched::now(&looked_at);
        let mut changes = |what: &str, change: &dyn Fn()| {
            assert_eq!(before.again(), before, "before {what}");
            change();
            let after = before.again();
            assert_ne!(after, before, "{what}");
            before = after;
        };
        changes("another content", &|| write("plain.toml", "two"));
        changes("another file in its place", &|| {
            write("beside", "one");
            std::fs::rename(at("beside"), at("replaced.toml")).expect("it is there");
        });
        changes("a link on the way that leads elsewhere", &|| {
            symlink("v2", at("data.new")).expect("a writable folder");
            std::fs::rename(at("data.new"), at("data")).expect("it is there");
        });
        changes("a file that was not there", &|| write("absent.toml", ""));
        changes("another file in a folder", &|| write("unrelated.toml", ""));
        changes("a file that is gone", &|| std::fs::remove_file(at("plain.toml")).expect("it is there"));
    }
}
