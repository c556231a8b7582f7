//! The gate as a process of its own: started from files, told what to do by signals, heard by its log.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

use super::PATIENCE;

/// A folder with a configuration, and whatever it names.
pub(crate) struct Site(tempfile::TempDir);

impl Site {
    pub(crate) fn new(config: &str) -> Self {
        let site = Self(tempfile::tempdir().expect("a folder can be had"));
        site.write("portcullis.toml", config);
        site
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Puts a file in the place of another one, whole, as deployments and editors do.
    pub(crate) fn write(&self, name: &str, content: &str) {
        let beside = self.path(&format!(".{}.new", name.replace('/', ".")));
        std::fs::write(&beside, content).expect("a writable folder");
        std::fs::rename(beside, self.path(name)).expect("a writable folder");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("it is there")
    }
}

/// Runs a command to its end, in the site's folder.
pub(crate) async fn portcullis<'a>(site: &Site, arguments: impl IntoIterator<Item = &'a str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.args(arguments).current_dir(site.path("")).stdin(Stdio::null()).kill_on_drop(true);
    timeout(PATIENCE, command.output()).await.expect("it ends in time").expect("the binary was built for this test")
}

/// A running gate; ended with the test at the latest.
pub(crate) struct Process {
    child: Child,
    log: Arc<Mutex<Vec<Value>>>,
    lines: watch::Receiver<usize>,
}

impl Process {
    /// Starts `portcullis serve` and waits until it serves.
    pub(crate) async fn serve(site: &Site) -> Self {
        Self::serve_with(site, &[]).await
    }

    /// The same, with these variables in its environment.
    pub(crate) async fn serve_with(site: &Site, variables: &[(&str, String)]) -> Self {
        let this = Self::spawn(&site.path("portcullis.toml"), variables);
        this.told("serving: ").await;
        this
    }

    fn spawn(config: &Path, variables: &[(&str, String)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_portcullis"))
            .arg("serve")
            .arg(config)
            .env_remove("RUST_LOG")
            .env_remove("NOTIFY_SOCKET")
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary was built for this test");
        let stderr = child.stderr.take().expect("it is piped");
        let log = Arc::new(Mutex::new(Vec::new()));
        let (count, lines) = watch::channel(0);
        let heard = Arc::clone(&log);
        tokio::spawn(async move {
            let mut stderr = BufReader::new(stderr).lines();
            while let Ok(Some(line)) = stderr.next_line().await {
                // What is printed before there is a log is text.
                let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
                heard.lock().expect("no test panics with it").push(line);
                count.send_modify(|count| *count += 1);
            }
        });
        Self { child, log, lines }
    }

    /// What it has said so far.
    pub(crate) fn log(&self) -> Vec<Value> {
        self.log.lock().expect("no test panics with it").clone()
    }

    /// Lines whose message begins so.
    pub(crate) fn count(&self, message: &str) -> usize {
        self.log().iter().filter(|line| says(line, message)).count()
    }

    /// Waits for a line whose message begins so, and returns the first.
    pub(crate) async fn told(&self, message: &str) -> Value {
        self.told_times(message, 1).await
    }

    /// Waits for so many of them, and returns the last.
    pub(crate) async fn told_times(&self, message: &str, times: usize) -> Value {
        let mut lines = self.lines.clone();
        let enough = lines.wait_for(|_| self.count(message) >= times);
        let heard = timeout(PATIENCE, enough).await.is_ok_and(|heard| heard.is_ok());
        assert!(heard, "{message:?} {times} times: {:#?}", self.log());
        self.log().into_iter().filter(|line| says(line, message)).nth(times - 1).expect("they were counted")
    }

    /// Where a listener of this name is.
    pub(crate) async fn listener(&self, name: &str) -> SocketAddr {
        let line = self.told("serving: ").await;
        let listeners = line["listeners"].as_str().expect("it has listeners");
        let at = format!("{name} at ");
        let found = listeners.split(", ").find_map(|listener| listener.strip_prefix(&at)?.parse().ok());
        found.unwrap_or_else(|| panic!("no {name} in {listeners}"))
    }

    /// Where the admin listener is.
    pub(crate) async fn admin(&self) -> SocketAddr {
        let line = self.told("serving: ").await;
        line["admin"].as_str().and_then(|admin| admin.parse().ok()).expect("it has an admin listener")
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Sends a signal, by the name that kill(1) has for it.
    pub(crate) async fn signal(&self, name: &str) {
        let id = self.id();
        let sent = Command::new("sh").arg("-c").arg(format!("kill -{name} {id}")).status().await;
        assert!(sent.expect("POSIX has a shell").success(), "{name}");
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        timeout(PATIENCE, self.child.wait()).await.expect("it ends in time").expect("it is our child")
    }
}

fn says(line: &Value, message: &str) -> bool {
    line["message"].as_str().is_some_and(|text| text.starts_with(message))
}
