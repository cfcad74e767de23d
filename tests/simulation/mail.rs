//! What nodes say, read after they were pumped.

use std::sync::PoisonError;

use order_service::bulk::{NotMoved, NotPrepared, Progress};
use order_service::engine::{Done, NotDone};
use order_service::events::{FeedPage, Led, PageError};
use order_service::retention::{Failure, Looked};
use order_service::saga::SagaId;
use order_service::store::{BulkRun, BulkState};
use uuid::Uuid;

use super::attempt::Heard;
use super::forgetting::Asked;
use super::node::Up;
use super::run::Run;

/// A message from a node.
pub enum Mail {
    Up { at: usize, life: u64, up: Option<Up> },
    Answered { attempt: u64, answer: Heard },
    Intervened { entry: Uuid, did: Result<Done, NotDone>, is_stop_past_return: bool },
    Prepared { entry: Uuid, prepared: Result<BulkRun, NotPrepared> },
    Moved { entry: Uuid, moved: Result<BulkState, NotMoved> },
    Carried { at: usize, life: u64, progress: Option<Progress> },
    Drained { at: usize, life: u64 },
    Sequenced { at: usize, life: u64, led: Led },
    Looked { at: usize, life: u64, looked: Result<Looked, Failure> },
    AskedForGone { id: SagaId, asked: Result<Asked, String> },
    Read { at: usize, life: u64, reader: usize, page: Result<FeedPage, PageError> },
}

impl Run {
    /// Handles everything that nodes have said.
    pub fn read_mail(&mut self) {
        let mut mail: Vec<Mail> =
            std::mem::take(&mut *self.mail.lock().unwrap_or_else(PoisonError::into_inner));
        // Clients that wait for the same answer hear it in any order.
        mail.sort_by_key(|mail| match mail {
            Mail::Answered { attempt, .. } => *attempt,
            Mail::Up { .. }
            | Mail::Intervened { .. }
            | Mail::Prepared { .. }
            | Mail::Moved { .. }
            | Mail::Carried { .. }
            | Mail::Drained { .. }
            | Mail::Sequenced { .. }
            | Mail::Looked { .. }
            | Mail::AskedForGone { .. }
            | Mail::Read { .. } => 0,
        });
        for mail in mail {
            self.hear(mail);
        }
    }

    fn hear(&mut self, mail: Mail) {
        match mail {
            Mail::Up { at, life, .. }
            | Mail::Carried { at, life, .. }
            | Mail::Drained { at, life }
            | Mail::Sequenced { at, life, .. }
            | Mail::Looked { at, life, .. }
            | Mail::Read { at, life, .. }
                if self.slots[at].life != life => {}
            Mail::Up { at, up: Some(up), .. } => {
                self.tell(format_args!("node {at} is up as {}", up.executor.id()));
                if let Some(node) = &mut self.slots[at].node {
                    node.up = Some(up);
                }
            }
            Mail::Up { at, up: None, .. } => {
                self.story.count("could not start");
                self.stop(at, "could not start");
            }
            Mail::Drained { at, .. } => self.stop(at, "has drained"),
            Mail::Sequenced { at, led, .. } => self.hear_sequencer(at, led),
            Mail::Looked { at, looked, .. } => self.hear_look(at, &looked),
            Mail::AskedForGone { id, asked } => self.hear_of_gone(id, asked),
            Mail::Read { reader, page, .. } => self.hear_page(reader, page),
            Mail::Answered { attempt, answer } => self.hear_answer(attempt, answer),
            Mail::Prepared { entry, prepared } => self.hear_prepared(entry, prepared),
            Mail::Moved { entry, moved } => self.hear_moved(entry, &moved),
            Mail::Carried { at, progress, .. } => self.hear_turn(at, progress),
            Mail::Intervened { entry, did, is_stop_past_return } => {
                self.hear_of_word(entry, &did);
                let did = did.map(|done| done.did).map_err(|not| format!("{not:?}"));
                if did.is_err() && is_stop_past_return {
                    self.story.count("stop refused past the pivot");
                }
                self.story.count(if did.is_ok() { "operator acted" } else { "operator refused" });
                self.tell(format_args!("operator: {did:?}"));
            }
        }
    }
}
