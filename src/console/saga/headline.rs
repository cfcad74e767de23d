//! One sentence that says how a saga stands: where the money is, what is wrong and since when, what comes
//! next, and what stock is held.
//!
//! ```text
//! ₹2,048.00 charged, refund failing since 10:31: answered 500; tries again in 12 s; nothing is held
//! ```

use askama::Template;
use askama::filters::HtmlSafe;
use chrono::{DateTime, TimeDelta, Utc};

use crate::console::piece::{Moment, brief, counted, money, span, step_name};
use crate::operator::Known::{No, Unknown, Yes};
use crate::operator::{Detail, SagaView, StepView};

/// The longest part of the sentence that others wrote, in characters.
const WORDS: usize = 160;

/// A sentence with times in it.
#[derive(Debug, Default, Template)]
#[template(path = "console/piece/sentence.html")]
pub(in crate::console) struct Sentence {
    parts: Vec<Part>,
}

impl HtmlSafe for Sentence {}

#[derive(Debug)]
enum Part {
    Text(String),
    /// Money that a customer is out of.
    Out(String),
    Time(Moment),
}

impl Sentence {
    fn say(&mut self, text: impl Into<String>) {
        self.parts.push(Part::Text(text.into()));
    }

    /// Between two clauses.
    fn clause(&mut self, text: &str) {
        if !text.is_empty() {
            self.say(format!("; {text}"));
        }
    }
}

/// The sentence about this saga.
pub(super) fn headline(detail: &Detail, now: DateTime<Utc>) -> Sentence {
    let mut sentence = Sentence::default();
    let said = of_money(detail);
    match said.split_once(' ') {
        Some((amount, rest)) if is_out(&detail.saga) => {
            sentence.parts.push(Part::Out(amount.to_owned()));
            sentence.say(format!(" {rest}"));
        }
        Some(_) | None => sentence.say(said),
    }
    of_trouble(&mut sentence, detail, now);
    of_what_is_next(&mut sentence, &detail.saga, now);
    sentence.clause(&of_stock(detail));
    sentence
}

/// Whether a customer is out of money by something that has failed or goes back.
pub(in crate::console) fn is_out(saga: &SagaView) -> bool {
    let is_trouble = saga.stuck.is_some() || saga.last_error.is_some() || saga.cause.is_some();
    is_trouble && saga.at_risk.money > 0
}

fn is_at_rest(saga: &SagaView) -> bool {
    saga.next.is_none()
}

fn of_money(detail: &Detail) -> String {
    let (saga, effects) = (&detail.saga, &detail.effects);
    let Some(amount) = saga.total_amount.map(money) else {
        return if is_at_rest(saga) { "Nothing was charged" } else { "Nothing charged yet" }
            .to_owned();
    };
    if saga.kind != crate::checkout::DEFINITION.kind {
        return match effects.refunded {
            Yes => format!("{amount} given back"),
            Unknown => format!("{amount} may have been given back"),
            No => format!("{amount} not given back yet"),
        };
    }
    match (effects.charged, effects.refunded) {
        (Yes, No) => format!("{amount} charged"),
        (Yes, Yes) => format!("{amount} charged and refunded"),
        // The next clause says so.
        (Yes, Unknown) if failing_since(&detail.steps).is_some() => format!("{amount} charged"),
        (Yes, Unknown) => format!("{amount} charged and perhaps refunded"),
        (Unknown, Yes) => format!("{amount} perhaps charged, and refunded"),
        (Unknown, No | Unknown) => format!("{amount} may have been charged"),
        (No, _) if is_at_rest(saga) || saga.cause.is_some() => format!("{amount} not charged"),
        (No, _) => format!("{amount} not charged yet"),
    }
}

fn of_trouble(sentence: &mut Sentence, detail: &Detail, now: DateTime<Utc>) {
    let saga = &detail.saga;
    let words = |text: &str| brief(text, WORDS).trim_end_matches('.').to_owned();
    if let Some(stuck) = &saga.stuck {
        let step = step_name(&stuck.step);
        let (how, since) = match stuck.kind.as_str() {
            "InDoubt" => (format!("{step} in doubt since "), stuck.since),
            "Refused" => (format!("{step} refused since "), stuck.since),
            "Exhausted" => {
                let since = failing_since(&detail.steps).map_or(stuck.since, |(_, since)| since);
                (format!("{step} failing since "), since)
            }
            _unreadable => ("this version can't read it, seen at ".to_owned(), stuck.since),
        };
        sentence.say(format!(", {how}"));
        sentence.parts.push(Part::Time(Moment::of(since, now)));
        let why =
            saga.last_error.as_deref().filter(|_| ["Exhausted", "InDoubt"].contains(&&*stuck.kind));
        let why = why.map(|why| by_neighbour(&stuck.step, &words(why)));
        sentence.say(format!(": {}", why.unwrap_or_else(|| words(&stuck.detail))));
    } else if let Some(error) = saga.last_error.as_deref().filter(|_| !is_at_rest(saga)) {
        let failing = failing_since(&detail.steps);
        let step = failing.map_or_else(|| "it".to_owned(), |(step, _)| step_name(step));
        sentence.say(format!(", {step} failing"));
        if let Some((_, since)) = failing {
            sentence.say(" since ");
            sentence.parts.push(Part::Time(Moment::of(since, now)));
        }
        let step = failing.map_or("", |(step, _)| step);
        sentence.say(format!(": {}", by_neighbour(step, &words(error))));
    } else if let Some(cause) = &saga.cause {
        sentence.clause(&words(cause));
    }
}

/// `answered 500` of a refund is `payment answers 500`.
fn by_neighbour(step: &str, error: &str) -> String {
    let neighbour = match step {
        "charge_payment" | "refund_payment" => "payment",
        "reserve_stock" | "release_stock" => "product",
        _other => return error.to_owned(),
    };
    match error.strip_prefix("answered ") {
        Some(answer) => format!("{neighbour} answers {answer}"),
        None => format!("{neighbour}: {error}"),
    }
}

/// The effect that is failing, and when the first of its attempts in a row failed. Others may have been tried
/// beside it.
fn failing_since(steps: &[StepView]) -> Option<(&str, DateTime<Utc>)> {
    let has_failed =
        |step: &StepView| matches!(step.outcome.as_deref(), Some("unknown" | "notSent"));
    let attempts = || steps.iter().rev().filter(|step| step.phase != "operator");
    let is_same = |one: &StepView, other: &StepView| {
        one.step == other.step && one.idempotency_key == other.idempotency_key
    };
    let is_latest = |step: &&StepView| {
        attempts().find(|other| is_same(step, other)).is_some_and(|latest| latest.seq == step.seq)
    };
    let failing = attempts().filter(is_latest).find(|step| has_failed(step))?;
    let own = attempts().filter(|step| is_same(step, failing));
    let first = own.take_while(|step| has_failed(step)).last().unwrap_or(failing);
    Some((&failing.step, first.started_at))
}

fn of_what_is_next(sentence: &mut Sentence, saga: &SagaView, now: DateTime<Utc>) {
    if let Some(held) = &saga.held {
        sentence.say(format!("; held by {} since ", brief(&held.who, 100)));
        sentence.parts.push(Part::Time(Moment::of(held.since, now)));
        return;
    }
    let Some(next) = &saga.next else {
        sentence.say(format!("; {} at ", saga.state.to_lowercase()));
        sentence.parts.push(Part::Time(Moment::of(saga.updated_at, now)));
        return;
    };
    let left = next.at.map(|at| at - now);
    let clause = match left {
        Some(left) if left < TimeDelta::seconds(1) => "is due now".to_owned(),
        Some(left) if is_failing(saga) => format!("tries again in {}", span(left)),
        Some(left) => format!("goes on in {}", span(left)),
        None if saga.owner.is_some() => "is being driven now".to_owned(),
        None => "waits for a person".to_owned(),
    };
    sentence.clause(&clause);
}

fn is_failing(saga: &SagaView) -> bool {
    saga.last_error.is_some() || saga.stuck.is_some()
}

fn of_stock(detail: &Detail) -> String {
    let pieces = |pieces: u64| counted(pieces, "piece");
    if is_at_rest(&detail.saga) {
        let sold =
            detail.effects.lines.iter().filter(|line| line.reserved == Yes && line.released == No);
        let sold: u64 = sold.map(|line| u64::from(line.quantity)).sum();
        return if sold > 0 {
            format!("{} reserved", pieces(sold))
        } else {
            "nothing is held".to_owned()
        };
    }
    let stock = &detail.saga.at_risk.stock;
    let held: u64 = stock.iter().map(|stock| stock.quantity).sum();
    let is_sure = stock.iter().all(|stock| !stock.unknown);
    match (held, is_sure) {
        (0, _) => "nothing is held".to_owned(),
        (held, true) => format!("{} held", pieces(held)),
        (held, false) => format!("at most {} held", pieces(held)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(seq: i32, step: &str, outcome: &str) -> StepView {
        StepView {
            seq,
            settled_seq: Some(seq),
            step: step.to_owned(),
            phase: "compensation".to_owned(),
            outcome: Some(outcome.to_owned()),
            attempt: 1,
            idempotency_key: Some(format!("a:{step}")),
            started_at: DateTime::UNIX_EPOCH + TimeDelta::minutes(seq.into()),
            duration_ms: Some(1),
            request: None,
            response: None,
            error: None,
            executor: "host:1".to_owned(),
            who: None,
            reason: None,
            did: None,
            line: None,
        }
    }

    #[test]
    fn what_is_failing_fails_since_the_first_failure_in_a_row() {
        let since = |log: &[StepView]| {
            let failing = failing_since(log);
            failing.map(|(step, at)| (step.to_owned(), at.timestamp() / 60))
        };
        let refund = |seq, outcome| attempt(seq, "refund", outcome);
        let release = |seq, outcome| attempt(seq, "release", outcome);
        assert_eq!(since(&[]), None);
        assert_eq!(since(&[refund(1, "done")]), None);
        assert_eq!(since(&[refund(1, "unknown"), refund(2, "done")]), None);
        let log = [refund(1, "unknown"), release(2, "done"), refund(3, "notSent")];
        assert_eq!(since(&log), Some(("refund".to_owned(), 1)));
        let log = [refund(1, "unknown"), release(2, "done")];
        assert_eq!(since(&log), Some(("refund".to_owned(), 1)));
        let log = [refund(1, "unknown"), refund(2, "refused"), refund(3, "unknown")];
        assert_eq!(since(&log), Some(("refund".to_owned(), 3)));
    }
}
