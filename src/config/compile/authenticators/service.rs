//! `url`, `issuer`, `jwks_url`: a service that is asked, and by whom it is believed to be.

use std::time::Duration;

use crate::config::compile::trust::Trust;
use crate::config::faults::Faults;
use crate::config::file::AuthenticatorTable;
use crate::config::located::{Field, Located};
use crate::config::text::Text;
use crate::policy::authenticate::{Service, ServiceUrl, UrlFault};

const EXPECTED: &str = "expected a URL such as \"https://login.example.com/path\"";

/// What it means to ask somebody in the clear, past this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InTheClear {
    /// Nobody may: this is what anybody on the way could do.
    Refused(&'static str),
    /// It is told of: the same.
    Warned(&'static str),
}

/// Compiles a service. `timeout` is how long it may take where that is not said.
pub(super) fn service(
    written: &Located<Text>,
    table: &AuthenticatorTable,
    timeout: Duration,
    in_the_clear: InTheClear,
    trust: &Trust<'_>,
    faults: &mut Faults,
) -> Option<Service> {
    let url = url(written, in_the_clear, faults);
    let timeout = match &table.timeout {
        Field::Absent => Some(timeout),
        Field::Broken => None,
        Field::Given(stated) => Some(stated.value.0),
    };
    let Some(url) = url else {
        // It has had its fault; the file may have one of its own.
        let _ = table.ca.given().map(|ca| trust.own(ca, faults));
        return None;
    };
    let tls = match &table.ca {
        Field::Broken => None,
        Field::Given(ca) if !url.secure => {
            let fault = faults.error(ca.at, "`ca` means nothing to plain HTTP");
            fault.label("this has to go, or the service be `https://`").also(written.at, "");
            None
        }
        Field::Absent if !url.secure => Some(None),
        ca => trust.roots(ca, written.at, faults).map(|roots| Some(trust.tls(roots, None))),
    };
    Some(Service { url, tls: tls?, timeout: timeout? })
}

fn url(written: &Located<Text>, in_the_clear: InTheClear, faults: &mut Faults) -> Option<ServiceUrl> {
    let url = match ServiceUrl::parse(written.as_str()) {
        Ok(url) => url,
        Err(fault) => {
            let (message, label) = match fault {
                UrlFault::Scheme => ("this is no URL", EXPECTED),
                UrlFault::Credentials => ("this URL holds credentials", "they stand in the file for all to read"),
                UrlFault::Host => ("this URL names no host", EXPECTED),
                UrlFault::Port => ("this URL's port is none", "expected 1 to 65535"),
                UrlFault::Fragment => ("this URL has a fragment", "what stands behind `#` is never sent"),
                UrlFault::Path => ("this URL can't be asked for", "its path or query has to be percent-encoded"),
            };
            if fault == UrlFault::Credentials {
                faults.blank(written.at);
            }
            faults.error(written.at, message).label(label);
            return None;
        }
    };
    if url.secure || url.is_loopback() {
        return Some(url);
    }
    match in_the_clear {
        InTheClear::Refused(danger) => {
            faults.error(written.at, "this service can't be asked in the clear").label(danger).help("use `https://`");
            None
        }
        InTheClear::Warned(danger) => {
            faults.warning(written.at, "this service is asked in the clear").label(danger);
            Some(url)
        }
    }
}
