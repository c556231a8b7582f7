//! Any bytes to the form reader: what it takes, the reader of browsers and servers sees the same fields
//! in, in any order, none of them twice.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::policy::body::form;

fuzz_target!(|bytes: &[u8]| match form::parse(bytes) {
    Ok(ours) => {
        let ours = ours.as_object().expect("a form is an object");
        let theirs: Vec<_> = form_urlencoded::parse(bytes).collect();
        assert_eq!(ours.len(), theirs.len());
        for (name, value) in theirs {
            assert_eq!(ours.get(&*name).and_then(|value| value.as_str()), Some(&*value));
        }
    }
    Err(fault) => assert!(fault.offset <= bytes.len(), "{fault}"),
});
