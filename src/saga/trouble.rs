//! What is wrong with a saga, for finding it among millions that are all right: its row in a table of its own.
//!
//! A saga is in trouble while it needs a person, its last attempt failed, or it goes back. The engine
//! writes the row in the transaction that makes it so, and removes it in the one that ends it.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::definition::Sort;
use super::instance::Instance;
use super::progress::Progress;
use super::track::Standing;
use super::word::{Step, StuckKind};
use crate::order::{Exposure, Line, Paise};

/// What is wrong with a saga.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Why it needs a person, if it does.
    pub stuck: Option<StuckKind>,
    /// What is stuck or failing, or what is undone now.
    pub step: String,
    /// What went wrong, without what differs between sagas in the same trouble; `None` for one that goes
    /// back and has not failed.
    pub error: Option<String>,
    /// The most that may be out, in paise.
    pub money: Paise,
    /// The most that may be out, in pieces.
    pub pieces: u64,
    /// The steps that are not settled, and those that are tried.
    pub steps: BTreeSet<String>,
    /// At whom.
    pub neighbours: BTreeSet<String>,
}

impl Trouble {
    /// What is wrong with this saga; `None` where nothing is.
    pub fn of(saga: &Instance) -> Option<Self> {
        if saga.progress.is_rest() {
            return None;
        }
        let stuck = saga.stuck.as_ref();
        let has_failed = saga.last_error.is_some() || saga.attempts > 0;
        if stuck.is_none() && !has_failed && saga.progress != Progress::Backward {
            return None;
        }
        let open = open_steps(saga);
        let first = || open.first().map_or(saga.current_step(), |step| step.word()).to_owned();
        let said = stuck.map(|stuck| &stuck.detail).or(saga.last_error.as_ref());
        let exposure = saga.exposure();
        let neighbours = open.iter().filter_map(|step| saga.definition.neighbour(*step));
        Some(Self {
            stuck: stuck.map(|stuck| stuck.kind),
            step: stuck.map_or_else(first, |stuck| stuck.step.clone()),
            error: said.map(|said| without_particulars(said)),
            money: exposure.money,
            pieces: exposure.pieces(),
            neighbours: neighbours.map(|neighbour| neighbour.name().to_owned()).collect(),
            steps: open.iter().map(|step| step.word().to_owned()).collect(),
        })
    }

    /// That of a saga which this binary can't read: all that it is about may be out.
    pub fn unreadable(step: &str, detail: &str, amount: Option<Paise>, lines: &[Line]) -> Self {
        let exposure = Exposure::unreadable(amount, lines);
        Self {
            stuck: Some(StuckKind::Unreadable),
            step: step.to_owned(),
            error: Some(without_particulars(detail)),
            money: exposure.money,
            pieces: exposure.pieces(),
            steps: BTreeSet::from([step.to_owned()]),
            neighbours: BTreeSet::new(),
        }
    }

    /// The id of the group of sagas in the same trouble, the same everywhere; `None` for one that has not
    /// failed.
    pub fn group(&self, kind: &str) -> Option<String> {
        let error = self.error.as_ref()?;
        let stuck = self.stuck.map_or("", |stuck| stuck.into());
        let mut hash = Sha256::new();
        for part in [kind, &self.step, stuck, error] {
            hash.update(part);
            hash.update([0]);
        }
        Some(base16ct::lower::encode_string(&hash.finalize()[..8]))
    }
}

/// The steps that have an effect which is not settled as it has to be, and those that are tried now.
fn open_steps(saga: &Instance) -> Vec<Step> {
    let mut open = Vec::new();
    let stage = match saga.progress {
        Progress::Forward { done } => Some(done),
        Progress::Backward | Progress::Rest(_) => None,
    };
    for position in &saga.position.actions {
        let is_tried = stage == Some(position.stage);
        let is_lasting = position.action.sort == Sort::Retriable;
        let is_open = |standing: Standing| match standing {
            Standing::Unsure { .. } => true,
            Standing::Untouched => is_tried,
            Standing::Refused => is_lasting,
            Standing::Done => false,
        };
        if position.forward.iter().any(|track| is_open(track.standing)) {
            open.push(position.action.step);
        }
        let to_be_undone = stage.is_none();
        let mut undos = position.undos().zip(&position.forward);
        let is_undo_open = |((_, undo), forward): ((_, super::Track), &super::Track)| {
            undo.standing != Standing::Done
                && (undo.standing != Standing::Untouched
                    || to_be_undone && forward.standing == Standing::Done)
        };
        open.extend(position.action.undo().filter(|_| undos.any(is_undo_open)));
    }
    if open.is_empty() {
        open.extend(saga.definition.next_step(saga.progress));
    }
    open
}

/// A message without ids, numbers, times and quoted texts: `…` stands for each, so that the same failure
/// of different sagas reads the same.
pub fn without_particulars(message: &str) -> String {
    let mut general = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(first) = rest.chars().next() {
        let length = particular(rest);
        if length > 0 {
            if !general.ends_with('…') {
                general.push('…');
            }
            rest = &rest[length..];
            continue;
        }
        // A word is taken as a whole: what is inside of it is no particular.
        let word = rest.find(|it: char| !it.is_alphabetic()).unwrap_or(rest.len());
        let taken = word.max(first.len_utf8());
        general.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    general
}

/// How many bytes of what is particular a text begins with.
fn particular(text: &str) -> usize {
    let first = text.chars().next().unwrap_or(' ');
    if let Some(closing) = closing(first) {
        let inside = &text[first.len_utf8()..];
        return inside.find(closing).map_or(0, |end| first.len_utf8() + end + closing.len_utf8());
    }
    // An id, a number or a time: letters and digits and what joins them, with a digit in it.
    let joins = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | ':' | '.' | '+' | '_');
    let run = text.find(|it: char| !joins(it)).unwrap_or(text.len());
    let run = text[..run].trim_end_matches(['-', ':', '.', '+', '_']);
    let is_long_hex = run.len() >= 8 && run.chars().all(|it| it.is_ascii_hexdigit() || it == '-');
    let has_digit = run.contains(|it: char| it.is_ascii_digit());
    let starts_so = first.is_ascii_digit() || is_long_hex && has_digit;
    if starts_so && has_digit { run.len() } else { 0 }
}

fn closing(opening: char) -> Option<char> {
    match opening {
        '"' | '\'' | '`' => Some(opening),
        '“' => Some('”'),
        '‘' => Some('’'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_failure_of_different_sagas_reads_the_same() {
        for (message, general) in [
            ("payment answered 500", "payment answered …"),
            ("order 0198f2a4-7c1e-7d3a-9b52-3f6e8d0a1c48 is locked", "order … is locked"),
            ("no answer by 2026-03-01T02:02:40.120Z, gave up", "no answer by …, gave up"),
            ("payment answered 400: \"Wallet 7 is closed\"", "payment answered …: …"),
            ("refund_payment failed for 'a'", "refund_payment failed for …"),
            ("nothing particular", "nothing particular"),
            ("it isn't there", "it isn't there"),
            ("deadbeef is a word, deadbee5 is not", "deadbeef is a word, … is not"),
            ("", ""),
            ("₹2,048.00 was not given back", "₹…,… was not given back"),
        ] {
            assert_eq!(without_particulars(message), general, "{message}");
        }
    }

    #[test]
    fn a_group_is_known_by_what_its_sagas_share() {
        let trouble = Trouble::unreadable("Shipped", "unknown state Shipped", None, &[]);
        let group = trouble.group("checkout").expect("it has failed");
        assert_eq!(group.len(), 16);
        assert_eq!(trouble.group("checkout"), Some(group.clone()));
        assert_ne!(trouble.group("return"), Some(group.clone()));
        let other = Trouble { step: "Packed".to_owned(), ..trouble.clone() };
        assert_ne!(other.group("checkout"), Some(group));
        let in_order = Trouble { error: None, ..trouble };
        assert_eq!(in_order.group("checkout"), None);
    }
}
