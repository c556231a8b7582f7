//! Users with passwords: who they are, and the hashes that their passwords are checked against.
//!
//! A password is what somebody thought of, so its hash takes long to compute, on purpose. Nothing here
//! computes one: the stage *authenticate* asks, and the room `identity` answers.

mod hash;

use std::fmt;

use hashbrown::HashMap;

pub use hash::{Argon2Variant, HashFault, HashScheme, PasswordHash};

use super::keys::Principal;
use super::time::Timestamp;

/// The users of one file.
#[derive(Default)]
pub struct Users {
    users: Vec<User>,
    by_name: HashMap<String, usize>,
}

/// One of them.
#[derive(Clone, Debug)]
pub struct User {
    /// Who it is.
    pub principal: Principal,
    /// What the password is checked against.
    pub hash: PasswordHash,
    /// From when on the password is good.
    pub not_before: Option<Timestamp>,
    /// From when on it is good no more.
    pub expires: Option<Timestamp>,
    /// Taken out of use by hand.
    pub disabled: bool,
}

/// Why a name and a password are not taken; for the log, never for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordFault {
    /// No name and password as RFC 7617 has them.
    Malformed,
    /// Nobody has this name.
    Unknown,
    /// Somebody has, with another password.
    Wrong,
    /// It is right, and good later.
    NotYet,
    /// It is right, and good no more.
    Expired,
    /// It is right, and taken out of use.
    Disabled,
}

impl PasswordFault {
    /// As the log says it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Malformed => "not a name and a password",
            Self::Unknown => "unknown user",
            Self::Wrong => "wrong password",
            Self::NotYet => "password not good yet",
            Self::Expired => "password expired",
            Self::Disabled => "password disabled",
        }
    }
}

impl Users {
    /// Adds a user; `false` where the name is taken.
    pub fn add(&mut self, user: User) -> bool {
        let fresh = self.by_name.try_insert(user.principal.name().to_owned(), self.users.len()).is_ok();
        if fresh {
            self.users.push(user);
        }
        fresh
    }

    /// Who has this name.
    pub fn find(&self, name: &str) -> Option<&User> {
        self.by_name.get(name).map(|index| &self.users[*index])
    }

    /// What a password is checked against that nobody's name came with, so that the answer takes as long.
    pub fn decoy(&self) -> Option<&PasswordHash> {
        self.users.first().map(|user| &user.hash)
    }

    /// The principals, in the order of the file.
    pub fn principals(&self) -> impl ExactSizeIterator<Item = &Principal> {
        self.users.iter().map(|user| &user.principal)
    }
}

impl User {
    /// Whether a password that is right may be used.
    ///
    /// # Errors
    ///
    /// Where it may not, or not now.
    pub fn usable(&self, now: Timestamp) -> Result<(), PasswordFault> {
        if self.disabled {
            return Err(PasswordFault::Disabled);
        }
        if self.not_before.is_some_and(|from| now < from) {
            return Err(PasswordFault::NotYet);
        }
        if self.expires.is_some_and(|until| now >= until) {
            return Err(PasswordFault::Expired);
        }
        Ok(())
    }
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Users").field(&self.users.len()).finish()
    }
}
