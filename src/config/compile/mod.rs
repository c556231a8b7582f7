//! From what was written to what it means: a [`Gateway`] that can serve, or the faults that stand in
//! its way.
//!
//! Tables that others ask for by name come first, then the policies (`layer`: each table by itself),
//! then the endpoints (`endpoint`: the nearest of three layers, and what they say together). Broken
//! parts have had their fault and are passed over, so that all the others are found in the same run.

mod admin;
mod authenticators;
mod authorities;
mod body;
mod endpoint;
mod errors;
mod inherit;
mod layer;
mod listeners;
mod logs;
mod names;
mod parameters;
mod pem;
mod process;
mod quotas;
mod rules;
mod trust;
mod unused;
mod upstreams;

use std::sync::Arc;

use super::environment::Environment;
use super::faults::Faults;
use super::file::ConfigFile;
use super::located::Field;
use super::schema_files::SchemaFiles;
use super::source::{FileId, Place};
use crate::policy::authenticate::Authenticator;
use crate::policy::gateway::{Gateway, Limits, Upstream};
use crate::policy::quota::Quota;

pub(super) use layer::scope;
use names::Register;
use trust::Trust;

/// What the parts of the compiler share.
pub(super) struct Compiler<'a> {
    pub(super) environment: &'a dyn Environment,
    pub(super) faults: &'a mut Faults,
    limits: Limits,
    upstreams: Register<Upstream>,
    authenticators: Register<Authenticator>,
    quotas: Register<Arc<Quota>>,
    schemas: SchemaFiles,
}

/// Compiles a configuration. `None` goes with at least one fault.
pub(super) fn compile(
    file: &ConfigFile,
    main: FileId,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Option<Gateway> {
    let start = Place::start_of(main);
    let limits = process::limits(&file.limits, faults);
    let spool_folder = process::spool_folder(&file.limits, faults);
    let guard = process::guard(&file.guard, faults);
    let listeners = listeners::listeners(&file.listener, start, environment, faults);
    let admin = admin::admin(&file.admin, &file.listener, faults);
    let access_log = logs::access_log(&file.access_log, faults);
    let program_log = logs::program_log(&file.program_log, faults);
    let face = errors::top_level(&file.errors, faults);
    if let Field::Given(store) = &file.store {
        faults.error(store.at, "counters shared by several gates are not built yet").label("`store` has to go");
    }
    let trust = Trust::new(environment);
    let mut compiler = Compiler {
        limits,
        upstreams: upstreams::upstreams(&file.upstream, &trust, faults),
        authenticators: authenticators::authenticators(&file.authenticator, &trust, faults),
        quotas: quotas::quotas(&file.quota, faults),
        schemas: SchemaFiles::new(&file.schema_roots, environment, faults),
        environment,
        faults,
    };
    let compiled = endpoint::endpoints(file, start, &mut compiler);
    unused::warn(&compiled, listeners.as_deref(), &mut compiler);
    let (endpoints, routes) = compiled.finish()?;
    Some(Gateway {
        listeners: listeners?,
        upstreams: compiler.upstreams.into_values()?,
        authenticators: compiler.authenticators.into_values()?,
        endpoints,
        routes,
        guard: guard?,
        limits,
        spool_folder,
        face: face?,
        admin: admin?,
        access_log: access_log?,
        program_log: program_log?,
    })
}
