//! The JSON Schema of the language itself, generated from the types of [`super::file`], for editors.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::file::ConfigFile;

/// What `schemas/portcullis.schema.json` holds: draft 7, which is what TOML editors know.
pub fn schema() -> Value {
    let generator = SchemaSettings::draft07().into_generator();
    let mut schema = generator.into_root_schema_for::<ConfigFile>().to_value();
    loosen(&mut schema);
    schema
}

/// The types have no optional fields, because absence is a value there; to schemars they look required.
/// What truly is required was added to a table as a whole, and says so by standing last.
fn loosen(schema: &mut Value) {
    match schema {
        Value::Object(object) => object.values_mut().for_each(loosen),
        Value::Array(items) => items.iter_mut().for_each(loosen),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn t() {
        println!("{}", serde_json::to_string_pretty(&schema()).unwrap());
    }
}
