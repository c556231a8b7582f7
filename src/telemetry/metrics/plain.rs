//! The older text form, 0.0.4, for whoever does not ask for OpenMetrics: the same lines, but that a counter's
//! name ends with `_total` everywhere, and that there are neither units nor an end.

use std::borrow::Cow;
use std::collections::HashSet;

/// Its content type.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What was told in OpenMetrics, in this form.
pub(super) fn plain(open: &str) -> String {
    let of_counter = |line: &str| Some(line.strip_prefix("# TYPE ")?.strip_suffix(" counter")?.to_owned());
    let counters: HashSet<String> = open.lines().filter_map(of_counter).collect();
    let mut text = String::with_capacity(open.len());
    for line in open.lines() {
        let Some(comment) = line.strip_prefix("# ") else {
            text.extend([line, "\n"]);
            continue;
        };
        let mut words = comment.splitn(3, ' ');
        let (Some(kind @ ("HELP" | "TYPE")), Some(name), Some(rest)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        let name = if counters.contains(name) { Cow::from(format!("{name}_total")) } else { name.into() };
        text.extend(["# ", kind, " ", &name, " ", rest, "\n"]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn counters_have_their_whole_name_everywhere() {
        let open = "# HELP a Of a.\n# TYPE a counter\na_total{b=\"c\"} 1\n# HELP d_seconds Of d.\n\
                    # TYPE d_seconds gauge\n# UNIT d_seconds seconds\nd_seconds 2\n# EOF\n";
        let expected = "# HELP a_total Of a.\n# TYPE a_total counter\na_total{b=\"c\"} 1\n# HELP d_seconds Of d.\n\
                        # TYPE d_seconds gauge\nd_seconds 2\n";
        assert_eq!(plain(open), expected);
    }
}
