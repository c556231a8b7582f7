//! What runs: the server, the admin listener and the logs, all by one configuration, and all by another
//! one or none.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::AbortHandle;

use crate::admin::{self, Facts, Token};
use crate::config::{Loaded, Secrets};
use crate::policy::gateway::{AccessLog, Admin, Gateway, LogSink};
use crate::policy::keys::hex;
use crate::proxy::{Server, Workers};
use crate::telemetry::Telemetry;
use crate::telemetry::sink::Target;

/// Sets the levels of the program log.
pub type Levels = Box<dyn Fn(&str) + Send + Sync>;

/// A gate with everything around it.
pub struct Running {
    server: Server,
    telemetry: Arc<Telemetry>,
    levels: Levels,
    facts: Arc<ArcSwap<Facts>>,
    admin: Mutex<Option<AdminTask>>,
}

/// An admin listener, and the task that serves it.
struct AdminTask {
    /// Where it was asked to be; the port may be 0.
    asked: SocketAddr,
    bound: SocketAddr,
    token: Arc<Token>,
    task: AbortHandle,
}

/// A socket for it, and where that is.
type Bound = (TcpListener, SocketAddr);

impl Running {
    /// Starts everything, within a runtime.
    ///
    /// # Errors
    ///
    /// Where a listener cannot be bound or the access log not be opened, with its name; then nothing runs.
    pub fn start(loaded: Loaded, telemetry: Arc<Telemetry>, levels: Levels) -> io::Result<Self> {
        let Loaded { gateway, digest, secrets, .. } = loaded;
        log_to(&telemetry, &gateway.access_log)?;
        let socket = gateway.admin.as_ref().map(bind).transpose()?;
        levels(&gateway.program_log.levels);
        let facts = facts(digest, secrets);
        telemetry.metrics.configuration(&facts.digest, facts.since);
        let workers = Workers::start(gateway.limits.threads)?;
        let server = Server::start(gateway, Arc::clone(&telemetry), workers)?;
        let facts = Arc::new(ArcSwap::from_pointee(facts));
        let this = Self { server, telemetry, levels, facts, admin: Mutex::default() };
        this.serve_admin(socket);
        Ok(this)
    }

    /// Puts another configuration in force: all of it, or nothing.
    ///
    /// # Errors
    ///
    /// As [`Running::start`]; then everything is as before.
    pub fn apply(&self, loaded: Loaded) -> io::Result<()> {
        let Loaded { gateway, digest, secrets, .. } = loaded;
        let before = self.server.gate().look(|old| (old.access_log.clone(), old.limits.threads));
        let socket = self.admin_socket(&gateway)?;
        let (levels, threads) = (gateway.program_log.levels.clone(), gateway.limits.threads);
        let facts = facts(digest, secrets);
        log_to(&self.telemetry, &gateway.access_log)?;
        if let Err(error) = self.server.reload(gateway) {
            // It was open before; and if it can no longer be, what is open is kept.
            let _ = log_to(&self.telemetry, &before.0);
            return Err(error);
        }
        (self.levels)(&levels);
        self.telemetry.metrics.configuration(&facts.digest, facts.since);
        self.facts.store(Arc::new(facts));
        self.serve_admin(socket);
        if threads != before.1 {
            tracing::warn!("`limits.threads` has changed: this takes a restart");
        }
        Ok(())
    }

    /// The server.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// What is counted and told.
    pub fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// What is served, in a line.
    pub fn status(&self) -> String {
        let facts = self.facts.load();
        self.server.gate().look(|gateway| format!("{}; configuration {}", summary(gateway), &facts.digest[..12]))
    }

    /// Where the admin listener is bound, if anywhere.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.lock_admin().as_ref().map(|admin| admin.bound)
    }

    /// A socket for the admin listener, where another one is asked for than there is.
    fn admin_socket(&self, gateway: &Gateway) -> io::Result<Option<Bound>> {
        let asked = self.lock_admin().as_ref().map(|admin| admin.asked);
        match &gateway.admin {
            Some(admin) if asked != Some(admin.address) => bind(admin).map(Some),
            _ => Ok(None),
        }
    }

    /// Serves at another socket; where there is none, stops if the configuration has no admin listener.
    fn serve_admin(&self, socket: Option<Bound>) {
        let mut known = self.lock_admin();
        let admin = self.server.gate().look(|gateway| gateway.admin.clone());
        if let Some(old) = known.take_if(|_| admin.is_none() || socket.is_some()) {
            old.task.abort();
        }
        match (socket, admin, &*known) {
            (Some((socket, bound)), Some(admin), _) => {
                let token = Arc::new(Token::from_pointee(admin.token));
                let (gate, facts) = (Arc::clone(self.server.gate()), Arc::clone(&self.facts));
                let serving = admin::serve(socket, gate, facts, Arc::clone(&token));
                let task = tokio::spawn(serving).abort_handle();
                *known = Some(AdminTask { asked: admin.address, bound, token, task });
            }
            (None, Some(admin), Some(same)) => same.token.store(Arc::new(admin.token)),
            _ => {}
        }
    }

    fn lock_admin(&self) -> MutexGuard<'_, Option<AdminTask>> {
        self.admin.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(admin) = self.lock_admin().take() {
            admin.task.abort();
        }
    }
}

fn bind(admin: &Admin) -> io::Result<Bound> {
    let bound = || {
        let socket = if admin.address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(admin.address)?;
        let socket = socket.listen(128)?;
        let address = socket.local_addr()?;
        Ok((socket, address))
    };
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("[admin] cannot bind {}: {error}", admin.address));
    bound().map_err(named)
}

fn log_to(telemetry: &Telemetry, log: &AccessLog) -> io::Result<()> {
    let target = match &log.sink {
        LogSink::Off => None,
        LogSink::Stdout => Some(Target::Stdout),
        LogSink::Path(path) => Some(Target::Path(path.clone())),
    };
    telemetry.log_to(target.as_ref(), log.buffer_bytes).map_err(|error| {
        let place = target.map_or_else(String::new, |target| format!(" {target}"));
        io::Error::new(error.kind(), format!("[access_log] cannot open{place}: {error}"))
    })
}

fn facts(digest: [u8; 32], secrets: Secrets) -> Facts {
    Facts { digest: hex(&digest), since: SystemTime::now(), mask: Box::new(move |text| secrets.mask(text)) }
}

/// What a configuration holds, in one line.
pub fn summary(gateway: &Gateway) -> String {
    let count = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    let mut quotas: Vec<&str> =
        gateway.endpoints.iter().flat_map(|endpoint| &endpoint.quotas).map(|quota| quota.name.as_str()).collect();
    quotas.sort_unstable();
    quotas.dedup();
    [
        count(gateway.listeners.len(), "listener"),
        count(gateway.endpoints.len(), "endpoint"),
        count(gateway.upstreams.len(), "upstream"),
        count(gateway.authenticators.len(), "authenticator"),
        count(quotas.len(), "quota"),
    ]
    .join(", ")
}
