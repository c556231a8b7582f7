//! The language's own schema, which editors read, is what the types make of it.

#[test]
fn the_committed_schema_is_fresh() {
    let committed = std::fs::read_to_string("schemas/portcullis.schema.json").expect("it is committed");
    let fresh = format!("{:#}\n", portcullis::config::schema());
    assert!(committed == fresh, "it is stale: `make schema` writes it anew");
}
