//! Passwords that are given to users while the gate runs, by `portcullis key password`.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::admin::get;
use crate::support::client::Client;
use crate::support::peer::Peer;
use crate::support::process::{Process, Site};
use crate::support::text::bytes;
use crate::support::{eventually, run};

/// Runs `portcullis key password`, with this on its standard input.
fn set(file: &Path, principal: &str, input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .args(["key", "password", "--principal", principal, "--file"])
        .arg(file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary was built for this test");
    // It may have ended without reading.
    let _ = command.stdin.take().expect("it is piped").write_all(input.as_bytes());
    command.wait_with_output().expect("it is our child")
}

fn config(upstream: &str, users: &str) -> String {
    format!(
        r#"
        [listener.public]
        address = "127.0.0.1:0"

        [admin]
        address = "127.0.0.1:0"

        [access_log]
        to = "off"

        [upstream.api]
        peers = ["{upstream}"]

        [authenticator.ops]
        kind = "basic"
        users = "{users}"
        cache = "1h"

        [guard]
        failures = "100000/s"

        [endpoint."/thing".GET]
        upstream = "api"
        auth = "ops"
        quotas = []
        "#
    )
}

async fn status(gate: &Process, credential: &str) -> u16 {
    let mut client = Client::connect(gate.listener("public").await).await;
    let request = format!(
        "GET /thing HTTP/1.1\r\nHost: gate.test\r\nAuthorization: Basic {{base64:{credential}}}\r\nConnection: close\r\n\r\n"
    );
    client.exchange(&bytes(&request), false).await.expect("an answer").status
}

#[test]
fn a_password_that_is_set_is_good_and_the_old_one_is_not() {
    for users in ["users.toml", "users.htpasswd"] {
        run(async {
            let peer = Peer::start(Vec::new()).await;
            let site = Site::new(&config(&format!("http://{}", peer.address), users));
            let first = set(&site.path(users), "ann", "correct horse\n");
            assert!(first.status.success(), "{first:?}");
            let mode = std::fs::metadata(site.path(users)).expect("it is there").permissions().mode();
            assert_eq!(mode & 0o077, 0, "others may read the hashes: {mode:o}");

            let gate = Process::serve(&site).await;
            // Twice, so that it is remembered.
            assert_eq!(
                (status(&gate, "ann:correct horse").await, status(&gate, "ann:correct horse").await),
                (200, 200)
            );
            let (_, shown) = get(&gate, "/config").await;
            assert!(shown.contains("\"ann\"") && !shown.contains("$argon2"), "{shown}");

            let second = set(&site.path(users), "ann", "battery staple");
            assert!(second.status.success(), "{second:?}");
            eventually("the new password", async || status(&gate, "ann:battery staple").await == 200).await;
            assert_eq!(status(&gate, "ann:correct horse").await, 401);
            let text = site.read(users);
            assert_eq!(text.matches("$argon2id$v=19$m=19456,t=2,p=1$").count(), 1, "{text}");
            for told in [text, format!("{first:?}{second:?}")] {
                assert!(!told.contains("horse") && !told.contains("staple"), "{told}");
            }
        });
    }
}

#[test]
fn what_is_no_password_changes_nothing() {
    let site = Site::new("");
    site.write("users.toml", "# ours\n");
    for (principal, input, why) in [
        ("ann", "", "empty"),
        ("ann", "\n", "empty"),
        ("ann", "a\tb", "control"),
        ("a b", "correct horse", "name"),
        ("ann", &"x".repeat(700), "639"),
    ] {
        let told = set(&site.path("users.toml"), principal, input);
        let text = String::from_utf8_lossy(&told.stderr).into_owned();
        assert_eq!(told.status.code(), Some(2), "{text}");
        assert!(text.contains(why), "{text}");
        assert_eq!(site.read("users.toml"), "# ours\n");
    }
}
