//! Services that do not answer as they should: each lets nobody in, says why in the log, and harms nobody else.

use super::*;
use crate::support::authority::Authority;
use crate::support::peer::Moment;
use crate::support::run;

const FAULTY: &str = "timeout = \"200ms\"";

fn answer(text: &str, then: Then) -> Script {
    Script::answering(text, then)
}

/// What a service does, and what the log says of it, of tokens and of sessions.
fn faults() -> Vec<(&'static str, Script, &'static str, &'static str)> {
    let huge = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 65537\r\n\r\n{}",
        " ".repeat(65537)
    );
    let large_head =
        format!("HTTP/1.1 200 OK\r\nX-User: ada\r\nX-Large: {}\r\nContent-Length: 0\r\n\r\n", "x".repeat(8200));
    let late = "timed out after 200ms";
    vec![
        ("hangs", answer("", Then::Hang), late, late),
        ("hangs once connected to", Script { on: Moment::Accept, ..answer("", Then::Hang) }, late, late),
        ("closes", answer("", Then::Close), "gave no valid answer", "gave no valid answer"),
        ("resets", answer("", Then::Reset), "gave no valid answer", "gave no valid answer"),
        (
            "talks garbage",
            answer("\u{16}\u{3}what?\r\n\r\n", Then::Close),
            "gave no valid answer",
            "gave no valid answer",
        ),
        (
            "breaks off",
            answer(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-User: ada\r\nContent-Length: 99\r\n\r\n{",
                Then::Close,
            ),
            "gave no valid answer",
            "gave no valid answer",
        ),
        (
            "drips",
            answer(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-User: ada\r\nContent-Length: 99\r\n\r\n{",
                Then::Hang,
            ),
            late,
            late,
        ),
        ("fails", head("500 Internal Server Error", &["X-User: ada"]), "answered 500", "answered 500"),
        ("moves", head("302 Found", &["Location: /there", "X-User: ada"]), "answered 302", "answered 302"),
        ("is not there", head("404 Not Found", &["X-User: ada"]), "answered 404", "answered 404"),
        ("is tired", head("429 Too Many Requests", &["X-User: ada"]), "answered 429", "answered 429"),
        ("answers much", answer(&huge, Then::Keep), "answered with more than 64 KiB", "did not say who"),
        ("answers with a large head", answer(&large_head, Then::Keep), "not application/json", "more than 8 KiB"),
        ("is no JSON", json("{\"active\":true"), "no strict JSON", "did not say who"),
        ("says it twice", json("{\"active\":false,\"active\":true}"), "no strict JSON", "did not say who"),
        ("says yes", json("\"active\""), "no object", "did not say who"),
        ("says it as a text", json("{\"active\":\"true\",\"sub\":\"ada\"}"), "did not say whether", "did not say who"),
        ("says it in HTML", head("200 OK", &["Content-Type: text/html"]), "not application/json", "did not say who"),
        (
            "says two types",
            head("200 OK", &["Content-Type: application/json", "Content-Type: text/html"]),
            "not application/json",
            "did not say who",
        ),
    ]
}

#[test]
fn a_service_that_fails_lets_nobody_in_and_says_why() {
    run(async {
        for (what, script, of_token, of_session) in faults() {
            let asking = Asking::start(vec![script], FAULTY).await;
            let token = bearer();
            let session = format!("X-Session: {SESSION}");
            for (number, (target, field, authenticator, cause)) in
                [("/things", &token, "tokens", of_token), ("/open", &session, "sso", of_session)]
                    .into_iter()
                    .enumerate()
            {
                let answer = asking.get(target, &[field]).await;
                let code = answer.code();
                assert_eq!((answer.status, code.as_deref()), (503, Some("authenticator_unavailable")), "{what}");
                assert_eq!(answer.head.value("retry-after").as_deref(), Some("1"), "{what}");
                let told = asking.cause(number + 1).await;
                assert!(told.starts_with(&format!("`{authenticator}` ")) && told.contains(cause), "{what}: {told}");
            }
            assert_eq!(asking.upstream.record(|record| record.connections), 0, "{what}");
            asking.tells_of_no_credential(2).await;
        }
    });
}

#[test]
fn a_client_that_is_not_let_in_at_the_service_is_told_nothing_of_it() {
    run(async {
        // The service refuses the gate, not the token.
        let asking = Asking::start(vec![head("401 Unauthorized", &["WWW-Authenticate: Basic"])], "").await;
        let answer = asking.get("/things", &[&bearer()]).await;
        assert_eq!((answer.status, answer.head.value("www-authenticate")), (503, None));
        assert_eq!(asking.cause(1).await, "`tokens` answered 401");
    });
}

#[test]
fn who_waits_for_a_service_keeps_nobody_else_waiting() {
    run(async {
        let asking = Asking::start(vec![answer("", Then::Hang)], "timeout = \"30s\"").await;
        let address = asking.gate.addresses[0];
        let waiting: Vec<_> = (0..100)
            .map(|number| {
                let token = format!("Authorization: Bearer t{number}");
                tokio::spawn(async move { get(address, "/things", &[&token]).await.status })
            })
            .collect();
        // Only so many are asked at once; all others wait in line.
        crate::support::eventually("64 questions", || async { asking.service.heads() >= 64 }).await;
        for _ in 0..50 {
            assert_eq!(asking.get("/public", &[&bearer()]).await.status, 200);
        }
        assert_eq!(asking.service.heads(), 64);
        assert!(waiting.iter().all(|one| !one.is_finished()));
        waiting.iter().for_each(tokio::task::JoinHandle::abort);
    });
}

#[test]
fn nobody_at_the_service_is_told_at_once() {
    run(async {
        let (upstream, (address, _held)) = (Peer::start(Vec::new()).await, Peer::refusing());
        let gate = LiveGate::start(&written(&format!("http://{address}"), "", &[]), upstream.address);
        let gate = gate.unwrap_or_else(|fault| panic!("{fault}"));
        assert_eq!(get(gate.addresses[0], "/things", &[&bearer()]).await.status, 503);
        let cause = gate.lines(1).await.swap_remove(0)["cause"].clone();
        assert!(cause.as_str().is_some_and(|cause| cause.starts_with("`tokens` cannot connect: ")), "{cause}");
    });
}

#[test]
fn a_service_has_to_show_who_it_is() {
    run(async {
        let (ours, theirs) = (Authority::new(), Authority::new());
        for (signer, name, expected) in [
            // It answers with what is no JSON, which shows that it was believed.
            (&ours, "localhost", "not application/json"),
            (&ours, "other.test", "not valid for name"),
            (&theirs, "localhost", "invalid peer certificate"),
        ] {
            let (address, seen) = serve(&signer.certify(name), None, false).await;
            let url = format!("https://localhost:{}", address.port());
            let upstream = Peer::start(Vec::new()).await;
            let written = written(&url, "ca = \"ca.pem\"", &[("ca.pem", &ours.pem)]);
            let gate = LiveGate::start(&written, upstream.address).unwrap_or_else(|fault| panic!("{fault}"));
            assert_eq!(get(gate.addresses[0], "/things", &[&bearer()]).await.status, 503);
            let cause = gate.lines(1).await.swap_remove(0)["cause"].clone();
            assert!(cause.as_str().is_some_and(|cause| cause.contains(expected)), "{name}: {cause}");
            let asked = seen.lock().expect("no server panics").requests.len();
            assert_eq!(asked, usize::from(expected == "not application/json"), "{name}");
        }
    });
}
