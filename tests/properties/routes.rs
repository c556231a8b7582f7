//! The one matcher against the plainest there could be: every template tried, the best one taken.
//!
//! A router that has a fast path for some paths, or some number of templates, can differ from its own
//! rules only there; so this asks with few templates and with many.

use portcullis::policy::route::{Routes, Segment, SegmentKind, Template};

use crate::support::chance::Chance;

/// Sets of templates, of each size.
const SETS: usize = 12;

/// Paths asked of each.
const PATHS: usize = 400;

#[test]
fn the_matcher_and_the_rules_agree() {
    let mut chance = Chance::seeded(5);
    let mut found = 0;
    for size in [1, 3, 10, 99, 101, 300] {
        for _ in 0..SETS {
            let templates = templates(size, &mut chance);
            let mut routes = Routes::default();
            for (index, template) in templates.iter().enumerate() {
                routes.insert(template, "GET", index).expect("each is there once");
            }
            for _ in 0..PATHS {
                let path = path(&mut chance);
                let expected = best(&templates, &path);
                let matched = routes.find(&path, "GET").ok();
                let captured = matched.map(|route| route.parameters(&path).map(|it| it.into_owned()).collect());
                let told = || format!("{path} among {:?}", texts(&templates));
                assert_eq!(matched.map(|route| route.endpoint), expected, "{}", told());
                assert_eq!(captured, expected.map(|index| captures(&templates[index], &path)), "{}", told());
                found += usize::from(expected.is_some());
            }
        }
    }
    assert!(found > SETS * PATHS, "only {found} paths matched anything");
}

const WORDS: [&str; 5] = ["a", "b", "new", "7", "01234567-89ab-cdef-0123-456789abcdef"];

/// Templates of which no two are equal but for names.
fn templates(size: usize, chance: &mut Chance) -> Vec<Template> {
    let mut templates: Vec<Template> = Vec::new();
    for _ in 0..size {
        let mut text = String::new();
        for depth in 0..1 + chance.below(4) {
            match chance.below(8) {
                0 => text.push_str(&format!("/{{n{depth}:integer}}")),
                1 => text.push_str(&format!("/{{u{depth}:uuid}}")),
                2 => text.push_str(&format!("/{{x{depth}}}")),
                _ => text.push_str(&format!("/{}", chance.pick(&WORDS))),
            }
        }
        match chance.below(6) {
            0 => text.push_str("/{rest*}"),
            1 => text.push('/'),
            _ => {}
        }
        let template = Template::parse(&text).expect("it is put together well");
        if templates.iter().all(|other| ranks(other) != ranks(&template)) {
            templates.push(template);
        }
    }
    templates
}

fn path(chance: &mut Chance) -> String {
    let mut path = String::new();
    for _ in 0..1 + chance.below(5) {
        path.push_str(&format!("/{}", chance.pick(&["a", "b", "new", "7", "-12", "07", "%C3%A4", WORDS[4]])));
    }
    if chance.once_in(6) {
        path.push('/');
    }
    path
}

/// What the rules say: of all that match, the one whose segments are the most specific, from the left.
fn best(templates: &[Template], path: &str) -> Option<usize> {
    let matching = templates.iter().enumerate().filter(|(_, template)| matches(&template.segments, path));
    matching.min_by_key(|(_, template)| ranks(template)).map(|(index, _)| index)
}

fn matches(segments: &[Segment], path: &str) -> bool {
    let pieces: Vec<&str> = path[1..].split('/').collect();
    let rest = matches!(segments.last(), Some(Segment::Rest { .. }));
    let plain = segments.len() - usize::from(rest);
    let long_enough = if rest { pieces.len() > plain && pieces[plain..] != [""] } else { pieces.len() == plain };
    long_enough
        && segments[..plain].iter().zip(&pieces).all(|(segment, piece)| match segment {
            Segment::Literal(text) => text == piece,
            Segment::Parameter { kind: SegmentKind::Integer, .. } => {
                piece.parse::<i64>().is_ok_and(|number| number.to_string() == *piece)
            }
            Segment::Parameter { kind: SegmentKind::Uuid, .. } => *piece == WORDS[4],
            Segment::Parameter { kind: SegmentKind::Any, .. } => !piece.is_empty(),
            Segment::Rest { .. } => false,
        })
}

/// A template without its names; lower is more specific.
fn ranks(template: &Template) -> Vec<(u8, &str)> {
    template.segments.iter().map(rank).collect()
}

fn rank(segment: &Segment) -> (u8, &str) {
    match segment {
        Segment::Literal(text) => (0, text.as_str()),
        Segment::Parameter { kind: SegmentKind::Integer, .. } => (1, ""),
        Segment::Parameter { kind: SegmentKind::Uuid, .. } => (2, ""),
        Segment::Parameter { kind: SegmentKind::Any, .. } => (3, ""),
        Segment::Rest { .. } => (4, ""),
    }
}

/// What the parameters of a template that matches stand for.
fn captures(template: &Template, path: &str) -> Vec<String> {
    let pieces: Vec<&str> = path[1..].split('/').collect();
    let captured = template.segments.iter().enumerate().filter_map(|(at, segment)| match segment {
        Segment::Literal(_) => None,
        Segment::Parameter { .. } => Some(pieces[at].to_owned()),
        Segment::Rest { .. } => Some(pieces[at..].join("/")),
    });
    captured.map(|text| text.replace("%C3%A4", "ä")).collect()
}

fn texts(templates: &[Template]) -> Vec<&str> {
    templates.iter().map(|template| template.text.as_str()).collect()
}
