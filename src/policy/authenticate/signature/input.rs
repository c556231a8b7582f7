//! `Signature-Input` and `Signature` (RFC 9421 §4): what a signature covers, its parameters, and its bytes.
//!
//! They are read as structured fields (RFC 9651), and more strictly: where that has the last of two of a
//! name count, two of a name are refused here.

use std::borrow::Cow;
use std::fmt;

use sfv::visitor::{DictionaryVisitor, EntryVisitor, Ignored, InnerListVisitor, ItemVisitor, ParameterVisitor};
use sfv::{BareItemFromInput, KeyRef, ListSerializer, Parser, StringRef};
use smallvec::SmallVec;

use super::SignatureFault;

/// No signature covers more components.
pub(super) const MAX_COMPONENTS: usize = 32;
/// There are six parameters in the registry (RFC 9421 §6.3.2).
const MAX_PARAMETERS: usize = 16;
/// Algorithms of a digest, or signatures: more are not looked at.
const MAX_MEMBERS: usize = 8;

/// The one member of `Signature-Input`.
#[derive(Default)]
pub(super) struct Input<'a> {
    pub(super) label: &'a str,
    components: SmallVec<[Cow<'a, StringRef>; 8]>,
    parameters: SmallVec<[(&'a KeyRef, BareItemFromInput<'a>); 6]>,
    fault: Option<SignatureFault>,
}

impl<'a> Input<'a> {
    /// Reads the field.
    pub(super) fn read(value: &'a [u8]) -> Result<Self, SignatureFault> {
        let mut input = Self::default();
        let read = Parser::new(value).parse_dictionary_with_visitor(Reader(&mut input));
        match (read, input.fault) {
            (_, Some(fault)) => Err(fault),
            (Err(_), None) => Err(SignatureFault::Malformed),
            (Ok(()), None) if input.label.is_empty() => Err(SignatureFault::Labels),
            (Ok(()), None) => Ok(input),
        }
    }

    /// The names of what it covers, in order.
    pub(super) fn components(&self) -> impl Iterator<Item = &str> {
        self.components.iter().map(|name| name.as_str())
    }

    /// Whether it covers this.
    pub(super) fn covers(&self, component: &str) -> bool {
        self.components().any(|name| name == component)
    }

    /// A parameter that is a text, where it is there; it is nothing else.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, SignatureFault> {
        match self.parameter(name) {
            None => Ok(None),
            Some(BareItemFromInput::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(SignatureFault::Malformed),
        }
    }

    /// A parameter that is a moment, in seconds since the epoch.
    pub(super) fn seconds(&self, name: &str) -> Result<Option<i64>, SignatureFault> {
        match self.parameter(name) {
            None => Ok(None),
            Some(BareItemFromInput::Integer(seconds)) => Ok(Some((*seconds).into())),
            Some(_) => Err(SignatureFault::Malformed),
        }
    }

    fn parameter(&self, name: &str) -> Option<&BareItemFromInput<'a>> {
        self.parameters.iter().find(|(key, _)| key.as_str() == name).map(|(_, value)| value)
    }

    /// RFC 9421 §2.3: components and parameters as `@signature-params` has them, whatever white space they came
    /// with.
    pub(super) fn write(&self, into: &mut String) {
        let mut list = ListSerializer::with_buffer(into);
        let mut inner = list.inner_list();
        for name in &self.components {
            inner.bare_item(&**name);
        }
        let parameters = inner.finish();
        let _ = parameters.parameters(self.parameters.iter().map(|(key, value)| (*key, value)));
    }

    fn refuse(&mut self, fault: SignatureFault) -> Stop {
        self.fault.get_or_insert(fault);
        Stop
    }
}

/// Reading ends here; why, stands in the input.
#[derive(Debug)]
struct Stop;

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Stop {}

/// The field, then its one member.
struct Reader<'r, 'a>(&'r mut Input<'a>);

impl<'a> DictionaryVisitor<'a> for Reader<'_, 'a> {
    type Out = ();
    type Error = Stop;

    fn entry(&mut self, key: &'a KeyRef) -> Result<impl EntryVisitor<'a>, Stop> {
        if !self.0.label.is_empty() {
            return Err(self.0.refuse(SignatureFault::Labels));
        }
        self.0.label = key.as_str();
        Ok(Reader(&mut *self.0))
    }

    fn finish(self) -> Result<(), Stop> {
        Ok(())
    }
}

impl<'a> EntryVisitor<'a> for Reader<'_, 'a> {
    type Error = Stop;

    fn item(self) -> Result<impl ItemVisitor<'a>, Stop> {
        Err::<Ignored, _>(self.0.refuse(SignatureFault::Malformed))
    }

    fn inner_list(self) -> Result<impl InnerListVisitor<'a>, Stop> {
        Ok(self)
    }
}

impl<'a> InnerListVisitor<'a> for Reader<'_, 'a> {
    type Error = Stop;

    fn item(&mut self) -> Result<impl ItemVisitor<'a>, Stop> {
        if self.0.components.len() == MAX_COMPONENTS {
            return Err(self.0.refuse(SignatureFault::TooMany));
        }
        Ok(Component(&mut *self.0))
    }

    fn finish(self) -> Result<impl ParameterVisitor<'a>, Stop> {
        Ok(self)
    }
}

/// The parameters of the signature.
impl<'a> ParameterVisitor<'a> for Reader<'_, 'a> {
    type Out = ();
    type Error = Stop;

    fn parameter(&mut self, key: &'a KeyRef, value: BareItemFromInput<'a>) -> Result<(), Stop> {
        let twice = self.0.parameters.iter().any(|(known, _)| *known == key);
        if twice || self.0.parameters.len() == MAX_PARAMETERS {
            return Err(self.0.refuse(SignatureFault::Malformed));
        }
        self.0.parameters.push((key, value));
        Ok(())
    }

    fn finish(self) -> Result<(), Stop> {
        Ok(())
    }
}

/// One component: a name, and none of the parameters that would have something else signed than what is there.
struct Component<'r, 'a>(&'r mut Input<'a>);

impl<'a> ItemVisitor<'a> for Component<'_, 'a> {
    type Out = ();
    type Error = Stop;

    fn bare_item(self, item: BareItemFromInput<'a>) -> Result<impl ParameterVisitor<'a, Out = ()>, Stop> {
        let BareItemFromInput::String(name) = item else {
            return Err(self.0.refuse(SignatureFault::Malformed));
        };
        // RFC 9421 §2: each of them once.
        if self.0.covers(name.as_str()) {
            return Err(self.0.refuse(SignatureFault::Component));
        }
        self.0.components.push(name);
        Ok(self)
    }
}

impl<'a> ParameterVisitor<'a> for Component<'_, 'a> {
    type Out = ();
    type Error = Stop;

    fn parameter(&mut self, _: &'a KeyRef, _: BareItemFromInput<'a>) -> Result<(), Stop> {
        Err(self.0.refuse(SignatureFault::Component))
    }

    fn finish(self) -> Result<(), Stop> {
        Ok(())
    }
}

/// Names with bytes, as in `sig1=:…:` and `sha-256=:…:`.
pub(super) type Members<'a> = SmallVec<[(&'a str, Vec<u8>); 2]>;

/// Reads a field that is a dictionary of bytes; `None` where it is not, or has a name twice.
pub(super) fn members(value: &[u8]) -> Option<Members<'_>> {
    let mut members = Members::new();
    Parser::new(value).parse_dictionary_with_visitor(Bytes(&mut members)).ok()?;
    Some(members)
}

struct Bytes<'r, 'a>(&'r mut Members<'a>);

struct Member<'r, 'a>(&'r mut Members<'a>, &'a str);

impl<'a> DictionaryVisitor<'a> for Bytes<'_, 'a> {
    type Out = ();
    type Error = Stop;

    fn entry(&mut self, key: &'a KeyRef) -> Result<impl EntryVisitor<'a>, Stop> {
        let twice = self.0.iter().any(|(name, _)| *name == key.as_str());
        if twice || self.0.len() == MAX_MEMBERS { Err(Stop) } else { Ok(Member(&mut *self.0, key.as_str())) }
    }

    fn finish(self) -> Result<(), Stop> {
        Ok(())
    }
}

impl<'a> EntryVisitor<'a> for Member<'_, 'a> {
    type Error = Stop;

    fn item(self) -> Result<impl ItemVisitor<'a>, Stop> {
        Ok(self)
    }

    fn inner_list(self) -> Result<impl InnerListVisitor<'a>, Stop> {
        Err::<Ignored, _>(Stop)
    }
}

impl<'a> ItemVisitor<'a> for Member<'_, 'a> {
    type Out = ();
    type Error = Stop;

    fn bare_item(self, item: BareItemFromInput<'a>) -> Result<impl ParameterVisitor<'a, Out = ()>, Stop> {
        let BareItemFromInput::ByteSequence(bytes) = item else { return Err(Stop) };
        self.0.push((self.1, bytes));
        Ok(Ignored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(value: &str) -> Option<SignatureFault> {
        Input::read(value.as_bytes()).err()
    }

    #[test]
    fn what_was_read_is_written_as_rfc_9421_has_it() {
        let value = "sig1=( \"@method\"  \"date\" );  created=1;keyid=\"a\\\"b\";x;y=?1;z=1.50;t=tok;b=:YQ:";
        let input = Input::read(value.as_bytes()).unwrap_or_else(|fault| panic!("{fault:?}"));
        let mut written = String::from("\"@signature-params\": ");
        input.write(&mut written);
        let expected = "(\"@method\" \"date\");created=1;keyid=\"a\\\"b\";x;y;z=1.5;t=tok;b=:YQ==:";
        assert_eq!(written, format!("\"@signature-params\": {expected}"));
        assert_eq!(input.label, "sig1");
        assert!(input.covers("date") && !input.covers("dat"));
        assert_eq!(input.seconds("created"), Ok(Some(1)));
        assert_eq!(input.text("keyid"), Ok(Some("a\"b")));
        assert_eq!(input.text("created"), Err(SignatureFault::Malformed));
        assert_eq!(input.seconds("keyid"), Err(SignatureFault::Malformed));
        assert_eq!(input.text("nonce"), Ok(None));
    }

    #[test]
    fn what_says_two_things_is_refused() {
        use SignatureFault::{Component, Labels, Malformed, TooMany};
        let many = format!("a=({})", (0..33).map(|n| format!("\"h{n}\"")).collect::<Vec<_>>().join(" "));
        for (value, expected) in [
            ("", Labels),
            ("a=(), b=()", Labels),
            ("a=(), a=()", Labels),
            ("a=(\"x\");created=1;created=2", Malformed),
            ("a=(\"x\" \"x\")", Component),
            ("a=(\"x\";sf)", Component),
            ("a=(\"x\";key=\"k\")", Component),
            ("a=(\"x\";req)", Component),
            ("a=(x)", Malformed),
            ("a=\"x\"", Malformed),
            ("a", Malformed),
            ("a=(\"x\"", Malformed),
            ("A=(\"x\")", Malformed),
            ("a=(\"x\");Created=1", Malformed),
            ("a=(\"x\") ;created=1", Malformed),
            (&many, TooMany),
        ] {
            assert_eq!(fault(value), Some(expected), "{value}");
        }
    }

    #[test]
    fn members_are_bytes_by_name() {
        assert_eq!(members(b"a=:YQ==:, b=:Yg==:;x").map(|found| found.len()), Some(2));
        for wrong in ["a=:YQ==:, a=:Yg==:", "a=\"x\"", "a=()", "a=:!:", "a=:YQ==", "a", "a=:YQ==:,"] {
            assert_eq!(members(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
