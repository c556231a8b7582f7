//! Upstreams by TLS, before a server with a private authority: who is believed, who is not, and what the
//! server learns.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rustls::crypto::ring::default_provider;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::authority::{Authority, Identity};
use crate::support::config::Written;
use crate::support::gate::LiveGate;
use crate::support::message::{Body, Incoming};
use crate::support::run;

const GET: &str = "GET /things HTTP/1.1\r\nHost: gate.test\r\n\r\n";
const POST: &str =
    "POST /things HTTP/1.1\r\nHost: gate.test\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";

/// What a server has seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    handshakes: usize,
    resumed: usize,
    names: Vec<Option<String>>,
    certificates: Vec<bool>,
    /// `Host` and body of each request.
    pub(super) requests: Vec<(Option<String>, Vec<u8>)>,
}

/// A server with this certificate, which asks for one of `clients` where they are given.
pub(super) async fn serve(
    identity: &Identity,
    clients: Option<&Authority>,
    close_each: bool,
) -> (SocketAddr, Arc<Mutex<Seen>>) {
    let provider = Arc::new(default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let builder = builder.expect("ring has them");
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.der.clone()).expect("it is an authority");
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build();
            builder.with_client_cert_verifier(verifier.expect("it has a root"))
        }
    };
    let config = builder.with_single_cert(vec![identity.der.clone()], identity.key.clone_key());
    let acceptor = TlsAcceptor::from(Arc::new(config.expect("the key is the certificate's")));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port can be had");
    let address = listener.local_addr().expect("it is bound");
    let seen = Arc::new(Mutex::new(Seen::default()));
    let told = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (acceptor, told) = (acceptor.clone(), Arc::clone(&told));
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(socket).await else { return };
                {
                    let connection = stream.get_ref().1;
                    let mut seen = told.lock().expect("no server panics");
                    seen.handshakes += 1;
                    seen.resumed += usize::from(connection.handshake_kind() == Some(rustls::HandshakeKind::Resumed));
                    seen.names.push(connection.server_name().map(str::to_owned));
                    seen.certificates.push(connection.peer_certificates().is_some());
                }
                let (reader, mut writer) = tokio::io::split(stream);
                let mut incoming = Incoming::new(reader);
                while let Ok(Some(head)) = incoming.head().await {
                    let (body, _) = incoming.body(head.framing(Body::Length(0))).await;
                    told.lock().expect("no server panics").requests.push((head.value("host"), body));
                    let close = if close_each { "Connection: close\r\n" } else { "" };
                    let answer = format!("HTTP/1.1 200 OK\r\n{close}Content-Length: 6\r\n\r\nsecret");
                    if writer.write_all(answer.as_bytes()).await.is_err() || writer.flush().await.is_err() || close_each
                    {
                        let _ = writer.shutdown().await;
                        return;
                    }
                }
            });
        }
    });
    (address, seen)
}

/// A gate before `peer`, with these keys of its upstream and the files that they name.
fn gate(peer: &str, keys: &str, files: &[(&str, &str)]) -> LiveGate {
    let files: BTreeMap<String, String> =
        files.iter().map(|(name, content)| ((*name).to_owned(), (*content).to_owned())).collect();
    let config = format!(
        r#"
        [listener.public]
        address = "127.0.0.1:0"

        [upstream.api]
        peers = ["{peer}"]
        timeouts = {{ connect = "500ms" }}
        {keys}

        [defaults]
        upstream = "api"
        quotas = []

        [endpoint."/things".GET]
        auth = "none"

        [endpoint."/things".POST]
        auth = "none"
        media_types = ["text/plain"]
        "#
    );
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
    LiveGate::start(&Written { config, files }, nowhere).unwrap_or_else(|fault| panic!("{fault}"))
}

/// Asks once; the status, and the log's cause.
async fn ask(gate: &LiveGate, request: &str, lines: usize) -> (u16, Option<String>) {
    let mut client = gate.client().await;
    client.send(request).await;
    let status = client.answer(false).await.expect("it is answered").status;
    let line = gate.lines(lines).await.swap_remove(lines - 1);
    (status, line["cause"].as_str().map(str::to_owned))
}

#[test]
fn a_server_of_a_private_authority_is_spoken_to_on_kept_connections() {
    run(async {
        let authority = Authority::new();
        let (address, seen) = serve(&authority.certify("localhost"), None, false).await;
        let gate =
            gate(&format!("https://localhost:{}", address.port()), "ca = \"ca.pem\"", &[("ca.pem", &authority.pem)]);
        for (turn, request) in [GET, POST, POST].into_iter().enumerate() {
            assert_eq!(ask(&gate, request, turn + 1).await, (200, None));
        }
        let seen = seen.lock().expect("no server panics");
        assert_eq!((seen.handshakes, &seen.names[0]), (1, &Some("localhost".to_owned())), "{seen:?}");
        let host = Some(format!("localhost:{}", address.port()));
        let hello = (host.clone(), b"hello".to_vec());
        assert_eq!(seen.requests, [(host, Vec::new()), hello.clone(), hello]);
    });
}

#[test]
fn a_server_that_cannot_show_who_it_is_gets_no_byte_of_the_request() {
    run(async {
        let (ours, theirs) = (Authority::new(), Authority::new());
        let files: &[(&str, &str)] = &[("ca.pem", &ours.pem)];
        for (what, signer, name, keys, expected) in [
            ("a stranger's certificate", &theirs, "localhost", "", "invalid peer certificate"),
            ("another name's certificate", &ours, "other.test", "", "not valid for name"),
            ("an address that is not in it", &ours, "localhost", "server_name = \"crm.test\"", "not valid for name"),
        ] {
            let (address, seen) = serve(&signer.certify(name), None, false).await;
            let gate =
                gate(&format!("https://localhost:{}", address.port()), &format!("ca = \"ca.pem\"\n{keys}"), files);
            let (status, cause) = ask(&gate, POST, 1).await;
            let cause = cause.unwrap_or_default();
            assert!(status == 502 && cause.contains("TLS: ") && cause.contains(expected), "{what}: {status} {cause}");
            assert_eq!(seen.lock().expect("no server panics").requests, [], "{what}");
        }
    });
}

#[test]
fn an_address_is_verified_by_the_name_that_is_stated_or_as_an_address() {
    run(async {
        let authority = Authority::new();
        for (certified, keys, sni) in
            [("crm.internal", "server_name = \"crm.internal\"", Some("crm.internal")), ("127.0.0.1", "", None)]
        {
            let (address, seen) = serve(&authority.certify(certified), None, false).await;
            let keys = format!("ca = \"ca.pem\"\n{keys}");
            let gate = gate(&format!("https://{address}"), &keys, &[("ca.pem", &authority.pem)]);
            assert_eq!(ask(&gate, GET, 1).await, (200, None), "{certified}");
            // RFC 6066 §3: an address is no server name.
            assert_eq!(seen.lock().expect("no server panics").names, [sni.map(str::to_owned)]);
        }
    });
}

#[test]
fn a_server_that_asks_for_a_certificate_gets_ours() {
    run(async {
        let (authority, clients) = (Authority::new(), Authority::new());
        let (address, seen) = serve(&authority.certify("localhost"), Some(&clients), false).await;
        let peer = format!("https://localhost:{}", address.port());
        let us = clients.certify("gate.test");
        let files: &[(&str, &str)] = &[("ca.pem", &authority.pem), ("us.pem", &us.pem), ("us.key", &us.key_pem)];
        let known = gate(&peer, "ca = \"ca.pem\"\nclient_certificate = \"us.pem\"\nclient_key = \"us.key\"", files);
        assert_eq!(ask(&known, GET, 1).await, (200, None));
        assert_eq!(seen.lock().expect("no server panics").certificates, [true]);
        let unknown = gate(&peer, "ca = \"ca.pem\"", files);
        // With TLS 1.3 a client is refused only after it has finished, so the refusal is read as an answer.
        assert_eq!(ask(&unknown, GET, 1).await.0, 502);
    });
}

#[test]
fn a_further_connection_resumes_the_session() {
    run(async {
        let authority = Authority::new();
        let (address, seen) = serve(&authority.certify("localhost"), None, true).await;
        let gate =
            gate(&format!("https://localhost:{}", address.port()), "ca = \"ca.pem\"", &[("ca.pem", &authority.pem)]);
        for turn in 1..=3 {
            assert_eq!(ask(&gate, GET, turn).await, (200, None));
        }
        let seen = seen.lock().expect("no server panics");
        assert_eq!(seen.handshakes, 3);
        assert!(seen.resumed >= 1, "{seen:?}");
    });
}

#[test]
fn a_handshake_that_hangs_runs_out_of_the_time_for_a_connection() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port can be had");
        let address = listener.local_addr().expect("it is bound");
        let authority = Authority::new();
        let gate = gate(&format!("https://{address}"), "ca = \"ca.pem\"", &[("ca.pem", &authority.pem)]);
        let began = std::time::Instant::now();
        let (status, cause) = ask(&gate, GET, 1).await;
        assert_eq!((status, cause.as_deref()), (504, Some("tls handshake timed out")));
        assert!(began.elapsed().as_millis() >= 500, "{:?}", began.elapsed());
    });
}

#[test]
fn plain_http_to_a_server_that_wants_tls_and_the_other_way_round_are_502() {
    run(async {
        let authority = Authority::new();
        let (tls, _) = serve(&authority.certify("localhost"), None, false).await;
        let plain = crate::support::peer::Peer::start(vec![]).await;
        let wrong_way = gate(&format!("http://{tls}"), "", &[]);
        assert_eq!(ask(&wrong_way, GET, 1).await.0, 502);
        let files: &[(&str, &str)] = &[("ca.pem", &authority.pem)];
        let other_way = gate(&format!("https://{}", plain.address), "ca = \"ca.pem\"", files);
        let status = ask(&other_way, GET, 1).await.0;
        assert!(status == 502 || status == 504, "{status}");
        assert_eq!(plain.requests().len(), 0);
    });
}
