//! Who has signed in with a browser: the cookie's 32 random bytes stand for a token that is configured.
//!
//! What is stored is of no use without the cookie, and names the token only to whoever has both. A session
//! ends when its token is no longer configured or has another role.

use sha2::{Digest, Sha256};

use super::{Access, Person};
use crate::clock::random_bits;
use crate::web::Problem;

/// A browser's cookie. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SignedIn {
    cookie: [u8; 32],
}

/// What is stored of somebody who signs in.
pub(crate) struct Stored {
    /// The digest of the cookie.
    pub(crate) id: String,
    /// Which token it was given for.
    pub(crate) seal: String,
    pub(crate) who: String,
    pub(crate) role: String,
    /// Who that is.
    pub(crate) person: Person,
}

impl SignedIn {
    /// A new cookie.
    pub(crate) fn fresh() -> Self {
        let mut cookie = [0; 32];
        for part in cookie.chunks_mut(8) {
            part.copy_from_slice(&random_bits().to_be_bytes());
        }
        Self { cookie }
    }

    /// The cookie that a browser shows, if it can be one.
    pub(crate) fn shown(text: &str) -> Option<Self> {
        let cookie = base16ct::lower::decode_vec(text).ok()?.try_into().ok()?;
        Some(Self { cookie })
    }

    /// The cookie as text.
    pub(crate) fn reveal(&self) -> String {
        hex(&self.cookie)
    }

    /// By which its session is stored.
    pub(crate) fn id(&self) -> String {
        hex(&Sha256::digest(self.cookie))
    }
}

impl Access {
    /// What is to be stored of whoever signs in with this token; `None` for a wrong one. Who shares a token
    /// says who it is. 400 if that is malformed.
    pub(crate) fn sign_in(
        &self,
        token: &str,
        who: &str,
        signed_in: &SignedIn,
    ) -> Result<Option<Stored>, Problem> {
        let Some(known) = self.known().find(token.as_bytes()) else { return Ok(None) };
        let person = Person::signed_in(known, who);
        Ok(Some(Stored {
            id: signed_in.id(),
            seal: hex(&known.seal(&signed_in.cookie)),
            who: person.name()?,
            role: person.role().to_string(),
            person,
        }))
    }

    /// Who that is, if their token is still configured, with the role that it had.
    pub(crate) fn signed_in(
        &self,
        signed_in: &SignedIn,
        seal: &str,
        role: &str,
        who: &str,
    ) -> Option<Person> {
        let seal = base16ct::lower::decode_vec(seal).ok()?;
        let known = self.known().find_sealed(&signed_in.cookie, &seal)?;
        let person = Person::signed_in(known, who);
        (person.role().to_string() == role).then_some(person)
    }
}

fn hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_read_as_it_was_written_and_no_two_are_alike() {
        let one = SignedIn::fresh();
        assert!(SignedIn::shown(&one.reveal()).as_ref() == Some(&one));
        assert!(SignedIn::fresh() != one);
        assert_ne!(one.id(), one.reveal());
        for wrong in ["", "00", &one.reveal()[1..], "x".repeat(64).as_str()] {
            assert!(SignedIn::shown(wrong).is_none(), "{wrong}");
        }
    }
}
