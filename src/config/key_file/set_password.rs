//! Gives a principal of a key file another password, leaving the file's comments and order as they are.

use toml_edit::{Item, Table, TableLike};

use super::edit::{EditError, document};

/// The text with this hash for the principal's password; the name is one.
pub(in crate::config) fn set_password(text: &str, principal: &str, hash: &str) -> Result<String, EditError> {
    let mut document = document(text)?;
    let principals = table(document.as_table_mut(), "principal", true).ok_or(EditError::Shape("principal"))?;
    let table = table(principals, principal, false).ok_or(EditError::Shape("principal.NAME"))?;
    let password = table.entry("password").or_insert(Item::None);
    let written = match password.as_table_like_mut() {
        Some(more) => more.entry("hash").or_insert(Item::None),
        None => password,
    };
    let around = written.as_value().map(|value| value.decor().clone());
    *written = toml_edit::value(hash);
    if let (Some(value), Some(around)) = (written.as_value_mut(), around) {
        *value.decor_mut() = around;
    }
    Ok(document.to_string())
}

/// The table of this name, made where there is none. `[principal]` alone is not written where
/// `[principal.acme]` says it all.
fn table<'t>(within: &'t mut dyn TableLike, name: &str, implicit: bool) -> Option<&'t mut dyn TableLike> {
    let fresh = || {
        let mut table = Table::new();
        table.set_implicit(implicit);
        Item::Table(table)
    };
    within.entry(name).or_insert_with(fresh).as_table_like_mut()
}
