//! The structure of a document: arrays, objects and what holds them together. Strings and numbers are
//! read by the files beside this one.
//!
//! What is open waits on a stack of our own and not on the thread's, so depth costs heap, and no input
//! can overflow anything.

use serde_json::{Map, Value};

use super::{JsonFault, JsonReason, JsonRules, MAX_DEPTH};

/// One pass over one document.
pub(super) struct Reader<'a> {
    /// The document; checked to be UTF-8 as a whole, so that strings can be cut out of it.
    pub(super) text: &'a str,
    /// Bytes read so far.
    pub(super) at: usize,
    pub(super) rules: &'a JsonRules,
}

/// A container whose end has not been seen.
enum Open {
    Array(Vec<Value>),
    Object(Map<String, Value>, Name),
}

/// The name whose value is being read.
struct Name {
    text: String,
    offset: usize,
}

/// What the start of a value turned out to be.
enum Start {
    Whole(Value),
    Opens(Open),
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8], rules: &'a JsonRules) -> Result<Self, JsonFault> {
        let text = match utf8(bytes) {
            Ok(text) => text,
            Err((offset, reason)) => return Err(JsonFault { offset, reason }),
        };
        Ok(Self { text, at: 0, rules })
    }

    pub(super) fn document(mut self) -> Result<Value, JsonFault> {
        if self.next_token().is_none() {
            return Err(self.fault(JsonReason::Empty));
        }
        let value = self.value()?;
        match self.next_token() {
            None => Ok(value),
            Some(_) => Err(self.fault(JsonReason::TrailingBytes)),
        }
    }

    fn value(&mut self) -> Result<Value, JsonFault> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            let mut value = match self.start(open.len())? {
                Start::Whole(value) => value,
                Start::Opens(container) => {
                    open.push(container);
                    continue;
                }
            };
            // Hand the value to what waits for it. That may complete the container, which is then
            // itself a value for what waits around it.
            loop {
                let Some(innermost) = open.pop() else {
                    return Ok(value);
                };
                match self.place(innermost, value)? {
                    Start::Whole(completed) => value = completed,
                    Start::Opens(container) => {
                        open.push(container);
                        break;
                    }
                }
            }
        }
    }

    /// The start of a value; white space before it is skipped.
    fn start(&mut self, depth: usize) -> Result<Start, JsonFault> {
        let Some(byte) = self.next_token() else {
            return Err(self.fault(JsonReason::UnexpectedEnd));
        };
        Ok(Start::Whole(match byte {
            b'{' => return self.open_object(depth),
            b'[' => return self.open_array(depth),
            b'"' => Value::String(self.string()?),
            b'-' | b'0'..=b'9' => Value::Number(self.number()?),
            b't' => self.literal("true", Value::Bool(true))?,
            b'f' => self.literal("false", Value::Bool(false))?,
            b'n' => self.literal("null", Value::Null)?,
            _ => return Err(self.fault(JsonReason::Expected("a value"))),
        }))
    }

    fn open_array(&mut self, depth: usize) -> Result<Start, JsonFault> {
        self.descend(depth)?;
        if self.next_token() == Some(b']') {
            self.at += 1;
            return Ok(Start::Whole(Value::Array(Vec::new())));
        }
        Ok(Start::Opens(Open::Array(Vec::new())))
    }

    fn open_object(&mut self, depth: usize) -> Result<Start, JsonFault> {
        self.descend(depth)?;
        if self.next_token() == Some(b'}') {
            self.at += 1;
            return Ok(Start::Whole(Value::Object(Map::new())));
        }
        let name = self.name("a name or '}'")?;
        Ok(Start::Opens(Open::Object(Map::new(), name)))
    }

    /// Steps over the opening bracket, `depth` levels of others being open around it.
    fn descend(&mut self, depth: usize) -> Result<(), JsonFault> {
        let limit = self.rules.depth.min(MAX_DEPTH);
        if depth >= usize::from(limit) {
            return Err(self.fault(JsonReason::TooDeep(limit)));
        }
        self.at += 1;
        Ok(())
    }

    /// Puts a value into the container that waited for it, and reads on to the next one or the end.
    fn place(&mut self, container: Open, value: Value) -> Result<Start, JsonFault> {
        match container {
            Open::Array(mut items) => {
                items.push(value);
                Ok(if self.another(b']', "',' or ']'")? {
                    Start::Opens(Open::Array(items))
                } else {
                    Start::Whole(Value::Array(items))
                })
            }
            Open::Object(mut members, name) => {
                // Compared here, after unescaping, so that "a" and "\u0061" are one name.
                if members.insert(name.text, value).is_some() {
                    self.at = name.offset;
                    return Err(self.fault(JsonReason::DuplicateName));
                }
                Ok(if self.another(b'}', "',' or '}'")? {
                    let name = self.name("a name")?;
                    Start::Opens(Open::Object(members, name))
                } else {
                    Start::Whole(Value::Object(members))
                })
            }
        }
    }

    /// After a member of a container: is there another, or is this the container's end?
    fn another(&mut self, end: u8, expected: &'static str) -> Result<bool, JsonFault> {
        match self.next_token() {
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            Some(byte) if byte == end => {
                self.at += 1;
                Ok(false)
            }
            Some(_) => Err(self.fault(JsonReason::Expected(expected))),
            None => Err(self.fault(JsonReason::UnexpectedEnd)),
        }
    }

    fn name(&mut self, expected: &'static str) -> Result<Name, JsonFault> {
        match self.next_token() {
            Some(b'"') => {}
            Some(_) => return Err(self.fault(JsonReason::Expected(expected))),
            None => return Err(self.fault(JsonReason::UnexpectedEnd)),
        }
        let offset = self.at;
        let text = self.string()?;
        match self.next_token() {
            Some(b':') => self.at += 1,
            Some(_) => return Err(self.fault(JsonReason::Expected("':'"))),
            None => return Err(self.fault(JsonReason::UnexpectedEnd)),
        }
        Ok(Name { text, offset })
    }

    fn literal(&mut self, word: &'static str, value: Value) -> Result<Value, JsonFault> {
        let rest = self.rest();
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(value)
        } else if word.as_bytes().starts_with(rest) {
            self.at = self.text.len();
            Err(self.fault(JsonReason::UnexpectedEnd))
        } else {
            Err(self.fault(JsonReason::Expected("a value")))
        }
    }

    /// The next byte that is not white space, not yet consumed.
    fn next_token(&mut self) -> Option<u8> {
        // RFC 8259 §2: space, tab, line feed and carriage return, and no other.
        let skipped = self.rest().iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.at += skipped;
        self.peek()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// A fault at the next byte.
    pub(super) fn fault(&self, reason: JsonReason) -> JsonFault {
        JsonFault { offset: self.at, reason }
    }
}

/// RFC 8259 §8.1: UTF-8 and nothing else, without a byte order mark.
fn utf8(bytes: &[u8]) -> Result<&str, (usize, JsonReason)> {
    match bytes {
        [0xef, 0xbb, 0xbf, ..] => return Err((0, JsonReason::ByteOrderMark)),
        [0xfe, 0xff, ..] | [0xff, 0xfe, ..] => return Err((0, JsonReason::NotUtf8)),
        // RFC 4627 §3: JSON starts with two ASCII characters, so zeros among the first four bytes
        // tell the encoding. (One ASCII character alone is possible since RFC 7159.)
        [0, _] | [_, 0] | [0, 0, _, _, ..] | [0, _, 0, _, ..] | [_, 0, _, 0, ..] => {
            return Err((0, JsonReason::NotUtf8));
        }
        _ => {}
    }
    std::str::from_utf8(bytes).map_err(|error| (error.valid_up_to(), JsonReason::InvalidUtf8))
}
