//! Certificates as credentials: who comes in by one, who does not and why, beside keys and strangers.

use std::net::SocketAddr;

use bytes::Bytes;
use h2::client::SendRequest;
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, SanType, SerialNumber};
use rcgen::{date_time_ymd, string::Ia5String};
use serde_json::Value;

use super::http2::{exchange, request};
use super::tls_listener::start;
use crate::support::authority::{Authority, Identity};
use crate::support::client::{Client, code};
use crate::support::config::Written;
use crate::support::gate::LiveGate;
use crate::support::message::{Ended, Head};
use crate::support::peer::Peer;
use crate::support::run;
use crate::support::secure::{NAME, Secure, config, shake};

const CONFIG: &str = r#"
    [listener.public]
    address = "127.0.0.1:0"
    tls = { certificate = "cert.pem", private_key = "key.pem", client_ca = "partners.pem", crl = "partners.crl"{mode} }

    [listener.plain]
    address = "127.0.0.1:0"

    [upstream.api]
    peers = ["http://{upstream}"]

    [authenticator.partners]
    kind = "mtls"
    claims = { forward = { X-Client-Subject = "subject", X-Client-Hosts = "dns" } }

    [authenticator.listed]
    kind = "mtls"
    principals = "partners.toml"
    claims = { forward = { X-Client-Serial = "serial" } }

    [authenticator.hosts]
    kind = "mtls"
    claims = { principal = "dns" }

    [authenticator.theirs]
    kind = "mtls"
    issuers = ["cn=Part\\6eers"]

    [authenticator.others]
    kind = "mtls"
    issuers = ["CN=Others", "CN=Partners,O=Example"]

    [authenticator.staff]
    kind = "api_key"
    header = "X-API-Key"
    keys = "staff.toml"

    [guard]
    failures = "{failures}"

    [defaults]
    upstream = "api"
    quotas = []
    forward_identity = true

    [endpoint]
    "/partners".GET.auth = "partners"
    "/both".GET.auth = ["partners", "staff"]
    "/welcome".GET.auth = ["partners", "none"]
    "/staff".GET.auth = "staff"
    "/open".GET.auth = "none"
    "/listed".GET.auth = "listed"
    "/listed".DELETE = { auth = "listed", scopes = "crm.delete" }
    "/hosts".GET.auth = "hosts"
    "/theirs".GET.auth = "theirs"
    "/others".GET.auth = "others"
    "/either".GET.auth = ["others", "theirs"]
"#;

/// Those who need no keys have names as certificates do.
const PARTNERS: &str = r#"
    [principal."Acme Ltd."]
    scopes = "crm.delete"

    [principal.globex]
    scopes = "crm.read"
"#;

const STAFF: &str = r#"
    [principal.acme]
    keys = [{ sha256 = "{sha256:key-of-acme-0123456789abcdef}" }]

    [principal.globex]
    keys = [{ sha256 = "{sha256:key-of-globex-0123456789abcdef}" }]
"#;

const KEY_OF_GLOBEX: &str = "X-API-Key: key-of-globex-0123456789abcdef\r\n";

/// Who signs the gate's certificate, and who those of partners. What has serial number 7 was revoked.
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

    /// The configuration, with further keys of `tls`.
    fn written(&self, mode: &str) -> Written {
        let config = CONFIG.replace("{mode}", mode).replace("{failures}", "1000/s");
        let files = [
            ("cert.pem", self.identity.pem.clone()),
            ("key.pem", self.identity.key_pem.clone()),
            ("partners.pem", self.partners.pem.clone()),
            ("partners.crl", self.partners.revoking(&[7])),
            ("partners.toml", PARTNERS.to_owned()),
            ("staff.toml", STAFF.to_owned()),
        ];
        Written { config, files: files.map(|(name, content)| (name.to_owned(), content)).into() }
    }

    fn gate(&self, upstream: SocketAddr) -> LiveGate {
        start(&self.written(", client_auth = \"optional\""), upstream)
    }

    /// A partner's certificate.
    fn partner(&self, name: &str) -> Identity {
        self.partner_as(name, |_| {})
    }

    fn partner_as(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Identity {
        certified(&self.partners, name, change)
    }

    async fn connect(&self, gate: &LiveGate, identity: Option<&Identity>) -> Secure {
        let connected = Secure::connect(gate.addresses[0], &config(&self.gates, &[], identity)).await;
        connected.expect("where a certificate is optional no handshake ends by it")
    }

    /// Asks once, on a connection of its own.
    async fn ask(&self, gate: &LiveGate, identity: Option<&Identity>, path: &str, fields: &str) -> Answered {
        let asked = format!("GET {path} HTTP/1.1\r\nHost: gate.test\r\n{fields}\r\n");
        answered(self.connect(gate, identity).await.ask(asked).await)
    }

    async fn h2(&self, gate: &LiveGate, identity: Option<&Identity>) -> SendRequest<Bytes> {
        let stream = shake(gate.addresses[0], &config(&self.gates, &["h2"], identity)).await.expect("terms");
        let (client, connection) = h2::client::handshake(stream).await.expect("it speaks HTTP/2");
        tokio::spawn(connection);
        client.ready().await.expect("it takes streams")
    }
}

/// Status, code of the problem, challenge.
type Answered = (u16, Option<String>, Option<String>);

fn answered(answer: Option<(u16, Head, Vec<u8>, Ended)>) -> Answered {
    let (status, head, body, _) = answer.expect("it is answered");
    (status, code(&body), head.value("www-authenticate"))
}

fn certified(authority: &Authority, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Identity {
    authority.certify_as("acme.test", |params| {
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "Acme");
        if !name.is_empty() {
            params.distinguished_name.push(DnType::CommonName, name);
        }
        change(params);
    })
}

/// What is no good, each with what the log says of it.
fn wrong(world: &World) -> Vec<(Identity, &'static str)> {
    let with = |change: fn(&mut CertificateParams)| world.partner_as("acme", change);
    vec![
        (certified(&Authority::named("Others"), "acme", |_| {}), "certificate of an unknown issuer"),
        (certified(&Authority::named("Partners"), "acme", |_| {}), "certificate of an unknown issuer"),
        (with(|params| params.not_after = date_time_ymd(2020, 1, 1)), "certificate expired"),
        (with(|params| params.not_before = date_time_ymd(2100, 1, 1)), "certificate not good yet"),
        (with(|params| params.serial_number = Some(SerialNumber::from(7))), "certificate revoked"),
        (
            with(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]),
            "certificate not for clients",
        ),
    ]
}

/// The last of so many lines. Each thread tells by itself, so those before have to be awaited, too.
async fn told(gate: &LiveGate, count: usize) -> Value {
    gate.lines(count).await.pop().expect("so many are there")
}

#[test]
fn who_shows_a_good_one_comes_in_by_its_name() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let world = World::new();
        let gate = world.gate(peer.address);
        let acme = world.partner_as("Acme Ltd.", |params| params.serial_number = Some(SerialNumber::from(0x80ff)));
        let spoofed = "X-Client-Subject: CN=root\r\nx_client_hosts: evil.test\r\nX-Client-Serial: 1\r\n\
            X-Authenticated-Principal: root\r\n";
        assert_eq!(world.ask(&gate, Some(&acme), "/partners", spoofed).await.0, 200);
        let line = told(&gate, 1).await;
        let member = |name: &str| line[name].as_str().map(str::to_owned);
        assert_eq!((member("principal").as_deref(), member("by").as_deref()), (Some("Acme Ltd."), Some("partners")));
        assert_eq!(line["tls"], "1.3");
        let head = &peer.requests()[0].head;
        for (field, expected) in [
            ("x-authenticated-principal", &["Acme Ltd."][..]),
            ("x-client-subject", &["CN=Acme Ltd.,O=Acme"]),
            ("x-client-hosts", &["acme.test"]),
            ("x_client_hosts", &[]),
            ("x-client-serial", &[]),
        ] {
            assert_eq!(head.values(field).collect::<Vec<_>>(), expected, "{field}");
        }
        let mut client = world.h2(&gate, Some(&acme)).await;
        let asked = request("GET", "/partners", &[("x-client-subject", "CN=root")]);
        assert_eq!(exchange(&mut client, asked, b"").await.expect("an answer").0.as_u16(), 200);
        let head = &peer.requests()[1].head;
        assert_eq!(head.value("x-authenticated-principal").as_deref(), Some("Acme Ltd."));
        assert_eq!(head.values("x-client-subject").collect::<Vec<_>>(), ["CN=Acme Ltd.,O=Acme"]);
    });
}

#[test]
fn who_shows_none_is_told_of_it_in_http() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let world = World::new();
        let gate = world.gate(peer.address);
        let challenge = Some("ClientCertificate realm=\"partners\"".to_owned());
        let refused = (401, Some("unauthenticated".to_owned()), challenge.clone());
        assert_eq!(world.ask(&gate, None, "/partners", "").await, refused);
        assert_eq!(told(&gate, 1).await["cause"], Value::Null, "nothing was presented");
        let both = world.ask(&gate, None, "/both", "").await;
        let asked = "ClientCertificate realm=\"partners\", ApiKey realm=\"staff\", header=\"x-api-key\"";
        assert_eq!((both.0, both.2.as_deref()), (401, Some(asked)));
        let mut client = world.h2(&gate, None).await;
        let (status, fields, body) =
            exchange(&mut client, request("GET", "/partners", &[]), b"").await.expect("an answer");
        let asked = fields.get("www-authenticate").and_then(|value| value.to_str().ok()).map(str::to_owned);
        assert_eq!((status.as_u16(), code(&body), asked), refused);
        for path in ["/welcome", "/open"] {
            assert_eq!(world.ask(&gate, None, path, "").await.0, 200, "{path}");
        }
        assert_eq!(world.ask(&gate, None, "/both", KEY_OF_GLOBEX).await.0, 200);
        // Beside it a listener without TLS, which nobody can show a certificate to.
        told(&gate, 6).await;
        let mut plain = Client::connect(gate.addresses[1]).await;
        for (path, status) in [("/partners", 401), ("/open", 200)] {
            plain.send(format!("GET {path} HTTP/1.1\r\nHost: gate.test\r\n\r\n")).await;
            assert_eq!(plain.answer(false).await.map(|answer| answer.status), Some(status), "{path}");
        }
        assert_eq!(told(&gate, 8).await["tls"], Value::Null);
        assert!(peer.requests().iter().all(|seen| seen.head.value("x-client-subject").is_none()));
    });
}

#[test]
fn who_shows_a_bad_one_does_not_come_in_and_the_log_says_why() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let world = World::new();
        let gate = world.gate(peer.address);
        let mut lines = 0;
        for (identity, cause) in &wrong(&world) {
            let mut client = world.h2(&gate, Some(identity)).await;
            let (status, _, body) =
                exchange(&mut client, request("GET", "/partners", &[]), b"").await.expect("an answer");
            assert_eq!((status.as_u16(), code(&body).as_deref()), (401, Some("unauthenticated")), "{cause}");
            assert_eq!(told(&gate, lines + 1).await["cause"], *cause);
            // Also where strangers are welcome, and where another credential is good.
            for (path, fields) in [("/partners", ""), ("/welcome", ""), ("/both", KEY_OF_GLOBEX)] {
                let (status, code, challenge) = world.ask(&gate, Some(identity), path, fields).await;
                assert_eq!((status, code.as_deref()), (401, Some("unauthenticated")), "{cause}: {path}");
                assert!(challenge.is_some_and(|challenge| !challenge.contains("certificate ")), "{cause}: {path}");
            }
            let line = told(&gate, lines + 4).await;
            assert_eq!((&line["cause"], &line["principal"]), (&Value::from(*cause), &Value::Null));
            // Where certificates are nothing, it is nothing.
            assert_eq!(world.ask(&gate, Some(identity), "/open", "").await.0, 200, "{cause}");
            assert_eq!(world.ask(&gate, Some(identity), "/staff", KEY_OF_GLOBEX).await.0, 200, "{cause}");
            lines += 6;
            told(&gate, lines).await;
        }
        let passed = peer.requests();
        assert_eq!(passed.len(), 2 * wrong(&world).len());
        assert!(passed.iter().all(|seen| ["/open", "/staff"].contains(&seen.target())));
    });
}

#[test]
fn it_has_to_say_in_one_way_who_it_is() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let world = World::new();
        let gate = world.gate(peer.address);
        let text = |text: &str| Ia5String::try_from(text).expect("it is ASCII");
        let (none, odd) =
            ("no principal is claimed", "the principal is no name: 1 to 256 printable characters of ASCII");
        let nameless = world.partner("");
        let two = world.partner_as("", |params| params.subject_alt_names.push(SanType::DnsName(text("b.test"))));
        let hostless = world.partner_as("acme", |params| params.subject_alt_names.clear());
        let umlaut = world.partner("Ümläut");
        for (index, (identity, path, cause)) in [
            (&nameless, "/partners", none),
            (&umlaut, "/partners", odd),
            (&two, "/hosts", odd),
            (&hostless, "/hosts", none),
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!(world.ask(&gate, Some(identity), path, "").await.0, 401, "{path}: {cause}");
            assert_eq!(told(&gate, index + 1).await["cause"], cause);
        }
        assert_eq!(world.ask(&gate, Some(&nameless), "/hosts", "").await.0, 200);
        assert_eq!(peer.requests()[0].head.value("x-authenticated-principal").as_deref(), Some("acme.test"));
        // What does not fit into a field is not told, and is there all the same.
        assert_eq!(world.ask(&gate, Some(&umlaut), "/hosts", "").await.0, 200);
    });
}

#[test]
fn issuers_and_principals_say_who_may_come() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let world = World::new();
        let gate = world.gate(peer.address);
        let (acme, globex) = (world.partner("Acme Ltd."), world.partner("globex"));
        assert_eq!(world.ask(&gate, Some(&acme), "/theirs", "").await.0, 200);
        told(&gate, 1).await;
        assert_eq!(world.ask(&gate, Some(&acme), "/others", "").await.0, 401);
        assert_eq!(told(&gate, 2).await["cause"], "certificate of an unknown issuer");
        assert_eq!(world.ask(&gate, Some(&acme), "/either", "").await.0, 200, "one of the two takes it");
        let mut lines = 3;
        told(&gate, lines).await;
        let delete = "DELETE /listed HTTP/1.1\r\nHost: gate.test\r\n\r\n";
        for (identity, method, expected) in [
            (&acme, delete, (200, None)),
            (&globex, delete, (403, Some("insufficient_scope"))),
            (&world.partner("initech"), delete, (401, Some("unauthenticated"))),
        ] {
            let (status, code, _) = answered(world.connect(&gate, Some(identity)).await.ask(method).await);
            assert_eq!((status, code.as_deref()), expected);
            lines += 1;
            told(&gate, lines).await;
        }
        assert_eq!(told(&gate, 6).await["cause"], "a principal that is not listed");
        assert_eq!(world.ask(&gate, Some(&globex), "/listed", "").await.0, 200);
        let head = &peer.requests()[3].head;
        assert_eq!(head.value("x-authenticated-principal").as_deref(), Some("globex"));
        assert!(head.value("x-client-serial").is_some_and(|serial| serial.len() > 2), "the file takes no claim away");
    });
}

#[test]
fn a_certificate_and_a_key_have_to_name_one_principal() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let world = World::new();
        let gate = world.gate(peer.address);
        let globex = world.partner("globex");
        assert_eq!(world.ask(&gate, Some(&globex), "/both", KEY_OF_GLOBEX).await.0, 200);
        let (status, code, _) = world.ask(&gate, Some(&world.partner("acme")), "/both", KEY_OF_GLOBEX).await;
        assert_eq!((status, code.as_deref()), (400, Some("ambiguous_credentials")));
        // A good certificate does not make up for a bad key.
        assert_eq!(world.ask(&gate, Some(&globex), "/both", "X-API-Key: guess\r\n").await.0, 401);
        assert_eq!(peer.requests().len(), 1);
    });
}

#[test]
fn bad_certificates_count_as_guesses() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let world = World::new();
        let mut written = world.written(", client_auth = \"optional\"");
        written.config = written.config.replace("1000/s", "2/h");
        let gate = start(&written, peer.address);
        // None at all is no guess.
        for _ in 0..3 {
            assert_eq!(world.ask(&gate, None, "/partners", "").await.0, 401);
        }
        let (bad, good) = (certified(&Authority::named("Others"), "acme", |_| {}), world.partner("acme"));
        for status in [401, 401, 429] {
            assert_eq!(world.ask(&gate, Some(&bad), "/partners", "").await.0, status);
        }
        assert_eq!(world.ask(&gate, Some(&good), "/partners", "").await.0, 429, "it is the address that guesses");
    });
}

#[test]
fn what_is_revoked_by_a_reload_is_refused_on_an_open_connection() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let world = World::new();
        let gate = world.gate(peer.address);
        let with = |serial: u64| {
            let number = move |params: &mut CertificateParams| params.serial_number = Some(SerialNumber::from(serial));
            world.partner_as("acme", number)
        };
        let (leaving, staying) = (with(8), with(9));
        let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: gate.test\r\n\r\n");
        let (mut first, mut second) =
            (world.connect(&gate, Some(&leaving)).await, world.connect(&gate, Some(&staying)).await);
        let mut streams = world.h2(&gate, Some(&leaving)).await;
        for client in [&mut first, &mut second] {
            assert_eq!(answered(client.ask(get("/partners")).await).0, 200);
        }
        let stream = exchange(&mut streams, request("GET", "/partners", &[]), b"").await.expect("an answer");
        assert_eq!(stream.0.as_u16(), 200);
        told(&gate, 3).await;
        let mut written = world.written(", client_auth = \"optional\"");
        written.files.insert("partners.crl".to_owned(), world.partners.revoking(&[7, 8]));
        let gateway = written.compile(&peer.address.to_string()).unwrap_or_else(|fault| panic!("{fault}"));
        gate.server.reload(gateway).expect("it binds");
        assert_eq!(answered(first.ask(get("/partners")).await).0, 401);
        assert_eq!(told(&gate, 4).await["cause"], "certificate revoked");
        assert_eq!(answered(first.ask(get("/open")).await).0, 200, "the connection goes on");
        let stream = exchange(&mut streams, request("GET", "/partners", &[]), b"").await.expect("an answer");
        assert_eq!(stream.0.as_u16(), 401);
        assert_eq!(answered(second.ask(get("/partners")).await).0, 200);
    });
}

#[test]
fn where_one_is_required_the_rest_is_as_where_it_is_optional() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let world = World::new();
        let gate = start(&world.written(", client_auth = \"required\""), peer.address);
        let (acme, globex) = (world.partner("Acme Ltd."), world.partner("globex"));
        for (identity, path, status) in [
            (&acme, "/partners", 200),
            (&acme, "/open", 200),
            (&acme, "/others", 401),
            (&world.partner(""), "/partners", 401),
        ] {
            assert_eq!(world.ask(&gate, Some(identity), path, "").await.0, status, "{path}");
        }
        assert_eq!(world.ask(&gate, Some(&globex), "/staff", "").await.0, 401, "a key is a key");
        assert_eq!(world.ask(&gate, Some(&acme), "/both", KEY_OF_GLOBEX).await.0, 400);
        for (identity, cause) in wrong(&world) {
            let shaken = Secure::connect(gate.addresses[0], &config(&world.gates, &[], Some(&identity))).await;
            let answer = match shaken {
                Ok(mut client) => client.ask("GET /open HTTP/1.1\r\nHost: gate.test\r\n\r\n").await,
                Err(_) => None,
            };
            assert!(answer.is_none(), "{cause}");
        }
        assert_eq!(peer.requests().len(), 2);
    });
}
