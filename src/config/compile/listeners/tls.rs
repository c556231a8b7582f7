//! TLS on a listener: who the gate is to its clients, and whom of them it believes.

mod lenient;

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::SingleCertAndKey;
use rustls::version::{TLS12, TLS13};
use sha2::{Digest, Sha256};

use self::lenient::Lenient;
use super::crl::lists;
use crate::config::compile::authorities::{Authorities, of_file};
use crate::config::compile::pem::{self, Identity};
use crate::config::environment::Environment;
use crate::config::faults::Faults;
use crate::config::file::{ClientAuthWord, TlsTable};
use crate::config::located::{Field, Located};
use crate::policy::tls::{ClientTrust, ListenerTls};

/// Compiles a listener's TLS; `http2` where that is offered, too.
pub(super) fn tls(
    table: &Located<TlsTable>,
    http2: bool,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Option<ListenerTls> {
    let provider = Arc::new(ring::default_provider());
    let identity = identity(table, &provider, environment, faults);
    let clients = clients(table, &provider, environment, faults);
    let (identity, clients) = (identity?, clients?);
    let fingerprint = fingerprint(&identity, clients.as_ref(), http2);
    let clients = clients.map(|clients| clients.trust);
    let config = Arc::new(config(identity, clients.as_ref(), http2, provider));
    Some(ListenerTls { config, clients, fingerprint })
}

/// Who the gate is to its clients.
fn identity(
    table: &Located<TlsTable>,
    provider: &CryptoProvider,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Option<Identity> {
    let mut whole = true;
    let halves = [
        ("certificate", &table.certificate, "expected `certificate`, as in certificate = \"tls/cert.pem\""),
        ("private_key", &table.private_key, "expected `private_key`, as in private_key = \"tls/key.pem\""),
    ];
    for (key, field, label) in halves {
        whole &= !field.is_broken();
        if field.is_absent() {
            faults.absent(table.at, format!("this TLS has no `{key}`")).label(label);
            whole = false;
        }
    }
    let (certificate, key) = (table.certificate.given().filter(|_| whole)?, table.private_key.given()?);
    pem::identity(certificate, key, "clients will not believe the gate", provider, environment, faults)
}

/// Whom clients are believed to be by, and a digest of all that makes it.
struct Clients {
    trust: ClientTrust,
    digest: [u8; 32],
}

/// The inner `None` where clients are not asked.
fn clients(
    table: &TlsTable,
    provider: &Arc<CryptoProvider>,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Option<Option<Clients>> {
    let written = match &table.client_ca {
        Field::Given(written) => written,
        Field::Broken => return None,
        Field::Absent => return unasked(table, faults).then_some(None),
    };
    let authorities = of_file(written, environment, faults);
    let required = match &table.client_auth {
        Field::Absent => Some(true),
        Field::Broken => None,
        Field::Given(word) => Some(word.value == ClientAuthWord::Required),
    };
    let Authorities { store, digest } = authorities?;
    let lists = lists(&table.crl, &store, provider, environment, faults)?;
    let required = required?;
    let mut whole = Sha256::new_with_prefix(digest);
    lists.iter().for_each(|list| whole.update(Sha256::digest(list)));
    // What no list is there for was not revoked: with one that is missing, nobody could come any more.
    let builder = WebPkiClientVerifier::builder_with_provider(store, Arc::clone(provider));
    let builder = builder.with_crls(lists).allow_unknown_revocation_status();
    let verifier = builder.build().expect("there is an authority, and each list was taken by itself");
    Some(Some(Clients { trust: ClientTrust { verifier, required }, digest: whole.finalize().into() }))
}

/// Reports what is for certificates of clients only, and returns whether there was nothing.
fn unasked(table: &TlsTable, faults: &mut Faults) -> bool {
    let written = [
        ("client_auth", table.client_auth.given().map(|given| given.at), table.client_auth.is_absent()),
        ("crl", table.crl.given().map(|given| given.at), table.crl.is_absent()),
    ];
    for (key, at, _) in written {
        if let Some(at) = at {
            let fault = faults.absent(at, format!("`{key}` means nothing where clients are not asked"));
            fault.label("expected `client_ca` beside it, as in client_ca = \"tls/partners.pem\"");
        }
    }
    written.iter().all(|(_, _, absent)| *absent)
}

fn config(
    identity: Identity,
    clients: Option<&ClientTrust>,
    http2: bool,
    provider: Arc<CryptoProvider>,
) -> ServerConfig {
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .expect("the provider has suites for both versions");
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(ClientTrust { verifier, required: true }) => builder.with_client_cert_verifier(Arc::clone(verifier)),
        Some(ClientTrust { verifier, required: false }) => {
            builder.with_client_cert_verifier(Arc::new(Lenient(Arc::clone(verifier))))
        }
    };
    let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(identity.certified)));
    // RFC 7301 §3.2: in the order of preference.
    config.alpn_protocols = if http2 { vec![b"h2".to_vec()] } else { vec![] };
    config.alpn_protocols.push(b"http/1.1".to_vec());
    // Sessions are resumed by tickets, which the client keeps. Without randomness for their key there are none.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    if let Ok(ticketer) = ring::Ticketer::new() {
        config.ticketer = ticketer;
    }
    config
}

/// Over all that can differ between two that [`tls`] makes.
fn fingerprint(identity: &Identity, clients: Option<&Clients>, http2: bool) -> [u8; 32] {
    let mut fingerprint = Sha256::new_with_prefix(identity.digest);
    fingerprint.update(clients.map_or([0; 32], |clients| clients.digest));
    fingerprint.update([u8::from(clients.is_some_and(|clients| clients.trust.required)), u8::from(http2)]);
    fingerprint.finalize().into()
}
