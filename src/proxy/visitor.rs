//! Who is at the other end of a client's connection: where from, whether by TLS, and which certificate it has shown.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::CertificateDer;
use rustls::server::danger::ClientCertVerifier;

use super::clock::Clock;
use crate::policy::certificate::ClientCertificate;
use crate::policy::connection::{Connection, TlsVersion};
use crate::policy::gateway::Listener;
use crate::policy::tls::ClientTrust;

/// Who is at the other end of a client's connection.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    pub(super) peer: IpAddr,
    /// None where it came without TLS.
    secured: Option<Arc<Secured>>,
}

#[derive(Debug)]
struct Secured {
    version: TlsVersion,
    /// As it was shown; empty where nothing was.
    chain: Vec<CertificateDer<'static>>,
    judged: Mutex<Option<Judged>>,
}

#[derive(Debug)]
struct Judged {
    by: Arc<dyn ClientCertVerifier>,
    certificate: Arc<ClientCertificate>,
}

/// Nobody without a good certificate is let in here, and this is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotLetIn;

impl Visitor {
    pub(super) fn plain(peer: IpAddr) -> Self {
        Self { peer, secured: None }
    }

    pub(super) fn secure(peer: IpAddr, version: TlsVersion, chain: Vec<CertificateDer<'static>>) -> Self {
        Self { peer, secured: Some(Arc::new(Secured { version, chain, judged: Mutex::default() })) }
    }

    /// The certificate that it has shown, as the listener judges it now: a connection may be older than what is in
    /// force, and a session than its connection.
    pub(super) fn certificate(
        &self,
        listener: &Listener,
        clock: &Clock,
    ) -> Result<Option<Arc<ClientCertificate>>, NotLetIn> {
        let Some(trust) = listener.tls.as_ref().and_then(|tls| tls.clients.as_ref()) else { return Ok(None) };
        let certificate = self.secured.as_ref().and_then(|secured| secured.judge(trust, clock));
        let good = certificate.as_ref().is_some_and(|certificate| certificate.verdict.is_ok());
        if trust.required && !good { Err(NotLetIn) } else { Ok(certificate) }
    }

    /// What is judged of it.
    pub(super) fn connection<'c>(&self, listener: usize, certificate: Option<&'c ClientCertificate>) -> Connection<'c> {
        let tls = self.secured.as_ref().map(|secured| secured.version);
        Connection { listener, peer: self.peer, tls, certificate }
    }
}

impl Secured {
    /// Judges the chain, unless this very verifier has. That time goes by is for whoever looks at the certificate.
    fn judge(&self, trust: &ClientTrust, clock: &Clock) -> Option<Arc<ClientCertificate>> {
        if self.chain.is_empty() {
            return None;
        }
        let mut judged = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = judged.as_ref().filter(|known| Arc::ptr_eq(&known.by, &trust.verifier)) {
            return Some(Arc::clone(&known.certificate));
        }
        let certificate = Arc::new(ClientCertificate::judged(&self.chain, &*trust.verifier, clock.now())?);
        *judged = Some(Judged { by: Arc::clone(&trust.verifier), certificate: Arc::clone(&certificate) });
        Some(certificate)
    }
}
