//! What all pages are made of: times, spans of time, amounts, and texts that others wrote.

use askama::Template;
use askama::filters::HtmlSafe;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::order::{Paise, rupees};
use crate::text::{one_line, plain};

/// The most characters of a text of others that are shown unasked.
const SHOWN: usize = 500;

/// A moment, in UTC: the time of the day, with the day if it is another than today.
#[derive(Clone, Debug, Template)]
#[template(path = "console/piece/moment.html")]
pub(super) struct Moment {
    machine: String,
    full: String,
    short: String,
}

impl HtmlSafe for Moment {}

impl Moment {
    /// To the minute.
    pub(super) fn of(at: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        Self::with(at, now, "%H:%M")
    }

    /// To the second.
    pub(super) fn exact(at: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        Self::with(at, now, "%H:%M:%S")
    }

    fn with(at: DateTime<Utc>, now: DateTime<Utc>, time: &str) -> Self {
        let time = at.format(time).to_string();
        let short = if at.date_naive() == now.date_naive() {
            time
        } else {
            format!("{} {time}", at.format("%-d %b"))
        };
        let full = at.format("%A, %-d %B %Y, %H:%M:%S UTC").to_string();
        Self { machine: at.to_rfc3339_opts(SecondsFormat::Millis, true), full, short }
    }
}

/// A text that others wrote, as text: cut, with the rest on demand.
#[derive(Clone, Debug, Template)]
#[template(path = "console/piece/said.html")]
pub(super) struct Said {
    head: String,
    rest: Option<String>,
}

impl HtmlSafe for Said {}

impl Said {
    /// This text.
    pub(super) fn of(text: &str) -> Self {
        let text = plain(text);
        match text.char_indices().nth(SHOWN) {
            Some((at, _)) => {
                Self { head: text[..at].to_owned(), rest: Some(text[at..].to_owned()) }
            }
            None => Self { head: text, rest: None },
        }
    }

    /// This JSON: a string as it is, anything else as it is written.
    pub(super) fn json(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::String(text) => Self::of(text),
            other => Self::of(&serde_json::to_string_pretty(other).unwrap_or_default()),
        }
    }
}

/// One line of a text of others, for a sentence.
pub(super) fn brief(text: &str, most: usize) -> String {
    let text = one_line(text);
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", text[..at].trim_end()),
        None => text,
    }
}

/// An amount in paise, in rupees.
pub(super) fn money(paise: i64) -> String {
    rupees(Paise(paise))
}

/// A span of time in its largest unit, or the two largest where that says more.
pub(super) fn span(time: TimeDelta) -> String {
    let seconds = time.num_seconds().max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// A step's name as a word: `refund_payment` is a refund.
pub(super) fn step_name(step: &str) -> String {
    match step {
        "charge_payment" => "charge".to_owned(),
        "refund_payment" => "refund".to_owned(),
        "reserve_stock" => "reservation".to_owned(),
        "release_stock" => "release".to_owned(),
        other => other.replace('_', " "),
    }
}

/// `1 piece`, `2 pieces`.
pub(super) fn counted(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{} {one}s", grouped(count)) }
}

/// `4,312`.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut said = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            said.push(',');
        }
        said.push(digit);
    }
    said
}

/// An id that people can tell from its neighbours in a list.
pub(super) fn short_id(id: uuid::Uuid) -> String {
    let text = id.to_string();
    format!("{}…{}", &text[..8], &text[text.len() - 6..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_others_is_text() {
        let said =
            Said::of("<script>alert('1')</script>\u{202e}a\u{0}b\u{1b}[31m\u{2066}").to_string();
        assert!(!said.contains("<script") && said.contains("ab[31m"), "{said}");
        assert!(
            !said.contains('\u{202e}') && !said.contains('\u{1b}') && !said.contains('\u{2066}')
        );
        let long = Said::of(&"ä<".repeat(400)).to_string();
        assert!(long.contains("<details") && !long.contains("ä<ä"), "{long}");
        assert!(!Said::of(&"x".repeat(500)).to_string().contains("<details"));
    }

    #[test]
    fn a_moment_has_its_day_where_it_is_another() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("a time");
        let now = at("2026-11-27T12:00:00Z");
        let today = Moment::of(at("2026-11-27T10:31:05Z"), now).to_string();
        assert!(
            today.contains("datetime=\"2026-11-27T10:31:05.000Z\"") && today.contains(">10:31<"),
            "{today}"
        );
        assert!(
            Moment::exact(at("2026-11-26T10:31:05Z"), now)
                .to_string()
                .contains(">26 Nov 10:31:05<")
        );
    }

    #[test]
    fn a_span_is_short() {
        for (seconds, said) in
            [(-5, "0 s"), (59, "59 s"), (61, "1 min"), (3_720, "1 h 2 min"), (90_000, "1 d 1 h")]
        {
            assert_eq!(span(TimeDelta::seconds(seconds)), said);
        }
    }

    #[test]
    fn a_brief_text_is_one_line() {
        assert_eq!(brief("a\n b\u{7}  c", 9), "a b c");
        assert_eq!(brief("abcdef", 3), "abc…");
    }
}
