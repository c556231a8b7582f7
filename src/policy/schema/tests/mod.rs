//! Tables of schemas and documents, and what holds for any of them.

mod bounds;
mod compiling;
mod remarks;
mod violations;

use serde_json::Value;

use super::{Schema, SchemaOptions};

fn schema(document: &Value) -> Schema {
    Schema::compile_inline(document).unwrap_or_else(|faults| panic!("{document}: {faults:?}"))
}

/// Found in a file, with others beside it.
fn found_at(base_uri: &str, resources: &[(&str, Value)]) -> SchemaOptions {
    SchemaOptions {
        base_uri: base_uri.to_owned(),
        resources: resources.iter().map(|(uri, resource)| ((*uri).to_owned(), resource.clone())).collect(),
        backtrack_limit: None,
    }
}
