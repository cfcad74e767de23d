//! What becomes of a statement or a commit whose turn it is: it passes, or the database does something else.

use order_service::store::{Failpoint, Fault};

use super::board::Seen;
use super::run::Run;

impl Run {
    pub fn pass(&mut self, seen: Seen) {
        let Seen { node, point, .. } = seen;
        let is_watched = point == Failpoint::Commit && self.bulks.is_any_open;
        let in_hand = is_watched.then(|| self.books.items_in_hand());
        let weather = self.weather;
        let fails = match point {
            Failpoint::Statement | Failpoint::Begin => weather.statement_fails,
            Failpoint::Archive => weather.full,
            Failpoint::Answered | Failpoint::Archived => weather.answer_lost,
            Failpoint::Commit => weather.commit_fails,
            Failpoint::Committed => weather.commit_unheard,
            Failpoint::Failed => 0.0,
        };
        let cut = !is_on_disk(point) && self.now() < self.slots[node].cut_until;
        if cut || self.dice.chance(fails) {
            self.story.count(match point {
                Failpoint::Statement | Failpoint::Begin => "statement failed",
                Failpoint::Answered => "statement's answer lost",
                Failpoint::Commit => "commit failed",
                Failpoint::Committed => "commit not heard of",
                Failpoint::Failed => "failure not heard of",
                Failpoint::Archive => "archive not written",
                Failpoint::Archived => "archive written, and not heard of",
            });
            self.tell(format_args!("node {node}: {point:?} {} is cut", seen.ticket));
            self.board.refuse(seen, Fault::Cut);
        } else if let Some(fault) = self.what_the_database_does_instead(node, point) {
            self.tell(format_args!("node {node}: {point:?} {}: {fault:?}", seen.ticket));
            self.board.refuse(seen, fault);
        } else {
            self.tell(format_args!("node {node}: {point:?} {}", seen.ticket));
            self.board.let_pass(seen);
        }
        self.pump(node);
        if in_hand.is_some_and(|in_hand| self.check_what_runs_did(&in_hand)) {
            self.die_of_having_acted(node);
        }
        if point == Failpoint::Commit && self.slots[node].is_forgetting {
            self.check_what_is_forgotten();
        }
        if point == Failpoint::Archived {
            self.die_of_the_archive(node);
        }
    }

    fn what_the_database_does_instead(&mut self, node: usize, point: Failpoint) -> Option<Fault> {
        let weather = self.weather;
        let is_commit = match point {
            Failpoint::Commit => true,
            Failpoint::Statement | Failpoint::Begin => false,
            Failpoint::Answered
            | Failpoint::Committed
            | Failpoint::Failed
            | Failpoint::Archive
            | Failpoint::Archived => return None,
        };
        let (fault, what) = if self.now() < self.slots[node].stale_until {
            (Fault::ReadOnly, "old primary reached")
        } else if self.dice.chance(weather.full) {
            if is_commit && self.dice.chance(0.3) {
                (Fault::Stuck, "rollback failed")
            } else {
                (Fault::Full, "disk full")
            }
        } else if is_commit && self.dice.chance(weather.forgotten) {
            (Fault::Forgotten, "commit forgotten")
        } else if self.dice.chance(weather.read_only) {
            (Fault::ReadOnly, "database read-only")
        } else {
            return None;
        };
        self.story.count(what);
        Some(fault)
    }
}

/// The archive has no time limit, and is reached where the database is not.
pub fn is_on_disk(point: Failpoint) -> bool {
    matches!(point, Failpoint::Archive | Failpoint::Archived)
}
