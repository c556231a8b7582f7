//! The gate that all cases come to, and the head that its upstream gets.

use std::fmt::Write as _;

use portcullis::policy::gateway::Gateway;

use super::case::Turn;
use crate::support::config::Written;
use crate::support::text::bytes;

/// Takes whatever path comes, so that what is refused is refused by its bytes.
const CONFIG: &str = r#"
[listener.public]
address = "127.0.0.1:0"

[upstream.api]
peers = ["http://{upstream}"]
host = "preserve"

[authenticator.partner]
kind = "api_key"
header = "X-Api-Key"
keys = "keys.toml"

[limits]
max_head = "4 KiB"
max_target = "1 KiB"
max_fields = 40

[guard]
failures = "10000/s"

[defaults]
upstream = "api"
quotas = []
max_body = "32 KiB"

[endpoint."/{path*}".GET]
auth = "none"

[endpoint."/{path*}".DELETE]
auth = "none"

[endpoint."/{path*}".OPTIONS]
auth = "none"

[endpoint."/{path*}".POST]
auth = "none"
media_types = ["text/plain"]

# What nobody looks at.
[endpoint."/stream".POST]
auth = "none"
body = "any"
max_body = "32 KiB"

[endpoint."/keyed".GET]
auth = ["partner"]
"#;

const KEYS: &str = r#"
[principal.acme]
keys = [{ sha256 = "{sha256:key-of-acme-0123456789abcdef}" }]
"#;

/// The configuration; with other times for those who withhold their bytes.
pub(super) fn written(impatient: bool) -> Written {
    let times = if impatient { "[limits]\nhead_timeout = \"300ms\"\nbody_timeout = \"300ms\"\n" } else { "[limits]\n" };
    let config = CONFIG.replace("[limits]\n", times);
    Written { config, files: [("keys.toml".to_owned(), KEYS.to_owned())].into() }
}

/// The same, for who asks it without a socket.
pub(super) fn compiled() -> Gateway {
    written(false).compile(PEER).expect("the configuration is sound")
}

/// Where the upstream of the compiled rules would be.
pub(super) const PEER: &str = "127.0.0.1:9001";

/// The head that the upstream must get, to the byte; what is random stands there as `-`.
pub(super) fn forwarded_head(turn: &Turn, passes: &str, peer: &str) -> Vec<u8> {
    let mut head = Vec::new();
    let host = turn.host.as_deref().unwrap_or("gate.test");
    let mut line = |text: &str| head.extend([&bytes(text), &b"\r\n"[..]].concat());
    line(&format!("{passes} HTTP/1.1"));
    line(&format!("Host: {}", if host.is_empty() { peer } else { host }));
    turn.fields.iter().for_each(|field| line(field));
    line("X-Forwarded-For: 127.0.0.1");
    line("X-Forwarded-Proto: http");
    let mut element = "for=127.0.0.1".to_owned();
    if !host.is_empty() {
        line(&format!("X-Forwarded-Host: {host}"));
        let quote = if host.contains([':', '[']) { "\"" } else { "" };
        let _ = write!(element, ";host={quote}{host}{quote}");
    }
    line(&format!("Forwarded: {element};proto=http"));
    line(&format!("Via: {} portcullis", turn.via.as_deref().unwrap_or("1.1")));
    line("X-Request-Id: -");
    line("Traceparent: -");
    match (&turn.framed, bytes(&turn.body).len()) {
        (Some(framed), _) => line(framed),
        (None, 0) => {}
        (None, length) => line(&format!("Content-Length: {length}")),
    }
    line("");
    head
}

/// Puts `-` in the place of what is random in a forwarded head.
pub(super) fn without_chance(head: &[u8]) -> Vec<u8> {
    let lines = head.split_inclusive(|byte| *byte == b'\n').map(|line| {
        let random = ["X-Request-Id: ", "Traceparent: "].iter().find(|name| line.starts_with(name.as_bytes()));
        random.map_or(line.to_vec(), |name| format!("{name}-\r\n").into_bytes())
    });
    lines.flatten().collect()
}
