//! Keys while the gate runs: given, taken back and given again by the command, and a key file that is broken.

use std::net::SocketAddr;
use std::process::Output;
use std::time::{Duration, Instant};

use crate::support::client::Client;
use crate::support::peer::Peer;
use crate::support::process::{Process, Site, portcullis};
use crate::support::run;

/// A gate with one endpoint that asks for a key of `keys.toml`. Wrong ones may be presented as often as a test
/// likes.
fn site(upstream: SocketAddr) -> Site {
    let authenticator = r#"
        [guard]
        failures = "1_000_000/s"

        [authenticator.partner]
        kind = "api_key"
        header = "X-API-Key"
        keys = "keys.toml"

        [endpoint."/keyed".GET]
        upstream = "api"
        auth = "partner"
        quotas = []
    "#;
    super::site(upstream, "to = \"off\"", authenticator)
}

/// What `portcullis key` says to this, in the site's folder.
async fn key(site: &Site, arguments: &str) -> Output {
    portcullis(site, ["key"].into_iter().chain(arguments.split_whitespace())).await
}

/// A new key of `keys.toml`.
async fn new_key(site: &Site, principal: &str, more: &str) -> String {
    let output = key(site, &format!("new --file keys.toml --principal {principal} {more}")).await;
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("it is text").trim().to_owned()
}

async fn status(client: &mut Client, key: &str) -> u16 {
    client.send(format!("GET /keyed HTTP/1.1\r\nHost: gate.test\r\nX-API-Key: {key}\r\n\r\n")).await;
    client.answer(false).await.expect("it is answered").status
}

/// How long it takes until a key is answered with this status.
async fn until(expected: u16, client: &mut Client, key: &str) -> Duration {
    let began = Instant::now();
    while status(client, key).await != expected {
        assert!(began.elapsed() < crate::support::PATIENCE, "waited in vain for {expected}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    began.elapsed()
}

#[test]
fn a_key_is_taken_back_and_another_given_within_a_second() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let site = site(peer.address);
        let first = new_key(&site, "acme", "--name first").await;
        let gate = Process::serve(&site).await;
        let mut client = Client::connect(gate.listener("public").await).await;
        assert_eq!(status(&mut client, &first).await, 200);
        // The best of three: a machine that is busy with other tests says nothing of the gate.
        let (mut revoked, mut given) = (Duration::MAX, Duration::MAX);
        for round in 0..3 {
            let key_of_round = new_key(&site, "acme", &format!("--name round-{round}")).await;
            given = given.min(until(200, &mut client, &key_of_round).await);
            let output = key(&site, &format!("revoke --file keys.toml --principal acme --key round-{round}")).await;
            assert!(output.status.success(), "{output:?}");
            revoked = revoked.min(until(401, &mut client, &key_of_round).await);
        }
        let second = Duration::from_secs(1);
        assert!(given < second && revoked < second, "given within {given:?}, revoked within {revoked:?}");
        assert_eq!(status(&mut client, &first).await, 200, "the principal's other key is still good");
        assert!(key(&site, "enable --file keys.toml --principal acme --key round-0").await.status.success());
        assert_eq!(gate.count("reload: failed"), 0);
    });
}

#[test]
fn a_broken_key_file_leaves_the_old_keys_and_is_told_with_its_line() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let site = site(peer.address);
        let (good, taken_out) = (new_key(&site, "acme", "").await, new_key(&site, "globex", "").await);
        let gate = Process::serve(&site).await;
        let mut client = Client::connect(gate.listener("public").await).await;
        let whole = site.read("keys.toml");
        // Globex is taken out, and somebody writes a key in the place of a hash.
        let acme = whole.split("[principal.globex]").next().expect("it is there").to_owned();
        site.write("keys.toml", &format!("{acme}\n[principal.initech]\nkeys = {{ sha256 = \"{taken_out}\" }}\n"));
        let told = gate.told("error: this is no SHA-256").await;
        let message = told["message"].as_str().expect("it is text");
        let line = acme.lines().count() + 3;
        assert!(message.contains(&format!("keys.toml:{line}:")), "{message}");
        assert!(!gate.log().iter().any(|line| line.to_string().contains(&taken_out)), "a key is in the log");
        gate.told("reload: failed").await;
        for key in [&good, &taken_out] {
            assert_eq!(status(&mut client, key).await, 200, "the old keys are in force");
        }
        let metrics = super::admin::metrics(&gate).await;
        assert_eq!(metrics.value("portcullis_reload_failing", &[]), 1.0);
        assert!(metrics.value("portcullis_reloads_total", &[("result", "failed")]) >= 1.0);
        site.write("keys.toml", &acme);
        until(401, &mut client, &taken_out).await;
        assert_eq!(status(&mut client, &good).await, 200);
        assert_eq!(super::admin::metrics(&gate).await.value("portcullis_reload_failing", &[]), 0.0);
    });
}

#[test]
fn what_the_command_says_and_how_it_ends() {
    run(async {
        let site = site(([127, 0, 0, 1], 9).into());
        let laptop = new_key(&site, "acme", "--name laptop --not-before 2026-01-01 --expires 2500-01-01").await;
        new_key(&site, "acme", "").await;
        new_key(&site, "globex", "--name only").await;
        // Arguments, exit code, and what is said on either stream.
        for (arguments, code, said) in [
            // Without a file, those of portcullis.toml.
            ("list", 0, "laptop    good   2500-01-01T00:00:00Z"),
            ("list --principal globex --json", 0, "\"name\": \"only\""),
            ("list --principal initech", 2, "there is no principal 'initech'"),
            ("list --file absent.toml", 2, "can't read `absent.toml`: there is no such file"),
            ("revoke --file absent.toml --principal acme", 1, "absent.toml: "),
            ("revoke --file keys.toml --principal acme", 2, "several keys may be meant: laptop ("),
            ("revoke --file keys.toml --principal acme --key desktop", 2, "no key of this principal is meant by that"),
            ("revoke --file keys.toml --principal initech --all", 2, "there is no principal of this name"),
            ("revoke --file keys.toml --principal acme --key a --all", 2, "cannot be used with"),
            ("revoke --file keys.toml --principal globex", 0, "is disabled"),
            ("revoke --file keys.toml --principal globex", 0, "was disabled already"),
            ("enable --file keys.toml --principal globex --key only", 0, "is enabled"),
            ("revoke --file keys.toml --principal acme --all", 0, "'acme': laptop ("),
            ("list", 0, "laptop    disabled"),
            ("new --file keys.toml --principal acme --name laptop", 2, "a key of this principal has that name already"),
            ("new --file keys.toml --principal acme --expires soon", 2, "expected a date such as"),
        ] {
            let output = key(&site, arguments).await;
            let both = String::from_utf8([output.stdout, output.stderr].concat()).expect("it is text");
            assert!(both.contains(said), "{arguments}: {both}");
            assert_eq!(output.status.code(), Some(code), "{arguments}: {both}");
            let long = both.split(|c: char| !c.is_ascii_hexdigit()).find(|digits| digits.len() > 8);
            assert!(long.is_none() && !both.contains(&laptop), "{arguments} tells too much: {both}");
        }
    });
}
