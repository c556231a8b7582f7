//! What `portcullis demo` prints: two keys, and a request to copy for each status.
//!
//! The requests are data first, so that a test can run every line that is printed.

use std::fmt::Write as _;
use std::net::SocketAddr;

use super::DemoSite;
use crate::demo::Landmarks;

/// One request to try.
#[derive(Clone, Debug)]
pub struct Example {
    /// The status it gets; where it is several requests, of the last. The command prints the answer, or,
    /// of several, a line for each status.
    pub status: u16,
    /// What it shows.
    pub shows: &'static str,
    /// For a POSIX shell, on one line.
    pub command: String,
}

/// A request for each status that the customers' world knows, those of the API first. They work in any
/// order, and again; only the DELETE finds its customer once, and the row of the 500 stays what it is.
pub fn examples(gate: SocketAddr, site: &DemoSite) -> Vec<Example> {
    let acme = format!("-H 'X-API-Key: {}'", site.acme_key);
    let globex = format!("-H 'X-API-Key: {}'", site.globex_key);
    let customers = format!("http://{gate}/customers");
    let Landmarks { damaged, expendable } = site.landmarks;
    let ada = r#"--json '{"first_name":"Ada","last_name":"Lovelace","email":"ada@example.com"}'"#;
    let twice = r#"--json '{"first_name":"Ada","first_name":"Eve"}'"#;
    let wrong = r#"--json '{"first_name":"Ada","last_name":"Lovelace","email":"ada","age":36}'"#;
    [
        (200, "the first customers", format!("curl -i {acme} '{customers}?limit=3'")),
        (201, "a new customer, and where it is", format!("curl -i {acme} {ada} {customers}")),
        (
            202,
            "the same, written later: its Location tells when",
            format!("curl -i {acme} -H 'Prefer: respond-async' {ada} {customers}"),
        ),
        (
            204,
            "a customer removed (once; after that it is the API's own 404)",
            format!("curl -i {acme} -X DELETE {customers}/{expendable}"),
        ),
        (
            500,
            "a damaged row: a fault of the API's own comes through as it is",
            format!("curl -i {acme} {customers}/{damaged}"),
        ),
        (400, "a name said twice in one document", format!("curl -i {acme} {twice} {customers}")),
        (401, "no key", format!("curl -i {customers}")),
        (403, "a key that may not delete", format!("curl -i {globex} -X DELETE {customers}/{expendable}")),
        (404, "an id is an integer: no such path", format!("curl -i {acme} {customers}/ada")),
        (405, "a method that the path has not", format!("curl -i {acme} -X DELETE {customers}")),
        (
            413,
            "64 KiB and one byte more, refused before it is sent",
            format!("printf '%65537s' | curl -i {acme} -H 'Expect: 100-continue' --json @- {customers}"),
        ),
        (415, "a form, where JSON is asked for", format!("curl -i {acme} -d name=Ada {customers}")),
        (422, "no email address, and a field that nobody knows", format!("curl -i {acme} {wrong} {customers}")),
        (
            429,
            "six requests at once, where a burst is three",
            format!("curl -s -o /dev/null -w '%{{http_code}}\\n' {acme} 'http://{gate}/jobs/1?[1-6]'"),
        ),
    ]
    .into_iter()
    .map(|(status, shows, command)| Example { status, shows, command })
    .collect()
}

/// What is printed once the gate is open at `gate`.
pub fn guide(gate: SocketAddr, site: &DemoSite) -> String {
    let mut text = format!(
        "The gate stands at http://{gate}, a customers API behind it. Ctrl-C ends both.\n\n  \
         rules   {}\n  \
         acme    {}  may read and delete\n  \
         globex  {}  may read\n\n\
         Answers of the API, come through:\n\n",
        site.config.display(),
        site.acme_key,
        site.globex_key,
    );
    let examples = examples(gate, site);
    // A 5xx of the gate's own needs an API that is down; here all of them are the API's.
    let (refused, passed): (Vec<_>, Vec<_>) = examples.iter().partition(|example| (400..500).contains(&example.status));
    write_examples(&mut text, &passed);
    text.push_str("\nRefused at the gate; the API never hears of these:\n\n");
    write_examples(&mut text, &refused);
    text
}

fn write_examples(text: &mut String, examples: &[&Example]) {
    for Example { status, shows, command } in examples {
        // Writing to a String does not fail.
        let _ = writeln!(text, "  {status}  {shows}\n       {command}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guide_has_each_command_on_a_line_of_its_own() {
        let site = DemoSite {
            config: "config/portcullis.toml".into(),
            acme_key: "pk_acme".into(),
            globex_key: "pk_globex".into(),
            landmarks: Landmarks { damaged: 13, expendable: 24 },
        };
        let gate = ([127, 0, 0, 1], 8181).into();
        let text = guide(gate, &site);
        assert!(text.lines().count() < 60, "{text}");
        let examples = examples(gate, &site);
        let statuses: Vec<_> = examples.iter().map(|example| example.status).collect();
        let expected = [200, 201, 202, 204, 500, 400, 401, 403, 404, 405, 413, 415, 422, 429];
        assert_eq!(statuses, expected);
        for Example { command, .. } in examples {
            assert_eq!(text.lines().filter(|line| line.trim() == command).count(), 1, "{command}");
        }
    }
}
