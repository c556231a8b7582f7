//! What the policies of an endpoint must be together: who may come, what is charged, what a body is.
//!
//! Each rule looks at the nearest value of each kind; none changes anything.

mod body;

use std::collections::HashSet;
use std::sync::Arc;

use super::Compiler;
use super::endpoint::Draft;
use crate::config::located::{Field, Located};
use crate::config::source::Place;
use crate::policy::quota::{Quota, QuotaBy};

/// Judges an endpoint. `seen` holds the places of warnings that were given: what one table says of many
/// endpoints is said once.
pub(super) fn check(draft: &Draft<'_>, seen: &mut HashSet<Place>, compiler: &mut Compiler<'_>) {
    stated(draft, compiler);
    strangers(draft, compiler);
    dropped(draft, seen, compiler);
    body::check(draft, seen, compiler);
    length(draft, compiler);
    upgrade(draft, compiler);
}

/// RFC 6455 §4.1 for one: what begins by an upgrade begins with GET.
fn upgrade(draft: &Draft<'_>, compiler: &mut Compiler<'_>) {
    if let Field::Given(upgrade) = draft.layers.nearest(|layer| &layer.upgrade)
        && draft.method != "GET"
    {
        compiler.faults.error(upgrade.at, "only a GET can switch to another protocol").label("`upgrade` has to go");
    }
}

fn name(draft: &Draft<'_>) -> String {
    format!("{} {}", draft.method, draft.template.text)
}

/// No endpoint without a stated upstream, a stated authentication and stated quotas.
fn stated(draft: &Draft<'_>, compiler: &mut Compiler<'_>) {
    let layers = &draft.layers;
    let mut lacks = |absent: bool, what: &str, label: &str, help: &str| {
        if absent {
            compiler.faults.absent(draft.at, format!("{} {what}", name(draft))).label(label).help(help);
        }
    };
    lacks(
        layers.nearest(|layer| &layer.upstream).is_absent(),
        "goes nowhere",
        "expected `upstream`, here, on the path's table or in [defaults]",
        "name an upstream: upstream = \"crm\"",
    );
    lacks(
        layers.nearest(|layer| &layer.auth).is_absent(),
        "does not say who may come",
        "expected `auth`, here, on the path's table or in [defaults]",
        "name authenticators, or say here that everyone may: auth = \"none\"",
    );
    lacks(
        layers.nearest(|layer| &layer.quotas).is_absent(),
        "does not say how often",
        "expected `quotas`, here, on the path's table or in [defaults]",
        "name quotas, or say that there are none: quotas = []",
    );
}

/// Where nobody is known by name, nothing can hang on who it is.
fn strangers(draft: &Draft<'_>, compiler: &mut Compiler<'_>) {
    let layers = &draft.layers;
    let Field::Given(auth) = layers.nearest(|layer| &layer.auth) else { return };
    if !auth.accepted.is_empty() {
        return;
    }
    if let Field::Given(quotas) = layers.nearest(|layer| &layer.quotas) {
        for quota in quotas.iter() {
            if !is_by_principal(quota.value, compiler) {
                continue;
            }
            let message = format!(
                "`{}` counts by principal, and {} has none",
                compiler.quotas.name(quota.value).value,
                name(draft)
            );
            compiler
                .faults
                .error(draft.at, message)
                .label("everyone may come here")
                .also(quota.at, "this quota")
                .also(auth.at, "nobody is known by name")
                .help("give this endpoint quotas of its own, by client_address or endpoint, or quotas = []");
        }
    }
    if let Field::Given(scopes) = layers.nearest(|layer| &layer.scopes)
        && !scopes.is_empty()
    {
        compiler
            .faults
            .error(draft.at, format!("{} wants scopes, and nobody there has any", name(draft)))
            .label("everyone may come here, and would be refused")
            .also(scopes.at, "these scopes")
            .help("where they are meant for other endpoints, say here: scopes = []");
    }
    if let Field::Given(allow) = &layers.0[0].allow {
        let fault = compiler.faults.error(allow.at, format!("{} wants claims, and nobody there has any", name(draft)));
        fault.label("everyone may come here, and would be refused").also(auth.at, "nobody is known by name");
    }
    if let Field::Given(identity) = &layers.0[0].forward_identity
        && identity.value
    {
        let fault = compiler.faults.warning(identity.at, "there is no identity to forward here");
        fault.label("nobody is known by name").also(auth.at, "because of this");
    }
}

fn is_by_principal(index: usize, compiler: &Compiler<'_>) -> bool {
    let by_who = |quota: &Arc<Quota>| matches!(quota.by, QuotaBy::Principal | QuotaBy::Claim(_));
    compiler.quotas.value(index).is_some_and(by_who)
}

/// A nearer list replaces a farther one whole, which is easily forgotten.
fn dropped(draft: &Draft<'_>, seen: &mut HashSet<Place>, compiler: &mut Compiler<'_>) {
    let layers = &draft.layers;
    let known = match layers.nearest(|layer| &layer.auth) {
        Field::Given(auth) => !auth.accepted.is_empty(),
        Field::Absent | Field::Broken => true,
    };
    if let (Field::Given(nearer), Some(farther)) =
        (layers.nearest(|layer| &layer.scopes), layers.replaced(|layer| &layer.scopes))
        // Strangers have no scopes: there is nothing to keep.
        && known
    {
        let missing = farther.iter().filter(|scope| !nearer.contains(scope)).cloned().collect();
        replaced("scopes", (nearer, farther), missing, seen, compiler);
    }
    if let (Field::Given(nearer), Some(farther)) =
        (layers.nearest(|layer| &layer.quotas), layers.replaced(|layer| &layer.quotas))
    {
        let missing = farther
            .iter()
            .map(|quota| quota.value)
            .filter(|farther| !nearer.iter().any(|quota| quota.value == *farther))
            // What counts by principal could not be kept where none is known.
            .filter(|quota| known || !is_by_principal(*quota, compiler))
            .map(|quota| compiler.quotas.name(quota).value.clone())
            .collect();
        replaced("quotas", (nearer, farther), missing, seen, compiler);
    }
}

fn replaced<T>(
    key: &str,
    (nearer, farther): (&Located<T>, &Located<T>),
    missing: Vec<String>,
    seen: &mut HashSet<Place>,
    compiler: &mut Compiler<'_>,
) {
    if !missing.is_empty() && seen.insert(nearer.at) {
        let missing: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
        compiler
            .faults
            .warning(nearer.at, format!("these `{key}` drop {}", missing.join(", ")))
            .label("the nearest list counts alone")
            .also(farther.at, "this one is replaced");
    }
}

/// A path that no target has room for is never reached.
fn length(draft: &Draft<'_>, compiler: &mut Compiler<'_>) {
    use crate::policy::route::Segment;
    let shortest: usize = draft
        .template
        .segments
        .iter()
        .map(|segment| match segment {
            Segment::Literal(text) => text.len() + 1,
            Segment::Parameter { .. } | Segment::Rest { .. } => 2,
        })
        .sum();
    let most = compiler.limits.max_target_bytes;
    if shortest > most {
        let fault = compiler.faults.warning(draft.at, "no request can reach this endpoint");
        fault.label(format!("its path is longer than `limits.max_target`, {most} bytes"));
    }
}
