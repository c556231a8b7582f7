//! A large key file is read in pieces, each with its whole principals.
//!
//! The table of a parsed text takes twenty times its bytes: almost four gigabytes for a file with a million
//! principals, and a third of one in pieces. A file is cut before a line `[principal.NAME]`, where TOML begins anew but for names that it
//! has seen. Small files, which are what people write by hand, are one piece.

use std::ops::Range;

use memchr::memmem;

/// A piece is at least so large, the last one apart.
const PIECE_BYTES: usize = 1024 * 1024;

/// The bytes of each piece.
pub(super) fn of(text: &str) -> Vec<Range<usize>> {
    let header = memmem::Finder::new("\n[principal.");
    let mut pieces = Vec::new();
    let mut start = 0;
    while let Some(behind) = text.as_bytes().get(start + PIECE_BYTES..) {
        let Some(found) = header.find(behind) else { break };
        let end = start + PIECE_BYTES + found + 1;
        pieces.push(start..end);
        start = end;
    }
    pieces.push(start..text.len());
    pieces
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::io;
    use std::path::{Path, PathBuf};

    use crate::config::Environment;
    use crate::config::key_file::list;
    use crate::policy::time::Timestamp;

    /// One file.
    struct Memory(String);

    impl Environment for Memory {
        fn variable(&self, _: &str) -> Option<String> {
            None
        }

        fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
            Ok(self.0.clone().into_bytes())
        }

        fn list(&self, _: &Path) -> io::Result<Vec<String>> {
            Err(io::ErrorKind::NotFound.into())
        }

        fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
            Ok(path.to_owned())
        }

        fn now(&self) -> Timestamp {
            Timestamp::default()
        }
    }

    /// A file of three pieces. Each principal has two lines.
    fn text() -> (String, usize) {
        let (mut text, mut count) = (String::new(), 0);
        while text.len() < 5 * super::PIECE_BYTES / 2 {
            let _ = writeln!(text, "[principal.p{count}]\nkeys = {{ sha256 = \"{count:064x}\" }}");
            count += 1;
        }
        (text, count)
    }

    #[test]
    fn a_file_in_pieces_is_read_as_one() {
        let (text, count) = text();
        let pieces = super::of(&text);
        assert_eq!(pieces.len(), 3);
        assert!(pieces.iter().all(|piece| text[piece.clone()].starts_with("[principal.p")));
        let holders = list(Path::new("keys.toml"), &Memory(text)).expect("it holds");
        let names = holders.iter().map(|holder| holder.name.clone());
        assert!(names.eq((0..count).map(|index| format!("p{index}"))));
    }

    #[test]
    fn faults_have_their_places_in_the_whole_file() {
        let (mut text, count) = text();
        let zero = "0".repeat(64);
        let _ = write!(
            text,
            "[principal.p0]\nkeys = [{{ sha256 = \"{zero}\", name = \"a b\" }}]\n[principal.late]\nkeys = 1 2\n"
        );
        let errors = list(Path::new("keys.toml"), &Memory(text)).expect_err("it is broken");
        let told = errors.to_string();
        let line = 2 * count;
        for (fault, line, column) in [
            ("two principals have the same name", line + 1, 12),
            ("two keys have the same hash", line + 2, 20),
            ("this is no name of a key", line + 2, 95),
            ("this is not TOML", line + 4, 8),
        ] {
            let at = told.find(fault).unwrap_or_else(|| panic!("{fault} in {told}"));
            let place = told[at..].lines().nth(1).unwrap_or_default();
            assert!(place.ends_with(&format!("keys.toml:{line}:{column}")), "{fault}{place}");
        }
    }
}
