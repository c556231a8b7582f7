//! Whole tokens, judged as the stage *authenticate* does: by rules, keys and the time.

use std::collections::HashSet;
use std::time::Duration;

use portcullis::policy::authenticate::{ClaimFault, ClaimPath, ClaimRules};
use portcullis::policy::jwt::{TokenFault, TokenRules};
use portcullis::policy::time::Timestamp;
use serde_json::{Value, json};

use super::{algorithm, files, keys};

#[test]
fn tokens_get_the_verdict_that_they_should() {
    let (mut wrong, mut names) = (Vec::new(), HashSet::new());
    for (file, document) in files("tokens") {
        for case in document["cases"].as_array().expect("cases") {
            let name = format!("{file}: {}", case["name"].as_str().expect("a name"));
            assert!(names.insert(name.clone()), "{name} stands there twice");
            let (expected, found) = (expected(case), judged(&document, case));
            if found != expected {
                wrong.push(format!("{name}\n    expected {expected}\n    found    {found}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), names.len(), wrong.join("\n"));
    assert!(names.len() >= 400, "{} tokens are left", names.len());
}

fn expected(case: &Value) -> Value {
    match case["expect"].as_str() {
        _ if case["keys_fault"] == true => json!("keys"),
        Some("accept") => json!({ "principal": case["principal"], "scopes": case["scopes"] }),
        Some(fault) => json!(fault),
        None => panic!("{} expects nothing", case["name"]),
    }
}

fn judged(document: &Value, case: &Value) -> Value {
    let named = |kind: &str, by: &str| &document[kind][case[by].as_str().unwrap_or_default()];
    let policy = named("policies", "policy");
    let texts = |value: &Value| -> Vec<String> {
        let items = value.as_array().into_iter().flatten();
        items.map(|item| item.as_str().expect("a text").to_owned()).collect()
    };
    let algorithms: Vec<_> = texts(&policy["algorithms"]).iter().map(|name| algorithm(name)).collect();
    let Ok(keys) = keys(named("keys", "keys"), &algorithms) else { return json!("keys") };
    if case["keys_fault"] == true {
        return json!("taken");
    }
    let number = |name: &str| policy[name].as_u64().expect("a number");
    let rules = TokenRules {
        algorithms: Some(algorithms),
        issuer: policy["issuer"].as_str().map(str::to_owned),
        audience: texts(&policy["audience"]),
        leeway: Duration::from_secs(number("leeway_seconds")),
        token_type: policy["typ"].as_str().map(str::to_owned),
        max_bytes: usize::try_from(number("max_token_bytes")).expect("a size"),
    };
    let claims = ClaimRules {
        principal: ClaimPath::new(policy["principal"].as_str().expect("a claim")),
        prefix: String::new(),
        scopes: Vec::new(),
        plan: None,
        require: texts(&policy["required"]).into_iter().map(ClaimPath::new).collect(),
    };
    let token = case["token"].as_str().expect("a token").as_bytes();
    let claimed = match rules.verify(token, &keys, Timestamp::from_seconds(number("now"))) {
        Ok(claimed) => claimed,
        Err(fault) => return json!(name(fault)),
    };
    match claims.vouch(&claimed) {
        Ok(vouched) => json!({ "principal": vouched.name, "scopes": vouched.scopes }),
        Err(ClaimFault::NoPrincipal | ClaimFault::Principal) => json!("principal"),
        Err(ClaimFault::Required | ClaimFault::Scopes | ClaimFault::Plan) => json!("claim"),
    }
}

fn name(fault: TokenFault) -> &'static str {
    match fault {
        TokenFault::TooLong => "too_long",
        TokenFault::Encrypted => "encrypted",
        TokenFault::Malformed(_) => "malformed",
        TokenFault::Critical => "critical",
        TokenFault::EmbeddedKey => "embedded_key",
        TokenFault::Nested => "nested",
        TokenFault::Type => "type",
        TokenFault::Algorithm => "algorithm",
        TokenFault::UnknownKey => "unknown_key",
        TokenFault::Signature => "signature",
        TokenFault::Claim(_) => "claim",
        TokenFault::Expired => "expired",
        TokenFault::NotYet => "not_yet",
        TokenFault::IssuedAhead => "issued_ahead",
        TokenFault::Issuer => "issuer",
        TokenFault::Audience => "audience",
    }
}
