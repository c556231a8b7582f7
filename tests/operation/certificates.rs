//! TLS as it is looked after: a certificate is renewed on disk, and strangers who know no TLS fill no log.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::authority::{Authority, Identity};
use crate::support::peer::Peer;
use crate::support::process::{Process, Site};
use crate::support::secure::{NAME, Secure, config, shake};
use crate::support::{PATIENCE, eventually, run};

const THING: &str = "GET /thing HTTP/1.1\r\nHost: gate.test\r\n\r\n";

/// Both in one file, so that both are replaced at once.
fn pair(identity: &Identity) -> String {
    format!("{}{}", identity.pem, identity.key_pem)
}

/// A gate by TLS whose certificate and key are in `tls.pem`.
fn site(peer: &Peer, identity: &Identity) -> Site {
    let plain = super::site(peer.address, "to = \"off\"", "");
    let tls = "[listener.public]\ntls = { certificate = \"tls.pem\", private_key = \"tls.pem\" }";
    let text = plain.read("portcullis.toml").replace("[listener.public]", tls);
    let site = Site::new(&text);
    site.write("tls.pem", &pair(identity));
    site
}

#[test]
fn a_certificate_that_is_renewed_on_disk_is_shown_without_a_word() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let authority = Authority::new();
        let (first, second, third) = (authority.certify(NAME), authority.certify(NAME), authority.certify(NAME));
        let site = site(&peer, &first);
        let gate = Process::serve(&site).await;
        let (address, config) = (gate.listener("public").await, config(&authority, &[], None));
        let shown = async || {
            let stream = shake(address, &config).await.expect("terms");
            stream.get_ref().1.peer_certificates().expect("it shows one")[0].clone()
        };
        let mut old = Secure::connect(address, &config).await.expect("terms");
        assert_eq!(old.ask(THING).await.map(|answer| answer.0), Some(200));
        assert_eq!(shown().await, first.der);
        site.write("tls.pem", &pair(&second));
        eventually("the new one is shown", async || shown().await == second.der).await;
        assert_eq!(old.ask(THING).await.map(|answer| answer.0), Some(200), "who is in stays in");
        // A pair that is none changes nothing, and is told of; no word of the key is.
        site.write("tls.pem", &format!("{}{}", third.pem, second.key_pem));
        gate.told("reload: failed").await;
        assert_eq!(shown().await, second.der);
        site.write("tls.pem", &pair(&third));
        eventually("the third one is shown", async || shown().await == third.der).await;
        let secret = second.key_pem.lines().nth(1).expect("it has lines");
        assert!(gate.log().iter().all(|line| !line.to_string().contains(secret)));
    });
}

#[test]
fn who_knows_no_tls_is_counted_and_fills_no_log() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let authority = Authority::new();
        let site = site(&peer, &authority.certify(NAME));
        let gate = Process::serve(&site).await;
        let address = gate.listener("public").await;
        let before = gate.log().len();
        // HTTP, garbage, data before there is a handshake, a warning, another hello than a client's.
        let server_hello = [&[22, 3, 3, 0, 42, 2, 0, 0, 38, 3, 3][..], &[0; 36]].concat();
        let strange =
            [b"GET / HTTP/1.1\r\n\r\n", &[9; 64][..], &[23, 3, 3, 0, 1, 0], &[21, 3, 3, 0, 2, 1, 100], &server_hello];
        for said in strange {
            let mut socket = TcpStream::connect(address).await.expect("it listens");
            socket.write_all(said).await.expect("it takes");
            let _ = socket.shutdown().await;
            let _ = timeout(PATIENCE, socket.read_to_end(&mut Vec::new())).await.expect("it ends");
        }
        let failed = async || {
            let metrics = super::admin::metrics(&gate).await;
            metrics.value("portcullis_tls_handshakes_total", &[("listener", "public"), ("result", "failed")])
        };
        eventually("all are counted", async || failed().await == 5.0).await;
        // What was said before this has been heard with it.
        gate.signal("HUP").await;
        gate.told("reload: ").await;
        assert_eq!(gate.log().len(), before + 1, "{:#?}", gate.log());
    });
}
