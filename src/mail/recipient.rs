//! An address that can be written to.

use lettre::Address;

/// Whom a mail goes to.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Recipient(Address);

impl Recipient {
    /// Reads the address of a profile; `None` if it is none. Spaces around it are ignored. A line break in
    /// it would end a line of the mail's head, so nothing with a control character is an address.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.trim_matches(' ');
        if text.contains(|letter: char| letter.is_control() || letter.is_whitespace()) {
            return None;
        }
        text.parse().ok().map(Self)
    }

    /// The address itself: for the mail server only.
    pub(super) fn address(&self) -> &Address {
        &self.0
    }

    /// What is kept of it: `a***@host`.
    pub(super) fn shortened(&self) -> String {
        let first: String = self.0.user().chars().take(1).collect();
        format!("{first}***@{}", self.0.domain())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_written_to_is_an_address() {
        for (text, shortened) in [
            ("asha@shop.example", "a***@shop.example"),
            (" asha@shop.example ", "a***@shop.example"),
            ("b@localhost", "b***@localhost"),
            ("o'neill+shop@mail.example", "o***@mail.example"),
        ] {
            let recipient = Recipient::read(text).expect(text);
            assert_eq!(recipient.shortened(), shortened);
        }
        for text in [
            "",
            "nobody",
            "@shop.example",
            "asha@",
            "asha@shop.example\r\nBcc: ravi@shop.example",
            "asha\n@shop.example",
            "asha@shop.example\n",
            "\"asha\r\n\"@shop.example",
            "Asha <asha@shop.example>",
            "asha@shop.example, ravi@shop.example",
            "asha@shop.example>",
        ] {
            assert!(Recipient::read(text).is_none(), "{text:?}");
        }
    }
}
