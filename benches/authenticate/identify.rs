//! A whole *arrive* and *identify*, by kind of authenticator: from a head that is read to a caller who is known. What
//! is not pure is answered at once: a password is remembered, an answer about a token kept, a signature new. `none` is
//! what all of them have in common.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use criterion::Criterion;
use portcullis::config::{self, Machine};
use portcullis::http1::ParsedRequest;
use portcullis::limits::LocalLimits;
use portcullis::policy::authenticate::{Authenticator, Evidence, Finding, Need, Published, Question, Witness};
use portcullis::policy::certificate::ClientCertificate;
use portcullis::policy::connection::{Connection, TlsVersion};
use portcullis::policy::decide::{Identification, arrive};
use portcullis::policy::gateway::Gateway;
use portcullis::policy::jwt::KeySet;
use portcullis::policy::time::Timestamp;
use portcullis::policy::trail::Trail;
use serde_json::{Value, json};

/// ES256, by PyJWT (tests/jwt); good around this time.
const TOKENS: &str = include_str!("../../tests/jwt/tokens/valid_python.json");
const TOKEN_TIME: Timestamp = Timestamp::from_seconds(1_900_000_000);

/// Signed by Python's http-message-signatures (tests/signatures), at this time.
const SIGNED: &str = include_str!("../../tests/signatures/python.json");
const SIGNED_TIME: Timestamp = Timestamp::from_seconds(1_782_864_000);

const CONFIG: &str = r#"
[listener.public]
address = "127.0.0.1:0"
[upstream.api]
peers = ["http://127.0.0.1:9001"]
[authenticator.partner]
kind = "api_key"
header = "X-API-Key"
keys = "keys.toml"
[authenticator.ops]
kind = "basic"
users = "users"
[authenticator.staff]
kind = "jwt"
issuer = "https://id.example.com/"
audience = "crm"
jwks = "jwks.json"
[authenticator.tokens]
kind = "introspection"
url = "http://127.0.0.1:9002/"
audience = "crm"
[authenticator.partners_mtls]
kind = "mtls"
[authenticator.machines]
kind = "hmac"
keys = "keys.toml"
[guard]
failures = "1_000_000/s"
[defaults]
upstream = "api"
quotas = []
[endpoint."/none".GET]
auth = "none"
[endpoint."/api_key".GET]
auth = "partner"
[endpoint."/basic".GET]
auth = "ops"
[endpoint."/jwt".GET]
auth = "staff"
[endpoint."/introspection".GET]
auth = "tokens"
[endpoint."/mtls".GET]
auth = "partners_mtls"
[endpoint."/things".GET]
auth = "machines"
"#;

pub(crate) fn identifying(criterion: &mut Criterion) {
    let tokens: Value = serde_json::from_str(TOKENS).expect("JSON");
    let case = named(&tokens, "valid ES256 by PyJWT");
    let keys = &tokens["keys"][case["keys"].as_str().expect("keys")]["jwks"];
    let gateway = gateway(&keys.to_string());
    let signed: Value = serde_json::from_str(SIGNED).expect("JSON");
    let signed = named(&signed, "what must be covered")["request"].as_str().expect("a request").to_owned();
    let request = |path: &str, field: &str| format!("GET {path} HTTP/1.1\r\nHost: gate.test\r\n{field}\r\n");
    let token = case["token"].as_str().expect("a token");
    let now = Timestamp::from_seconds(1_800_000_000);
    let all = [
        ("none", request("/none", ""), now),
        ("api_key", request("/api_key", "X-API-Key: pk_benchmark\r\n"), now),
        ("basic, remembered", request("/basic", "Authorization: Basic YWRhOmxvdmVsYWNl\r\n"), now),
        ("jwt, ES256", request("/jwt", &format!("Authorization: Bearer {token}\r\n")), TOKEN_TIME),
        ("introspection, kept", request("/introspection", "Authorization: Bearer abcdefgh\r\n"), now),
        ("mtls", request("/mtls", ""), now),
        ("hmac", signed, SIGNED_TIME),
    ];
    let (limits, witness, certificate) = (LocalLimits::default(), AtOnce::new(), certificate());
    let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let connection = Connection { listener: 0, peer, tls: Some(TlsVersion::V1_3), certificate: Some(&certificate) };
    let mut group = criterion.benchmark_group("identify");
    for (name, bytes, now) in &all {
        let parsed = ParsedRequest::parse(bytes.as_bytes()).expect("a request");
        let view = parsed.view();
        let plain = Connection::plain(0, peer);
        let connection = if *name == "mtls" { connection } else { plain };
        group.bench_function(*name, |bencher| {
            bencher.iter(|| {
                let (mut trail, mut evidence) = (Trail::default(), Evidence::by(&witness));
                let mut arrived =
                    arrive(&gateway, connection, black_box(&view), &limits, *now, &mut trail).expect("it arrives");
                loop {
                    match arrived.identify(&evidence, &limits, *now, &mut trail).expect("it is known") {
                        Identification::Known(_) => return trail.caller.is_some(),
                        Identification::Needs(asking, need) => {
                            evidence.add(&need, witness.testify(&need));
                            arrived = asking;
                        }
                    }
                }
            });
        });
    }
    group.finish();
}

fn named<'d>(document: &'d Value, name: &str) -> &'d Value {
    let cases = document["cases"].as_array().expect("cases");
    cases.iter().find(|case| case["name"] == name).expect("the corpus has it")
}

/// Answers at once.
struct AtOnce(Finding);

impl AtOnce {
    fn new() -> Self {
        let claims = json!({ "active": true, "sub": "ada", "aud": "crm", "scope": "crm.read" });
        let Value::Object(claims) = claims else { unreachable!("it is an object") };
        Self(Finding::Token(Some(Arc::new(claims))))
    }
}

impl Witness for AtOnce {
    fn keys(&self, _: &Authenticator, _: &Published) -> Option<Arc<KeySet>> {
        None
    }

    fn testify(&self, need: &Need<'_>) -> Finding {
        match need.question {
            Question::Password { .. } => Finding::Password(true),
            Question::Once { .. } => Finding::First(true),
            _ => self.0.clone(),
        }
    }
}

fn certificate() -> ClientCertificate {
    ClientCertificate {
        subject: "CN=acme.example,O=Acme".to_owned(),
        common_name: Some("acme.example".to_owned()),
        dns_names: vec!["acme.example".to_owned()],
        email_addresses: Vec::new(),
        uris: Vec::new(),
        issuer: "CN=Partners".to_owned(),
        not_before: Timestamp::default(),
        not_after: Timestamp::from_seconds(4_000_000_000),
        serial: "01".to_owned(),
        fingerprint: [7; 32],
        verdict: Ok(()),
    }
}

fn gateway(jwks: &str) -> Gateway {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a writable folder");
    write("portcullis.toml", CONFIG);
    write("jwks.json", jwks);
    let hash = portcullis::policy::keys::hex(&<[u8; 32]>::from(<sha2::Sha256 as sha2::Digest>::digest("pk_benchmark")));
    let secret = "secrets = [{ id = \"acme-1\", secret = \"${file:secret}\" }]";
    write("keys.toml", &format!("[principal.acme]\nkeys = [{{ sha256 = \"{hash}\" }}]\n{secret}\n"));
    write("secret", "the-first-secret-of-acme-0123456789abcdef");
    write("users", "ada:$2y$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234\n");
    load(&folder.path().join("portcullis.toml"))
}

fn load(path: &Path) -> Gateway {
    config::load(path, &Machine).unwrap_or_else(|faults| panic!("{faults}")).gateway
}
