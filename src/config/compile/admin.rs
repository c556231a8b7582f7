//! `[admin]`: the listener for those who run the gate.

use std::net::SocketAddr;

use sha2::{Digest, Sha256};

use super::listeners::words::{address, overlap, taken, written_addresses};
use crate::config::faults::Faults;
use crate::config::file::{AdminTable, ListenerTable, ReadyWord};
use crate::config::located::{Field, Located, Named};
use crate::config::text::Text;
use crate::policy::gateway::{Admin, ReadyWhen};
use crate::policy::keys::{KeyHash, MAX_KEY_BYTES};

/// Fewer characters could be guessed, and a token is asked of whoever comes.
const LEAST_TOKEN: usize = 16;

/// The admin listener; the inner `None` where there is none.
pub(super) fn admin(
    table: &Field<AdminTable>,
    listeners: &Named<ListenerTable>,
    faults: &mut Faults,
) -> Option<Option<Admin>> {
    let table = match table {
        Field::Absent => return Some(None),
        Field::Broken => return None,
        Field::Given(table) => table,
    };
    let token = match &table.token {
        Field::Absent => Some(None),
        Field::Broken => None,
        Field::Given(written) => token(written, faults).map(Some),
    };
    let ready = match &table.ready {
        Field::Absent => Some(ReadyWhen::default()),
        Field::Broken => None,
        Field::Given(word) => Some(match word.value {
            ReadyWord::AnyUpstream => ReadyWhen::AnyUpstream,
            ReadyWord::AllUpstreams => ReadyWhen::AllUpstreams,
            ReadyWord::Serving => ReadyWhen::Serving,
        }),
    };
    let address = bound(table, listeners, faults)?;
    Some(Some(Admin { address, token: token?, ready: ready? }))
}

fn bound(table: &Located<AdminTable>, listeners: &Named<ListenerTable>, faults: &mut Faults) -> Option<SocketAddr> {
    let written = match &table.address {
        Field::Given(written) => written,
        Field::Broken => return None,
        Field::Absent => {
            let fault = faults.absent(table.at, "the admin listener has no address");
            fault.label("expected `address`, as in address = \"127.0.0.1:9900\"");
            return None;
        }
    };
    let admin = address(written, faults)?;
    // A token that is broken was meant to be there.
    if table.token.is_absent() && !admin.ip().is_loopback() {
        let fault = faults.error(written.at, "the admin listener is for this machine only");
        fault
            .label("expected a loopback address, or a `token` beside it, which allows any other")
            .help("ask for one: token = \"${env:ADMIN_TOKEN}\"");
        return None;
    }
    if let Some((_, first)) = written_addresses(listeners).find(|(other, _)| overlap(admin, *other)) {
        taken(written.at, first, faults);
    }
    Some(admin)
}

/// No message tells of the token's characters; only its hash is kept.
fn token(written: &Located<Text>, faults: &mut Faults) -> Option<KeyHash> {
    let text = written.as_str();
    if !written.is_secret() {
        faults.blank(written.at);
        let fault = faults.error(written.at, "a token does not stand in the configuration");
        fault
            .label("expected a reference, as in \"${env:ADMIN_TOKEN}\"")
            .help("whoever could read this file knows the token: make a new one");
        return None;
    }
    // RFC 9110 §11.6.2: it comes in a field, behind the scheme and a space.
    let (message, label) = if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        ("this token can't be sent", "expected visible ASCII characters, without spaces".into())
    } else if text.len() < LEAST_TOKEN {
        ("this token is too short", format!("expected at least {LEAST_TOKEN} characters"))
    } else if text.len() > MAX_KEY_BYTES {
        ("this token is too long", format!("expected at most {MAX_KEY_BYTES} characters"))
    } else {
        return Some(Sha256::digest(text).into());
    };
    faults.error(written.at, message).label(label);
    None
}
