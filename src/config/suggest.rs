//! "Did you mean": the one known word that a mistyped one is near to.

/// The known word nearest to `word`, where it is near enough to be what was meant: about one slip for
/// every three letters, however the case is.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The distance takes time by the product of the lengths, and no word of ours is so long.
    if word.len() > 100 {
        return None;
    }
    let lower = word.to_lowercase();
    known
        .into_iter()
        .map(|candidate| {
            let slips = strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
            (slips, candidate)
        })
        .filter(|(slips, candidate)| {
            let length = candidate.chars().count().max(word.chars().count());
            *slips <= (length / 3).max(1) && *slips < length
        })
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate)
}

/// The words as a sentence lists them: `a`, `b` or `c`.
pub(super) fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => "nothing".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_slip_and_no_more() {
        let known = ["address", "access", "hosts", "quotas", "by"];
        assert_eq!(nearest("adress", known), Some("address"));
        assert_eq!(nearest("host", known), Some("hosts"));
        assert_eq!(nearest("HOSTS", known), Some("hosts"));
        assert_eq!(nearest("qoutas", known), Some("quotas"));
        assert_eq!(nearest("of", known), None);
        assert_eq!(nearest("principal", known), None);
        assert_eq!(nearest("", known), None);
    }

    #[test]
    fn lists_words() {
        assert_eq!(one_of(["a"]), "`a`");
        assert_eq!(one_of(["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
