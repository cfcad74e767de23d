//! The audit trail: what operators were told is compared with it, and it with the sagas' logs and the bulk
//! runs; its chain is followed; and no entry that was seen may change (promise 63).

use std::collections::{BTreeMap, BTreeSet};

use order_service::config::Role;
use order_service::engine::NotDone;
use order_service::store::{
    AuditAction, AuditEntry, AuditFilter, AuditResult, NewAuditEntry, Store, Via,
};
use sea_orm::QueryResult;
use uuid::Uuid;

use super::books::Books;
use super::run::Run;

/// Who acts on one saga at a time.
pub const OPERATOR: &str = "asha";
/// Who has many acted on.
pub const BULK_OPERATOR: &str = "ravi";

/// What somebody asks for.
#[derive(Debug)]
pub struct Asked {
    pub action: AuditAction,
    pub target: Option<String>,
    pub reason: Option<String>,
}

/// What the one who asked was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was done: its entry is there.
    Done,
    /// It is so, by this request or by another one: one of them has its entry.
    DoneBySomebody,
    /// It was not done.
    Not,
    /// Nothing that says so.
    Unknown,
}

/// What is known of the trail.
#[derive(Default)]
pub struct Trail {
    /// Counts what was asked for, so that each action has a reason of its own.
    number: u64,
    answers: BTreeMap<Uuid, Answer>,
    /// What was asked for: the entry that is to be there if it was done.
    asked: BTreeMap<Uuid, NewAuditEntry>,
    /// Every entry that was seen, without its place, and the chain.
    seen: BTreeMap<Uuid, Row>,
    chain: Vec<AuditEntry>,
}

/// An entry by its row, but for its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    who: String,
    via: String,
    action: String,
    target: Option<String>,
    reason: Option<String>,
    result: String,
    rest: String,
}

impl Trail {
    pub fn hear(&mut self, entry: Uuid, answer: Answer) {
        self.answers.insert(entry, answer);
    }

    /// Words that no other action has.
    pub fn reason(&mut self) -> String {
        self.number += 1;
        format!("look {} at the ledger", self.number)
    }
}

/// The entry of what was not done, if it has one.
pub fn not_done(entry: &NewAuditEntry, why: &NotDone) -> Option<NewAuditEntry> {
    let result = match why {
        NotDone::Stale { .. } => AuditResult::Stale,
        NotDone::NotAllowed { .. } | NotDone::BeingAdvanced { .. } => AuditResult::Refused,
        NotDone::NotFound | NotDone::Unavailable(_) => return None,
    };
    Some(NewAuditEntry { result, ..entry.clone() })
}

impl Books {
    fn trail(&self) -> BTreeMap<Uuid, Row> {
        let sql =
            "SELECT id, who, via, action, target, reason, result, at || role FROM audit_entry";
        let row = |row: &QueryResult| {
            let text = |at| row.try_get_by_index(at).expect("a text");
            let optional = |at| row.try_get_by_index(at).expect("a text or none");
            let (who, via, action, target, reason) =
                (text(1), text(2), text(3), optional(4), optional(5));
            let (result, rest) = (text(6), text(7));
            let entry = Row { who, via, action, target, reason, result, rest };
            (row.try_get_by_index(0).expect("an id"), entry)
        };
        self.query(sql, vec![]).iter().map(row).collect()
    }

    /// What operators said to sagas, by the sagas' logs: which saga, who and why, how often.
    fn words(&self) -> BTreeMap<(String, String, String), usize> {
        // A word may leave several entries in the log.
        let sql = "SELECT DISTINCT saga_id, executor, json_extract(request, '$.reason'), started_at \
                   FROM step_log WHERE phase = 'operator' AND executor IN ($1, $2)";
        let mut words = BTreeMap::new();
        for row in self.query(sql, vec![OPERATOR.into(), BULK_OPERATOR.into()]) {
            let text = |at| row.try_get_by_index(at).expect("a text");
            let saga: Uuid = row.try_get_by_index(0).expect("an id");
            *words.entry((saga.to_string(), text(1), text(2))).or_default() += 1;
        }
        words
    }

    /// How many entries have no place in the chain.
    pub fn unchained(&self) -> i64 {
        let sql = "SELECT count(*) FROM audit_entry WHERE seq IS NULL";
        self.query(sql, vec![])[0].try_get_by_index(0).expect("a count")
    }
}

impl Run {
    /// The entry of what is about to be asked for.
    pub fn entry(&mut self, node: usize, who: &str, asked: Asked) -> NewAuditEntry {
        let Asked { action, target, reason } = asked;
        let entry = NewAuditEntry {
            id: self.dice.id(),
            at: NewAuditEntry::moment(self.slots[node].clock.now()),
            who: who.to_owned(),
            role: Role::Operator,
            via: Via::Api,
            action,
            target,
            reason,
            result: AuditResult::Done,
        };
        self.trail.asked.insert(entry.id, entry.clone());
        entry
    }

    /// Compares the trail, as it is now, with everything that is known.
    pub fn check_trail(&mut self) {
        if !self.is_calm_for_good && !self.trail.chain.is_empty() {
            self.story.count("the trail was checked in the middle");
        }
        let trail = self.books.trail();
        let mut wrong = Vec::from_iter(self.changed_entries(&trail));
        wrong.extend(self.wrong_chain());
        wrong.extend(self.wrong_answers(&trail));
        wrong.extend(self.wrong_words(&trail));
        wrong.extend(self.wrong_moves(&trail));
        self.trail.seen = trail;
        self.faults.extend(wrong.into_iter().map(|wrong| format!("the trail: {wrong}")));
    }

    fn changed_entries(&self, trail: &BTreeMap<Uuid, Row>) -> Option<String> {
        let changed = self.trail.seen.iter().find(|(id, row)| trail.get(id) != Some(row));
        changed.map(|(id, row)| format!("{row:?} is {:?}", trail.get(id)))
    }

    /// Places are 1 to n, each hash is over what it says and the hash before, and the end is noted.
    fn wrong_chain(&mut self) -> Option<String> {
        let Books { runtime, store, .. } = &self.books;
        let (chain, head) = runtime.block_on(async {
            let filter = AuditFilter { limit: 1_000_000, ..AuditFilter::default() };
            let mut chain = store.audit_entries(&filter).await.expect("the books can be read");
            chain.reverse();
            (chain, store.audit_head().await.expect("the books can be read"))
        });
        let mut hash = Store::NO_HASH.to_owned();
        for (entry, seq) in chain.iter().zip(1..) {
            if entry.seq != seq || entry.hash != entry.hash_behind(&hash) {
                return Some(format!("{entry:?} is behind {} of {hash}", seq - 1));
            }
            hash.clone_from(&entry.hash);
        }
        let end = head.as_ref().map(|head| (head.entries, head.hash.as_str()));
        if end != Some((i64::try_from(chain.len()).expect("few"), &hash)) {
            return Some(format!("it ends with {hash}, and that is noted: {head:?}"));
        }
        let seen = std::mem::replace(&mut self.trail.chain, chain);
        let is_kept = self.trail.chain.starts_with(&seen);
        (!is_kept).then(|| format!("it was {seen:?}, and is {:?}", self.trail.chain))
    }

    /// What was said to be done has its entry, and what was said not to be has none that says that it was.
    fn wrong_answers(&self, trail: &BTreeMap<Uuid, Row>) -> Option<String> {
        let is_wrong = |id: &Uuid, answer: Answer| {
            let row = trail.get(id);
            let is_done = row.is_some_and(|row| row.result == "done");
            match answer {
                Answer::Done => !is_done,
                Answer::DoneBySomebody => !is_done && !self.is_done_by_another(id, trail),
                Answer::Not => is_done,
                Answer::Unknown => false,
            }
        };
        let wrong = self.trail.answers.iter().find(|(id, answer)| is_wrong(id, **answer));
        wrong.map(|(id, answer)| {
            format!("{:?} was answered {answer:?}: {:?}", self.trail.asked[id], trail.get(id))
        })
    }

    fn is_done_by_another(&self, id: &Uuid, trail: &BTreeMap<Uuid, Row>) -> bool {
        let asked = &self.trail.asked[id];
        let leads = |action: &str| match action {
            "bulk.start" | "bulk.resume" => "running".to_owned(),
            other => other.to_owned(),
        };
        trail.values().any(|row| {
            row.result == "done"
                && row.target == asked.target
                && leads(&row.action) == leads(asked.action.into())
        })
    }

    /// What operators said to sagas by the sagas' logs is what they did by the trail. What is forgotten is left
    /// to the end, when it is back.
    fn wrong_words(&self, trail: &BTreeMap<Uuid, Row>) -> Option<String> {
        let words = self.books.words();
        let is_forgotten: BTreeSet<_> = if self.forgotten.is_all_back {
            BTreeSet::new()
        } else {
            self.forgotten.sagas.keys().map(ToString::to_string).collect()
        };
        let mut entries: BTreeMap<_, usize> = BTreeMap::new();
        for row in trail.values().filter(|row| row.result == "done" && !row.action.contains('.')) {
            let target = row.target.clone().unwrap_or_default();
            if !is_forgotten.contains(&target) {
                let word = (target, row.who.clone(), row.reason.clone().unwrap_or_default());
                *entries.entry(word).or_default() += 1;
            }
        }
        let all: BTreeSet<_> = words.keys().chain(entries.keys()).collect();
        let differs = |word: &&&_| words.get(**word) != entries.get(**word);
        let differs = all.iter().find(differs);
        differs.map(|word| {
            format!(
                "{word:?}: {:?} in the log, {:?} in the trail",
                words.get(*word),
                entries.get(*word)
            )
        })
    }

    /// Each run was prepared once by the trail, and stands where its moves in the trail lead.
    fn wrong_moves(&self, trail: &BTreeMap<Uuid, Row>) -> Option<String> {
        self.books.runs().into_iter().find_map(|run| {
            let target = Some(run.id.to_string());
            let done = trail.values().filter(|row| row.target == target && row.result == "done");
            let count = |action| done.clone().filter(|row| row.action == action).count();
            let (starts, resumes) = (count("bulk.start"), count("bulk.resume"));
            let (pauses, stops) = (count("bulk.pause"), count("bulk.stop"));
            let state = run.state.to_string();
            let is_right = count("bulk.prepare") == 1
                && stops == usize::from(state == "stopped")
                && match state.as_str() {
                    "prepared" => starts + resumes + pauses == 0,
                    "paused" => starts > 0 && pauses > 0,
                    "stopped" => starts > 0 || pauses == 0,
                    _went_on => starts > 0,
                };
            (!is_right).then(|| format!("{run:?}: {starts} starts, {resumes}, {pauses}, {stops}"))
        })
    }
}
