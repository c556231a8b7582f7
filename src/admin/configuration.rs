//! The compiled configuration as JSON, in the words of the language: everything that is in force, said or
//! unsaid. Keys and tokens are not in it, and what came by reference is shown as the reference.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Facts;
use crate::policy::authenticate::{
    Authenticator, AuthenticatorKind, ClaimPath, ClaimRules, Jwt, KeySource, PublishedAt, Service,
};
use crate::policy::gateway::{Endpoint, Gateway, HostField, Listener, LogSink, Peer, ReadyWhen, Upstream};
use crate::policy::keys::Principal;
use crate::policy::media_type::MediaType;
use crate::policy::params::Parameter;
use crate::policy::problem::{Face, Piece, Placeholder};
use crate::policy::quota::{Quota, QuotaBy, Rate};
use crate::policy::stage::Stage;

/// Everything that is in force.
pub(super) fn view(gateway: &Gateway, facts: &Facts) -> Value {
    let mut view = json!({
        "digest": facts.digest,
        "since": humantime::format_rfc3339_seconds(facts.since).to_string(),
        "listener": named(&gateway.listeners, |it| (it.name.clone(), listener(it))),
        "admin": gateway.admin.as_ref().map(|admin| json!({
            "address": admin.address,
            "token": admin.token.map(|_| "***"),
            "ready": match admin.ready {
                ReadyWhen::AnyUpstream => "any_upstream",
                ReadyWhen::AllUpstreams => "all_upstreams",
                ReadyWhen::Serving => "serving",
            },
        })),
        "access_log": {
            "to": match &gateway.access_log.sink {
                LogSink::Off => "off".into(),
                LogSink::Stdout => "stdout".into(),
                LogSink::Path(path) => path.to_string_lossy(),
            },
            "buffer": size(gateway.access_log.buffer_bytes as u64),
        },
        "program_log": { "levels": gateway.program_log.levels },
        "upstream": named(&gateway.upstreams, |it| (it.name.clone(), upstream(it))),
        "authenticator": named(&gateway.authenticators, |it| (it.name.clone(), authenticator(it))),
        "quota": quotas(gateway),
        "guard": { "failures": rates(&gateway.guard), "burst": gateway.guard.rates.first().map(|rate| rate.burst) },
        "limits": limits(gateway),
        "errors": face(&gateway.face),
        "endpoint": endpoints(gateway),
    });
    mask(&mut view, facts);
    view
}

/// Puts the reference in the place of whatever tells of a secret. Names of tables are none.
fn mask(value: &mut Value, facts: &Facts) {
    match value {
        Value::String(text) => {
            if let Some(reference) = (facts.mask)(text) {
                *text = reference;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| mask(item, facts)),
        Value::Object(members) => members.values_mut().for_each(|member| mask(member, facts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn named<T>(items: &[T], one: impl Fn(&T) -> (String, Value)) -> Value {
    Value::Object(items.iter().map(one).collect())
}

fn texts<T: ToString>(items: &[T]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

fn listener(listener: &Listener) -> Value {
    json!({
        "address": listener.address,
        "hosts": listener.hosts,
        "trusted_proxies": texts(&listener.trusted_proxies),
        "access": { "allow": texts(&listener.access.allow), "deny": texts(&listener.access.deny) },
        "total": listener.total.as_ref().map(rates),
    })
}

fn upstream(upstream: &Upstream) -> Value {
    json!({
        "peers": upstream.peers.iter().map(peer).collect::<Vec<_>>(),
        "host": match upstream.host {
            HostField::Peer => "peer",
            HostField::Preserve => "preserve",
        },
        "timeouts": {
            "connect": time(upstream.timeouts.connect),
            "idle": time(upstream.timeouts.idle),
            "total": time(upstream.timeouts.total),
        },
    })
}

fn peer(peer: &Peer) -> Value {
    let scheme = if peer.server_name.is_some() { "https" } else { "http" };
    let host = if peer.host.contains(':') { format!("[{}]", peer.host) } else { peer.host.clone() };
    let server_name = peer.server_name.as_ref().map(|name| name.to_str());
    json!({ "url": format!("{scheme}://{host}:{}", peer.port), "server_name": server_name })
}

fn authenticator(authenticator: &Authenticator) -> Value {
    match &authenticator.kind {
        AuthenticatorKind::ApiKey { header, keys } => {
            json!({ "kind": "api_key", "header": header, "principals": principals(keys.principals().into_iter()) })
        }
        AuthenticatorKind::Basic { users, cache } => {
            json!({ "kind": "basic", "cache": time(*cache), "principals": principals(users.principals()) })
        }
        AuthenticatorKind::Hmac(hmac) => {
            let principals = principals(hmac.secrets.principals());
            json!({ "kind": "hmac", "window": time(hmac.window), "principals": principals })
        }
        AuthenticatorKind::Jwt(jwt) => self::jwt(jwt),
        AuthenticatorKind::Mtls(mtls) => json!({
            "kind": "mtls",
            "issuers": mtls.issuers,
            "principals": mtls.principals.as_ref().map(|listed| listed.keys().collect::<Vec<_>>()),
        }),
        AuthenticatorKind::Introspection(it) => json!({
            "kind": "introspection",
            "service": service(&it.service),
            "audience": it.audience,
            "max_token": it.max_token_bytes,
            "claims": claims(&it.claims, &authenticator.forwards),
            "cache": time(it.cache),
        }),
        AuthenticatorKind::Forward(it) => json!({
            "kind": "forward",
            "service": service(&it.service),
            "fields": it.fields,
            "claims": claims(&it.claims, &authenticator.forwards),
        }),
    }
}

fn jwt(jwt: &Jwt) -> Value {
    let keys = match &jwt.keys {
        KeySource::Fixed(keys) => json!({ "fixed": keys.len() }),
        KeySource::Published(published) => json!({
            "published": match &published.at {
                PublishedAt::Keys(service) => service.url.origin(),
                PublishedAt::Discovery { issuer, .. } => issuer.clone(),
            },
            "refresh": time(published.refresh),
            "max_age": time(published.max_age),
        }),
    };
    let algorithms = jwt.rules.algorithms.iter().flatten().map(|algorithm| algorithm.name());
    json!({
        "kind": "jwt",
        "issuer": jwt.rules.issuer,
        "audience": jwt.rules.audience,
        "algorithms": algorithms.collect::<Vec<_>>(),
        "leeway": time(jwt.rules.leeway),
        "keys": keys,
    })
}

/// Without path and query, which may hold what only this service should know.
fn service(service: &Service) -> Value {
    json!({ "origin": service.url.origin(), "timeout": time(service.timeout) })
}

fn claims(rules: &ClaimRules, forwards: &[(String, ClaimPath)]) -> Value {
    let names = |paths: &[ClaimPath]| paths.iter().map(ClaimPath::as_str).map(Value::from).collect::<Vec<_>>();
    let told = forwards.iter().map(|(field, path)| (field.clone(), path.as_str().into()));
    json!({
        "principal": rules.principal.as_str(),
        "prefix": rules.prefix,
        "scopes": names(&rules.scopes),
        "plan": rules.plan.as_ref().map(ClaimPath::as_str),
        "require": names(&rules.require),
        "forward": told.collect::<Map<_, _>>(),
    })
}

/// So many principals of a file are told; of more, how many there are.
const MOST_PRINCIPALS: usize = 1000;

fn principals<'a>(principals: impl ExactSizeIterator<Item = &'a Principal>) -> Value {
    if principals.len() > MOST_PRINCIPALS {
        return principals.len().into();
    }
    let one = |it: &Principal| (it.name().to_owned(), json!({ "scopes": it.scopes(), "plan": it.plan() }));
    Value::Object(principals.map(one).collect())
}

/// Those that an endpoint charges.
fn quotas(gateway: &Gateway) -> Value {
    let used = gateway.endpoints.iter().flat_map(|endpoint| &endpoint.quotas);
    Value::Object(used.map(|quota| (quota.name.clone(), self::quota(quota))).collect())
}

fn quota(quota: &Quota) -> Value {
    let by = match &quota.by {
        QuotaBy::Principal => "principal".to_owned(),
        QuotaBy::ClientAddress => "client_address".to_owned(),
        QuotaBy::Header(name) => format!("header:{name}"),
        QuotaBy::Claim(path) => format!("claim:{}", path.as_str()),
        QuotaBy::Endpoint => "endpoint".to_owned(),
    };
    let shortest = quota.rates.first().filter(|rate| !rate.is_sliding());
    json!({ "by": by, "allow": rates(quota), "burst": shortest.map(|rate| rate.burst) })
}

fn rates(quota: &Quota) -> Vec<String> {
    let text = |rate: &Rate| match rate.window.as_secs() {
        1 => format!("{}/s", rate.count),
        60 => format!("{}/min", rate.count),
        3600 => format!("{}/hour", rate.count),
        86_400 => format!("{}/day", rate.count),
        _ => format!("{}/{}", rate.count, time(rate.window)),
    };
    quota.rates.iter().map(text).collect()
}

fn limits(gateway: &Gateway) -> Value {
    let limits = &gateway.limits;
    json!({
        "buffered": size(limits.buffered_bytes),
        "max_head": size(limits.max_head_bytes as u64),
        "max_fields": limits.max_fields,
        "max_target": size(limits.max_target_bytes as u64),
        "max_decode_ratio": limits.max_decode_ratio,
        "head_timeout": time(limits.head_timeout),
        "body_timeout": time(limits.body_timeout),
        "idle_timeout": time(limits.idle_timeout),
        "drain": time(limits.drain),
        "max_connections": limits.max_connections,
        "threads": limits.threads,
    })
}

/// By path and method, as they are written.
fn endpoints(gateway: &Gateway) -> Value {
    let mut paths = Map::new();
    for it in &gateway.endpoints {
        let path = paths.entry(it.template.text.clone()).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(methods) = path {
            methods.insert(it.method.clone(), endpoint(it, gateway));
        }
    }
    Value::Object(paths)
}

fn endpoint(endpoint: &Endpoint, gateway: &Gateway) -> Value {
    let accepted = endpoint.authentication.accepted.iter().map(|index| gateway.authenticators[*index].name.as_str());
    let auth: Vec<&str> = accepted.chain(endpoint.authentication.anonymous.then_some("none")).collect();
    let reported = Stage::ALL.into_iter().filter(|stage| endpoint.report.covers(*stage)).map(Stage::name);
    json!({
        "upstream": gateway.upstreams[endpoint.upstream].name,
        "auth": auth,
        "scopes": endpoint.scopes,
        "quotas": endpoint.quotas.iter().map(|quota| &quota.name).collect::<Vec<_>>(),
        "max_body": size(endpoint.body.max_bytes),
        "media_types": types(&endpoint.body.media_types),
        "body_schema": endpoint.body.schema.as_ref().map(|schema| schema.name()),
        "body": endpoint.body.unchecked.then_some("any"),
        "produces": types(&endpoint.produces),
        "query": parameters(endpoint.parameters.query.iter()),
        "header": parameters(endpoint.parameters.header.iter()),
        "path": parameters(endpoint.parameters.path.iter().map(|(_, parameter)| parameter)),
        "report": reported.collect::<Vec<_>>(),
        "errors": endpoint.face.as_deref().map(face),
        "forward_identity": endpoint.forwarding.identity,
        "forward_credentials": endpoint.forwarding.credentials,
        "pass_headers": endpoint.forwarding.pass_headers,
    })
}

fn types(types: &[MediaType]) -> Vec<&str> {
    types.iter().map(|it| it.essence.as_str()).collect()
}

fn parameters<'a>(parameters: impl Iterator<Item = &'a Parameter>) -> Value {
    let one = |parameter: &Parameter| {
        let kind = format!("{:?}", parameter.kind).to_ascii_lowercase();
        (parameter.name.clone(), json!({ "type": kind, "required": parameter.required }))
    };
    Value::Object(parameters.map(one).collect())
}

fn face(face: &Face) -> Value {
    let template = face.template.as_ref().map(|template| {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Placeholder(placeholder) => {
                let name = Placeholder::ALL.iter().find(|(_, known)| known == placeholder).map(|(name, _)| *name);
                format!("{{{}}}", name.unwrap_or_default())
            }
        };
        template.pieces.iter().map(piece).collect::<String>()
    });
    let status = face.status.iter().map(|(ours, theirs)| (ours.to_string(), json!(theirs)));
    json!({
        "template": template,
        "media_type": face.template.as_ref().map(|template| &template.media_type),
        "status": status.collect::<Map<_, _>>(),
    })
}

fn size(bytes: u64) -> String {
    format!("{bytes} B")
}

fn time(time: Duration) -> String {
    if time.subsec_nanos() == 0 { format!("{}s", time.as_secs()) } else { format!("{}ms", time.as_millis()) }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn what_tells_of_a_secret_is_its_reference() {
        let mask = Box::new(|text: &str| text.contains("hunter2").then(|| "${env:KEY}".to_owned()));
        let facts = Facts { digest: String::new(), since: SystemTime::UNIX_EPOCH, mask };
        let mut value = json!({ "a": ["hunter2", "http://hunter2:80", 7], "b": { "c": "plain" } });
        super::mask(&mut value, &facts);
        assert_eq!(value, json!({ "a": ["${env:KEY}", "${env:KEY}", 7], "b": { "c": "plain" } }));
    }
}
