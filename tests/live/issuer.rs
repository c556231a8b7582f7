//! An issuer that publishes its keys, on good days and on bad ones: whose token is taken, how often the issuer is
//! asked, and that nobody else waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tokio::task::JoinSet;

use crate::support::client::{Answer, Client};
use crate::support::config::Written;
use crate::support::exposition::Exposition;
use crate::support::gate::LiveGate;
use crate::support::issuer::{Issuer, Mood};
use crate::support::peer::Peer;
use crate::support::{eventually, run};

/// A gate that believes an issuer; `more` are further keys of the authenticator.
struct World {
    issuer: Issuer,
    peer: Peer,
    gate: LiveGate,
}

fn written(issuer: &Issuer, more: &str) -> Written {
    Written::alone(&format!(
        r#"
        [listener.public]
        address = "127.0.0.1:0"

        [upstream.api]
        peers = ["http://{{upstream}}"]

        [authenticator.staff]
        kind = "jwt"
        issuer = "{}"
        audience = "crm"
        {more}

        [guard]
        failures = "100_000/s"

        [defaults]
        upstream = "api"
        quotas = []

        [endpoint."/things".GET]
        auth = "staff"

        [endpoint."/open".GET]
        auth = "none"
        "#,
        issuer.name()
    ))
}

impl World {
    async fn new(more: &str) -> Self {
        Self::before(Issuer::start().await, more).await
    }

    /// With an issuer that is waited for.
    async fn patient(timeout: &str) -> Self {
        let issuer = Issuer::start().await;
        Self::starting(issuer, &format!("timeout = \"{timeout}\"")).await
    }

    async fn before(issuer: Issuer, more: &str) -> Self {
        Self::starting(issuer, &format!("timeout = \"250ms\"\n{more}")).await
    }

    async fn starting(issuer: Issuer, more: &str) -> Self {
        let peer = Peer::start(vec![]).await;
        let gate = LiveGate::start(&written(&issuer, more), peer.address).unwrap_or_else(|fault| panic!("{fault}"));
        Self { issuer, peer, gate }
    }

    async fn with(&self, key: u8) -> Answer {
        ask(&mut self.gate.client().await, &self.issuer.token(key)).await
    }

    fn metric(&self, name: &str, result: Option<&str>) -> f64 {
        let told = Exposition::parse(&self.gate.metrics());
        let mut labels = vec![("authenticator", "staff")];
        labels.extend(result.map(|result| ("result", result)));
        told.value(name, &labels)
    }

    /// Waits until another attempt at the keys has failed.
    async fn failed_again(&self) {
        let failed = || self.metric("portcullis_key_set_fetches_total", Some("failed"));
        let before = failed();
        eventually("another attempt fails", || async { failed() > before }).await;
    }
}

async fn ask(client: &mut Client, token: &str) -> Answer {
    client.send(format!("GET /things HTTP/1.1\r\nHost: gate.test\r\nAuthorization: Bearer {token}\r\n\r\n")).await;
    client.answer(false).await.expect("it answers")
}

#[test]
fn the_issuers_name_is_enough() {
    run(async {
        let world = World::new("").await;
        assert_eq!(world.with(1).await.status, 200);
        assert_eq!(world.with(2).await.status, 401);
        assert_eq!(world.metric("portcullis_key_set_keys", None), 1.0);
        assert_eq!(world.metric("portcullis_key_set_failing", None), 0.0);
        assert!(world.metric("portcullis_key_set_age_seconds", None) < 60.0);
    });
}

#[test]
fn an_address_of_keys_is_enough_too() {
    run(async {
        let issuer = Issuer::start().await;
        let more = format!("jwks_url = \"http://{}/keys\"", issuer.address);
        let world = World::before(issuer, &more).await;
        assert_eq!(world.with(1).await.status, 200);
    });
}

#[test]
fn a_new_key_under_load_loses_no_request() {
    run(async {
        let world = Arc::new(World::new("").await);
        let (stop, signing) = (Arc::new(AtomicBool::new(false)), Arc::new(std::sync::Mutex::new(1_u8)));
        let mut clients = JoinSet::new();
        for _ in 0..20 {
            let (world, stop, signing) = (Arc::clone(&world), Arc::clone(&stop), Arc::clone(&signing));
            clients.spawn(async move {
                let (mut client, mut answers) = (world.gate.client().await, 0_u32);
                while !stop.load(Ordering::Relaxed) {
                    let key = *signing.lock().expect("nobody panics with it");
                    let answer = ask(&mut client, &world.issuer.token(key)).await;
                    assert_eq!(answer.status, 200, "by key {key}: {}", answer.text());
                    answers += 1;
                }
                answers
            });
        }
        for key in 2..=4 {
            // The new one stands beside the old one before anything is signed with it, as RFC 7517's users do.
            world.issuer.publish(&[key - 1, key]);
            *signing.lock().expect("nobody panics with it") = key;
            for _ in 0..50 {
                assert_eq!(world.with(key).await.status, 200);
            }
        }
        stop.store(true, Ordering::Relaxed);
        let answers: u32 = clients.join_all().await.into_iter().sum();
        assert!(answers >= 100, "{answers} requests in three rotations");
        assert!(world.issuer.asked() <= 8, "the issuer was asked {} times", world.issuer.asked());
    });
}

#[test]
fn all_who_wait_for_a_key_wait_for_one_answer() {
    run(async {
        let world = Arc::new(World::new("").await);
        assert_eq!(world.with(1).await.status, 200);
        let before = world.issuer.asked();
        world.issuer.publish(&[1, 2]);
        world.issuer.is(Mood::Slow);
        let mut waiting = JoinSet::new();
        for _ in 0..60 {
            let world = Arc::clone(&world);
            waiting.spawn(async move { world.with(2).await.status });
        }
        assert!(waiting.join_all().await.into_iter().all(|status| status == 200));
        assert_eq!(world.issuer.asked() - before, 1);
    });
}

#[test]
fn keys_that_nobody_has_make_no_flood() {
    run(async {
        let world = Arc::new(World::new("").await);
        assert_eq!(world.with(1).await.status, 200);
        let (before, began) = (world.issuer.asked(), Instant::now());
        let mut guessing = JoinSet::new();
        for key in 10..90 {
            let world = Arc::clone(&world);
            guessing.spawn(async move { world.with(key).await.status });
        }
        assert!(guessing.join_all().await.into_iter().all(|status| status == 401));
        let most = 2 + began.elapsed().as_secs() as usize;
        let asked = world.issuer.asked() - before;
        assert!(asked <= most, "asked {asked} times in {:?}", began.elapsed());
    });
}

#[test]
fn strangers_tokens_do_not_reach_the_issuer() {
    run(async {
        let world = World::new("").await;
        assert_eq!(world.with(1).await.status, 200);
        let before = world.issuer.asked();
        let other = Issuer::start().await;
        let answer = ask(&mut world.gate.client().await, &other.token(7)).await;
        assert_eq!((answer.status, world.issuer.asked()), (401, before));
    });
}

#[test]
fn on_a_bad_day_known_keys_serve_and_unknown_ones_do_not() {
    run(async {
        let mut days = JoinSet::new();
        for mood in [
            Mood::Hangs,
            Mood::Closes,
            Mood::Garbage,
            Mood::Html,
            Mood::NoKeys,
            Mood::Broken,
            Mood::Huge,
            Mood::Drips,
            Mood::Redirects,
        ] {
            days.spawn(bad_day(mood));
        }
        days.join_all().await;
    });
}

async fn bad_day(mood: Mood) {
    let world = World::new("").await;
    assert_eq!(world.with(1).await.status, 200);
    world.issuer.is(mood);
    world.issuer.publish(&[1, 2]);
    let (mut client, token) = (world.gate.client().await, world.issuer.token(1));
    let known = async {
        for _ in 0..200 {
            assert_eq!(ask(&mut client, &token).await.status, 200, "{mood:?}");
        }
    };
    let (stranger, ()) = tokio::join!(world.with(2), known);
    assert_eq!(stranger.status, 401, "{mood:?}: {}", stranger.text());
    assert_eq!(world.metric("portcullis_key_set_failing", None), 1.0, "{mood:?}");
    assert_eq!(world.with(1).await.status, 200, "{mood:?}");
    world.issuer.is(Mood::Well);
    eventually("it comes back", || async { world.with(2).await.status == 200 }).await;
    assert_eq!(world.metric("portcullis_key_set_failing", None), 0.0, "{mood:?}");
}

#[test]
fn who_is_known_does_not_wait_for_who_is_not() {
    for mood in [Mood::Hangs, Mood::Drips] {
        run(async {
            let world = Arc::new(World::patient("30s").await);
            assert_eq!(world.with(1).await.status, 200);
            world.issuer.is(mood);
            let before = world.issuer.asked_at_all();
            let stranger = {
                let world = Arc::clone(&world);
                tokio::spawn(async move { world.with(2).await })
            };
            eventually("the issuer is asked", || async { world.issuer.asked_at_all() > before }).await;
            let (mut client, token) = (world.gate.client().await, world.issuer.token(1));
            for _ in 0..200 {
                assert_eq!(ask(&mut client, &token).await.status, 200, "{mood:?}");
            }
            assert!(!stranger.is_finished(), "{mood:?}");
        });
    }
}

#[test]
fn without_any_keys_nobody_comes_in_until_there_are_some() {
    run(async {
        let issuer = Issuer::start().await;
        issuer.is(Mood::Hangs);
        let world = World::before(issuer, "").await;
        let answer = world.with(1).await;
        assert_eq!((answer.status, answer.code().as_deref()), (503, Some("authenticator_unavailable")));
        assert!(answer.head.value("retry-after").is_some());
        assert_eq!(world.with(1).await.status, 503);
        let lines = world.gate.lines(2).await;
        let cause = lines[1]["cause"].as_str().unwrap_or_default();
        assert!(cause.starts_with("no keys of staff: ") && cause.contains("timed out"), "{cause}");
        let open = {
            let mut client = world.gate.client().await;
            client.send("GET /open HTTP/1.1\r\nHost: gate.test\r\n\r\n").await;
            client.answer(false).await.expect("it answers").status
        };
        assert_eq!(open, 200);
        world.issuer.is(Mood::Well);
        eventually("it comes back", || async { world.with(1).await.status == 200 }).await;
    });
}

#[test]
fn keys_grow_too_old() {
    run(async {
        let world = World::new("refresh = \"1s\"\nmax_age = \"2s\"").await;
        assert_eq!(world.with(1).await.status, 200);
        world.issuer.is(Mood::Closes);
        world.failed_again().await;
        assert_eq!(world.with(1).await.status, 200);
        eventually("they are not used any more", || async { world.with(1).await.status == 503 }).await;
        world.issuer.is(Mood::Well);
        eventually("they are fetched again", || async { world.with(1).await.status == 200 }).await;
    });
}

#[test]
fn a_key_that_is_withdrawn_opens_nothing_once_that_is_known() {
    run(async {
        let world = World::new("refresh = \"1s\"").await;
        assert_eq!(world.with(1).await.status, 200);
        world.issuer.publish(&[2]);
        eventually("it is not taken any more", || async { world.with(1).await.status == 401 }).await;
        assert_eq!(world.with(2).await.status, 200);
    });
}

#[test]
fn a_reload_that_changes_nothing_of_it_asks_nobody() {
    run(async {
        let world = World::new("").await;
        assert_eq!(world.with(1).await.status, 200);
        let before = world.issuer.asked();
        let gateway = written(&world.issuer, "timeout = \"250ms\"")
            .compile(&world.peer.address.to_string())
            .expect("it compiles");
        world.gate.server.reload(gateway).expect("it binds");
        assert_eq!(world.with(1).await.status, 200);
        assert_eq!(world.issuer.asked(), before);
    });
}

#[test]
fn another_configuration_loses_neither_keys_nor_requests() {
    run(async {
        let world = Arc::new(World::new("").await);
        assert_eq!(world.with(1).await.status, 200);
        // Nothing can be fetched again from here on.
        world.issuer.is(Mood::Closes);
        let stop = Arc::new(AtomicBool::new(false));
        let mut clients = JoinSet::new();
        for _ in 0..4 {
            let (world, stop) = (Arc::clone(&world), Arc::clone(&stop));
            clients.spawn(async move {
                let (mut client, token) = (world.gate.client().await, world.issuer.token(1));
                while !stop.load(Ordering::Relaxed) {
                    let answer = ask(&mut client, &token).await;
                    assert_eq!(answer.status, 200, "{}", answer.text());
                }
            });
        }
        for turn in 0..40 {
            let more = format!("timeout = \"25{}ms\"\nrefresh = \"{}m\"", turn % 7, turn % 5 + 1);
            let gateway = written(&world.issuer, &more).compile(&world.peer.address.to_string()).expect("it compiles");
            world.gate.server.reload(gateway).expect("it binds");
            assert_eq!(world.with(1).await.status, 200);
        }
        stop.store(true, Ordering::Relaxed);
        clients.join_all().await;
    });
}
