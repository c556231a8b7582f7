//! The JSON Schema of the language itself, generated from the types of [`super::file`], for editors.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::file::ConfigFile;

/// What `schemas/portcullis.schema.json` holds: draft 7, which is what TOML editors know.
///
/// `portcullis schema` prints it; a test fails where the file is another.
pub fn schema() -> Value {
    let generator = SchemaSettings::draft07().into_generator();
    let mut schema = generator.into_root_schema_for::<ConfigFile>().to_value();
    state_what_is_required(&mut schema);
    schema.sort_all_objects();
    schema
}

/// Absence is a value of our fields' types, so the generator takes all of them for required. Those that
/// are say so in `x-required`.
fn state_what_is_required(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            // A property may be called `required` as well; it has a schema, not a list.
            if object.get("required").is_some_and(Value::is_array) {
                object.remove("required");
            }
            if let Some(required) = object.remove("x-required") {
                object.insert("required".into(), required);
            }
            object.values_mut().for_each(state_what_is_required);
        }
        Value::Array(items) => items.iter_mut().for_each(state_what_is_required),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_valid_configuration_satisfies_it() {
        let schema = jsonschema::validator_for(&schema()).expect("it is a schema");
        let of = |text: &str| {
            let table: toml::Table = text.parse().expect("it is TOML");
            serde_json::to_value(table).expect("it is JSON as well")
        };
        assert!(schema.is_valid(&of(include_str!("../../tests/faults/valid.toml"))));
        for broken in [
            "colour = 1",
            "[listener.public]",
            "[quota.a]\nby = \"endpoint\"\nallow = \"many\"",
            "[endpoint.\"/a\".get]\nauth = \"none\"",
            "[endpoint.\"/a\".GET]\nquery.a = { minmum = 1 }",
            "[defaults]\nreport = [\"guard\"]",
        ] {
            assert!(!schema.is_valid(&of(broken)), "{broken}");
        }
    }
}
