//! What a decision costs: routing alone, a whole decision by number of endpoints, and by size of body.
//!
//! `cargo bench --no-default-features --bench decide` measures the pure core; nothing here opens a
//! socket. Paths are drawn evenly over all endpoints, in an order that no cache can learn.

use std::fmt::Write;
use std::hint::black_box;
use std::path::Path;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use portcullis::config::{self, Machine};
use portcullis::http1::{Field, RequestHead, Version};
use portcullis::limits::LocalLimits;
use portcullis::policy::authenticate::NoWitness;
use portcullis::policy::connection::Connection;
use portcullis::policy::decide::decide;
use portcullis::policy::gateway::Gateway;
use portcullis::policy::time::Timestamp;
use portcullis::policy::trail::Trail;
use sha2::{Digest, Sha256};

const KEY: &str = "pk_benchmark";
const CONNECTION: Connection<'_> = Connection::plain(0, std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

/// A gateway of so many endpoints, each with a literal, a typed parameter and a last literal, that take
/// the customers of the demo.
fn gateway(endpoints: usize) -> Gateway {
    let mut text = String::from(
        r#"
        [listener.public]
        address = "127.0.0.1:0"
        [upstream.crm]
        peers = ["http://127.0.0.1:9001"]
        [authenticator.partner]
        kind = "api_key"
        header = "X-API-Key"
        keys = "keys.toml"
        [quota.per_partner]
        by = "principal"
        allow = "1_000_000_000/s"
        [defaults]
        upstream = "crm"
        auth = "partner"
        quotas = "per_partner"
        max_body = "2 MiB"
        "#,
    );
    for index in 0..endpoints {
        let _ = write!(
            text,
            "[endpoint.\"/v1/things{index}/{{id:integer}}/parts\".POST]\nmedia_types = \"application/json\"\n\
             body_schema = \"schema.json\"\n"
        );
    }
    let hash: String = Sha256::digest(KEY).iter().map(|byte| format!("{byte:02x}")).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a writable folder");
    write("portcullis.toml", &text);
    write("keys.toml", &format!("[principal.bench]\nkeys = [{{ sha256 = \"{hash}\" }}]\n"));
    write("schema.json", SCHEMA);
    load(&folder.path().join("portcullis.toml"))
}

fn load(path: &Path) -> Gateway {
    config::load(path, &Machine).unwrap_or_else(|errors| panic!("{errors}")).gateway
}

/// The shape of a customer, and as many tags as the body wants.
const SCHEMA: &str = r#"{
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": false,
    "required": ["first_name", "last_name", "email"],
    "properties": {
        "first_name": { "type": "string", "minLength": 1, "maxLength": 100 },
        "last_name": { "type": "string", "minLength": 1, "maxLength": 100 },
        "email": { "type": "string", "format": "email", "maxLength": 254 },
        "company": {
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "name": { "type": "string", "maxLength": 200 },
                "size": { "type": "integer", "minimum": 1 }
            }
        },
        "tags": { "type": "array", "items": { "type": "string", "maxLength": 40, "pattern": "^[a-z0-9-]+$" } }
    }
}"#;

/// A customer whose tags fill about so many bytes.
fn body(bytes: usize) -> Vec<u8> {
    let customer = r#"{"first_name":"Ada","last_name":"Lovelace","email":"ada@example.com","company":{"name":"Analytical Engines","size":12},"tags":["vip""#;
    let mut text = String::from(customer);
    let mut count = 0;
    while text.len() + 2 < bytes {
        let _ = write!(text, ",\"tag-{count}\"");
        count += 1;
    }
    text.push_str("]}");
    text.into_bytes()
}

/// All indices below `count`, in an order without pattern: multiplication by a prime that shares no
/// factor with the counts used here.
fn scattered(count: usize) -> impl Iterator<Item = usize> {
    (0..count).cycle().map(move |index| index.wrapping_mul(7_919) % count)
}

fn routing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("route");
    for endpoints in [1, 1_000, 10_000] {
        let gateway = gateway(endpoints);
        let paths: Vec<String> = scattered(endpoints).take(endpoints).map(path).collect();
        let mut next = paths.iter().cycle();
        group.bench_function(format!("{endpoints} endpoints"), |bencher| {
            bencher.iter(|| black_box(gateway.routes.find(next.next().expect("it cycles"), "POST")));
        });
    }
}

fn path(index: usize) -> String {
    format!("/v1/things{index}/{}/parts", 1000 + index)
}

fn deciding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decide");
    let small = body(200);
    for endpoints in [1, 1_000, 10_000] {
        let gateway = gateway(endpoints);
        let paths: Vec<String> = scattered(endpoints).take(endpoints).map(path).collect();
        let mut next = paths.iter().cycle();
        let limits = LocalLimits::default();
        group.bench_function(format!("{endpoints} endpoints, 200 B"), |bencher| {
            bencher.iter_batched(
                || next.next().expect("it cycles").as_str(),
                |path| passes(&gateway, &limits, path, &small),
                BatchSize::SmallInput,
            );
        });
    }
    let gateway = gateway(1);
    let limits = LocalLimits::default();
    for (name, bytes) in [("200 B", 200), ("10 KB", 10_000), ("1 MB", 1_000_000)] {
        let body = body(bytes);
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(format!("body of {name}"), |bencher| {
            bencher.iter(|| passes(&gateway, &limits, "/v1/things0/1/parts", &body));
        });
    }
}

/// Decides, and makes sure that every rule said yes: a benchmark in which none ran would be a lie.
fn passes(gateway: &Gateway, limits: &LocalLimits, path: &str, body: &[u8]) {
    let length = body.len().to_string();
    let fields = [
        Field { name: b"Host", value: b"127.0.0.1:8080" },
        Field { name: b"User-Agent", value: b"bench" },
        Field { name: b"Content-Type", value: b"application/json" },
        Field { name: b"X-API-Key", value: KEY.as_bytes() },
        Field { name: b"Content-Length", value: length.as_bytes() },
    ];
    let request = RequestHead {
        method: b"POST",
        target: path.as_bytes(),
        version: Version::Http11,
        fields: &fields,
        ended: false,
    };
    let mut trail = Trail::default();
    let now = Timestamp::from_seconds(1_800_000_000);
    let outcome = decide(gateway, CONNECTION, &request, body, limits, &NoWitness, now, &mut trail);
    assert!(outcome.is_ok() && trail.standings.len() == 1, "{outcome:?}");
    black_box(outcome.is_ok());
}

criterion_group!(benches, routing, deciding);
criterion_main!(benches);
