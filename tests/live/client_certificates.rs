//! Certificates of clients: who is let in, and who is let in no more.

use std::io;
use std::net::SocketAddr;

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, SerialNumber, date_time_ymd};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::http2::{exchange, request};
use super::tls_listener::{start, written};
use crate::support::authority::{Authority, Identity};
use crate::support::config::Written;
use crate::support::gate::LiveGate;
use crate::support::peer::Peer;
use crate::support::secure::{NAME, Secure, config, shake};
use crate::support::{PATIENCE, run};

const GET: &str = "GET /things HTTP/1.1\r\nHost: gate.test\r\n\r\n";

/// Two authorities: one that signs the gate's certificate, and one that signs those of clients.
struct World {
    gates: Authority,
    partners: Authority,
    identity: Identity,
}

impl World {
    fn new() -> Self {
        let (gates, partners) = (Authority::named("Gates"), Authority::named("Partners"));
        let identity = gates.certify(NAME);
        Self { gates, partners, identity }
    }

    /// A configuration that asks clients, with further keys of `tls`.
    fn asking(&self, keys: &str) -> Written {
        let tls = "certificate = \"cert.pem\", private_key = \"key.pem\", client_ca = \"partners.pem\"";
        let mut written = written(&format!("tls = {{ {tls}{keys} }}"), "", &self.identity);
        written.files.insert("partners.pem".to_owned(), self.partners.pem.clone());
        written
    }

    /// Asks once, on a connection of its own.
    async fn ask(&self, gate: &LiveGate, identity: Option<&Identity>) -> io::Result<u16> {
        let mut stream = shake(gate.addresses[0], &config(&self.gates, &[], identity)).await?;
        // By TLS 1.3 a client is refused only after it has finished, so the refusal is read as an answer.
        stream.write_all(GET.as_bytes()).await?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await?;
        Ok(String::from_utf8_lossy(&answer[9..]).parse().expect("a status"))
    }
}

fn reload(gate: &LiveGate, written: &Written, upstream: SocketAddr) {
    let gateway = written.compile(&upstream.to_string()).unwrap_or_else(|fault| panic!("{fault}"));
    gate.server.reload(gateway).expect("it binds");
}

fn wrong(partners: &Authority) -> Vec<(&'static str, Identity)> {
    let with = |change: fn(&mut CertificateParams)| partners.certify_as("acme.test", change);
    vec![
        ("of another authority", Authority::named("Others").certify("acme.test")),
        ("of one that calls itself the same", Authority::named("Partners").certify("acme.test")),
        ("expired", with(|params| params.not_after = date_time_ymd(2020, 1, 1))),
        ("not good yet", with(|params| params.not_before = date_time_ymd(2100, 1, 1))),
        ("for servers", with(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth])),
        ("revoked", with(|params| params.serial_number = Some(SerialNumber::from(7)))),
    ]
}

#[test]
fn where_one_is_required_nobody_comes_in_without() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let world = World::new();
        let mut written = world.asking(", crl = \"partners.crl\"");
        written.files.insert("partners.crl".to_owned(), world.partners.revoking(&[7]));
        let gate = start(&written, peer.address);
        let acme = world.partners.certify("acme.test");
        assert_eq!(world.ask(&gate, Some(&acme)).await.ok(), Some(200));
        assert!(world.ask(&gate, None).await.is_err(), "who shows none is told by TLS");
        for (what, identity) in wrong(&world.partners) {
            let refused = world.ask(&gate, Some(&identity)).await.expect_err(what);
            assert!(refused.to_string().contains("received fatal alert"), "{what}: {refused}");
        }
        assert_eq!(peer.requests().len(), 1);
    });
}

#[test]
fn what_no_list_is_there_for_was_not_revoked() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let world = World::new();
        let others = Authority::named("Others");
        let mut written = world.asking(", crl = \"others.crl\"");
        written.files.insert("partners.pem".to_owned(), format!("{}{}", world.partners.pem, others.pem));
        written.files.insert("others.crl".to_owned(), others.revoking(&[7]));
        let gate = start(&written, peer.address);
        let seventh = |authority: &Authority| {
            authority.certify_as("acme.test", |params| params.serial_number = Some(SerialNumber::from(7)))
        };
        assert_eq!(world.ask(&gate, Some(&seventh(&world.partners))).await.ok(), Some(200));
        assert!(world.ask(&gate, Some(&seventh(&others))).await.is_err());
    });
}

#[test]
fn where_one_is_optional_everybody_comes_in_who_holds_the_key() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let world = World::new();
        let mut written = world.asking(", client_auth = \"optional\", crl = \"partners.crl\"");
        written.files.insert("partners.crl".to_owned(), world.partners.revoking(&[7]));
        let gate = start(&written, peer.address);
        assert_eq!(world.ask(&gate, None).await.ok(), Some(200));
        assert_eq!(world.ask(&gate, Some(&world.partners.certify("acme.test"))).await.ok(), Some(200));
        for (what, identity) in wrong(&world.partners) {
            assert_eq!(world.ask(&gate, Some(&identity)).await.ok(), Some(200), "{what}");
        }
        // Another's certificate with a key of one's own proves nothing.
        let (theirs, ours) = (world.partners.certify("acme.test"), world.partners.certify("other.test"));
        let stolen = Identity { der: theirs.der, key: ours.key, ..ours };
        let refused = world.ask(&gate, Some(&stolen)).await.expect_err("it is not its own");
        assert!(refused.to_string().contains("received fatal alert"), "{refused}");
    });
}

#[test]
fn an_open_connection_is_judged_by_what_is_in_force_now() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let world = World::new();
        let listing = |serials: &[u64]| {
            let mut written = world.asking(", crl = \"partners.crl\"");
            written.files.insert("partners.crl".to_owned(), world.partners.revoking(serials));
            written
        };
        let gate = start(&listing(&[]), peer.address);
        let certify = |serial: u64| {
            world.partners.certify_as("acme.test", |params| params.serial_number = Some(SerialNumber::from(serial)))
        };
        let (acme, other) = (certify(7), certify(8));
        let connect = async |identity| {
            let config = config(&world.gates, &[], Some(identity));
            Secure::connect(gate.addresses[0], &config).await.expect("terms")
        };
        let (mut revoked, mut good) = (connect(&acme).await, connect(&other).await);
        let (mut both, left) = {
            let stream = shake(gate.addresses[0], &config(&world.gates, &["h2"], Some(&acme))).await.expect("terms");
            let (client, connection) = h2::client::handshake(stream).await.expect("it speaks HTTP/2");
            let left = tokio::spawn(connection);
            (client.ready().await.expect("it takes streams"), left)
        };
        for client in [&mut revoked, &mut good] {
            assert_eq!(client.ask(GET).await.map(|answer| answer.0), Some(200));
        }
        assert!(exchange(&mut both, request("GET", "/things", &[]), b"").await.is_ok());
        reload(&gate, &listing(&[7]), peer.address);
        assert_eq!(good.ask(GET).await.map(|answer| answer.0), Some(200));
        assert!(revoked.ask(GET).await.is_none(), "it was let in, and is no more");
        let refused = exchange(&mut both, request("GET", "/things", &[]), b"").await.expect_err("nor is this");
        assert_eq!(refused.reason(), Some(h2::Reason::REFUSED_STREAM));
        assert!(timeout(PATIENCE, left).await.is_ok(), "and it is told to go");
        assert_eq!(peer.requests().len(), 4);
        reload(&gate, &world.asking(", client_auth = \"optional\""), peer.address);
        assert_eq!(good.ask(GET).await.map(|answer| answer.0), Some(200));
    });
}

#[test]
fn a_resumed_session_is_judged_anew() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let world = World::new();
        let gate = start(&world.asking(""), peer.address);
        let acme = world.partners.certify("acme.test");
        let config = config(&world.gates, &[], Some(&acme));
        let mut kinds = Vec::new();
        for _ in 0..2 {
            let stream = shake(gate.addresses[0], &config).await.expect("terms");
            kinds.push(stream.get_ref().1.handshake_kind());
            let status = Secure::over(stream).ask(GET).await.map(|answer| answer.0);
            assert_eq!(status, Some(200), "the certificate comes with the session");
        }
        assert_eq!(kinds[1], Some(rustls::HandshakeKind::Resumed));
        // Other authorities: what was agreed under the old ones is void.
        let mut written = world.asking("");
        written.files.insert("partners.pem".to_owned(), Authority::named("Others").pem);
        reload(&gate, &written, peer.address);
        let refused = match Secure::connect(gate.addresses[0], &config).await {
            Ok(mut client) => client.ask(GET).await.is_none(),
            Err(_) => true,
        };
        assert!(refused);
    });
}

#[test]
fn a_connection_without_tls_is_no_way_around() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let world = World::new();
        let gate = super::gate("", peer.address);
        let mut plain = gate.client().await;
        plain.send(GET).await;
        assert_eq!(plain.answer(false).await.map(|answer| answer.status), Some(200));
        reload(&gate, &world.asking(""), peer.address);
        plain.send(GET).await;
        assert!(plain.answer(false).await.is_none(), "it has no certificate to show");
        assert_eq!(peer.requests().len(), 1);
    });
}
