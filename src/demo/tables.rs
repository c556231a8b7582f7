//! The SQL: every statement that a request can cause. Runs on the store's thread only.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::Value;

use super::customer::{Company, Customer, Draft, Line, Page};
use super::fault::{Blame, Fault};
use super::merge::merge;

/// Some customers after `cursor`, in the order of their ids.
pub(super) fn list(connection: &Connection, limit: i64, cursor: Option<&str>) -> Result<Page, Fault> {
    // A cursor that is no number is 0 to SQLite, and so the first page: legacy does not ask.
    let mut statement = connection
        .prepare_cached(
            "SELECT id, first_name, last_name, email FROM customers
             WHERE id > CAST(:cursor AS INTEGER) ORDER BY id LIMIT :limit",
        )
        .blame("tables::list, preparing")?;
    // One more than asked for tells whether there is a next page.
    let more = limit.saturating_add(1);
    let lines = statement.query_map(named_params! {":cursor": cursor.unwrap_or("0"), ":limit": more}, |row| {
        Ok(Line {
            id: row.get("id")?,
            first_name: row.get("first_name")?,
            last_name: row.get("last_name")?,
            email: row.get("email")?,
        })
    });
    let mut items = lines.and_then(Iterator::collect::<Result<Vec<_>, _>>).blame("tables::list, reading")?;
    let wanted = usize::try_from(limit).unwrap_or(0);
    let has_next = items.len() > wanted;
    items.truncate(wanted);
    let next = items.last().filter(|_| has_next);
    let next_cursor = next.map(|line| line.id.to_string());
    Ok(Page { items, next_cursor })
}

/// The customer with this id, if there is one.
pub(super) fn customer(connection: &Connection, id: i64) -> Result<Option<Customer>, Fault> {
    connection
        .prepare_cached("SELECT * FROM customers WHERE id = :id")
        .blame("tables::customer, preparing")?
        .query_row(named_params! {":id": id}, |row| Ok(read(row)))
        .optional()
        .blame("tables::customer, reading")?
        .transpose()
}

/// Adds a customer and returns it with its id.
pub(super) fn insert(connection: &Connection, draft: &Draft) -> Result<Customer, Fault> {
    // Without an id, SQLite chooses one that was never used.
    let statement = "INSERT INTO customers
            (id, first_name, last_name, email, phone, company_name, company_size, tags)
        VALUES (:id, :first_name, :last_name, :email, :phone, :company_name, :company_size, :tags)
        RETURNING *";
    write(connection, statement, None, draft)
        .transpose()
        .unwrap_or_else(|| Err(rusqlite::Error::QueryReturnedNoRows.into()))
        .blame("tables::insert")
}

/// Puts `draft` in the place of what was said of the customer before.
pub(super) fn replace(connection: &Connection, id: i64, draft: &Draft) -> Result<Option<Customer>, Fault> {
    let statement = "UPDATE customers SET first_name = :first_name, last_name = :last_name,
            email = :email, phone = :phone, company_name = :company_name,
            company_size = :company_size, tags = :tags,
            updated_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now')
        WHERE id = :id RETURNING *";
    write(connection, statement, Some(id), draft).blame("tables::replace")
}

/// Merges `patch` into the customer (RFC 7396).
pub(super) fn patch(connection: &Connection, id: i64, patch: Value) -> Result<Option<Customer>, Fault> {
    let Some(before) = customer(connection, id).blame("tables::patch")? else {
        return Ok(None);
    };
    let mut merged = serde_json::to_value(before.draft).blame("tables::patch, writing JSON")?;
    merge(&mut merged, patch);
    let draft = serde_json::from_value(merged).blame_body("tables::patch, reading the merged")?;
    replace(connection, id, &draft).blame("tables::patch")
}

/// Removes a customer; says whether there was one.
pub(super) fn remove(connection: &Connection, id: i64) -> Result<bool, Fault> {
    connection.execute("DELETE FROM customers WHERE id = ?1", [id]).map(|rows| rows > 0).blame("tables::remove")
}

fn write(connection: &Connection, statement: &str, id: Option<i64>, draft: &Draft) -> Result<Option<Customer>, Fault> {
    let tags = serde_json::to_string(&draft.tags).blame("tables::write, the tags")?;
    let company = draft.company.as_ref();
    let company_name = company.and_then(|company| company.name.as_ref());
    let company_size = company.and_then(|company| company.size);
    let parameters = named_params! {
        ":id": id,
        ":first_name": draft.first_name,
        ":last_name": draft.last_name,
        ":email": draft.email,
        ":phone": draft.phone,
        ":company_name": company_name,
        ":company_size": company_size,
        ":tags": tags,
    };
    connection
        .prepare_cached(statement)
        .blame("tables::write, preparing")?
        .query_row(parameters, |row| Ok(read(row)))
        .optional()
        .blame("tables::write, the row")?
        .transpose()
}

fn read(row: &Row<'_>) -> Result<Customer, Fault> {
    let columns = || -> rusqlite::Result<(Customer, String)> {
        let (name, size) = (row.get("company_name")?, row.get("company_size")?);
        let draft = Draft {
            first_name: row.get("first_name")?,
            last_name: row.get("last_name")?,
            email: row.get("email")?,
            phone: row.get("phone")?,
            company: (Option::is_some(&name) || Option::is_some(&size)).then_some(Company { name, size }),
            tags: Vec::new(),
        };
        let customer = Customer {
            id: row.get("id")?,
            draft,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
        };
        Ok((customer, row.get("tags")?))
    };
    let (mut customer, tags) = columns().blame("tables::read, the columns")?;
    customer.draft.tags = serde_json::from_str(&tags).blame("tables::read, the tags")?;
    Ok(customer)
}
