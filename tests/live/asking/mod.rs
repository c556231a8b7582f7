//! Services that the gate asks who somebody is: what they are asked, what their answers do, and that nothing they
//! can do wrong lets anybody in, or keeps anybody else waiting.

mod faults;
mod forward;
mod introspection;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::tls::serve;
use crate::support::client::Answer;
use crate::support::config::Written;
use crate::support::exposition::Exposition;
use crate::support::gate::LiveGate;
use crate::support::peer::{Peer, Script, Then};

/// A token and a session that nothing may tell of.
const TOKEN: &str = "token-7d1fa5f2c1-that-nobody-may-see";
const SESSION: &str = "session-90aa4b-that-nobody-may-see";
const SECRET: &str = "secret-of-the-gate-51b2";

/// An API whose callers are known by the service at `url`; `keys` are further ones of both authenticators, but for
/// `cache`, which only one has.
fn written(url: &str, keys: &str, files: &[(&str, &str)]) -> Written {
    let mut files: BTreeMap<String, String> =
        files.iter().map(|(name, content)| ((*name).to_owned(), (*content).to_owned())).collect();
    files.insert("secret".to_owned(), SECRET.to_owned());
    let (keys, cache) = if keys.starts_with("cache") { ("", keys) } else { (keys, "") };
    let config = format!(
        r#"
        [listener.public]
        address = "127.0.0.1:0"

        [upstream.api]
        peers = ["http://{{upstream}}"]

        [authenticator.tokens]
        kind = "introspection"
        url = "{url}/introspect"
        audience = ["crm"]
        client_id = "the gate"
        secret = "${{file:secret}}"
        claims = {{ scopes = ["scope", "groups"], forward = {{ X-Tenant = "org.tenant" }} }}
        {keys}
        {cache}

        [authenticator.sso]
        kind = "forward"
        url = "{url}/check?for=crm"
        fields = ["Cookie", "X-Session"]
        claims = {{ principal = "X-User", scopes = ["x-scopes"], forward = {{ X-Group = "x-group" }} }}
        {keys}

        [authenticator.portal]
        kind = "forward"
        url = "{url}/portal"
        {keys}

        [guard]
        failures = "3/h"

        [defaults]
        upstream = "api"
        quotas = []
        forward_identity = true

        [endpoint."/things".GET]
        auth = ["tokens"]
        scopes = ["read"]

        [endpoint."/things".POST]
        auth = ["tokens"]
        body = "any"
        forward_credentials = true

        [endpoint."/pages".GET]
        auth = ["sso"]

        [endpoint."/open".GET]
        auth = ["sso", "none"]

        [endpoint."/both".GET]
        auth = ["sso", "tokens"]

        [endpoint."/any".GET]
        auth = ["portal", "tokens"]

        [endpoint."/public".GET]
        auth = "none"
        forward_identity = false
        "#
    );
    Written { config, files }
}

/// A gate between a service and an upstream, both of which act by script.
struct Asking {
    gate: LiveGate,
    service: Peer,
    upstream: Peer,
}

impl Asking {
    async fn start(scripts: Vec<Script>, keys: &str) -> Self {
        let (service, upstream) = (Peer::start(scripts).await, Peer::start(Vec::new()).await);
        let written = written(&format!("http://{}", service.address), keys, &[]);
        let gate = LiveGate::start(&written, upstream.address).unwrap_or_else(|fault| panic!("{fault}"));
        Self { gate, service, upstream }
    }

    /// One request on a connection of its own.
    async fn get(&self, target: &str, fields: &[&str]) -> Answer {
        get(self.gate.addresses[0], target, fields).await
    }

    /// What the log says of the request of this number.
    async fn cause(&self, number: usize) -> String {
        let line = self.gate.lines(number).await.swap_remove(number - 1);
        line["cause"].as_str().unwrap_or_default().to_owned()
    }

    fn questions(&self, authenticator: &str, result: &str) -> f64 {
        let metrics = Exposition::parse(&self.gate.metrics());
        metrics.value("portcullis_questions_total", &[("authenticator", authenticator), ("result", result)])
    }

    /// Neither log nor metrics tell of a credential.
    async fn tells_of_no_credential(&self, lines: usize) {
        let told = format!("{:?}{}", self.gate.lines(lines).await, self.gate.metrics());
        for secret in [TOKEN, SESSION, SECRET] {
            assert!(!told.contains(secret), "{told}");
        }
    }
}

async fn get(address: SocketAddr, target: &str, fields: &[&str]) -> Answer {
    let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    let mut client = crate::support::client::Client::connect(address).await;
    client.send(format!("GET {target} HTTP/1.1\r\nHost: gate.test\r\n{fields}\r\n")).await;
    client.answer(false).await.expect("it is answered")
}

/// An answer of a service's in JSON.
fn json(body: &str) -> Script {
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {length}");
    Script::answering(&format!("{head}\r\n\r\n{body}"), Then::Keep)
}

/// An answer of a service's without a body.
fn head(status: &str, fields: &[&str]) -> Script {
    let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    Script::answering(&format!("HTTP/1.1 {status}\r\n{fields}Content-Length: 0\r\n\r\n"), Then::Keep)
}

fn bearer() -> String {
    format!("Authorization: Bearer {TOKEN}")
}
