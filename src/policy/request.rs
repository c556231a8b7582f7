//! A borrowed view of one request head, whoever parsed it, and of the connection it came on.

use std::net::IpAddr;

/// The head as it came: nothing here is trusted or normalised yet.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    /// The method, as on the wire.
    pub method: &'a [u8],
    /// The request target, as on the wire.
    pub target: &'a [u8],
    /// The protocol's version, as on the wire.
    pub version: Version,
    /// All fields in order, names as on the wire.
    pub fields: &'a [Field<'a>],
}

/// One field line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name, as on the wire.
    pub name: &'a [u8],
    /// The value without the white space around it.
    pub value: &'a [u8],
}

/// The protocol's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    Http11,
    /// HTTP/2
    Http2,
    /// Anything else that calls itself HTTP.
    Other,
}

/// What is known of the connection a request came on.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    /// Index of the listener in the gateway.
    pub listener: usize,
    /// The address at the other end of the connection, which may be a trusted proxy's.
    pub peer: IpAddr,
}

impl<'a> RequestHead<'a> {
    /// All values of one field, in order. `name` is lower case.
    pub fn values(&self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        let fields = self.fields;
        fields
            .iter()
            .filter(move |field| field.name.eq_ignore_ascii_case(name.as_bytes()))
            .map(|field| field.value)
    }

    /// The first value of one field. `name` is lower case.
    pub fn value(&self, name: &'a str) -> Option<&'a [u8]> {
        self.values(name).next()
    }
}
