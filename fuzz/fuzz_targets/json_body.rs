//! Any bytes to the JSON reader: what it takes, serde_json takes with an equal value, whatever the rules.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::policy::body::json::{Integers, JsonFault, JsonRules, Precision, parse};
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let any = JsonRules { integers: Integers::Any, precision: Precision::Any, depth: 100 };
    let flat = JsonRules { depth: 1, ..JsonRules::default() };
    let strict = parse(bytes, &JsonRules::default());
    for rules in [&any, &flat] {
        judge(bytes, parse(bytes, rules));
    }
    if strict.is_ok() {
        assert!(parse(bytes, &any).is_ok(), "what is relaxed takes no less");
    }
    judge(bytes, strict);
});

fn judge(bytes: &[u8], read: Result<Value, JsonFault>) {
    match read {
        Ok(ours) => {
            let theirs: Value = serde_json::from_slice(bytes).expect("what we take, serde_json takes");
            assert_eq!(ours, theirs);
        }
        Err(fault) => assert!(fault.offset <= bytes.len(), "{fault}"),
    }
}
