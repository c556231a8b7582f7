//! The files that Apache's `htpasswd` writes: a line `name:hash` for each user. What follows a second colon is
//! a comment, as it is to Apache and nginx.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::Hashes;
use crate::config::environment::Environment;
use crate::config::faults::Faults;
use crate::config::key_file::is_principal_name;
use crate::config::source::{Place, Source};
use crate::config::toml_text::read_text_shown;
use crate::policy::keys::Principal;
use crate::policy::passwords::{User, Users};

pub(super) fn read(
    name: String,
    path: PathBuf,
    named_at: Place,
    environment: &dyn Environment,
    faults: &mut Faults,
    hashes: &mut Hashes,
) -> Option<Users> {
    let source = read_text_shown(name, path, Some(named_at), environment, faults, shown)?;
    let file = faults.add_source(Source::new(source.name().into(), source.path().into(), shown(source.text())));
    // Such a file says nothing of scopes and plans.
    let nothing = Arc::default();
    let mut users = Users::default();
    let mut seen: HashMap<&str, Place> = HashMap::new();
    for (start, line) in lines(source.text()) {
        let place = |part: &str, at: usize| Place::new(file, start + at..start + at + part.len());
        let Some((name, rest)) = line.split_once(':') else {
            faults.error(place(line, 0), "this line is no user").label("expected `name:hash`");
            continue;
        };
        let hash = rest.split(':').next().unwrap_or_default();
        let (name_at, hash_at) = (place(name, 0), place(hash, name.len() + 1));
        if !is_principal_name(name) {
            let fault = faults.error(name_at, "this is no name of a principal");
            fault.label("expected 1 to 128 of letters, digits and `._@-`");
        } else if let Some(first) = seen.insert(name, name_at) {
            let fault = faults.error(name_at, "two users have the same name");
            fault.label("here again").also(first, "here first");
        }
        let Some(hash) = hashes.read(hash, hash_at, faults) else { continue };
        let principal = Principal::new(name, Arc::clone(&nothing));
        users.add(User { principal, hash, not_before: None, expires: None, disabled: false });
    }
    Some(users)
}

/// Lines that may be users, and where each begins.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    let whole = text.split_inclusive('\n').map(move |line| {
        let at = start;
        start += line.len();
        (at, line.trim_end())
    });
    whole.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// The names alone: all else is blanked, byte by byte, so that places stay where they are. A line without a
/// colon may be a password.
fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        // A comment may be a user who was taken out.
        let all = if line.starts_with('#') { line.len() } else { 0 };
        let kept = line.find(':').map_or(all, |colon| colon + 1);
        shown.push_str(&line[..kept]);
        for c in line[kept..].chars() {
            match c {
                '\n' | '\r' => shown.push(c),
                _ => shown.extend(std::iter::repeat_n('*', c.len_utf8())),
            }
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_all_that_is_shown() {
        let text = "# who may come\n#bob:x\nann:söcret:x\r\nhunter2\n\nbob:$2y$";
        let shown = shown(text);
        assert_eq!(shown, "# who may come\n#bob:*\nann:*********\r\n*******\n\nbob:****");
        assert_eq!(shown.len(), text.len());
    }

    #[test]
    fn lines_know_where_they_begin() {
        let text = "#a\n\na:b\r\n  \nc:d";
        let found: Vec<_> = lines(text).collect();
        assert_eq!(found, [(4, "a:b"), (12, "c:d")]);
        assert!(text[12..].starts_with("c:d"));
    }
}
