//! What telling of a request costs the thread that serves it: metrics alone, and with a line of the access
//! log. The line ends in a file that takes everything.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use portcullis::policy::quota::{Rate, Standing};
use portcullis::policy::rejection::Rejection;
use portcullis::policy::stage::Stage;
use portcullis::policy::trail::{Trail, Watch};
use portcullis::telemetry::sink::Target;
use portcullis::telemetry::{End, Record, Telemetry, Traffic};

/// A watch that costs nothing to look at.
#[derive(Debug)]
struct Still;

impl Watch for Still {
    fn nanos(&self) -> u64 {
        black_box(1_234_567)
    }
}

fn telling(criterion: &mut Criterion) {
    let rate = |policy: &str, seconds| Rate {
        policy: policy.to_owned(),
        count: 100.try_into().expect("not zero"),
        window: Duration::from_secs(seconds),
        burst: 100.try_into().expect("not zero"),
    };
    let rates = [rate("per_partner.second", 1), rate("per_partner.day", 86_400)];
    let standing = |rate| Standing { rate, remaining: 57, resets_in: Duration::from_secs(1), exceeded: false };
    let mut passed = Trail::watched(&Still);
    passed.client = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    passed.standings = rates.iter().map(standing).collect();
    let mut refused = Trail::watched(&Still);
    refused.client = passed.client;
    for stage in Stage::ALL {
        passed.laps.end(stage);
    }
    let traffic = Traffic {
        identifying: Duration::ZERO,
        request_bytes: 140,
        response_bytes: 2,
        upstream: Some("crm"),
        peer: Some(([127, 0, 0, 1], 9001).into()),
        reading: Duration::from_micros(3),
        connecting: Duration::from_micros(2),
        relaying: Duration::from_micros(300),
    };
    let nothing = Traffic::default();
    let no_key = Rejection::Unauthenticated { challenge: String::new(), fault: None };
    let (ok, no) = (End::Passed { status: 200 }, End::Refused { status: 401, rejection: no_key });
    for (name, trail, end, traffic) in [("passed", &passed, &ok, &traffic), ("refused", &refused, &no, &nothing)] {
        let record = Record {
            id: "c262c8ad6a5f73f906a5ef2a8fd8aa57",
            listener: "public",
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            tls: None,
            method: b"POST",
            target: b"/customers?limit=10",
            trail,
            end,
            traffic,
            total: Duration::from_micros(350),
        };
        for log in [false, true] {
            let telemetry = Telemetry::default();
            let target = Target::Path("/dev/null".into());
            telemetry.log_to(log.then_some(&target), 64 << 20).expect("it can be opened");
            let meters = telemetry.metrics.endpoint(None);
            let what = if log { "metrics and line" } else { "metrics" };
            criterion.bench_function(&format!("tell/{name}, {what}"), |bencher| {
                bencher.iter(|| telemetry.tell(black_box(&record), &meters));
            });
        }
    }
}

criterion_group!(benches, telling);
criterion_main!(benches);
