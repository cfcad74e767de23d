//! `events tail`: an event on one line.

use serde_json::Value;

use crate::text::one_line;

/// The parts of an event that are shown.
pub(in crate::cli) struct Told {
    position: String,
    time: String,
    kind: String,
    subject: String,
    status: String,
    more: String,
}

impl Told {
    /// Of an event as the feed has it.
    pub(in crate::cli) fn of(event: &Value) -> Self {
        let text = |value: &Value| one_line(value.as_str().unwrap_or_default());
        let data = &event["data"];
        let more = [&data["error"], &data["reason"], &data["detail"], &data["step"]];
        Self {
            position: text(&event["sequence"]).trim_start_matches('0').to_owned(),
            time: text(&event["time"]),
            kind: text(&event["type"]),
            subject: text(&event["subject"]),
            status: text(&data["status"]),
            more: one_line(more.into_iter().find_map(Value::as_str).unwrap_or_default()),
        }
    }
}

/// Draws one event: position, time, type, order, the order's status, and why.
pub(in crate::cli) fn told(event: &Told) -> String {
    let Told { position, time, kind, subject, status, more } = event;
    format!("{position:<8} {time}  {kind:<16} {subject}  {status:<10} {more}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_one_line() {
        let event = json!({
            "sequence": "00000000000000000042", "time": "2026-03-01T02:02:40.000000Z",
            "type": "order.rejected", "subject": "o-1",
            "data": {"status": "Rejected", "error": "Product not found"},
        });
        assert_eq!(
            told(&Told::of(&event)),
            "42       2026-03-01T02:02:40.000000Z  order.rejected   o-1  Rejected   Product not found"
        );
    }
}
