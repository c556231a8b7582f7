//! Writes the hash of a user's password into a file of users, leaving all else as it is.

use super::htpasswd::lines;
use crate::config::key_file::{EditError, is_principal_name, set_password};

/// The text of a file of users in which `name` has this hash: a key file where `toml` says so, else a file as
/// `htpasswd` writes it.
///
/// # Errors
///
/// Where the text is no such file, or nobody can have this name.
pub fn set(text: &str, toml: bool, name: &str, hash: &str) -> Result<String, EditError> {
    if !is_principal_name(name) {
        return Err(EditError::Name);
    }
    match toml {
        true => set_password(text, name, hash),
        false => Ok(set_in_htpasswd(text, name, hash)),
    }
}

fn set_in_htpasswd(text: &str, name: &str, hash: &str) -> String {
    let of = |line: &str| line.split_once(':').is_some_and(|(other, _)| other == name);
    if let Some((start, line)) = lines(text).find(|(_, line)| of(line)) {
        let comment = line.splitn(3, ':').nth(2).map(|comment| format!(":{comment}")).unwrap_or_default();
        return format!("{}{name}:{hash}{comment}{}", &text[..start], &text[start + line.len()..]);
    }
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{text}{end}{name}:{hash}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_replaced_or_added() {
        let set = |text: &str| set(text, false, "bob", "$new").expect("a name");
        assert_eq!(set(""), "bob:$new\n");
        assert_eq!(set("# us\nann:$a"), "# us\nann:$a\nbob:$new\n");
        assert_eq!(set("ann:$a\r\nbob:$old:by ann\r\n#bob:x\n"), "ann:$a\r\nbob:$new:by ann\r\n#bob:x\n");
        assert_eq!(set("bobby:$b\nbob:$old"), "bobby:$b\nbob:$new");
        assert_eq!(super::set("", false, "a:b", "$new"), Err(EditError::Name));
    }

    #[test]
    fn a_key_file_gets_a_password() {
        let set = |text: &str| set(text, true, "bob", "$new");
        assert_eq!(set(""), Ok("[principal.bob]\npassword = \"$new\"\n".to_owned()));
        assert_eq!(
            set("# us\n[principal.bob]\nscopes = [\"a\"] # few\npassword = \"$old\" # good\n"),
            Ok("# us\n[principal.bob]\nscopes = [\"a\"] # few\npassword = \"$new\" # good\n".to_owned())
        );
        assert_eq!(
            set("[principal.bob]\npassword = { hash = \"$old\", expires = 2027-01-01 }\n"),
            Ok("[principal.bob]\npassword = { hash = \"$new\", expires = 2027-01-01 }\n".to_owned())
        );
        assert!(matches!(set("principal ="), Err(EditError::Syntax(_))));
        assert_eq!(set("principal = 1"), Err(EditError::Shape("principal")));
        assert_eq!(set("[principal]\nbob = 1"), Err(EditError::Shape("principal.NAME")));
    }
}
