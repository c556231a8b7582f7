//! The access log as a file: moved away, opened anew, and a sink that takes nothing.

use std::fs::OpenOptions;

use super::site;
use crate::support::client::Client;
use crate::support::gate::lines;
use crate::support::peer::Peer;
use crate::support::process::Process;
use crate::support::{eventually, run};

const NOWHERE: &str = "GET /nowhere HTTP/1.1\r\nHost: gate.test\r\n\r\n";

async fn ask(client: &mut Client) {
    client.send(NOWHERE).await;
    assert_eq!(client.answer(false).await.map(|answer| answer.status), Some(404));
}

/// Waits until the file has so many lines.
async fn has(path: &std::path::Path, count: usize) {
    eventually("the log has its lines", || async { path.exists() && lines(path).len() >= count }).await;
}

#[test]
fn a_log_that_is_moved_away_goes_on_at_its_path_with_and_without_a_signal() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let site = site(peer.address, "to = \"access.log\"", "");
        let mut gate = Process::serve(&site).await;
        let mut client = Client::connect(gate.listener("public").await).await;
        let log = site.path("access.log");
        for (turn, signal) in [false, true].into_iter().enumerate() {
            ask(&mut client).await;
            has(&log, 1).await;
            std::fs::rename(&log, site.path(&format!("access.log.{turn}"))).expect("it is there");
            if signal {
                gate.signal("USR1").await;
            }
            ask(&mut client).await;
            has(&log, 1).await;
            std::fs::remove_file(&log).expect("it is there");
        }
        gate.signal("TERM").await;
        assert!(gate.ended().await.success());
        for turn in 0..2 {
            assert_eq!(lines(&site.path(&format!("access.log.{turn}"))).len(), 1);
        }
    });
}

#[test]
fn a_sink_that_nobody_reads_neither_slows_nor_stops_a_request() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let site = site(peer.address, "to = \"pipe\"\nbuffer = \"64 KiB\"", "");
        let made = std::process::Command::new("mkfifo").arg(site.path("pipe")).status();
        assert!(made.expect("mkfifo is a part of POSIX").success());
        let pipe = OpenOptions::new().read(true).write(true).open(site.path("pipe")).expect("it is there");
        let mut gate = Process::serve(&site).await;
        let mut client = Client::connect(gate.listener("public").await).await;
        // Some 400 bytes a line: more than the pipe and the buffer hold together.
        for _ in 0..1000 {
            ask(&mut client).await;
        }
        let dropped = || async {
            super::admin::metrics(&gate).await.value("portcullis_log_lines_dropped_total", &[("log", "access")])
        };
        assert!(dropped().await > 0.0);
        gate.signal("TERM").await;
        assert!(gate.ended().await.success(), "the end does not wait for it");
        drop(pipe);
    });
}

#[test]
fn another_log_is_taken_up_by_a_reload() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let site_one = site(peer.address, "to = \"one.log\"", "");
        let gate = Process::serve(&site_one).await;
        let mut client = Client::connect(gate.listener("public").await).await;
        ask(&mut client).await;
        has(&site_one.path("one.log"), 1).await;
        let config = site_one.read("portcullis.toml");
        site_one.write("portcullis.toml", &config.replace("one.log", "no/folder/two.log"));
        let failed = gate.told("reload: failed").await;
        assert!(failed["error"].as_str().is_some_and(|error| error.contains("[access_log]")), "{failed}");
        site_one.write("portcullis.toml", &config.replace("one.log", "two.log"));
        gate.told("reload: 1 listener").await;
        ask(&mut client).await;
        has(&site_one.path("two.log"), 1).await;
        assert_eq!(lines(&site_one.path("one.log")).len(), 1);
    });
}
