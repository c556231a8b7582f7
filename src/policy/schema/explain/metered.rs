//! A document as the validator may see it while it looks for errors: every step costs, and when the
//! purse is empty there is nothing more to see.
//!
//! The library collects all errors there are before it returns the first, and walks every branch of
//! every `anyOf` below every other for it: a hundred bytes under a recursive schema can hold it for
//! minutes. It can validate other representations of JSON than its own, so this one is a `Value` that
//! counts. The verdict never comes from here: what is seen of a document after the purse is empty is not
//! the truth, and errors made from then on are marked by the instance they report.

use std::borrow::Cow;
use std::cell::Cell;

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, Node, NodeIdentity, Object, SerdeJson};
use serde_json::{Map, Number, Value};

/// The representation, for the library.
pub(crate) struct Metered;

/// What may still be spent on looking for errors.
pub(crate) struct Meter {
    steps: Cell<u64>,
    errors: Cell<u32>,
    /// Whether errors about the whole document must hold it, for the library to look into.
    whole: Option<*const Value>,
}

/// One value of the document.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    value: &'a Value,
    meter: &'a Meter,
}

/// What errors report for the value that is wrong: never itself, because the library copies it for
/// every error of every branch.
static GENUINE: Value = Value::Null;
/// The same, where the purse was empty.
static SPENT: Value = Value::Bool(false);

/// Whether an error was made from the document as it is.
pub(crate) fn genuine(instance: &Value) -> bool {
    *instance != SPENT
}

impl Meter {
    /// So many steps and so many errors.
    pub(crate) fn new(steps: u64, errors: u32) -> Self {
        Self { steps: Cell::new(steps), errors: Cell::new(errors), whole: None }
    }

    /// Where patterns may give up, the library reports that by looking the place up in the document.
    pub(crate) fn keeping(self, document: &Value) -> Self {
        Self { whole: Some(std::ptr::from_ref(document)), ..self }
    }

    pub(crate) fn see<'a>(&'a self, value: &'a Value) -> Seen<'a> {
        Seen { value, meter: self }
    }

    fn pay(&self, steps: u64) -> bool {
        let left = self.steps.get().checked_sub(steps);
        self.steps.set(left.unwrap_or(0));
        left.is_some()
    }
}

/// What it costs to look at a string, and what a document is worth, both in steps.
pub(crate) fn price(text: &str) -> u64 {
    1 + text.len() as u64 / 64
}

impl Json for Metered {
    type Node<'a> = Seen<'a>;
    type PreparedKey = String;
    type StringBuffer = NameBuffer;

    const KEYS_PER_LOOKUP: usize = SerdeJson::KEYS_PER_LOOKUP;

    fn prepare_key(key: &str) -> String {
        key.to_owned()
    }

    fn with_string_node<T>(buffer: &mut NameBuffer, string: &str, f: impl FnOnce(Seen<'_>) -> T) -> T {
        buffer.value = Value::from(string);
        f(buffer.meter.see(&buffer.value))
    }
}

/// A property's name, judged as a value. A meter of its own: names have nothing below them, and what
/// they belong to has been paid for.
pub(crate) struct NameBuffer {
    value: Value,
    meter: Meter,
}

impl Default for NameBuffer {
    fn default() -> Self {
        Self { value: Value::Null, meter: Meter::new(u64::MAX, u32::MAX) }
    }
}

impl<'a> Node<'a, Metered> for Seen<'a> {
    type Object = SeenObject<'a>;
    type Array = SeenArray<'a>;
    type Number = &'a Number;

    fn as_object(&self) -> Option<SeenObject<'a>> {
        let members = self.value.as_object()?;
        Some(SeenObject { members, meter: self.meter })
    }

    fn as_array(&self) -> Option<SeenArray<'a>> {
        let items = self.value.as_array()?;
        Some(SeenArray { items, meter: self.meter })
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        let text = self.value.as_str()?;
        self.meter.pay(price(text)).then_some(Cow::Borrowed(text))
    }

    fn as_number(&self) -> Option<&'a Number> {
        self.value.as_number()
    }

    fn as_boolean(&self) -> Option<bool> {
        self.value.as_bool()
    }

    fn is_null(&self) -> bool {
        self.value.is_null()
    }

    fn json_type(&self) -> JsonType {
        Node::<SerdeJson>::json_type(&self.value)
    }

    fn string_length(&self) -> Option<u64> {
        Node::<SerdeJson>::string_length(&self.value)
    }

    fn equals_value(&self, expected: &Value) -> bool {
        self.meter.pay(1) && Node::<SerdeJson>::equals_value(&self.value, expected)
    }

    fn to_value(&self) -> Cow<'a, Value> {
        let document = std::ptr::from_ref(self.value);
        if self.meter.whole == Some(document) {
            return Cow::Borrowed(self.value);
        }
        let left = self.meter.errors.get();
        self.meter.errors.set(left.saturating_sub(1));
        if left == 0 {
            self.meter.steps.set(0);
        }
        Cow::Borrowed(if self.meter.pay(1) { &GENUINE } else { &SPENT })
    }

    fn identity(&self) -> Option<NodeIdentity> {
        Node::<SerdeJson>::identity(&self.value)
    }
}

pub(crate) struct SeenObject<'a> {
    members: &'a Map<String, Value>,
    meter: &'a Meter,
}

impl<'a> Object<'a, Metered> for SeenObject<'a> {
    type Node = Seen<'a>;
    type MemberName = &'a str;
    type MembersIter = SeenMembers<'a>;

    fn len(&self) -> usize {
        self.members.len()
    }

    fn get(&self, key: &String) -> Option<Seen<'a>> {
        let value = self.members.get(key)?;
        self.meter.pay(1).then(|| self.meter.see(value))
    }

    fn members(&self) -> SeenMembers<'a> {
        SeenMembers { members: self.members.iter(), meter: self.meter }
    }
}

pub(crate) struct SeenMembers<'a> {
    members: serde_json::map::Iter<'a>,
    meter: &'a Meter,
}

impl<'a> Iterator for SeenMembers<'a> {
    type Item = (&'a str, Seen<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = self.members.next()?;
        self.meter.pay(price(name)).then(|| (name.as_str(), self.meter.see(value)))
    }
}

pub(crate) struct SeenArray<'a> {
    items: &'a [Value],
    meter: &'a Meter,
}

impl<'a> Array<'a, Metered> for SeenArray<'a> {
    type Node = Seen<'a>;
    type ElementsIter = SeenItems<'a>;

    fn len(&self) -> usize {
        self.items.len()
    }

    fn elements(&self) -> SeenItems<'a> {
        SeenItems { items: self.items.iter(), meter: self.meter }
    }

    fn is_unique(&self) -> bool {
        !self.meter.pay(self.items.len() as u64) || Array::<SerdeJson>::is_unique(&self.items)
    }
}

pub(crate) struct SeenItems<'a> {
    items: std::slice::Iter<'a, Value>,
    meter: &'a Meter,
}

impl<'a> Iterator for SeenItems<'a> {
    type Item = Seen<'a>;

    fn next(&mut self) -> Option<Seen<'a>> {
        let value = self.items.next()?;
        self.meter.pay(1).then(|| self.meter.see(value))
    }
}
