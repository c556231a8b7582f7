//! The values that came by reference, so that whoever shows a compiled configuration, or logs a part of
//! it, can put the reference in their place.
//!
//! It knows texts only: a number, a size or a time is told by whoever shows it.

use std::fmt;

/// A shorter text is a part of many a secret, and tells of none.
const LEAST_PART: usize = 4;

/// Values, and the references that they were written as. Printed, it shows the references.
#[derive(Clone, Default)]
pub struct Secrets {
    /// The longest value first, so that a secret within a secret hides no more than itself.
    known: Vec<Secret>,
}

#[derive(Clone, PartialEq, Eq)]
struct Secret {
    reference: String,
    value: String,
}

impl Secrets {
    /// The reference as it was written (`${env:NAME}`), where `text` contains the value of a secret, or is
    /// itself a part, of four characters or more, of one.
    pub fn mask(&self, text: &str) -> Option<String> {
        let contained = self.known.iter().find(|secret| text.contains(&secret.value));
        let telling = text.chars().nth(LEAST_PART - 1).is_some();
        let part = || self.known.iter().find(|secret| telling && secret.value.contains(text));
        contained.or_else(part).map(|secret| secret.reference.clone())
    }

    /// Keeps what a reference stands for.
    pub(super) fn note(&mut self, reference: &str, value: &str) {
        let secret = Secret { reference: reference.to_owned(), value: value.to_owned() };
        // Every text contains the empty one, which is no secret.
        if value.is_empty() || self.known.contains(&secret) {
            return;
        }
        let at = self.known.partition_point(|other| other.value.len() >= value.len());
        self.known.insert(at, secret);
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.known.iter().map(|secret| &secret.reference)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        let mut secrets = Secrets::default();
        secrets.note("${env:SHORT}", "hunter2");
        secrets.note("${env:LONG}", "http://hunter2@10.1.2.3");
        secrets.note("${env:LONG}", "http://hunter2@10.1.2.3");
        secrets.note("${env:EMPTY}", "");
        secrets
    }

    #[test]
    fn what_tells_of_a_secret_is_masked() {
        let secrets = secrets();
        let masked = |text| secrets.mask(text);
        for (text, reference) in [
            ("hunter2", "${env:SHORT}"),
            ("the password is hunter2.", "${env:SHORT}"),
            ("hunt", "${env:LONG}"),
            ("10.1.2.3", "${env:LONG}"),
            ("http://hunter2@10.1.2.3", "${env:LONG}"),
            ("to http://hunter2@10.1.2.3/", "${env:LONG}"),
        ] {
            assert_eq!(masked(text).as_deref(), Some(reference), "{text}");
        }
        for plain in ["", "hun", "2", "crm", "10.1.2.4", "${env:SHORT}"] {
            assert_eq!(masked(plain), None, "{plain}");
        }
        assert_eq!(Secrets::default().mask("hunter2"), None);
    }

    #[test]
    fn a_part_is_counted_in_characters() {
        let mut secrets = Secrets::default();
        secrets.note("${file:key}", "éèêë");
        assert_eq!(secrets.mask("éèê"), None);
        assert_eq!(secrets.mask("éèêë").as_deref(), Some("${file:key}"));
    }

    #[test]
    fn it_prints_no_value() {
        let shown = format!("{:?}", secrets());
        assert_eq!(shown, r#"["${env:LONG}", "${env:SHORT}"]"#);
    }
}
