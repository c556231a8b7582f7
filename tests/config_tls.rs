//! TLS to upstreams as it is configured: what was compiled shakes hands, in memory, with servers that it
//! has to believe and servers that it must not. The certificates are made here.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portcullis::config::{self, Environment, Loaded};
use portcullis::policy::gateway::Upstream;
use portcullis::policy::time::Timestamp;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConnection, RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion};

use crate::support::authority::{Authority, Identity};

/// A few files, and what the system trusts.
#[derive(Default)]
struct World {
    files: HashMap<PathBuf, String>,
    roots: Vec<CertificateDer<'static>>,
}

impl World {
    /// Compiles an upstream with these keys, each file under its name.
    fn load(mut self, upstream: &str, files: &[(&str, &str)]) -> Loaded {
        let text = format!(
            "[listener.public]\naddress = \"127.0.0.1:0\"\n[upstream.crm]\n{upstream}\n\
             [endpoint.\"/a\".GET]\nupstream = \"crm\"\nauth = \"none\"\nquotas = []\n"
        );
        self.files = files.iter().map(|(name, content)| (name.into(), (*content).to_owned())).collect();
        self.files.insert("main.toml".into(), text);
        config::load(Path::new("main.toml"), &self).unwrap_or_else(|faults| panic!("{faults}"))
    }
}

impl Environment for World {
    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files.get(path).map(|content| content.clone().into_bytes()).ok_or(io::ErrorKind::NotFound.into())
    }

    fn list(&self, _: &Path) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_owned())
    }

    fn now(&self) -> Timestamp {
        Timestamp::default()
    }

    fn system_roots(&self) -> Vec<CertificateDer<'static>> {
        self.roots.clone()
    }
}

fn upstream(text: &str, files: &[(&str, &str)]) -> Upstream {
    World::default().load(text, files).gateway.upstreams.remove(0)
}

/// A server that shows itself by `identity`, and asks for a certificate of `clients`, where those are given.
fn server(
    identity: &Identity,
    clients: Option<&Authority>,
    version: &'static SupportedProtocolVersion,
) -> ServerConnection {
    let provider = Arc::new(default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(&[version]);
    let builder = builder.expect("the provider has suites for it");
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.der.clone()).expect("it is a certificate");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.expect("it has a root"))
        }
    };
    let chain = vec![identity.der.clone()];
    let mut config = builder.with_single_cert(chain, identity.key.clone_key()).expect("the key is its own");
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    ServerConnection::new(Arc::new(config)).expect("the configuration is whole")
}

/// Both sides, until they are through or one of them objects.
fn shake(upstream: &Upstream, server: &mut ServerConnection) -> Result<ClientConnection, rustls::Error> {
    let tls = upstream.tls.as_ref().expect("it is spoken to by TLS");
    let name = upstream.peers[0].server_name.clone().expect("and so is its first server");
    let mut client = ClientConnection::new(Arc::clone(&tls.config), name)?;
    while client.is_handshaking() || server.is_handshaking() {
        let mut sent = Vec::new();
        client.write_tls(&mut sent).expect("memory takes all");
        server.read_tls(&mut sent.as_slice()).expect("it reads all");
        server.process_new_packets()?;
        let mut sent = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut sent).expect("memory takes all");
        }
        client.read_tls(&mut sent.as_slice()).expect("it reads all");
        client.process_new_packets()?;
    }
    Ok(client)
}

#[test]
fn a_server_is_believed_by_its_issuer_and_its_name() {
    let authority = Authority::new();
    let identity = authority.certify("crm.internal");
    let ca = [("ca.pem", authority.pem.as_str())];
    for version in [&TLS12, &TLS13] {
        let shaken = |text| shake(&upstream(text, &ca), &mut server(&identity, None, version));
        let client = shaken("peers = \"https://crm.internal\"\nca = \"ca.pem\"").expect("it is the right one");
        assert_eq!(client.alpn_protocol(), Some(&b"http/1.1"[..]));
        let by_address = "peers = \"https://127.0.0.1:1\"\nca = \"ca.pem\"";
        assert!(shaken(by_address).is_err(), "its certificate holds another name");
        assert!(shaken(&format!("{by_address}\nserver_name = \"crm.internal\"")).is_ok());
    }
    let stranger = Authority::new().certify("crm.internal");
    let upstream = upstream("peers = \"https://crm.internal\"\nca = \"ca.pem\"", &ca);
    assert!(shake(&upstream, &mut server(&stranger, None, &TLS13)).is_err(), "anybody may call himself so");
}

#[test]
fn an_address_can_be_certified_too() {
    let authority = Authority::new();
    for (host, name) in [("127.0.0.1", "127.0.0.1"), ("[::1]", "::1")] {
        let text = format!("peers = \"https://{host}\"\nca = \"ca.pem\"");
        let upstream = upstream(&text, &[("ca.pem", &authority.pem)]);
        assert_eq!((upstream.peers[0].host.as_str(), upstream.peers[0].port), (name, 443));
        shake(&upstream, &mut server(&authority.certify(name), None, &TLS13)).expect("it is the right one");
    }
}

#[test]
fn the_system_is_believed_where_no_issuer_is_stated() {
    let authority = Authority::new();
    let identity = authority.certify("crm.internal");
    // What a root store does not take is passed over.
    let roots = vec![CertificateDer::from(vec![1, 2, 3]), authority.der.clone()];
    let world = World { roots, ..World::default() };
    let loaded = world.load("peers = \"https://crm.internal\"", &[]);
    shake(&loaded.gateway.upstreams[0], &mut server(&identity, None, &TLS13)).expect("the system knows it");
    let other = World { roots: vec![Authority::new().der], ..World::default() };
    let loaded = other.load("peers = \"https://crm.internal\"", &[]);
    assert!(shake(&loaded.gateway.upstreams[0], &mut server(&identity, None, &TLS13)).is_err());
}

const MUTUAL: &str = "peers = \"https://crm.internal\"\nca = \"ca.pem\"\n\
                      client_certificate = \"client.pem\"\nclient_key = \"client.key\"";

#[test]
fn the_gate_shows_its_own_certificate() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let (identity, own) = (authority.certify("crm.internal"), clients.certify("gate.internal"));
    let files = [("ca.pem", &*authority.pem), ("client.pem", &*own.pem), ("client.key", &*own.key_pem)];
    let mutual = upstream(MUTUAL, &files);
    for version in [&TLS12, &TLS13] {
        let mut server = server(&identity, Some(&clients), version);
        shake(&mutual, &mut server).expect("each believes the other");
        assert_eq!(server.peer_certificates(), Some(&[own.der.clone()][..]));
    }
    let nobody = upstream("peers = \"https://crm.internal\"\nca = \"ca.pem\"", &files);
    assert!(shake(&nobody, &mut server(&identity, Some(&clients), &TLS12)).is_err());
}

#[test]
fn two_alike_are_one() {
    let (one, other) = (Authority::new(), Authority::new());
    let (own, stranger) = (one.certify("a.internal"), one.certify("a.internal"));
    let tls = |text: &str, ca: &str, client: &Identity| {
        let files = [("ca.pem", ca), ("client.pem", &client.pem), ("client.key", &client.key_pem)];
        upstream(text, &files).tls.expect("it is spoken to by TLS")
    };
    let plain = "peers = \"https://crm.internal\"\nca = \"ca.pem\"";
    let both = format!("{}{}", one.pem, other.pem);
    let first = tls(plain, &both, &own);
    let same = format!("# The order is nobody's affair.\n{}{}{}", other.pem, one.pem, other.pem);
    assert_eq!(first, tls(plain, &same, &own));
    assert_ne!(first, tls(plain, &one.pem, &own));
    assert_ne!(first, tls(MUTUAL, &both, &own));
    assert_eq!(tls(MUTUAL, &both, &own), tls(MUTUAL, &both, &own));
    assert_ne!(tls(MUTUAL, &both, &own), tls(MUTUAL, &both, &stranger));
}

#[test]
fn what_was_read_is_known_and_the_key_is_not_shown() {
    let authority = Authority::new();
    let own = authority.certify("gate.internal");
    let files = [("ca.pem", &*authority.pem), ("client.pem", &*own.pem), ("client.key", &*own.key_pem)];
    let loaded = World::default().load(MUTUAL, &files);
    let read: Vec<_> = loaded.files.iter().map(PathBuf::as_path).collect();
    assert_eq!(read, ["ca.pem", "client.key", "client.pem", "main.toml"].map(Path::new));
    let shown = format!("{:?}", loaded.gateway.upstreams[0].tls);
    assert!(shown.starts_with("Some(UpstreamTls { fingerprint: ") && shown.len() < 120, "{shown}");
    let name = ServerName::try_from("crm.internal").expect("it is a name");
    assert_eq!(loaded.gateway.upstreams[0].peers[0].server_name, Some(name));
}
