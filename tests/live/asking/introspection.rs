//! Tokens that their issuer is asked about (RFC 7662).

use super::*;
use crate::support::run;

const GOOD: &str =
    r#"{"active":true,"sub":"ada","aud":["crm"],"scope":"read","groups":["staff"],"org":{"tenant":"t1"}}"#;

#[test]
fn a_token_that_its_issuer_vouches_for_is_asked_about_once_and_names_the_caller() {
    run(async {
        let asking = Asking::start(vec![json(GOOD)], "cache = \"1h\"").await;
        let spoofed = ["X-Tenant: t2", "X_Tenant: t3", "X-Authenticated-Principal: mallory", "Cookie: a=b"];
        for _ in 0..3 {
            let answer = asking.get("/things", &[&[&*bearer()], &spoofed[..]].concat()).await;
            assert_eq!(answer.status, 200);
        }
        let questions = asking.service.requests();
        let [question] = questions.as_slice() else { panic!("it is asked once: {questions:?}") };
        assert_eq!(question.head.start, "POST /introspect HTTP/1.1");
        let body = String::from_utf8_lossy(&question.body).into_owned();
        assert_eq!(body, format!("token={TOKEN}&token_type_hint=access_token"));
        let mut fields: Vec<String> = question.head.fields.iter().map(|(name, _)| name.to_lowercase()).collect();
        fields.sort_unstable();
        let expected =
            ["accept", "accept-encoding", "authorization", "content-length", "content-type", "host", "user-agent"];
        assert_eq!(fields, expected, "nothing of the client's");
        // the%20gate:secret-of-the-gate-51b2
        let basic = "Basic dGhlJTIwZ2F0ZTpzZWNyZXQtb2YtdGhlLWdhdGUtNTFiMg==";
        assert_eq!(question.head.value("authorization").as_deref(), Some(basic));
        for seen in asking.upstream.requests() {
            let named = |name| seen.head.values(name).collect::<Vec<_>>();
            assert_eq!(named("x-authenticated-principal"), ["ada"]);
            assert_eq!((named("x-tenant"), named("x_tenant")), (vec!["t1".to_owned()], Vec::new()));
            assert_eq!(named("authorization"), Vec::<String>::new());
        }
        let line = asking.gate.lines(3).await.swap_remove(2);
        assert_eq!((line["principal"].as_str(), line["by"].as_str()), (Some("ada"), Some("tokens")));
        assert_eq!((asking.questions("tokens", "ok"), asking.questions("tokens", "cached")), (1.0, 2.0));
        asking.tells_of_no_credential(3).await;
    });
}

#[test]
fn credentials_go_on_only_where_the_endpoint_says_so() {
    run(async {
        let asking = Asking::start(vec![json(GOOD)], "").await;
        let mut client = asking.gate.client().await;
        let token = bearer();
        client.send(format!("POST /things HTTP/1.1\r\nHost: a\r\n{token}\r\nContent-Length: 0\r\n\r\n")).await;
        assert_eq!(client.answer(false).await.expect("it is answered").status, 200);
        let seen = asking.upstream.requests().swap_remove(0);
        assert_eq!(seen.head.value("authorization"), Some(format!("Bearer {TOKEN}")));
    });
}

#[test]
fn what_its_issuer_says_of_a_token_has_to_hold() {
    run(async {
        for (said, cause) in [
            (r#"{"active":false}"#, "token not active"),
            (r#"{"active":false,"sub":"ada","aud":"crm"}"#, "token not active"),
            (r#"{"active":true,"sub":"ada","aud":"crm","exp":1}"#, "token expired"),
            (r#"{"active":true,"sub":"ada","aud":"crm","nbf":4102444800}"#, "token not good yet"),
            (r#"{"active":true,"sub":"ada","aud":"erp"}"#, "token for another audience"),
            (r#"{"active":true,"sub":"ada"}"#, "token for another audience"),
            (r#"{"active":true,"aud":"crm","client_id":"c"}"#, "no principal is claimed"),
            (r#"{"active":true,"aud":"crm","sub":"a\r\nb"}"#, "the principal is no name"),
            (r#"{"active":true,"aud":"crm","sub":"ada","scope":7}"#, "the scopes are neither"),
            (r#"{"active":true,"aud":"crm","sub":"ada","cnf":{"jkt":"x"}}"#, "token bound to a proof"),
        ] {
            let asking = Asking::start(vec![json(said)], "").await;
            let answer = asking.get("/things", &[&bearer()]).await;
            assert_eq!((answer.status, answer.code().as_deref()), (401, Some("unauthenticated")), "{said}");
            let challenge = "Bearer realm=\"tokens\", error=\"invalid_token\"";
            assert_eq!(answer.head.value("www-authenticate").as_deref(), Some(challenge), "{said}");
            assert!(asking.cause(1).await.contains(cause), "{said}: {}", asking.cause(1).await);
            assert_eq!(asking.upstream.record(|record| record.connections), 0, "{said}");
            asking.tells_of_no_credential(1).await;
        }
    });
}

#[test]
fn scopes_are_asked_for_and_guesses_are_counted() {
    run(async {
        let poor = r#"{"active":true,"sub":"ada","aud":"crm","scope":"write"}"#;
        let asking = Asking::start(vec![json(poor), json(r#"{"active":false}"#)], "").await;
        let answer = asking.get("/things", &[&bearer()]).await;
        assert_eq!(answer.code().as_deref(), Some("insufficient_scope"));
        for guess in 0..3 {
            let guess = format!("Authorization: Bearer guess-{guess}");
            assert_eq!(asking.get("/things", &[&guess]).await.status, 401);
        }
        let asked = asking.service.requests().len();
        assert_eq!(asking.get("/things", &["Authorization: Bearer guess-4"]).await.status, 429);
        assert_eq!(asking.service.requests().len(), asked, "who guesses too much asks nobody");
    });
}
