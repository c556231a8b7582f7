//! What an operator writes of logs and of the admin listener, and what the gate makes of it. What is wrong
//! with either is shown in `config_faults`.

use std::path::PathBuf;

use portcullis::policy::gateway::{Admin, Gateway, LogSink, ReadyWhen};
use sha2::{Digest, Sha256};

use crate::support::config::Written;

const REST: &str = "[listener.public]\naddress = \"127.0.0.1:0\"\n[upstream.crm]\npeers = \"http://127.0.0.1:1\"\n\
                    [endpoint.\"/a\".GET]\nupstream = \"crm\"\nauth = \"none\"\nquotas = []\n";
const TOKEN: &str = "correct-horse-battery-staple";

fn gateway(text: &str) -> Gateway {
    let mut written = Written::alone(&format!("{REST}{text}"));
    written.files.insert("token".to_owned(), format!("{TOKEN}\n"));
    written.compile("").unwrap_or_else(|faults| panic!("{faults}"))
}

#[test]
fn nothing_said_is_standard_output_and_info() {
    let gateway = gateway("");
    assert_eq!(gateway.admin, None);
    assert_eq!((gateway.access_log.sink, gateway.access_log.buffer_bytes), (LogSink::Stdout, 4 << 20));
    assert_eq!(gateway.program_log.levels, "info");
    assert!(gateway.upstreams.iter().all(|upstream| upstream.tls.is_none()));
}

#[test]
fn logs_go_where_they_are_sent() {
    let sink = |to: &str| gateway(&format!("[access_log]\nto = \"{to}\"\nbuffer = \"64 KiB\"")).access_log;
    assert_eq!((sink("off").sink, sink("off").buffer_bytes), (LogSink::Off, 64 << 10));
    assert_eq!(sink("stdout").sink, LogSink::Stdout);
    assert_eq!(sink("./off").sink, LogSink::Path(PathBuf::from("./off")));
    assert_eq!(sink("log/access.log").sink, LogSink::Path(PathBuf::from("log/access.log")));
    let gateway = gateway("[program_log]\nlevels = \"warn, portcullis::proxy=debug\"");
    assert_eq!(gateway.program_log.levels, "warn,portcullis::proxy=debug");
}

#[test]
fn a_token_is_kept_as_its_hash() {
    let address = "127.0.0.1:9900".parse().expect("it is an address");
    let plain = gateway("[admin]\naddress = \"127.0.0.1:9900\"").admin;
    assert_eq!(plain, Some(Admin { address, token: None, ready: ReadyWhen::AnyUpstream }));
    let guarded =
        gateway("[admin]\naddress = \"127.0.0.1:9900\"\ntoken = \"${file:token}\"\nready = \"serving\"").admin;
    let token = Some(Sha256::digest(TOKEN).into());
    assert_eq!(guarded, Some(Admin { address, token, ready: ReadyWhen::Serving }));
}
