//! `[errors]`: refusals in the API's old clothes.

use std::collections::BTreeMap;

use crate::config::faults::Faults;
use crate::config::file::{ErrorsTable, StatusMap};
use crate::config::located::{Field, Located};
use crate::config::source::Place;
use crate::config::suggest::{nearest, one_of};
use crate::config::text::Text;
use crate::policy::media_type::MediaType;
use crate::policy::problem::{Face, FaceTemplate, Piece, Placeholder};

/// The statuses that the gate refuses with.
const OURS: [u16; 20] =
    [400, 401, 403, 404, 405, 406, 408, 411, 413, 414, 415, 417, 421, 422, 429, 431, 502, 503, 504, 505];

/// The face of everything that has none of its own.
pub(super) fn top_level(table: &Field<ErrorsTable>, faults: &mut Faults) -> Option<Face> {
    match table {
        Field::Absent => Some(Face::default()),
        Field::Broken => None,
        Field::Given(table) => face(table, faults),
    }
}

/// Compiles one table.
pub(super) fn face(table: &Located<ErrorsTable>, faults: &mut Faults) -> Option<Face> {
    let template = template(table, faults);
    let status = match &table.status {
        Field::Absent => Some(BTreeMap::new()),
        Field::Broken => None,
        Field::Given(map) => statuses(map, faults),
    };
    Some(Face { template: template?, status: status? })
}

fn template(table: &Located<ErrorsTable>, faults: &mut Faults) -> Option<Option<FaceTemplate>> {
    match (&table.template, &table.media_type) {
        (Field::Absent, Field::Absent) => Some(None),
        (Field::Given(template), Field::Absent) => {
            let fault = faults.absent(template.at, "this template has no media type");
            fault.label("expected `media_type` beside it, as in media_type = \"text/xml\"");
            None
        }
        (Field::Absent, Field::Given(media_type)) => {
            let fault = faults.absent(media_type.at, "this media type has no template");
            fault.label("expected `template` beside it");
            None
        }
        (template, media_type) => {
            let pieces = template.given().and_then(|text| pieces(text, faults));
            let media_type = media_type.given().and_then(|text| content_type(text, faults));
            let template = FaceTemplate { media_type: media_type?, pieces: pieces? };
            if let Field::Given(text) = &table.template {
                json_stays_json(&template, text.at, faults);
            }
            Some(Some(template))
        }
    }
}

/// `{name}` is a placeholder; every other brace is text, as JSON needs many.
fn pieces(text: &Located<Text>, faults: &mut Faults) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text.as_str();
    let mut sound = true;
    while let Some(open) = rest.find('{') {
        plain.push_str(&rest[..open]);
        let behind = &rest[open + 1..];
        let length = behind.bytes().take_while(|byte| byte.is_ascii_lowercase() || *byte == b'_').count();
        if length == 0 || !behind[length..].starts_with('}') {
            plain.push('{');
            rest = behind;
            continue;
        }
        match Placeholder::ALL.iter().find(|(name, _)| *name == &behind[..length]) {
            Some((_, placeholder)) => {
                if !plain.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                }
                pieces.push(Piece::Placeholder(*placeholder));
            }
            None => {
                unknown_placeholder(&behind[..length], text, faults);
                sound = false;
            }
        }
        rest = &behind[length + 1..];
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    sound.then_some(pieces)
}

fn unknown_placeholder(name: &str, text: &Located<Text>, faults: &mut Faults) {
    let known = Placeholder::ALL.iter().map(|(name, _)| *name);
    let near = nearest(name, known.clone()).filter(|_| !text.is_secret());
    let message = match text.is_secret() {
        true => "this template holds an unknown placeholder".into(),
        false => format!("there is no placeholder `{{{name}}}`"),
    };
    let label =
        near.map_or_else(|| format!("known are {}", one_of(known)), |near| format!("did you mean `{{{near}}}`?"));
    faults.error(within(text.at, &format!("{{{name}}}"), faults), message).label(label);
}

/// The place of a piece of a string, where it is written there just so.
fn within(at: Place, piece: &str, faults: &Faults) -> Place {
    let written = faults.source(at.file).text().get(at.span()).and_then(|text| text.find(piece));
    written.map_or(at, |offset| {
        let start = at.span().start + offset;
        Place::new(at.file, start..start + piece.len())
    })
}

/// It becomes a field's value as it is, and the body is UTF-8.
fn content_type(text: &Located<Text>, faults: &mut Faults) -> Option<String> {
    let mut parts = text.as_str().split(';').map(str::trim);
    let essence = parts.next().and_then(MediaType::parse);
    let plain = text.as_str().bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if essence.is_none() || !plain {
        faults.error(text.at, "this is no media type").label("expected one such as \"text/xml\"");
        return None;
    }
    let charset =
        |part: &str| part.to_ascii_lowercase().strip_prefix("charset=").map(|it| it.trim_matches('"').to_owned());
    if parts.filter_map(charset).any(|charset| charset != "utf-8") {
        faults.error(text.at, "templates are UTF-8").label("expected charset=utf-8, or none");
        return None;
    }
    Some(text.as_str().into())
}

/// A template that is not even JSON when all goes well is a slip.
fn json_stays_json(template: &FaceTemplate, at: Place, faults: &mut Faults) {
    let essence = template.media_type.split(';').next().unwrap_or_default().trim_end();
    if !essence.to_ascii_lowercase().ends_with("json") {
        return;
    }
    let filled: String = template
        .pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Placeholder(Placeholder::Status) => "422",
            Piece::Placeholder(_) => "text",
        })
        .collect();
    if serde_json::from_str::<serde_json::Value>(&filled).is_err() {
        let fault = faults.error(at, "filled in, this template is not JSON");
        fault.label("as its media type says").help("placeholders but {status} belong between quotes");
    }
}

fn statuses(map: &StatusMap, faults: &mut Faults) -> Option<BTreeMap<u16, u16>> {
    let mut statuses = BTreeMap::new();
    let mut sound = true;
    for (from, to) in &map.0 {
        let ours = from.parse().ok().filter(|status| OURS.contains(status));
        if ours.is_none() {
            let known: Vec<String> = OURS.iter().map(u16::to_string).collect();
            faults
                .error(from.at, format!("the gate never answers `{}`", from.value))
                .label(format!("expected one of {}", known.join(", ")));
        }
        let theirs = u16::try_from(to.value).ok().filter(|status| (400..600).contains(status));
        if theirs.is_none() {
            faults.error(to.at, "a refusal can't have this status").label("expected 400 to 599");
        }
        match (ours, theirs) {
            (Some(ours), Some(theirs)) => drop(statuses.insert(ours, theirs)),
            _ => sound = false,
        }
    }
    sound.then_some(statuses)
}
