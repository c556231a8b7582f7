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

/// Why a field does not have one value for all who read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSingle {
    /// It came more than once.
    Repeated,
    /// `Connection` names it, so that it would not be forwarded.
    Nominated,
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
        fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name.as_bytes())).map(|field| field.value)
    }

    /// Whether the client means to go on with the connection (RFC 9112 §9.3).
    pub fn persists(&self) -> bool {
        let says = |option: &[u8]| self.list("connection").any(|member| member.eq_ignore_ascii_case(option));
        match self.version {
            Version::Http10 => says(b"keep-alive") && !says(b"close"),
            _ => !says(b"close"),
        }
    }

    /// Whether a body follows, as far as the head tells (RFC 9112 §6).
    pub fn announces_body(&self) -> bool {
        self.value("transfer-encoding").is_some() || self.values("content-length").any(|length| length != b"0")
    }

    /// What `Connection` lists, apart from the connection options that name no field.
    pub fn nominated(&self) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.list("connection")
            .filter(|name| !name.eq_ignore_ascii_case(b"close") && !name.eq_ignore_ascii_case(b"keep-alive"))
    }

    /// The members of a field that is a comma-separated list (RFC 9110 §5.6.1), empty ones left out.
    pub fn list(&self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.values(name)
            .flat_map(|value| value.split(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii)
            .filter(|member| !member.is_empty())
    }

    /// The first value of one field. `name` is lower case.
    pub fn value(&self, name: &'a str) -> Option<&'a [u8]> {
        self.values(name).next()
    }

    /// The value of a field that policy reads: at most one, and not one that `Connection` would have
    /// the upstream never see. `name` is lower case.
    pub fn single(&self, name: &'a str) -> Result<Option<&'a [u8]>, NotSingle> {
        let mut values = self.values(name);
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(_), Some(_)) => Err(NotSingle::Repeated),
            (Some(value), None) => {
                let hidden = self.nominated().any(|nominated| nominated.eq_ignore_ascii_case(name.as_bytes()));
                if hidden { Err(NotSingle::Nominated) } else { Ok(Some(value)) }
            }
        }
    }
}
