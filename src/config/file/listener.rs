//! `[listener.NAME]` and `[admin]`: where the gate can be reached.

use schemars::JsonSchema;

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
    /// Take HTTP/2, too: with `tls` from clients that choose it (ALPN), else from those that begin with it (RFC 9113
    /// §3.3). Unstated: true with `tls`, else false.
    pub http2: Field<bool>,
    /// Speak TLS, 1.2 or 1.3, and nothing else. Unstated: plain HTTP.
    pub tls: Field<TlsTable>,
}

read_table!(ListenerTable, "a listener's table" {
    address, hosts, trusted_proxies, access, total, http2, tls,
});

/// Who the gate is to its clients, and who they have to be.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields, extend("x-required" = ["certificate", "private_key"]))]
pub struct TlsTable {
    /// The certificate that the gate shows, and what leads to its issuer, as a PEM file.
    pub certificate: Field<Text>,
    /// The PEM file with that certificate's private key.
    pub private_key: Field<Text>,
    /// Ask clients for a certificate, which must lead to one of these (a PEM file). Unstated: they are not asked.
    pub client_ca: Field<Text>,
    /// What becomes of a client without a good certificate. Unstated: `required`.
    pub client_auth: Field<ClientAuthWord>,
    /// Lists of certificates that were revoked, as PEM or DER files. What no list is there for is not revoked.
    pub crl: Field<List<Text>>,
}

read_table!(TlsTable, "a table such as { certificate = \"tls/cert.pem\", private_key = \"tls/key.pem\" }" {
    certificate, private_key, client_ca, client_auth, crl,
});

/// What becomes of a client without a good certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
pub enum ClientAuthWord {
    /// It does not come in.
    Required,
    /// It comes in, and each endpoint says whether it may go on.
    Optional,
}

read_words!(ClientAuthWord { "required" => Required, "optional" => Optional });

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
