//! API keys: a lookup among so many, and what it takes to read a file with a million.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use criterion::{BatchSize, Criterion};
use portcullis::config::{self, Machine};
use portcullis::policy::keys::{Grant, KeySet, KeySetBuilder, Validity, hex};
use portcullis::policy::time::Timestamp;
use sha2::{Digest, Sha256};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// As long as those of `portcullis key new`.
fn key(index: usize) -> String {
    format!("pk_{index:048x}")
}

/// Each key of a principal of its own.
fn keys(count: usize) -> KeySet {
    let grant = Grant { scopes: vec!["crm.read".into(), "crm.delete".into()], plan: Some("gold".into()) };
    let mut building = KeySetBuilder::default();
    for index in 0..count {
        let hash = Sha256::digest(key(index)).into();
        building.add(&format!("partner-{index}"), &grant, [(hash, Validity::default())]);
    }
    building.finish().expect("no key comes twice")
}

pub(crate) fn lookup(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("api_key");
    for (name, count) in [("1", 1), ("1_000", 1_000), ("1_000_000", 1_000_000)] {
        let set = crate::memory::told(&format!("api_key/{name}"), || keys(count));
        let mut drawn = Draw(1);
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || key(drawn.below(count)),
                |key| black_box(set.lookup(key.as_bytes(), NOW).expect("it is known").name().len()),
                // Few enough to stay in the cache until they are asked, and not to drive the set out of it.
                BatchSize::NumIterations(1000),
            );
        });
    }
}

/// One reading of a million principals, as `serve` and each reload do it.
pub(crate) fn loading(_: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a writable folder");
    let mut text = String::new();
    for index in 0..1_000_000 {
        let hash = hex(&Sha256::digest(key(index)));
        let _ = write!(
            text,
            "[principal.partner-{index}]\nkeys = [{{ sha256 = \"{hash}\" }}]\nscopes = [\"crm.read\", \"crm.delete\"]\n\
             plan = \"gold\"\n\n"
        );
    }
    write("keys.toml", &text);
    let megabytes = text.len() / 1_000_000;
    drop(text);
    write("portcullis.toml", CONFIG);
    let gateway = crate::memory::told(&format!("a key file of {megabytes} MB, a million principals"), || {
        let began = Instant::now();
        let loaded = config::load(&folder.path().join("portcullis.toml"), &Machine);
        eprintln!("a key file of {megabytes} MB, a million principals: {:.2} s", began.elapsed().as_secs_f64());
        loaded.unwrap_or_else(|errors| panic!("{errors}")).gateway
    });
    black_box(gateway);
}

const CONFIG: &str = r#"
    [listener.public]
    address = "127.0.0.1:0"
    [upstream.crm]
    peers = ["http://127.0.0.1:9001"]
    [authenticator.partner]
    kind = "api_key"
    header = "X-API-Key"
    keys = "keys.toml"
    [endpoint."/customers".GET]
    upstream = "crm"
    auth = "partner"
    quotas = []
"#;

/// Numbers without a pattern that a cache could learn: xorshift64 (Marsaglia 2003).
struct Draw(u64);

impl Draw {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % count as u64) as usize
    }
}
