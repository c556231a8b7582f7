//! Who asks, who waits, and what is kept, before a service on a socket of ours.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::*;
use crate::policy::authenticate::{ClaimRules, ClientAuthorization, Service, ServiceUrl};

const GOOD: &str = "{\"active\":true,\"sub\":\"ada\"}";

/// A service that answers every question by this body, once it may.
struct Issuer {
    by: Introspection,
    may: Arc<Semaphore>,
    asked: Arc<Mutex<usize>>,
}

async fn issuer(body: &'static str, cache: Duration) -> Issuer {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port can be had");
    let url = format!("http://{}/introspect", listener.local_addr().expect("it is bound"));
    let (may, asked) = (Arc::new(Semaphore::new(0)), Arc::<Mutex<usize>>::default());
    let (allowed, count) = (Arc::clone(&may), Arc::clone(&asked));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (allowed, count) = (Arc::clone(&allowed), Arc::clone(&count));
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                while let Ok(1..) = stream.read(&mut buffer).await {
                    *count.lock().expect("nobody panics") += 1;
                    allowed.acquire().await.expect("it is not closed").forget();
                    let length = body.len();
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
                    );
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            });
        }
    });
    let url = ServiceUrl::parse(&url).expect("it is a URL");
    let by = Introspection {
        service: Service { url, tls: None, timeout: Duration::from_secs(10) },
        client: Some(ClientAuthorization::new("gate", "secret")),
        audience: Vec::new(),
        max_token_bytes: 100,
        claims: ClaimRules::default(),
        cache,
    };
    Issuer { by, may, asked }
}

impl Issuer {
    fn asked(&self) -> usize {
        *self.asked.lock().expect("nobody panics")
    }

    /// Waits for a question to arrive.
    async fn is_asked(&self, times: usize) {
        while self.asked() < times {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn many_at_once_ask_once_and_share_the_answer() {
    let (issuer, tokens, services) = (issuer(GOOD, Duration::ZERO).await, Tokens::default(), Services::default());
    let crowd = async {
        let all = (0..20).map(|_| tokens.ask(&services, &issuer.by, "t"));
        let mut all: Vec<_> = all.map(Box::pin).collect();
        let (mut told, mut turn) = (Vec::new(), 0);
        std::future::poll_fn(|cx| {
            // All of them have joined after the first turn.
            all.retain_mut(|one| match one.as_mut().poll(cx) {
                std::task::Poll::Ready(answer) => {
                    told.push(answer);
                    false
                }
                std::task::Poll::Pending => true,
            });
            turn += 1;
            if turn == 1 {
                issuer.may.add_permits(1);
            }
            if all.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
        told
    };
    let told = crowd.await;
    assert_eq!((issuer.asked(), told.iter().filter(|told| told.asked).count()), (1, 1));
    assert!(told.iter().all(|told| matches!(&told.answer, Ok(Some(claims)) if claims["sub"] == "ada")));
    assert!(tokens.asking.lock().expect("nobody panics").is_empty());
}

#[tokio::test]
async fn who_goes_leaves_the_question_to_another() {
    let (issuer, tokens, services) = (issuer(GOOD, Duration::ZERO).await, Tokens::default(), Services::default());
    let mut first = Box::pin(tokens.ask(&services, &issuer.by, "t"));
    tokio::select! {
        biased;
        _ = &mut first => panic!("nobody answers yet"),
        () = issuer.is_asked(1) => {}
    }
    let mut second = Box::pin(tokens.ask(&services, &issuer.by, "t"));
    tokio::select! {
        biased;
        _ = &mut second => panic!("nobody answers yet"),
        () = tokio::task::yield_now() => {}
    }
    drop(first);
    issuer.may.add_permits(2);
    let told = second.await;
    assert!(told.asked && told.answer.is_ok());
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn answers_are_kept_for_their_time_and_no_longer_than_the_token() {
    let hour = Duration::from_secs(3600);
    for (body, cache, asked) in [
        (GOOD, hour, 1),
        (GOOD, Duration::ZERO, 2),
        ("{\"active\":false}", hour, 1),
        ("{\"active\":true,\"sub\":\"ada\",\"exp\":4102444800}", hour, 1),
        ("{\"active\":true,\"sub\":\"ada\",\"exp\":1}", hour, 2),
        ("{\"active\":true,\"sub\":\"ada\",\"exp\":1e300}", hour, 1),
        ("{\"active\":\"no\"}", hour, 2),
    ] {
        let (issuer, tokens, services) = (issuer(body, cache).await, Tokens::default(), Services::default());
        issuer.may.add_permits(9);
        for _ in 0..2 {
            let _ = tokens.ask(&services, &issuer.by, "t").await;
        }
        assert_eq!(issuer.asked(), asked, "{body}");
        let _ = tokens.ask(&services, &issuer.by, "another").await;
        assert_eq!(issuer.asked(), asked + 1, "another token is another question");
    }
}

#[tokio::test]
async fn what_was_said_to_one_client_is_not_told_to_another() {
    let hour = Duration::from_secs(3600);
    let (mut issuer, tokens, services) = (issuer(GOOD, hour).await, Tokens::default(), Services::default());
    issuer.may.add_permits(9);
    let _ = tokens.ask(&services, &issuer.by, "t").await;
    issuer.by.client = Some(ClientAuthorization::new("gate", "another"));
    let _ = tokens.ask(&services, &issuer.by, "t").await;
    issuer.by.service.url.path.push_str("/other");
    let _ = tokens.ask(&services, &issuer.by, "t").await;
    assert_eq!(issuer.asked(), 3);
}
