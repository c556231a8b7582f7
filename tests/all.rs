//! The one integration binary: the gate as a whole, from configuration to the bytes on the wire.
//!
//! `config_faults`, `config_language` and `config_random` show every fault of broken configurations and hold the
//! language's schema to its types; `config_values` and `config_tls` look at what good ones come to, the latter by
//! shaking hands; `certificates` has those of clients read and judged; `signatures` are requests that others have
//! signed; `golden` runs the corpus of `tests/cases` through the pure decision and through a live gate; `live` is what
//! only a conversation on sockets can show; `breakage` breaks either side of one at every phase; `wire` is a corpus of
//! messages as bytes, in both directions, well made and ill; `properties` asks what must hold of any request;
//! `repository` holds rooms and documents to their word. Not here: what a unit test beside its subject can say.

mod breakage;
mod certificates;
mod config_faults;
mod config_language;
mod config_random;
mod config_tls;
mod config_values;
mod golden;
mod jwt;
mod live;
mod operation;
mod properties;
mod repository;
mod signatures;
mod support;
mod wire;
