//! What is wrong with a configuration, told so that it can be put right: file, line, column, the source
//! line underlined, what was expected.
//!
//! A [`Diagnostic`] owns all it needs to be shown. Secrets never get here: the readers put into messages
//! what was written (`${env:NAME}`), not what it stands for.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str};

use super::source::Source;

/// All that is wrong with a configuration, never only the first fault; warnings are among it.
///
/// `Display` gives what a terminal without colours shows.
#[derive(Clone, Debug)]
pub struct ConfigErrors(pub Vec<Diagnostic>);

/// One thing that is wrong, or looks it.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// Whether the gate refuses to start with it.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub message: String,
    /// Where; lacks only where a file named on the command line can't be read.
    pub primary: Option<Label>,
    /// Other places that belong to it, such as the first of two duplicates.
    pub secondary: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// There is no gateway with this.
    Error,
    /// The gateway serves, but hardly as intended.
    Warning,
}

/// An underlined piece of a file.
#[derive(Clone, Debug)]
pub struct Label {
    /// The file.
    pub source: Arc<Source>,
    /// Bytes of its text.
    pub span: Range<usize>,
    /// What is written beside the underline; may be empty.
    pub text: String,
}

impl ConfigErrors {
    /// Whether anything here keeps the gate from starting.
    pub fn is_fatal(&self) -> bool {
        self.0.iter().any(|found| found.severity == Severity::Error)
    }

    /// How many there are of each, as in `3 faults, 1 warning`.
    pub fn summary(&self) -> String {
        let of = |severity| self.0.iter().filter(move |found| found.severity == severity);
        let count = |number: usize, word: &str| match number {
            1 => format!("1 {word}"),
            _ => format!("{number} {word}s"),
        };
        let faults = count(of(Severity::Error).count(), "fault");
        match of(Severity::Warning).count() {
            0 => faults,
            warnings => format!("{faults}, {}", count(warnings, "warning")),
        }
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, found) in self.0.iter().enumerate() {
            let gap = if index == 0 { "" } else { "\n\n" };
            write!(f, "{gap}{found}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(&Renderer::plain()))
    }
}

impl Diagnostic {
    /// With colours, for a terminal.
    pub fn styled(&self) -> String {
        self.render(&Renderer::styled())
    }

    fn render(&self, renderer: &Renderer) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(self.message.as_str());
        let mut group = title.elements(self.snippets());
        if let Some(help) = &self.help {
            // Unlike titles and labels, this text is not made harmless by the renderer.
            group = group.element(Level::HELP.message(normalize_untrusted_str(help)));
        }
        let report: [Group<'_>; 1] = [group];
        renderer.render(&report)
    }

    /// One snippet for each file, the primary's first.
    fn snippets(&self) -> Vec<Snippet<'_, annotate_snippets::Annotation<'_>>> {
        let mut files: Vec<Vec<(AnnotationKind, &Label)>> = Vec::new();
        let primary = self.primary.iter().map(|it| (AnnotationKind::Primary, it));
        let context = self.secondary.iter().map(|it| (AnnotationKind::Context, it));
        for (kind, label) in primary.chain(context) {
            match files.iter_mut().find(|labels| Arc::ptr_eq(&labels[0].1.source, &label.source)) {
                Some(labels) => labels.push((kind, label)),
                None => files.push(vec![(kind, label)]),
            }
        }
        files.iter().map(|labels| snippet(labels)).collect()
    }
}

/// The lines from the first label to the last, all of one file. Only those are given to the renderer,
/// which would otherwise walk through a file of ten thousand endpoints for each fault.
fn snippet<'a>(labels: &[(AnnotationKind, &'a Label)]) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let source = &labels[0].1.source;
    let text = source.text();
    let spans = labels.iter().map(|(_, label)| within(&label.span, text));
    let first = spans.clone().map(|span| span.start).min().unwrap_or(0);
    let last = spans.clone().map(|span| span.end).max().unwrap_or(0);
    let (line, from) = source.line_at(first);
    let to = text[last..].find('\n').map_or(text.len(), |newline| last + newline);

    // A carriage return before the line's end is part of the ending, unless it is what is shown.
    let to = if to > last && text[..to].ends_with('\r') { to - 1 } else { to };
    let mut snippet = Snippet::source(&text[from..to]).path(source.name()).line_start(line);
    for ((kind, label), span) in labels.iter().zip(spans) {
        let mut annotation = kind.span(span.start - from..span.end - from);
        if !label.text.is_empty() {
            annotation = annotation.label(label.text.as_str());
        }
        snippet = snippet.annotation(annotation);
    }
    snippet
}

/// A span that lies within the text, on the bounds of characters, and on one line: what spans several
/// (a whole table) is underlined up to the end of its first.
fn within(span: &Range<usize>, text: &str) -> Range<usize> {
    let start = text.floor_char_boundary(span.start.min(text.len()));
    let end = text.ceil_char_boundary(span.end.clamp(start, text.len()));
    let line_end = text[start..end].find('\n').map_or(end, |it| start + it);
    start..line_end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagnostic(text: &str, span: Range<usize>) -> Diagnostic {
        let source = Source::new("a.toml".into(), "a.toml".into(), text.into());
        Diagnostic {
            severity: Severity::Error,
            message: "it is wrong".into(),
            primary: Some(Label { source: Arc::new(source), span, text: "here".into() }),
            secondary: Vec::new(),
            help: Some("put it right".into()),
        }
    }

    #[test]
    fn shows_the_line_underlined() {
        let text = "one = 1\ntwo = 'zwei'\nthree = 3\n";
        let shown = diagnostic(text, 14..20).to_string();
        assert!(shown.contains("--> a.toml:2:7"), "{shown}");
        assert!(shown.contains("2 | two = 'zwei'"), "{shown}");
        assert!(shown.contains("^^^^^^ here"), "{shown}");
        assert!(!shown.contains("three"), "{shown}");
    }

    #[test]
    fn survives_spans_that_are_not_of_this_text() {
        for text in ["", "ä", "\n", "a\r\nb", "\u{feff}x"] {
            for start in 0..6 {
                for end in 0..8 {
                    let _ = diagnostic(text, start..end).to_string();
                }
            }
        }
    }
}
