//! The configured operators' tokens.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::config::{OperatorConfig, Role};

/// Every configured token as a digest. Digests are compared in constant time, so that response times reveal
/// nothing about a token.
pub(super) struct KnownTokens(Vec<Known>);

/// A token and its holder.
pub(super) struct Known {
    digest: [u8; 32],
    /// `None`: several people share it.
    pub(super) name: Option<String>,
    pub(super) role: Role,
}

impl Known {
    /// Shows, to whoever has the salt, that it is this token. Both parts have a fixed length.
    pub(super) fn seal(&self, salt: &[u8; 32]) -> [u8; 32] {
        Sha256::new().chain_update(salt).chain_update(self.digest).finalize().into()
    }
}

impl KnownTokens {
    /// The named tokens, and the shared one if there is one.
    pub(super) fn new(config: &OperatorConfig) -> Self {
        let named = config.tokens.iter().map(|token| Known {
            digest: *token.sha256.bytes(),
            name: Some(token.name.clone()),
            role: token.role,
        });
        let shared = config.token.iter().map(|token| Known {
            digest: digest(token.reveal().as_bytes()),
            name: None,
            role: Role::Admin,
        });
        Self(named.chain(shared).collect())
    }

    /// Whether no token is configured.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whose token this is; `None` for an unknown or empty one.
    pub(super) fn find(&self, token: &[u8]) -> Option<&Known> {
        let shown = digest(token);
        self.first(|known| known.digest.ct_eq(&shown).into()).filter(|_| !token.is_empty())
    }

    /// The token that this seal was made for, with this salt.
    pub(super) fn find_sealed(&self, salt: &[u8; 32], seal: &[u8]) -> Option<&Known> {
        self.first(|known| known.seal(salt)[..].ct_eq(seal).into())
    }

    /// All are compared, so that the time does not reveal which one matched.
    fn first(&self, is_it: impl Fn(&Known) -> bool) -> Option<&Known> {
        let same = self.0.iter().filter(|known| is_it(known));
        same.fold(None, |first: Option<&Known>, known| first.or(Some(known)))
    }
}

fn digest(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{NamedToken, Token, TokenDigest};

    /// The digest of `abc`.
    const ABC: &str = "BA7816BF8F01CFEA414140DE5DAE2223b00361a396177a9cb410ff61f20015ad";
    /// The digest of the empty text.
    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn known(token: &str, named: &[(&str, Role, &str)]) -> KnownTokens {
        let named = named.iter().map(|(name, role, sha256)| NamedToken {
            name: (*name).to_owned(),
            role: *role,
            sha256: TokenDigest::parse(sha256).expect("a digest"),
        });
        let token = Token::parse(token).expect("a token");
        KnownTokens::new(&OperatorConfig { token, tokens: named.collect() })
    }

    fn who(known: &KnownTokens, token: &str) -> Option<(Option<String>, Role)> {
        known.find(token.as_bytes()).map(|known| (known.name.clone(), known.role))
    }

    #[test]
    fn a_token_has_the_name_and_the_role_that_it_was_given() {
        let known = known("secret", &[("asha", Role::Viewer, ABC)]);
        assert_eq!(who(&known, "abc"), Some((Some("asha".to_owned()), Role::Viewer)));
        assert_eq!(who(&known, "secret"), Some((None, Role::Admin)));
        for wrong in ["", "ab", "abcd", "ABC", "secre", "secret2", ABC] {
            assert_eq!(who(&known, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_empty_token_is_nobodys() {
        assert!(known("", &[]).is_empty());
        assert_eq!(who(&known("", &[]), ""), None);
        assert_eq!(who(&known("", &[("asha", Role::Admin, EMPTY)]), ""), None);
    }
}
