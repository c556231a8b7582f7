//! Key files as files of users: principals with a `password`, which is the hash of one.

use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use toml::de::{DeTable, DeValue};

use super::holders::{check_name, grant};
use super::moment::Moment;
use super::{KeyFile, PrincipalTable, Purpose, blank};
use crate::config::environment::Environment;
use crate::config::faults::Faults;
use crate::config::located::{Field, Located};
use crate::config::read::{FromToml, Reader, Value, read_table};
use crate::config::source::Place;
use crate::config::text::Text;
use crate::config::toml_text::{parse, read_text_shown};
use crate::config::users::Hashes;
use crate::policy::keys::Principal;
use crate::policy::passwords::{User, Users};

/// `password = "$2y$…"`, or a table with more to say.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(transparent)]
pub(super) struct Password(PasswordTable);

/// A password.
#[derive(Clone, Debug, Default, JsonSchema)]
struct PasswordTable {
    /// Its hash, by bcrypt or argon2.
    hash: Field<Text>,
    /// From when on it is good no more.
    expires: Field<Moment>,
    /// From when on it is good.
    not_before: Field<Moment>,
    /// Taken out of use by hand.
    disabled: Field<bool>,
}

read_table!(PasswordTable, "a hash such as \"$2y$12$…\", or a table such as { hash = \"$2y$12$…\", expires = 2027-01-01 }" {
    hash, expires, not_before, disabled,
});

impl FromToml for Password {
    fn expected() -> String {
        PasswordTable::expected()
    }

    fn from_toml(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let DeValue::String(_) = value.get_ref() else { return PasswordTable::from_toml(value, reader).map(Self) };
        let (at, value) = (reader.place(value), Text::from_toml(value, reader)?);
        Some(Self(PasswordTable { hash: Field::Given(Located { value, at }), ..PasswordTable::default() }))
    }
}

/// Reads a key file as a file of users. `named_at` is where the configuration names it.
pub(in crate::config) fn read_users(
    name: String,
    path: PathBuf,
    named_at: Place,
    environment: &dyn Environment,
    faults: &mut Faults,
    hashes: &mut Hashes,
) -> Option<Users> {
    let source = read_text_shown(name, path, Some(named_at), environment, faults, shown)?;
    let shown = shown(source.text());
    let read =
        |table: &DeTable<'_>, reader: &mut Reader<'_>| (reader.file, KeyFile::read_entries(table.iter(), reader));
    let (id, file) = parse(source, environment, faults, read);
    faults.show_instead(id, shown);
    let mut users = Users::default();
    for entry in &file.principal.entries {
        check_name(Purpose::Keys, &entry.name, faults);
        let Some(table) = &entry.value else { continue };
        let password = match &table.password {
            Field::Given(password) => password,
            Field::Broken => continue,
            Field::Absent => {
                if table.keys.is_absent() && table.secrets.is_absent() {
                    let fault = faults.warning(entry.name.at, format!("`{}` has no password", entry.name.value));
                    fault.label("nobody can come in by this name");
                }
                continue;
            }
        };
        let principal = principal(&entry.name, table, faults);
        if let Some(user) = user(principal, password, hashes, environment, faults) {
            users.add(user);
        }
    }
    Some(users)
}

fn principal(name: &Located<String>, table: &PrincipalTable, faults: &mut Faults) -> Principal {
    Principal::new(name.value.as_str(), Arc::new(grant(&table.scopes, &table.plan, faults)))
}

fn user(
    principal: Principal,
    password: &Located<Password>,
    hashes: &mut Hashes,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Option<User> {
    let table = &password.value.0;
    let hash = match &table.hash {
        Field::Given(written) => hashes.read(written.as_str(), written.at, faults),
        Field::Broken => None,
        Field::Absent => {
            faults.absent(password.at, "this password has no hash").label("expected `hash`, by bcrypt or argon2");
            None
        }
    };
    let moment = |field: &Field<Moment>| field.given().map(|given| given.value.0);
    let (not_before, expires) = (moment(&table.not_before), moment(&table.expires));
    if let Field::Given(given) = &table.expires {
        if expires <= Some(environment.now()) {
            faults.warning(given.at, "this password has expired").label("it opens nothing any more");
        } else if not_before >= expires {
            faults.error(given.at, "this password is never good").label("it expires before it begins");
        }
    }
    let disabled = table.disabled.given().is_some_and(|disabled| disabled.value);
    Some(User { principal, hash: hash?, not_before, expires, disabled })
}

/// Names whose values anybody may see, or that hold nothing but further names.
const SHOWN: [&str; 9] = ["keys", "sha256", "secrets", "id", "scopes", "plan", "expires", "not_before", "disabled"];

/// A key file's text with every value blanked that may be a password or the hash of one: what follows `password`
/// or `hash`, and whatever has a name that is not known here, which may be one of these misspelt. Lengths stay,
/// so that places do. Works on the text, because what can't be parsed is shown too.
fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(value) = next_value(rest) {
        shown.push_str(&rest[..value.start]);
        shown.extend(rest[value.clone()].chars().flat_map(|c| {
            let kept = matches!(c, '\n' | '\r');
            std::iter::repeat_n(if kept { c } else { '*' }, c.len_utf8())
        }));
        rest = &rest[value.end..];
    }
    shown.push_str(rest);
    blank::what_is_no_hash(shown)
}

/// Where the next value is that may tell something: to the end of its string, or of its line where it is none.
fn next_value(text: &str) -> Option<std::ops::Range<usize>> {
    let mut from = 0;
    loop {
        let end = text[from..].char_indices().find_map(|(at, c)| begins(text, from + at, c))?;
        let behind = text[end..].trim_start_matches(['"', '\'', ']', '.', ' ', '\t', '=']);
        let start = text.len() - behind.len();
        let before = &text[end..start];
        let goes_on = before.ends_with("\"\"\"") || before.ends_with("'''");
        let is_table = behind.starts_with('{') && !before.ends_with(['"', '\'']);
        // What stands in a table comes with a name of its own, and so does what stands under a header.
        if !goes_on && (is_table || behind.is_empty() || behind.starts_with(['\n', '\r'])) {
            from = end;
            continue;
        }
        return Some(start..start + value_length(before, behind));
    }
}

/// Behind what announces such a value, where it stands here: a name, or `=` behind another name than those of
/// [`SHOWN`].
fn begins(text: &str, at: usize, c: char) -> Option<usize> {
    match c {
        'p' => text[at..].starts_with("password").then(|| at + "password".len()),
        'h' => text[at..].starts_with("hash").then(|| at + "hash".len()),
        '=' => {
            let before = text[..at].trim_end_matches([' ', '\t', '"', '\'']);
            let name = before.rsplit(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).next();
            (!name.is_some_and(|name| SHOWN.contains(&name))).then_some(at + 1)
        }
        _ => None,
    }
}

/// How long a value is that is opened by the quotes at the end of `before`.
fn value_length(before: &str, value: &str) -> usize {
    let quote = before.chars().next_back().filter(|c| matches!(c, '"' | '\''));
    let line = value.find(['\n', '\r']).unwrap_or(value.len());
    let Some(quote) = quote else { return line };
    let three = String::from(quote).repeat(3);
    if before.ends_with(&three) {
        return value.find(&three).unwrap_or(value.len());
    }
    value[..line].find(quote).filter(|end| !value[..*end].contains('\\')).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_and_no_hash_of_one_is_shown() {
        for (text, expected) in [
            ("password = \"hunter2\" # old", "password = \"*******\" # old"),
            ("password='hunter2'", "password='*******'"),
            ("password = hunter2, or so\nplan = 1", "password = **************\nplan = 1"),
            ("password = \"hun\\\"ter2\"\n", "password = \"**********\n"),
            ("password = \"hunter2\nplan = 1", "password = \"*******\nplan = 1"),
            ("password = \"\"\"hun\nter2\"\"\"\nx", "password = \"\"\"***\n****\"\"\"\nx"),
            ("password = { hash = \"$2y$\", disabled = true }", "password = { hash = \"****\", disabled = true }"),
            ("password = '''\nhunter2'''", "password = '''\n*******'''"),
            ("[principal.a.password]\nhash = '$2y$'\n", "[principal.a.password]\nhash = '****'\n"),
            ("password = { hash = \"{SHA}x=\" }", "password = { hash = \"*******\" }"),
            ("password.hash = \"$2y$\"", "password.*************"),
            ("passwort = \"hunter2\"\nplan = \"gold\"", "passwort = \"*******\"\nplan = \"gold\""),
            ("\"p\\u0061ssword\" = 'hunter2'", "\"p\\u0061ssword\" = '*******'"),
            ("password 'hunter2'", "password '*******'"),
            ("scopes = [\"a\"]\nkeys = [{ disabled = true }]", "scopes = [\"a\"]\nkeys = [{ disabled = true }]"),
            (
                "secrets = [{ id = \"acme\", secret = \"${env:ACME}\" }]",
                "secrets = [{ id = \"acme\", secret = \"***********\" }]",
            ),
            ("\"password\" = \"söcret\"", "\"password\" = \"*******\""),
        ] {
            let shown = shown(text);
            assert_eq!(shown, expected);
            assert_eq!(shown.len(), text.len());
        }
        for odd in ["password", "hash =", "password = \"", "hashhash", "é password é hash é"] {
            assert_eq!(shown(odd).len(), odd.len());
        }
    }
}
