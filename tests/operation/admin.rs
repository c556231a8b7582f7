//! The admin listener: what it tells of a gate that runs, and to whom.

use sha2::{Digest, Sha256};

use crate::support::client::Client;
use crate::support::exposition::Exposition;
use crate::support::peer::{Peer, Script, Then};
use crate::support::process::{Process, Site};
use crate::support::{eventually, run};

/// Asks the admin listener; status and body.
pub(super) async fn get(gate: &Process, path: &str) -> (u16, String) {
    ask(gate, path, "").await
}

async fn ask(gate: &Process, path: &str, fields: &str) -> (u16, String) {
    let address = gate.admin().await;
    let mut client = Client::connect(address).await;
    let host =
        if fields.to_ascii_lowercase().contains("host:") { String::new() } else { format!("Host: {address}\r\n") };
    client.send(format!("GET {path} HTTP/1.1\r\n{host}{fields}Connection: close\r\n\r\n")).await;
    let answer = client.answer(false).await.expect("it is answered");
    (answer.status, answer.text())
}

/// What it counts.
pub(super) async fn metrics(gate: &Process) -> Exposition {
    let (status, text) = ask(gate, "/metrics", "Accept: application/openmetrics-text;version=1.0.0\r\n").await;
    assert_eq!(status, 200, "{text}");
    Exposition::parse(&text)
}

fn config(upstream: &str, more: &str) -> String {
    format!(
        r#"
        [listener.public]
        address = "127.0.0.1:0"

        [access_log]
        to = "access.log"

        [upstream.api]
        peers = ["{upstream}"]

        [defaults]
        upstream = "api"
        quotas = []

        [endpoint."/thing".GET]
        auth = "none"

        [endpoint."/thing".POST]
        auth = "none"
        media_types = "application/json"
        body_schema = "schema.json"

        {more}
        "#
    )
}

const SCHEMA: &str = r#"{"type": "object", "required": ["name"]}"#;
const ADMIN: &str = "[admin]\naddress = \"127.0.0.1:0\"\n";

#[test]
fn metrics_say_what_was_done() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let site = Site::new(&config(
            &format!("http://{}", peer.address),
            &format!(
                "{ADMIN}\n[quota.few]\nby = \"endpoint\"\nallow = \"2/day\"\n[endpoint.\"/few\".GET]\nauth = \"none\"\nquotas = \"few\""
            ),
        ));
        site.write("schema.json", SCHEMA);
        let gate = Process::serve(&site).await;
        let mut client = Client::connect(gate.listener("public").await).await;
        let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: gate.test\r\n\r\n");
        let post = |body: &str| {
            let length = body.len();
            format!(
                "POST /thing HTTP/1.1\r\nHost: gate.test\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
            )
        };
        let requests = [
            (get("/thing"), 200),
            (get("/thing"), 200),
            (get("/nowhere"), 404),
            (post(r#"{"name":1}"#), 200),
            (post("{}"), 422),
            (post("{"), 400),
            (get("/few"), 200),
            (get("/few"), 200),
            (get("/few"), 429),
        ];
        for (request, status) in &requests {
            client.send(request).await;
            assert_eq!(client.answer(false).await.map(|answer| answer.status), Some(*status), "{request}");
        }
        // The last line may still be on its way.
        let last = [("endpoint", "/few"), ("method", "GET"), ("status", "4xx")];
        let told = || async { metrics(&gate).await.value("portcullis_requests_total", &last) >= 1.0 };
        eventually("the last request is counted", told).await;
        let told = metrics(&gate).await;
        let value = |name: &str, labels: &[(&str, &str)]| told.value(&format!("portcullis_{name}"), labels);
        let at = |endpoint, method, status| {
            value("requests_total", &[("endpoint", endpoint), ("method", method), ("status", status)])
        };
        assert_eq!(
            (at("/thing", "GET", "2xx"), at("/thing", "POST", "2xx"), at("/thing", "POST", "4xx")),
            (2.0, 1.0, 2.0)
        );
        assert_eq!((at("", "", "4xx"), at("/few", "GET", "2xx"), at("/few", "GET", "4xx")), (1.0, 2.0, 1.0));
        let refused = |endpoint, method, stage, code| {
            value("refusals_total", &[("endpoint", endpoint), ("method", method), ("stage", stage), ("code", code)])
        };
        assert_eq!(refused("", "", "route", "unknown_path"), 1.0);
        assert_eq!(refused("/thing", "POST", "schema", "schema_violated"), 1.0);
        assert_eq!(refused("/thing", "POST", "body", "malformed_json"), 1.0);
        assert_eq!(refused("/few", "GET", "rate_limit", "rate_limited"), 1.0);
        assert_eq!(value("quota_refusals_total", &[("policy", "few")]), 1.0);
        let api = [("upstream", "api")];
        let (opened, reused) = (value("upstream_connections_total", &api), value("upstream_reuses_total", &api));
        assert_eq!((opened, reused), (1.0, 4.0), "a scrape asks nobody");
        assert_eq!((opened + reused, value("upstream_active", &api)), (5.0, 0.0));
        assert_eq!(value("upstream_duration_seconds_count", &api), 5.0);
        assert_eq!(value("connections", &[("listener", "public")]), 1.0);
        assert_eq!((value("buffered_bodies", &[]), value("buffered_bytes", &[])), (0.0, 0.0));
        assert_eq!(value("buffer_limit_bytes", &[]), f64::from(256 << 20));
        assert_eq!(value("ready", &[]), 1.0);
        let peer_at = peer.address.to_string();
        let addresses = |state| value("peer_addresses", &[("upstream", "api"), ("peer", &peer_at), ("state", state)]);
        assert_eq!((addresses("up"), addresses("down")), (1.0, 0.0));
        assert_eq!(value("configuration_version", &[]), 1.0);
        assert_eq!(value("build", &[("version", env!("CARGO_PKG_VERSION"))]), 1.0);
        assert_eq!(value("log_lines_dropped_total", &[("log", "access")]), 0.0);
        let digest: Vec<_> = told.samples.keys().filter(|it| it.name == "portcullis_configuration").collect();
        let shown: serde_json::Value =
            serde_json::from_str(&super::admin::get(&gate, "/config").await.1).expect("it is JSON");
        assert_eq!(digest[0].labels["digest"], shown["digest"].as_str().expect("it has one"));
        // Log and metrics count alike.
        gate.signal("TERM").await;
        let mut gate = gate;
        assert!(gate.ended().await.success());
        let lines = crate::support::gate::lines(&site.path("access.log"));
        let statuses: Vec<_> = lines.iter().map(|line| line["status"].as_u64().unwrap_or_default()).collect();
        assert_eq!(statuses, requests.iter().map(|(_, status)| *status as u64).collect::<Vec<_>>());
    });
}

#[test]
fn readiness_is_whether_an_upstream_answers() {
    run(async {
        let (address, socket) = Peer::refusing();
        let more = format!(
            "{ADMIN}\n[upstream.other]\npeers = [\"http://{address}\"]\n[endpoint.\"/other\".GET]\nauth = \"none\"\nupstream = \"other\""
        );
        let peer = Peer::start(vec![]).await;
        for (ready, status, text) in [
            ("any_upstream", 200, "ready\n"),
            ("all_upstreams", 503, "no answer from other\n"),
            ("serving", 200, "ready\n"),
        ] {
            let more = more.replace(ADMIN, &format!("{ADMIN}ready = \"{ready}\"\n"));
            let site = Site::new(&config(&format!("http://{}", peer.address), &more));
            site.write("schema.json", SCHEMA);
            let gate = Process::serve(&site).await;
            assert_eq!(get(&gate, "/readyz").await, (status, text.to_owned()), "{ready}");
            assert_eq!(get(&gate, "/livez").await, (200, "live\n".to_owned()));
        }
        // Nobody answers; and then somebody does.
        let site = Site::new(&config(&format!("http://{address}"), ADMIN));
        site.write("schema.json", SCHEMA);
        let gate = Process::serve(&site).await;
        assert_eq!(get(&gate, "/readyz").await, (503, "no answer from api\n".to_owned()));
        gate.told("upstream down").await;
        assert_eq!(metrics(&gate).await.value("portcullis_ready", &[]), 0.0);
        socket.listen(16).expect("it is bound");
        // What was found out is believed for a moment.
        eventually("it is ready", || async { get(&gate, "/readyz").await == (200, "ready\n".to_owned()) }).await;
        gate.told("upstream up").await;
        assert_eq!((gate.count("upstream down"), gate.count("upstream up")), (1, 1), "each is said once");
    });
}

#[test]
fn a_token_is_asked_for_where_there_is_one_and_never_of_probes() {
    const TOKEN: &str = "correct-horse-battery";
    run(async {
        let peer =
            Peer::start(vec![Script::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Then::Keep)]).await;
        let site = Site::new(&config(
            &format!("http://{}", peer.address),
            "[admin]\naddress = \"0.0.0.0:0\"\ntoken = \"${file:token}\"\n",
        ));
        site.write("schema.json", SCHEMA);
        site.write("token", TOKEN);
        let gate = Process::serve(&site).await;
        let port = gate.admin().await.port();
        let at = |fields: &str| format!("Host: gate.example:{port}\r\n{fields}");
        for path in ["/metrics", "/config"] {
            assert_eq!(ask(&gate, path, &at("")).await.0, 401, "{path}");
            assert_eq!(ask(&gate, path, &at("Authorization: Bearer wrong\r\n")).await.0, 401, "{path}");
            let (status, text) = ask(&gate, path, &at(&format!("Authorization: Bearer {TOKEN}\r\n"))).await;
            assert_eq!(status, 200, "{path}");
            let hash = Sha256::digest(TOKEN).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            assert!(!text.contains(TOKEN) && !text.contains(&hash), "{path}");
        }
        assert_eq!(ask(&gate, "/livez", &at("")).await.0, 200);
        assert_eq!(ask(&gate, "/readyz", &at("")).await.0, 200);
        // Another token is asked for as soon as it is in force.
        site.write("token", "another-horse-battery");
        gate.told("reload: 1 listener").await;
        for (token, status) in [(TOKEN, 401), ("another-horse-battery", 200)] {
            let fields = at(&format!("Authorization: Bearer {token}\r\n"));
            assert_eq!(ask(&gate, "/metrics", &fields).await.0, status, "{token}");
        }
    });
}

#[test]
fn a_page_in_a_browser_cannot_read_what_has_no_token() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let site = Site::new(&config(&format!("http://{}", peer.address), ADMIN));
        site.write("schema.json", SCHEMA);
        let gate = Process::serve(&site).await;
        assert_eq!(ask(&gate, "/config", "Host: evil.example\r\n").await.0, 421);
        // Nobody who does not ask for OpenMetrics gets it.
        let plain = get(&gate, "/metrics").await.1;
        assert!(plain.contains("# TYPE portcullis_log_lines_total counter\n") && !plain.contains("# EOF"), "{plain}");
        assert_eq!(get(&gate, "/config").await.0, 200);
    });
}

#[test]
fn what_came_by_reference_is_shown_as_the_reference() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let site = Site::new(&config("${file:peer}", ADMIN));
        site.write("schema.json", SCHEMA);
        let url = format!("http://{}", peer.address);
        site.write("peer", &url);
        let gate = Process::serve(&site).await;
        let (status, text) = get(&gate, "/config").await;
        assert_eq!(status, 200);
        assert!(text.contains("${file:peer}") && !text.contains(&peer.address.to_string()), "{text}");
    });
}
