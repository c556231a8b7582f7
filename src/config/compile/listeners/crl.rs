//! Lists of certificates that were revoked (RFC 5280 §5), as PEM or DER files.

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::WebPkiClientVerifier;

use crate::config::compile::pem;
use crate::config::environment::Environment;
use crate::config::faults::Faults;
use crate::config::located::{Field, List, Located};
use crate::config::text::Text;
use crate::policy::certificate::next_update;

type Crl = CertificateRevocationListDer<'static>;

/// All lists of all files; none where no file is named.
pub(super) fn lists(
    files: &Field<List<Text>>,
    authorities: &Arc<RootCertStore>,
    provider: &Arc<CryptoProvider>,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Option<Vec<Crl>> {
    let files = match files {
        Field::Absent => return Some(Vec::new()),
        Field::Broken => return None,
        Field::Given(files) => files,
    };
    let is_usable = |list: &Crl| {
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::clone(authorities), Arc::clone(provider));
        builder.with_crls([list.clone()]).build().is_ok()
    };
    let read: Vec<Option<Vec<Crl>>> = files.iter().map(|file| of_file(file, is_usable, environment, faults)).collect();
    Some(read.into_iter().collect::<Option<Vec<_>>>()?.concat())
}

fn of_file(
    written: &Located<Text>,
    is_usable: impl Fn(&Crl) -> bool,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Option<Vec<Crl>> {
    let content = pem::read(written, environment, faults)?;
    let begin = b"-----BEGIN ";
    let lists = match content.windows(begin.len()).any(|line| line == begin) {
        true => Crl::pem_slice_iter(&content).collect(),
        false => Ok(vec![Crl::from(content)]),
    };
    let flaw = match &lists {
        Ok(lists) if lists.is_empty() => "expected `-----BEGIN X509 CRL-----` in it, or one in DER",
        Ok(lists) if !lists.iter().all(is_usable) => "what it holds is no complete list of X.509, version 2",
        Ok(_) => "",
        Err(error) => pem::flaw(error),
    };
    if !flaw.is_empty() {
        faults.error(written.at, "this file holds no list of revoked certificates").label(flaw);
        return None;
    }
    let now = environment.now();
    let is_late = |list: &Crl| next_update(list).is_some_and(|next| next < now);
    if lists.as_ref().is_ok_and(|lists| lists.iter().any(is_late)) {
        let fault = faults.warning(written.at, "there is a newer list of revoked certificates than this");
        fault.label("it is used all the same; what was revoked since is not known");
    }
    lists.ok()
}
