//! `[listener.NAME]` and `[admin]`: where the gate can be reached.

use schemars::JsonSchema;

use super::Anything;
use crate::config::located::{Field, List};
use crate::config::read::{read_table, read_words};
use crate::config::text::Text;
use crate::config::units::RateText;

/// An address that is listened on, and what holds for all who come there.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields, extend("x-required" = ["address"]))]
pub struct ListenerTable {
    /// Address and port, as in `0.0.0.0:8080` or `[::]:8080`.
    pub address: Field<Text>,
    /// Hosts that are served, without port; requests for others get 421. Unstated: any host.
    pub hosts: Field<List<Text>>,
    /// Networks (`10.0.0.0/8`) whose `Forwarded` and `X-Forwarded-*` fields are believed. Unstated: none.
    pub trusted_proxies: Field<List<Text>>,
    /// Which client addresses may come. Unstated: all.
    pub access: Field<AccessTable>,
    /// The rates of all requests of this listener together. Unstated: unlimited.
    pub total: Field<List<RateText>>,
    /// Take HTTP/2, too, from clients that begin with it (RFC 9113 §3.3). Unstated: false.
    pub http2: Field<bool>,
    /// TLS: not built yet.
    pub tls: Field<Anything>,
}

read_table!(ListenerTable, "a listener's table" {
    address, hosts, trusted_proxies, access, total, http2, tls,
});

/// Which client addresses may come: those of `allow`, but for those of `deny`. Others get 403.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AccessTable {
    /// Networks (`10.0.0.0/8`) or addresses that may come. Unstated: all.
    pub allow: Field<List<Text>>,
    /// Networks or addresses that may not, whatever `allow` says.
    pub deny: Field<List<Text>>,
}

read_table!(AccessTable, "a table such as { deny = [\"203.0.113.0/24\"] }" { allow, deny });

/// The listener for those who run the gate, apart from the API.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields, extend("x-required" = ["address"]))]
pub struct AdminTable {
    /// Address and port, as in `127.0.0.1:9900`. Without a `token`, loopback only.
    pub address: Field<Text>,
    /// The bearer token that metrics and configuration ask for, by reference (`${env:ADMIN_TOKEN}`), of at
    /// least 16 characters. Unstated: none.
    pub token: Field<Text>,
    /// When the gate is ready, if it is not draining. Unstated: `any_upstream`.
    pub ready: Field<ReadyWord>,
}

read_table!(AdminTable, "a table such as { address = \"127.0.0.1:9900\" }" { address, token, ready });

/// When the gate is ready; never while it drains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
pub enum ReadyWord {
    /// While at least one upstream answers.
    AnyUpstream,
    /// While every upstream answers.
    AllUpstreams,
    /// Whatever the upstreams do.
    Serving,
}

read_words!(ReadyWord {
    "any_upstream" => AnyUpstream,
    "all_upstreams" => AllUpstreams,
    "serving" => Serving,
});
