//! A letter as a mail: its head, and the two parts that say the same.

use askama::Template;
use chrono::{DateTime, Utc};
use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use uuid::Uuid;

use super::letter::Letter;
use super::recipient::Recipient;

/// The plain text: nothing in it is escaped.
#[derive(Template)]
#[template(path = "mail/letter.txt", escape = "none")]
struct Plain<'a> {
    letter: &'a Letter,
}

/// The page: everything in it is escaped.
#[derive(Template)]
#[template(path = "mail/letter.html", escape = "html")]
struct Html<'a> {
    letter: &'a Letter,
}

/// The mail of an event. A repeat of it has the same `Message-ID`.
///
/// # Errors
/// Where it can't be put together, as a sentence without the address.
pub(super) fn message(
    event_id: Uuid,
    letter: &Letter,
    from: &Mailbox,
    to: &Recipient,
    now: DateTime<Utc>,
) -> Result<Vec<u8>, String> {
    let plain = Plain { letter }.render().map_err(|error| error.to_string())?;
    let html = Html { letter }.render().map_err(|error| error.to_string())?;
    let auto = HeaderName::new_from_ascii_str("Auto-Submitted");
    let message = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to.address().clone()))
        .subject(letter.subject.clone())
        .date(now.into())
        .message_id(Some(format!("<{event_id}@{}>", from.email.domain())))
        // So that nobody's absence is answered to us.
        .raw_header(HeaderValue::new(auto, "auto-generated".to_owned()))
        .multipart(MultiPart::alternative_plain_html(plain, html))
        .map_err(|_error| "the mail can't be put together".to_owned())?;
    Ok(message.formatted())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::order::{EventKind, OrderId};

    #[test]
    fn hostile_text_is_escaped_in_the_page() {
        let carrier = "<script>alert(\"1\")</script>&";
        let shipment = json!({
            "carrier": carrier,
            "trackingNumber": "'>",
            "trackingUrl": "https://track.example/?a=\"><b>&c=1",
        });
        let data = json!({"shipment": shipment});
        let letter = Letter::of(EventKind::Shipped, OrderId(Uuid::nil()), &data, &[]);
        let letter = letter.expect("it is told");
        let html = Html { letter: &letter }.render().expect("a page");
        assert!(!html.contains("<script>") && !html.contains("<b>"), "{html}");
        assert!(html.contains("&#60;script&#62;") || html.contains("&lt;script&gt;"), "{html}");
        let plain = Plain { letter: &letter }.render().expect("a text");
        assert!(plain.contains(carrier), "{plain}");
    }

    #[test]
    fn a_mail_has_a_head_and_two_parts_in_seven_bits() {
        let data = json!({"totalAmount": 123_450, "items": []});
        let letter = Letter::of(EventKind::Confirmed, OrderId(Uuid::nil()), &data, &[]);
        let from = "Orders <orders@localhost>".parse().expect("a mailbox");
        let to = Recipient::read("asha@shop.example").expect("an address");
        let now = DateTime::UNIX_EPOCH;
        let mail = message(Uuid::nil(), &letter.expect("it is told"), &from, &to, now);
        let mail = String::from_utf8(mail.expect("a mail")).expect("text");
        assert!(mail.is_ascii());
        for line in [
            "From: Orders <orders@localhost>\r\n",
            "To: asha@shop.example\r\n",
            "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n",
            "Message-ID: <00000000-0000-0000-0000-000000000000@localhost>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "Content-Type: text/html; charset=utf-8\r\n",
        ] {
            assert!(mail.contains(line), "{line} in {mail}");
        }
    }
}
