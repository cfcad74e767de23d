//! Bulk runs as an auditor sees them: the set of each is frozen, an item is in hand and of the present wave when
//! its saga is acted on, at the version that is expected and once at each; and in the end each has a result
//! that is true (promise 64).

use std::collections::{BTreeMap, BTreeSet};

use order_service::store::{BulkItem, BulkResult, BulkRun, BulkState};
use sea_orm::QueryResult;
use uuid::Uuid;

use super::books::Books;
use super::run::Run;

/// An item: of which run, and its place in it.
type Place = (Uuid, i64);

/// What was seen of runs.
#[derive(Default)]
pub struct Watched {
    /// Where each stood when it was last looked at.
    states: BTreeMap<Uuid, BulkState>,
    /// The set of each, when it was seen first: each saga with its version.
    frozen: BTreeMap<Place, (Uuid, i64)>,
    /// The items of those that are over.
    over: BTreeMap<Uuid, Vec<BulkItem>>,
    /// The versions at which an item's saga was acted on.
    acted: BTreeMap<Place, BTreeSet<i64>>,
    /// The last row of the trail that was read.
    last_row: i64,
}

/// An item in hand.
#[derive(Debug)]
pub struct InHand {
    item: Place,
    saga: Uuid,
    expected: i64,
    /// The saga's.
    version: Option<i64>,
    is_acted_on: bool,
    /// The first place of its run that has no result.
    first_open: i64,
}

impl Books {
    pub fn runs(&self) -> Vec<BulkRun> {
        let runs = self.runtime.block_on(self.store.bulk_runs(None, 1000));
        let mut runs = runs.expect("the books can be read");
        // Ids of nodes whose clocks differ are in no order.
        runs.sort_by_key(|run| run.id);
        runs
    }

    /// Those that are not over.
    pub fn open_runs(&self) -> Vec<BulkRun> {
        let mut runs = self.runs();
        runs.retain(|run| !is_over(run.state));
        runs
    }

    /// How many are not over, or have an item in hand.
    pub fn busy_runs(&self) -> i64 {
        let sql = "SELECT (SELECT count(*) FROM bulk_run WHERE state NOT IN ('done', 'stopped')) \
                   + (SELECT count(*) FROM bulk_item WHERE result = 'running')";
        self.query(sql, vec![])[0].try_get_by_index(0).expect("a count")
    }

    /// Whether there is anything to carry out.
    pub fn is_any_run_carried_out(&self) -> bool {
        let sql = "SELECT 1 FROM bulk_run WHERE state = 'running' \
                   UNION SELECT 1 FROM bulk_item WHERE result = 'running'";
        !self.query(sql, vec![]).is_empty()
    }

    fn run_states(&self) -> BTreeMap<Uuid, BulkState> {
        let state = |row: &QueryResult| {
            let state: String = row.try_get_by_index(1).expect("a state");
            (row.try_get_by_index(0).expect("an id"), state.parse().expect("one of ours"))
        };
        self.query("SELECT id, state FROM bulk_run", vec![]).iter().map(state).collect()
    }

    fn frozen(&self) -> BTreeMap<Place, (Uuid, i64)> {
        // Items whose run was never added are of no run.
        let sql = "SELECT bulk_id, place, saga_id, version FROM bulk_item \
                   WHERE bulk_id IN (SELECT id FROM bulk_run)";
        let number = |row: &QueryResult, at| row.try_get_by_index(at).expect("a number");
        let id = |row: &QueryResult, at| row.try_get_by_index(at).expect("an id");
        let item = |row| ((id(row, 0), number(row, 1)), (id(row, 2), number(row, 3)));
        self.query(sql, vec![]).iter().map(item).collect()
    }

    fn items(&self, run: Uuid) -> Vec<BulkItem> {
        let items = self.runtime.block_on(self.store.bulk_items(run, None, -1, 100_000));
        items.expect("the books can be read")
    }

    pub fn items_in_hand(&self) -> Vec<InHand> {
        let sql = "SELECT i.bulk_id, i.place, i.saga_id, i.expected, \
                   coalesce(s.version, s.revision), i.did IS NOT NULL, \
                   (SELECT min(place) FROM bulk_item o WHERE o.bulk_id = i.bulk_id \
                   AND o.result IN ('waiting', 'running')) \
                   FROM bulk_item i LEFT JOIN saga_instance s ON s.id = i.saga_id \
                   WHERE i.result = 'running'";
        let item = |row: &QueryResult| {
            let id = |at| row.try_get_by_index(at).expect("an id");
            let number = |at| row.try_get_by_index(at).expect("a number");
            InHand {
                item: (id(0), number(1)),
                saga: id(2),
                expected: number(3),
                version: row.try_get_by_index(4).expect("a number or none"),
                is_acted_on: row.try_get_by_index(5).expect("whether it is"),
                first_open: number(6),
            }
        };
        self.query(sql, vec![]).iter().map(item).collect()
    }

    /// What runs did by the trail, behind a row of it: the row, the saga, and the run's reason.
    fn done_by_runs(&self, after: i64) -> Vec<(i64, String, String)> {
        let sql = "SELECT rowid, target, reason FROM audit_entry \
                   WHERE rowid > $1 AND via = 'bulk' ORDER BY rowid";
        let row = |row: &QueryResult| {
            let text = |at| row.try_get_by_index(at).expect("a text");
            (row.try_get_by_index(0).expect("a row"), text(1), text(2))
        };
        self.query(sql, vec![after.into()]).iter().map(row).collect()
    }
}

impl Watched {
    fn has_acted(&self, item: Place, version: i64) -> bool {
        self.acted.get(&item).is_some_and(|acted| acted.contains(&version))
    }
}

impl Run {
    /// Looks at where runs stand.
    pub fn look_at_runs(&mut self) {
        self.bulks.is_any_open = self.books.is_any_run_carried_out();
        let states = self.books.run_states();
        if states == self.bulks.watched.states {
            return;
        }
        for (run, state) in &states {
            let before = self.bulks.watched.states.get(run);
            if before == Some(state) {
                continue;
            }
            self.story.count(match state {
                BulkState::Prepared => "bulk run seen",
                BulkState::Running => "bulk run goes on",
                BulkState::Paused => "bulk run paused",
                BulkState::Halted => "bulk run halted",
                BulkState::Done => "bulk run finished",
                BulkState::Stopped => "bulk run stopped",
            });
            self.tell(format_args!("bulk run {run} is {state}"));
        }
        let new: Vec<_> = states
            .keys()
            .filter(|run| !self.bulks.watched.states.contains_key(run))
            .copied()
            .collect();
        let frozen = self.books.frozen().into_iter().filter(|((run, _), _)| new.contains(run));
        self.bulks.watched.frozen.extend(frozen);
        self.bulks.watched.states = states;
    }

    /// Checks what runs have done since the last look, of which these items were in hand until just now.
    /// Returns whether one has acted.
    pub fn check_what_runs_did(&mut self, in_hand: &[InHand]) -> bool {
        let mut has_acted = false;
        for (row, saga, reason) in self.books.done_by_runs(self.bulks.watched.last_row) {
            self.bulks.watched.last_row = row;
            let runs = self.books.runs();
            let Some(run) = runs.iter().find(|run| run.reason == reason) else {
                self.faults
                    .push(format!("a bulk run of `{reason}` acted on {saga}, and is not there"));
                continue;
            };
            let is_it = |it: &&InHand| it.item.0 == run.id && it.saga.to_string() == saga;
            let Some(item) = in_hand.iter().find(is_it) else {
                self.faults.push(format!("{run:?} acted on {saga}, which is not in hand"));
                continue;
            };
            self.tell(format_args!("bulk run {} acted on {saga}", run.id));
            self.story.count("bulk run acted");
            has_acted = true;
            if run.state != BulkState::Running {
                self.story.count("bulk run acted on what was in hand, once it was not to go on");
            }
            let watched = &mut self.bulks.watched;
            let frozen = watched.frozen.get(&item.item).map(|(_, version)| *version);
            let acted = watched.acted.entry(item.item).or_default();
            // What has come back is acted on as it came back.
            let is_as_frozen = frozen == Some(item.expected) || !acted.is_empty();
            let is_first = acted.insert(item.expected);
            let is_in_wave = item.item.1 < end_of_wave(run, item.first_open);
            let is_as_expected = is_as_frozen && item.version == Some(item.expected);
            if !is_first || !is_in_wave || !is_as_expected || item.is_acted_on {
                let why = format!("frozen at {frozen:?}, first {is_first}, in wave {is_in_wave}");
                self.faults.push(format!("{run:?} acted on {item:?}: {why}"));
            }
        }
        has_acted
    }

    /// Now and then who has just acted on an item dies of it, or is paused.
    pub fn die_of_having_acted(&mut self, at: usize) {
        if self.dice.chance(self.weather.kill * 150.0) {
            self.story.count("a bulk run's leader died before it noted what it had done");
            self.story.count("killed");
            self.stop(at, "is killed");
        } else if self.dice.chance(self.weather.pause * 80.0) {
            self.pause(at);
        }
    }

    /// Checks that sets are what they were, and that what is over stays so.
    pub fn check_runs(&mut self) {
        self.look_at_runs();
        let frozen = self.books.frozen();
        let watched = &mut self.bulks.watched;
        if frozen != watched.frozen {
            let changed =
                frozen.iter().find(|(item, what)| watched.frozen.get(*item) != Some(*what));
            self.faults.push(format!("the set of a bulk run is not what it was: {changed:?}"));
        }
        for (run, state) in &watched.states {
            let is_in_hand = |item: &BulkItem| item.result == BulkResult::Running;
            let items = if is_over(*state) { self.books.items(*run) } else { continue };
            if items.iter().any(is_in_hand) {
                continue;
            }
            let before = watched.over.entry(*run).or_insert_with(|| items.clone());
            if *before != items {
                self.faults
                    .push(format!("bulk run {run} is over with {before:?}, and then {items:?}"));
            }
        }
    }

    /// The end: each run is over, and what it says of each of its items is true.
    pub fn audit_runs(&mut self) {
        self.check_what_runs_did(&[]);
        self.check_runs();
        for run in self.books.runs() {
            let items = self.books.items(run.id);
            let mut wrong = Vec::new();
            if !is_over(run.state) || u64::try_from(items.len()) != Ok(run.count) {
                wrong.push(format!("is not over, or has {} items", items.len()));
            }
            self.story.add("a bulk run was taken over", run.fence - 1);
            for item in &items {
                self.story.count(match item.result {
                    BulkResult::Waiting => "bulk item left alone",
                    BulkResult::Running => "bulk item in hand",
                    BulkResult::Done => "bulk item done",
                    BulkResult::Refused => "bulk item refused",
                    BulkResult::MovedOn => "bulk item moved on",
                    BulkResult::Relapsed => "bulk item relapsed",
                });
                if !self.is_true(&run, item) {
                    let acted = self.bulks.watched.acted.get(&(run.id, item.place));
                    wrong.push(format!("acted at {acted:?}, and says {item:?}"));
                }
            }
            self.faults.extend(wrong.into_iter().map(|wrong| format!("{run:?} {wrong}")));
        }
    }

    /// Whether an item's result is what happened.
    fn is_true(&self, run: &BulkRun, item: &BulkItem) -> bool {
        let acted = self.bulks.watched.acted.get(&(run.id, item.place));
        let is_acted_on = self.bulks.watched.has_acted((run.id, item.place), item.expected);
        match item.result {
            BulkResult::Waiting => run.state == BulkState::Stopped && !is_acted_on,
            BulkResult::Running => false,
            BulkResult::Done => is_acted_on && item.did.is_some(),
            BulkResult::Refused | BulkResult::MovedOn => !is_acted_on && item.error.is_some(),
            // It came back with another version than that at which it was acted on.
            BulkResult::Relapsed => !is_acted_on && acted.is_some() && item.error.is_some(),
        }
    }
}

fn is_over(state: BulkState) -> bool {
    matches!(state, BulkState::Done | BulkState::Stopped)
}

/// Where the wave of a place ends, by what was asked for.
fn end_of_wave(run: &BulkRun, place: i64) -> i64 {
    let count = i64::try_from(run.count).expect("few");
    let mut end = 0;
    for wave in run.plan["canary"].as_array().into_iter().flatten() {
        end += wave.as_i64().unwrap_or_else(|| {
            // A tenth or a half of the set, at least one.
            let part = if wave.as_f64() == Some(0.5) { 2 } else { 10 };
            (count + part - 1) / part
        });
        if place < end {
            return end;
        }
    }
    count
}
