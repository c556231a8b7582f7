//! TLS to the servers of an upstream: whom they are believed to be by, and who the gate is to them.
//!
//! What a server's certificate must hold is its own affair ([`super::peers`]).

use crate::config::compile::pem::{self, Identity};
use crate::config::compile::trust::Trust;
use crate::config::faults::Faults;
use crate::config::file::UpstreamTable;
use crate::config::located::{Field, Located};
use crate::config::source::Place;
use crate::policy::gateway::{Peer, UpstreamTls};

/// How an upstream is spoken to by TLS; the inner `None` where it is not.
pub(super) fn tls(
    table: &UpstreamTable,
    peers: Option<&[Located<Peer>]>,
    trust: &Trust<'_>,
    faults: &mut Faults,
) -> Option<Option<UpstreamTls>> {
    let Some(peers) = peers else {
        // The servers have had their fault; the files may have one of their own.
        let _ = table.ca.given().map(|written| trust.own(written, faults));
        let _ = client(table, trust, faults);
        return None;
    };
    let (secure, plain): (Vec<_>, Vec<_>) = peers.iter().partition(|peer| peer.server_name.is_some());
    let Some(first) = secure.first() else {
        return means_nothing(table, plain.first().map(|peer| peer.at), faults).then_some(None);
    };
    if let Some(plain) = plain.first() {
        let fault = faults.warning(plain.at, "requests go to this server as plain HTTP");
        fault.label("anybody on the way can read them").also(first.at, "and by TLS to this one");
    }
    let roots = trust.roots(&table.ca, first.at, faults);
    let client = client(table, trust, faults);
    Some(Some(trust.tls(roots?, client?)))
}

/// Reports every key that is for TLS only, and returns whether there was none.
fn means_nothing(table: &UpstreamTable, plain: Option<Place>, faults: &mut Faults) -> bool {
    let keys = [
        ("ca", &table.ca),
        ("client_certificate", &table.client_certificate),
        ("client_key", &table.client_key),
        ("server_name", &table.server_name),
    ];
    let mut sound = true;
    for (key, field) in keys {
        sound &= !field.is_broken();
        if let Field::Given(given) = field {
            sound = false;
            let fault = faults.error(given.at, format!("`{key}` means nothing to plain HTTP"));
            fault.label("this has to go, or the servers be `https://`");
            if let Some(at) = plain {
                fault.also(at, "");
            }
        }
    }
    sound
}

/// Who the gate is to the servers; the inner `None` where it is nobody.
fn client(table: &UpstreamTable, trust: &Trust<'_>, faults: &mut Faults) -> Option<Option<Identity>> {
    match (&table.client_certificate, &table.client_key) {
        (Field::Absent, Field::Absent) => Some(None),
        (Field::Given(certificate), Field::Absent) => {
            let fault = faults.absent(certificate.at, "this certificate has no key");
            fault.label("expected `client_key` beside it, as in client_key = \"client.key\"");
            None
        }
        (Field::Absent, Field::Given(key)) => {
            let fault = faults.absent(key.at, "this key has no certificate");
            fault.label("expected `client_certificate` beside it, as in client_certificate = \"client.pem\"");
            None
        }
        (certificate, key) => {
            let consequence = "servers will not believe the gate";
            let (certificate, key) = (certificate.given()?, key.given()?);
            pem::identity(certificate, key, consequence, &trust.provider, trust.environment, faults).map(Some)
        }
    }
}
