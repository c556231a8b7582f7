//! Forward authentication: another service says who it is.

use super::*;
use crate::support::run;

fn session() -> String {
    format!("X-Session: {SESSION}")
}

#[test]
fn a_service_sees_what_it_has_to_and_names_the_caller() {
    run(async {
        let fields = ["X-User: ada", "X-Scopes: read write", "X-Group: staff", "Set-Cookie: a=b"];
        let asking = Asking::start(vec![head("204 No Content", &fields)], "").await;
        let session = session();
        let sent = [&*session, "Cookie: one=1", "X-Group: admins", "X_Group: admins", "X-Other: x", "X_Session: y"];
        for _ in 0..2 {
            assert_eq!(asking.get("/pages?q=1", &sent).await.status, 200);
        }
        assert_eq!(asking.service.requests().len(), 2, "it is asked each time");
        assert_eq!(asking.service.record(|record| record.connections), 1, "on a kept connection");
        let question = asking.service.requests().swap_remove(0);
        assert_eq!(question.head.start, "GET /check?for=crm HTTP/1.1");
        let mut fields: Vec<String> = Vec::new();
        for (name, value) in &question.head.fields {
            fields.push(format!("{}: {}", name.to_lowercase(), String::from_utf8_lossy(value)));
        }
        fields.sort_unstable();
        let host = format!("host: {}", asking.service.address);
        let expected = [
            "accept-encoding: identity",
            "cookie: one=1",
            &host,
            "user-agent: portcullis",
            "x-forwarded-for: 127.0.0.1",
            "x-forwarded-host: gate.test",
            "x-forwarded-method: GET",
            "x-forwarded-proto: http",
            "x-forwarded-uri: /pages?q=1",
            &session.to_lowercase(),
        ];
        assert_eq!(fields, expected);
        for seen in asking.upstream.requests() {
            let named = |name| seen.head.values(name).collect::<Vec<_>>();
            assert_eq!(named("x-authenticated-principal"), ["ada"]);
            assert_eq!((named("x-group"), named("x_group").len()), (vec!["staff".to_owned()], 0));
            assert_eq!((named("x-session").len(), named("x_session").len(), named("cookie").len()), (0, 0, 0));
            assert_eq!((named("x-other").len(), named("set-cookie").len()), (1, 0));
        }
        assert_eq!(asking.questions("sso", "ok"), 2.0);
        asking.tells_of_no_credential(2).await;
    });
}

#[test]
fn its_refusal_is_told_as_it_came() {
    run(async {
        let login = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Cookie realm=\"login\"\r\nX-Theirs: yes\r\n\
                     Content-Type: text/html\r\nSet-Cookie: a=b\r\nContent-Length: 6\r\n\r\nlog in";
        let large = format!(
            "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 16385\r\n\r\n{}",
            "x".repeat(16385)
        );
        let scripts = vec![
            Script::answering(login, Then::Keep),
            head("401 Unauthorized", &[]),
            Script::answering(&large, Then::Keep),
            head("401 Unauthorized", &[]),
        ];
        let asking = Asking::start(scripts, "").await;
        let told = |answer: &Answer, name: &str| answer.head.value(name);
        let first = asking.get("/pages", &[&session()]).await;
        assert_eq!((first.status, &*first.body), (401, &b"log in"[..]));
        assert_eq!(told(&first, "www-authenticate").as_deref(), Some("Cookie realm=\"login\""));
        assert_eq!(told(&first, "content-type").as_deref(), Some("text/html"));
        assert_eq!(told(&first, "cache-control").as_deref(), Some("no-store"));
        assert_eq!((told(&first, "x-theirs"), told(&first, "set-cookie")), (None, None));
        let second = asking.get("/pages", &[&session()]).await;
        assert_eq!(told(&second, "www-authenticate").as_deref(), Some("Forward realm=\"sso\""));
        let third = asking.get("/pages", &[&session()]).await;
        assert_eq!((third.status, third.body.len(), told(&third, "content-type")), (403, 0, None));
        let line = asking.gate.lines(3).await.swap_remove(2);
        assert_eq!((line["code"].as_str(), line["status"].as_u64()), (Some("refused_by_service"), Some(403)));
        // Three were credentials that failed; who may not has not guessed.
        assert_eq!(asking.get("/pages", &[&session()]).await.status, 401);
        assert_eq!(asking.get("/pages", &[&session()]).await.status, 429);
        assert_eq!(asking.upstream.record(|record| record.connections), 0);
        asking.tells_of_no_credential(5).await;
    });
}

#[test]
fn who_brings_nothing_is_asked_about_only_where_somebody_has_to_know() {
    run(async {
        let asking = Asking::start(vec![head("401 Unauthorized", &[])], "").await;
        assert_eq!(asking.get("/open", &[]).await.status, 200);
        assert_eq!(asking.service.requests().len(), 0);
        for _ in 0..5 {
            assert_eq!(asking.get("/pages", &[]).await.status, 401, "no credential, no guess");
        }
        assert_eq!(asking.service.requests().len(), 5);
        assert_eq!(asking.get("/open", &[&session()]).await.status, 401, "what is presented has to hold");
    });
}

#[test]
fn whoever_else_knows_the_caller_is_heard_first() {
    run(async {
        let good = json(r#"{"active":true,"sub":"ada","aud":"crm"}"#);
        let scripts = vec![good, head("200 OK", &["X-User: eve"]), head("200 OK", &["X-User: ada"])];
        let asking = Asking::start(scripts, "cache = \"1h\"").await;
        // The other service stands first in the list, and is not needed.
        assert_eq!(asking.get("/both", &[&bearer()]).await.status, 200);
        assert_eq!(asking.service.requests().len(), 1);
        let answer = asking.get("/both", &[&bearer(), &session()]).await;
        assert_eq!(answer.code().as_deref(), Some("ambiguous_credentials"), "two names");
        assert_eq!(asking.get("/both", &[&bearer(), &session()]).await.status, 200, "one name");
    });
}

#[test]
fn nobody_is_asked_about_what_has_failed_already() {
    run(async {
        let inactive =
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{\"active\":false}";
        let asking = Asking::start(vec![Script::answering(inactive, Then::Keep)], "").await;
        let answer = asking.get("/both", &[&bearer(), &session()]).await;
        assert_eq!((answer.status, answer.code().as_deref()), (401, Some("unauthenticated")));
        // About the token, and not about the session.
        assert_eq!(asking.service.requests().len(), 1);
    });
}

#[test]
fn a_service_that_does_not_say_who_lets_nobody_in() {
    run(async {
        for (fields, cause) in [
            (&[][..], "did not say who: no principal is claimed"),
            (&["X-User: "][..], "did not say who: the principal is no name"),
            (&["X-User: ada", "X-User: eve"][..], "did not say who: the principal is no name"),
            (&["X-User: \u{e9}"][..], "did not say who: no principal is claimed"),
        ] {
            let asking = Asking::start(vec![head("200 OK", fields)], "").await;
            let answer = asking.get("/pages", &[&session()]).await;
            assert_eq!(answer.code().as_deref(), Some("authenticator_unavailable"), "{fields:?}");
            assert!(asking.cause(1).await.contains(cause), "{fields:?}: {}", asking.cause(1).await);
        }
    });
}

#[test]
fn a_service_that_reads_authorization_is_one_more_reader_of_it() {
    run(async {
        let active = json(r#"{"active":true,"sub":"ada","aud":"crm"}"#);
        let passes = head("200 OK", &["X-Authenticated-Principal: eve"]);
        let scripts = vec![active, json(r#"{"active":false}"#), passes.clone(), passes];
        let asking = Asking::start(scripts, "").await;
        let by = async |number: usize| asking.gate.lines(number).await.swap_remove(number - 1)["by"].clone();
        // What the issuer takes is nothing to the service, what it does not take may be.
        assert_eq!(asking.get("/any", &[&bearer()]).await.status, 200);
        assert_eq!((asking.service.requests().len(), by(1).await), (1, "tokens".into()));
        assert_eq!(asking.get("/any", &["Authorization: Bearer another"]).await.status, 200);
        assert_eq!((asking.service.requests().len(), by(2).await), (3, "portal".into()));
        // Nor has it to be of a scheme that anybody here knows.
        assert_eq!(asking.get("/any", &["Authorization: Negotiate abc"]).await.status, 200);
        assert_eq!((asking.service.requests().len(), by(3).await), (4, "portal".into()));
        let seen = asking.upstream.requests();
        assert!(seen.iter().all(|seen| seen.head.value("authorization").is_none()));
    });
}
