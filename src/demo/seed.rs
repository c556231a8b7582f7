//! What is in the database before the first request: the tables, some customers of the trade's
//! history, one of them with a damaged row. Planted once; a file that has them is left as it is.

use rusqlite::{Connection, named_params};

use super::{DemoError, Landmarks};

/// Of this layout of the tables, kept in SQLite's `user_version`. 0 is a file that is new.
const VERSION: i64 = 1;

const TABLES: &str = "
    CREATE TABLE customers (
        id           INTEGER PRIMARY KEY AUTOINCREMENT,
        first_name   TEXT NOT NULL,
        last_name    TEXT NOT NULL,
        email        TEXT NOT NULL,
        phone        TEXT,
        company_name TEXT,
        company_size INTEGER,
        tags         TEXT NOT NULL,
        created_at   TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
        updated_at   TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    );
    CREATE TABLE jobs (
        id       INTEGER PRIMARY KEY AUTOINCREMENT,
        state    TEXT NOT NULL DEFAULT 'pending',
        draft    TEXT NOT NULL,
        customer INTEGER
    );
    INSERT INTO jobs (state, draft, customer) VALUES ('done', '{}', 1);";

/// First name, last name, company and its size. The list's order gives the ids, from 1.
const PEOPLE: [(&str, &str, &str, i64); 24] = [
    ("Grace", "Hopper", "Eckert-Mauchly", 350),
    ("Alan", "Turing", "National Physical Laboratory", 900),
    ("Katherine", "Johnson", "Langley Research Center", 3200),
    ("Edsger", "Dijkstra", "Mathematisch Centrum", 120),
    ("Hedy", "Lamarr", "Torpedo Radio", 2),
    ("Claude", "Shannon", "Bell Laboratories", 5700),
    ("Mary", "Jackson", "Langley Research Center", 3200),
    ("John", "McCarthy", "Stanford", 1500),
    ("Jean", "Bartik", "Eckert-Mauchly", 350),
    ("Dennis", "Ritchie", "Bell Laboratories", 5700),
    ("Kathleen", "Booth", "Birkbeck", 40),
    ("Konrad", "Zuse", "Zuse Apparatebau", 14),
    ("Charles", "Babbage", "Difference Engines", 1),
    ("Betty", "Holberton", "Eckert-Mauchly", 350),
    ("Niklaus", "Wirth", "ETH", 600),
    ("Dorothy", "Vaughan", "Langley Research Center", 3200),
    ("George", "Boole", "Queen's College", 60),
    ("Mary", "Keller", "Clarke College", 30),
    ("John", "Backus", "Watson Laboratory", 210),
    ("Evelyn", "Berezin", "Redactron", 500),
    ("Jay", "Forrester", "Whirlwind", 175),
    ("Karen", "Sparck Jones", "Cambridge", 80),
    ("Robin", "Milner", "Edinburgh", 70),
    ("Ida", "Rhodes", "Bureau of Standards", 250),
];

/// The person of that list whose tags were cut off in mid-write, some migrations ago.
const DAMAGED: i64 = 13;

const DAMAGED_TAGS: &str = r#"["vip","#;

/// Makes and fills the tables of a new database; all of it or nothing.
pub(super) fn plant(connection: &mut Connection) -> Result<(), DemoError> {
    let layout = "SELECT (SELECT user_version FROM pragma_user_version), count(*) FROM sqlite_master";
    let is_new = match connection.query_row(layout, [], |row| Ok((row.get(0)?, row.get(1)?)))? {
        (VERSION, _) => false,
        (0, 0) => true,
        (version, _) => return Err(DemoError::Foreign(version)),
    };
    // Synced at checkpoints only: quick enough for a demo, and a killed process loses nothing.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    if !is_new {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    for (id, person) in (1..).zip(PEOPLE) {
        let tags = if id == DAMAGED { DAMAGED_TAGS } else { "[]" };
        add(&transaction, person, tags)?;
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    Ok(transaction.commit()?)
}

/// Finds a damaged row and a seeded one that is whole. Where all of a kind were deleted or mended, one
/// is added, so that there is always something to show.
pub(super) fn landmarks(connection: &Connection) -> Result<Landmarks, DemoError> {
    let found = |query: &str| connection.query_row(query, [], |row| row.get::<_, Option<i64>>(0));
    let damaged = found("SELECT min(id) FROM customers WHERE NOT json_valid(tags)")?;
    let expendable =
        found(&format!("SELECT max(id) FROM customers WHERE id <= {} AND json_valid(tags)", PEOPLE.len()))?;
    Ok(Landmarks {
        damaged: match damaged {
            Some(id) => id,
            None => add(connection, ("Charles", "Babbage", "Difference Engines", 1), DAMAGED_TAGS)?,
        },
        expendable: match expendable {
            Some(id) => id,
            None => add(connection, ("Ned", "Ludd", "Stocking Frames", 1), "[]")?,
        },
    })
}

fn add(
    connection: &Connection,
    (first_name, last_name, company, size): (&str, &str, &str, i64),
    tags: &str,
) -> rusqlite::Result<i64> {
    let mailbox = format!("{first_name}.{last_name}").to_lowercase().replace(' ', "-");
    connection.execute(
        "INSERT INTO customers (first_name, last_name, email, company_name, company_size, tags)
         VALUES (:first_name, :last_name, :email, :company, :size, :tags)",
        named_params! {
            ":first_name": first_name,
            ":last_name": last_name,
            ":email": format!("{mailbox}@example.com"),
            ":company": company,
            ":size": size,
            ":tags": tags,
        },
    )?;
    Ok(connection.last_insert_rowid())
}
