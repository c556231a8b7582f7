//! Prometheus' text form, read: only what the tests need of it, and strict about that.

use std::collections::BTreeMap;

/// One series: its name and its labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
}

/// Everything that was told.
#[derive(Debug, Default)]
pub(crate) struct Exposition {
    /// Types by name of the family.
    pub(crate) families: BTreeMap<String, String>,
    pub(crate) samples: BTreeMap<Sample, f64>,
}

impl Sample {
    pub(crate) fn new<'a>(name: &str, labels: impl IntoIterator<Item = &'a (&'a str, String)>) -> Self {
        let labels = labels.into_iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Self { name: name.to_owned(), labels }
    }
}

impl Exposition {
    pub(crate) fn parse(text: &str) -> Self {
        let mut this = Self::default();
        assert!(text.ends_with("# EOF\n"), "the text is cut: {text}");
        for line in text.lines() {
            if let Some(family) = line.strip_prefix("# TYPE ") {
                let (name, kind) = family.split_once(' ').expect("a name and a type");
                assert!(this.families.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} stands there twice");
            } else if !line.starts_with('#') {
                let (series, value) = line.rsplit_once(' ').expect("a series and a value");
                let value = value.parse().unwrap_or_else(|_| panic!("a number: {line}"));
                assert!(this.samples.insert(sample(series), value).is_none(), "twice: {line}");
            }
        }
        this
    }

    /// The value of a series, which is zero where it is not there yet.
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.samples.get(&Sample { name: name.to_owned(), labels }).copied().unwrap_or_default()
    }
}

fn sample(series: &str) -> Sample {
    let Some((name, labels)) = series.split_once('{') else {
        return Sample { name: series.to_owned(), labels: BTreeMap::new() };
    };
    let mut rest = labels.strip_suffix('}').expect("labels end");
    let mut labels = BTreeMap::new();
    while let Some((label, behind)) = rest.split_once("=\"") {
        let end = behind.find('"').expect("a value ends");
        assert!(!behind[..end].contains('\\'), "no label of ours needs escaping: {series}");
        labels.insert(label.trim_start_matches(',').to_owned(), behind[..end].to_owned());
        rest = &behind[end + 1..];
    }
    Sample { name: name.to_owned(), labels }
}
