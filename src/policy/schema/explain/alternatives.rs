//! One error into violations: for `anyOf` and `oneOf`, those of the alternative that came closest.

use std::cmp::Reverse;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;

use super::message;
use super::metered::genuine;

/// Alternatives within alternatives are followed so far.
const MAX_NESTING: usize = 8;

/// An error in words.
pub(crate) struct Found {
    /// JSON pointer to where it is, as the library writes it.
    pub(crate) path: String,
    pub(crate) detail: String,
    pub(crate) keyword: &'static str,
}

impl Found {
    /// How many names and indices lead to it.
    pub(crate) fn depth(&self) -> usize {
        depth(&self.path)
    }
}

/// How far an alternative is from what it judged, the least first: of another type, of another kind,
/// how many errors, how deep the deepest.
type Rank = (bool, bool, usize, Reverse<Option<usize>>);

/// Adds what is to be told of one error, the most specific first.
pub(crate) fn describe(error: &ValidationError<'_>, found: &mut Vec<Found>) {
    describe_within(error, MAX_NESTING, found);
}

fn describe_within(error: &ValidationError<'_>, nesting: usize, found: &mut Vec<Found>) {
    let path = error.instance_path().as_str();
    let mut detail = message::detail(error.kind());
    if let ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } = error.kind()
        && nesting > 0
        && let Some((index, branch)) = closest(context, depth(path))
    {
        for error in branch {
            describe_within(error, nesting - 1, found);
        }
        if context.len() > 1 {
            detail = format!("{detail}; the closest is number {}", index + 1);
        }
    }
    found.push(Found { path: path.to_owned(), detail, keyword: message::keyword(error.kind()) });
}

/// The alternative that got furthest, where one did: not of another type altogether, not another value
/// of what tells the alternatives apart, then the one with the fewest and the deepest errors.
fn closest<'a>(
    context: &'a [Vec<ValidationError<'static>>],
    depth_here: usize,
) -> Option<(usize, Vec<&'a ValidationError<'static>>)> {
    let mut best: Option<(Rank, usize, Vec<_>)> = None;
    for (index, branch) in context.iter().enumerate() {
        let errors: Vec<_> = branch.iter().filter(|error| genuine(error.instance())).collect();
        // Cut short: how far it would have got is not known.
        if errors.is_empty() || errors.len() != branch.len() {
            continue;
        }
        let here = |error: &&&ValidationError<'_>| depth(error.instance_path().as_str()) == depth_here;
        let other_type = errors
            .iter()
            .filter(here)
            .any(|error| matches!(error.kind(), ValidationErrorKind::Type { .. } | ValidationErrorKind::FalseSchema));
        let other_kind = errors.iter().any(|error| {
            depth(error.instance_path().as_str()) <= depth_here + 1
                && matches!(error.kind(), ValidationErrorKind::Constant { .. } | ValidationErrorKind::Enum { .. })
        });
        let deepest = errors.iter().map(|error| depth(error.instance_path().as_str())).max();
        let rank = (other_type, other_kind, errors.len(), Reverse(deepest));
        if best.as_ref().is_none_or(|(best, ..)| rank < *best) {
            best = Some((rank, index, errors));
        }
    }
    // Of another type than all of them: there is no closest one.
    best.filter(|((other_type, ..), ..)| !other_type || context.len() == 1).map(|(_, index, errors)| (index, errors))
}

fn depth(path: &str) -> usize {
    path.bytes().filter(|byte| *byte == b'/').count()
}
