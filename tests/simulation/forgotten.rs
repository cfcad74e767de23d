//! What is left of what is forgotten: what clients are told who come back late; and the end of a run, where
//! everything that is over is forgotten, checked to be in the archive as it was, and put back for the audit.

use chrono::{DateTime, Utc};
use order_service::checkout::Answer;
use order_service::order::OrderId;
use order_service::retention::{self, Condition};
use order_service::saga::SagaId;
use order_service::store::{Error, Order};
use uuid::Uuid;

use super::archive;
use super::attempt::{Asking, Client, Heard};
use super::books::Books;
use super::client::Purchase;
use super::run::Run;

/// Steps in which everything that is over has to be forgotten.
const FORGETS_WITHIN: u64 = 20_000;

/// Sagas of orders that nothing becomes of any more.
const OVER: &str = "SELECT s.id FROM saga_instance s \
    LEFT JOIN orders o ON o.id = coalesce(s.order_id, s.id) \
    WHERE (o.id IS NULL OR o.status IN ('Cancelled', 'Delivered'))";

impl Books {
    pub fn forgotten_sagas(&self) -> Vec<SagaId> {
        let rows = self.query("SELECT saga_id FROM forgotten_saga ORDER BY saga_id", vec![]);
        rows.iter().map(|row| SagaId(row.try_get_by_index(0).expect("an id"))).collect()
    }

    /// Up to where the archive is done with.
    pub fn archive_mark(&self) -> Option<(String, usize)> {
        let row = &self.query("SELECT archive_file, archive_bytes FROM retention", vec![])[0];
        let file: Option<String> = row.try_get_by_index(0).expect("a name or none");
        let bytes: i64 = row.try_get_by_index(1).expect("a number");
        file.zip(usize::try_from(bytes).ok())
    }

    /// Up to where events are forgotten, the latest time of one of them, and up to where every sink was told.
    pub fn forgotten_events(&self) -> (i64, Option<DateTime<Utc>>, i64) {
        let sql = "SELECT events_until, events_at, \
                   (SELECT coalesce(min(position), 0) FROM event_cursor) FROM retention";
        let row = &self.query(sql, vec![])[0];
        let number = |at| row.try_get_by_index(at).expect("a number");
        (number(0), row.try_get_by_index(1).expect("a time or none"), number(2))
    }

    /// The sagas that are or were about an order.
    pub fn sagas_about(&self, order: Uuid) -> Vec<Uuid> {
        let sql = "SELECT id FROM saga_instance WHERE id = $1 OR order_id = $1";
        let rows = self.query(sql, vec![order.into()]);
        rows.iter().map(|row| row.try_get_by_index(0).expect("an id")).collect()
    }

    /// Whether a saga has been over since then.
    pub fn is_any_over(&self, since: DateTime<Utc>) -> bool {
        let sql = format!(
            "{OVER} AND s.updated_at <= $1 \
                   AND (o.id IS NULL OR o.updated_at <= $1) AND s.owner IS NULL \
                   AND s.next_attempt_at IS NULL AND s.stuck_kind IS NULL LIMIT 1"
        );
        !self.query(&sql, vec![since.into()]).is_empty()
    }

    /// The sagas that are over: all that do not belong to an order which something may still become of.
    fn over(&self) -> Vec<Uuid> {
        let rows = self.query(OVER, vec![]);
        rows.iter().map(|row| row.try_get_by_index(0).expect("an id")).collect()
    }
}

impl Run {
    /// What was over before is old then. Other clients come only a little later, so that it is forgotten in
    /// peace, but for the faults.
    pub fn pass_a_night(&mut self) {
        let by = self.plan.keep + self.dice.millis(20_000, 4_000_000);
        self.sleep(0, by);
        let (now, known) = (self.now(), self.purchases.len());
        for at in known..known + self.plan.checkouts / 2 {
            let mut purchase = Purchase::plan(at, &mut self.dice, &self.neighbours);
            purchase.next_at = Some(now + self.dice.millis(3_000, 30_000));
            self.purchases.push(purchase);
        }
        for at in 0..known {
            let comes_back = self.purchases[at].decided.is_some() && self.dice.chance(0.2);
            if comes_back {
                self.purchases[at].next_at = Some(now + self.dice.millis(3_000, 60_000));
            }
        }
    }

    /// Nothing is left of a checkout but in the archive.
    pub fn is_found_nowhere(&self, id: OrderId) -> bool {
        self.books.order(id).is_none() && self.forgotten.sagas.contains_key(&SagaId(id.0))
    }

    /// A client whose key may be forgotten asks for the order itself.
    pub fn ask_for_the_order(&mut self, at: usize, node: usize) {
        self.purchases[at].next_at = None;
        let Some(id) = self.purchases[at].id else {
            return self.story.count("a key was given up");
        };
        let Some(up) = self.up_at(node) else { return };
        let asking = Asking { client: Client::Buyer(at), node, is_other: false, is_decided: true };
        let found = async move { Heard::Order(up.store.order(id).await) };
        let attempt = self.ask(asking, found);
        self.tell(format_args!("client {at} asks node {node} for {id}: {attempt}"));
        self.pump(node);
    }

    /// An order stays, whether or not its sagas do, and what never became one does not come back.
    pub fn hear_order(&mut self, at: usize, order: Result<Option<Order>, Error>) {
        let Ok(order) = order else { return self.buy_again(at) };
        let purchase = &self.purchases[at];
        let id = purchase.id.expect("it was asked for");
        let is_true = match &purchase.decided {
            Some(Answer::Confirmed { total_amount, .. }) => {
                order.is_some_and(|order| order.total.0 == *total_amount)
            }
            Some(Answer::Refused { .. }) => order.is_none(),
            _undecided => true,
        };
        if self.forgotten.has_order(id.0) {
            self.story.count("an order was asked for after its saga was forgotten");
        }
        if !is_true {
            let told = &self.purchases[at].decided;
            self.faults.push(format!("client {at}, told {told:?}, looks for {id}"));
        }
    }

    /// An answer may come from a process that has known it for long.
    pub fn check_late_answer(&mut self, at: usize, id: SagaId, answer: &Answer) {
        let state = self.forgotten.sagas.get(&id).map(|line| line.text("state"));
        let is_true = match (answer, state) {
            (Answer::Confirmed { .. }, Some(state)) => state == "Completed",
            (Answer::Refused { .. }, Some(state)) => matches!(state, "Rejected" | "Compensated"),
            (Answer::Pending { .. }, Some(_)) => true,
            _other => false,
        };
        self.story.count("answered once it was forgotten");
        if !is_true {
            self.faults.push(format!("client {at} got {answer:?} of {id}, which is {state:?}"));
        }
    }

    /// Time passes until everything that is over is forgotten.
    ///
    /// # Errors
    /// Where that does not happen.
    pub fn forget_the_rest(&mut self) -> Result<(), String> {
        let before = self.books.all_rows();
        self.sleep(0, self.plan.keep * 2);
        let latest = self.steps + FORGETS_WITHIN;
        // A look from before does not know of it.
        while self.slots.iter().any(|slot| slot.is_forgetting) && self.steps < latest {
            self.step()?;
        }
        self.forgotten.is_done = false;
        while !self.forgotten.is_done {
            if !self.slots.iter().any(|slot| slot.is_forgetting) {
                let at = self.dice.below(self.slots.len());
                self.look_for_what_is_over(at);
            }
            self.step()?;
            if self.steps > latest {
                return Err("what is over is not forgotten".to_owned());
            }
        }
        let over = self.books.over();
        // Where the database's clock was set back, what ended after that may be passed.
        if !over.is_empty() && !self.is_set_back {
            self.faults.push(format!("{over:?} are over, and not forgotten"));
        }
        self.forgotten.rows = before;
        Ok(())
    }

    /// Every process ends; the archive has to be whole, and what it has is put back.
    pub fn put_everything_back(&mut self) {
        for at in 0..self.slots.len() {
            self.stop(at, "ends");
        }
        self.check_the_archive();
        self.story.add("forgotten", i64::try_from(self.forgotten.sagas.len()).unwrap_or(0));
        let lines: Vec<_> = self.forgotten.sagas.values().cloned().collect();
        for line in &lines {
            self.books.put_back(line);
        }
        let (until, ..) = self.books.forgotten_events();
        for (event, position, version) in self.seen.told_until(until) {
            self.books.put_event_back(&event, position, version);
        }
        let after = self.books.all_rows();
        for (id, rows) in std::mem::take(&mut self.forgotten.rows) {
            if after.get(&id) != Some(&rows) {
                self.faults.push(format!("{id} was {rows:?}, and is {:?}", after.get(&id)));
            }
        }
    }

    fn check_the_archive(&mut self) {
        let directory = self.forgotten.archive.clone();
        if !directory.is_dir() {
            return;
        }
        for file in retention::verify(&directory, |_name| {}).expect("the archive can be read") {
            if file.condition != Condition::Good {
                self.faults.push(format!("the archive: {file:?}"));
            }
        }
        for (id, lines) in archive::lines(&directory) {
            if lines.len() > 1 {
                self.story.count("a saga changed while it was archived");
            }
            let is_twice = lines.windows(2).any(|two| two[0].value == two[1].value);
            if is_twice && !self.is_set_back {
                self.faults.push(format!("{id} is archived twice, as it is"));
            }
            if !self.forgotten.sagas.contains_key(&id) && self.books.row(id).is_none() {
                self.faults.push(format!("{id} is in the archive, and nobody deleted it"));
            }
        }
    }
}
