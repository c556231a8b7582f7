//! What systemd is told, read from a socket as systemd's own.

use tokio::net::UnixDatagram;
use tokio::time::timeout;

use crate::support::PATIENCE;
use crate::support::process::{Process, Site};
use crate::support::run;

const CONFIG: &str = r#"
    [listener.public]
    address = "127.0.0.1:0"

    [access_log]
    to = "off"

    [upstream.api]
    peers = ["http://127.0.0.1:9"]

    [endpoint."/thing".GET]
    upstream = "api"
    auth = "none"
    quotas = []
"#;

/// The next message that holds a line which begins so, whatever comes before it.
async fn told(socket: &UnixDatagram, line: &str) -> String {
    let mut message = [0; 4096];
    let wanted = async {
        loop {
            let length = socket.recv(&mut message).await.expect("it is open");
            let text = String::from_utf8_lossy(&message[..length]).into_owned();
            if text.lines().any(|it| it.starts_with(line)) {
                return text;
            }
        }
    };
    timeout(PATIENCE, wanted).await.unwrap_or_else(|_| panic!("{line} is not told"))
}

#[test]
fn systemd_is_told_of_start_reload_life_and_end() {
    run(async {
        let site = Site::new(CONFIG);
        let path = site.path("notify");
        let socket = UnixDatagram::bind(&path).expect("a short path in a folder of ours");
        let variables = [("NOTIFY_SOCKET", path.display().to_string()), ("WATCHDOG_USEC", "200000".to_owned())];
        let mut gate = Process::serve_with(&site, &variables).await;
        let ready = told(&socket, "READY=1").await;
        assert!(ready.contains("STATUS=1 listener, 1 endpoint"), "{ready}");
        for _ in 0..3 {
            told(&socket, "WATCHDOG=1").await;
        }
        site.write("portcullis.toml", &CONFIG.replace("/thing", "/other"));
        gate.signal("HUP").await;
        let reloading = told(&socket, "RELOADING=1").await;
        assert!(reloading.contains("MONOTONIC_USEC="), "systemd pairs it with what follows: {reloading}");
        told(&socket, "READY=1").await;
        site.write("portcullis.toml", "nonsense");
        gate.signal("HUP").await;
        told(&socket, "RELOADING=1").await;
        let failed = told(&socket, "READY=1").await;
        assert!(failed.contains("the last reload failed"), "{failed}");
        gate.signal("TERM").await;
        told(&socket, "STOPPING=1").await;
        assert!(gate.ended().await.success());
    });
}
