//! What a body may be, by all that is said of it together.

use std::collections::HashSet;

use super::name;
use crate::config::compile::Compiler;
use crate::config::compile::endpoint::Draft;
use crate::config::located::Field;
use crate::config::source::Place;
use crate::policy::authenticate::AuthenticatorKind;
use crate::policy::media_type::Format;

/// Judges what is said of an endpoint's body.
pub(super) fn check(draft: &Draft<'_>, seen: &mut HashSet<Place>, compiler: &mut Compiler<'_>) {
    schema(draft, seen, compiler);
    signed(draft, compiler);
    size(draft, seen, compiler);
    of_get(draft, seen, compiler);
}

/// A schema judges what the gate can read, and only that.
fn schema(draft: &Draft<'_>, seen: &mut HashSet<Place>, compiler: &mut Compiler<'_>) {
    let layers = &draft.layers;
    let any = layers.nearest(|layer| &layer.body).given();
    if let Some(any) = any
        && seen.insert(any.at)
    {
        compiler.faults.warning(any.at, "bodies pass unchecked here").label("the upstream gets whatever comes");
    }
    // A schema that could not be read still is one.
    let schema = layers.nearest(|layer| &layer.body_schema);
    let Field::Given(schema) = schema else { return };
    if let Some(any) = any {
        let fault = compiler.faults.error(draft.at, format!("{} has a schema that judges nothing", name(draft)));
        fault
            .label("its body streams through unchecked")
            .also(any.at, "because of this")
            .also(schema.at, "this schema");
        return;
    }
    match layers.nearest(|layer| &layer.media_types) {
        Field::Broken => {}
        Field::Given(types) if !types.is_empty() => {
            for opaque in types.iter().filter(|media| media.format == Format::Opaque) {
                if seen.insert(opaque.at) {
                    compiler
                        .faults
                        .error(opaque.at, "the gate can't read this type, so no schema can judge it")
                        .label("expected JSON, `…+json` or application/x-www-form-urlencoded")
                        .also(schema.at, "this schema");
                }
            }
        }
        _ => {
            compiler
                .faults
                .absent(draft.at, format!("{} has a schema and takes no body", name(draft)))
                .label("expected `media_types`, as in media_types = [\"application/json\"]")
                .also(schema.at, "this schema");
        }
    }
}

/// A signature covers a body by its digest, which shows when all of it is there.
fn signed(draft: &Draft<'_>, compiler: &mut Compiler<'_>) {
    let (Field::Given(any), Field::Given(auth)) =
        (draft.layers.nearest(|layer| &layer.body), draft.layers.nearest(|layer| &layer.auth))
    else {
        return;
    };
    let signs = |index: &&usize| {
        let authenticator = compiler.authenticators.value(**index);
        authenticator.is_some_and(|it| matches!(it.kind, AuthenticatorKind::Hmac(_)))
    };
    if let Some(index) = auth.accepted.iter().find(signs) {
        let signed = compiler.authenticators.name(*index).value.clone();
        compiler
            .faults
            .error(draft.at, "a streamed body cannot be checked against its digest")
            .label(format!("`{signed}` takes signed requests"))
            .also(any.at, "this streams the body")
            .also(auth.at, "and this accepts them");
    }
}

/// What can never be held is never taken.
fn size(draft: &Draft<'_>, seen: &mut HashSet<Place>, compiler: &mut Compiler<'_>) {
    let layers = &draft.layers;
    let streams = !layers.nearest(|layer| &layer.body).is_absent();
    let Field::Given(max_body) = layers.nearest(|layer| &layer.max_body) else { return };
    let buffered = compiler.limits.buffered_bytes;
    if !streams && max_body.value > buffered && seen.insert(max_body.at) {
        let fault = compiler.faults.error(max_body.at, "no body of this size can be held for its check");
        fault.label(format!("`limits.buffered` is {buffered} bytes"));
    }
    let (above, spool) = (compiler.limits.spool_above_bytes, compiler.limits.spool_bytes);
    if !streams && max_body.value > above && max_body.value > spool && seen.insert(max_body.at) {
        let fault = compiler.faults.error(max_body.at, "no file may hold a body of this size");
        fault.label(format!("`limits.spool` is {spool} bytes, and bodies above {above} wait in files"));
    }
}

/// RFC 9110 §9.3.1: what a body of GET means is defined nowhere, and others may drop it.
fn of_get(draft: &Draft<'_>, seen: &mut HashSet<Place>, compiler: &mut Compiler<'_>) {
    let own = &draft.layers.0[0].media_types;
    if let Field::Given(types) = own
        && matches!(draft.method, "GET" | "HEAD")
        && !types.is_empty()
        && seen.insert(types.at)
    {
        let fault = compiler.faults.warning(types.at, format!("a body of {} has no meaning of its own", draft.method));
        fault.label("servers and caches on the way may drop or refuse it");
    }
}
