//! All statements and commits, of all nodes, that wait to pass into the database.
//!
//! One transaction is open at a time, and one statement is under way. The simulation chooses who may go
//! on, and nothing else of that node can run in the meantime. That makes a run repeatable, although the
//! SQL itself runs on threads of the database driver.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use order_service::store::{Failpoint, Failpoints, Fault};
use tokio::sync::oneshot;

/// Everyone who waits at a failpoint.
#[derive(Clone, Debug, Default)]
pub struct Board(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    tickets: BTreeMap<u64, Ticket>,
    /// The node whose SQL is under way.
    working: Option<usize>,
    /// The node with a transaction open.
    open: Option<usize>,
}

#[derive(Debug)]
struct Ticket {
    node: usize,
    point: Failpoint,
    /// The earliest time at which it may pass; unset until the simulation has chosen it.
    ready_at: Option<Duration>,
    go: oneshot::Sender<Result<(), Fault>>,
}

/// A ticket as the simulation sees it.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    pub ticket: u64,
    pub node: usize,
    pub point: Failpoint,
    pub ready_at: Duration,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The failpoints of one node.
    pub fn failpoints(&self, node: usize) -> Arc<dyn Failpoints> {
        Arc::new(NodeFailpoints { node, board: self.clone() })
    }

    /// Whether a node's SQL is under way, on another thread.
    pub fn is_working(&self, node: usize) -> bool {
        self.lock().working == Some(node)
    }

    /// Whether a node has a transaction open.
    pub fn is_open(&self, node: usize) -> bool {
        self.lock().open == Some(node)
    }

    /// Gives every new ticket its time.
    pub fn stamp(&self, mut ready_at: impl FnMut(usize, Failpoint) -> Duration) {
        let mut waiting = self.lock();
        for ticket in waiting.tickets.values_mut().filter(|ticket| ticket.ready_at.is_none()) {
            ticket.ready_at = Some(ready_at(ticket.node, ticket.point));
        }
    }

    /// What may pass when its time has come, oldest first. While a transaction is open, nothing else begins.
    pub fn passable(&self) -> Vec<Seen> {
        let waiting = self.lock();
        let begins =
            |point| matches!(point, Failpoint::Statement | Failpoint::Begin | Failpoint::Archive);
        let free = |point| waiting.open.is_none() || !begins(point);
        let tickets = waiting.tickets.iter().filter(|(_, ticket)| free(ticket.point));
        let seen = tickets.map(|(id, ticket)| Seen {
            ticket: *id,
            node: ticket.node,
            point: ticket.point,
            ready_at: ticket.ready_at.unwrap_or_default(),
        });
        seen.collect()
    }

    /// Lets a ticket pass.
    pub fn let_pass(&self, seen: Seen) {
        let mut waiting = self.lock();
        let Some(ticket) = waiting.tickets.remove(&seen.ticket) else { return };
        match seen.point {
            Failpoint::Statement | Failpoint::Commit | Failpoint::Archive => {
                waiting.working = Some(seen.node);
            }
            Failpoint::Begin => {
                waiting.working = Some(seen.node);
                waiting.open = Some(seen.node);
            }
            Failpoint::Answered
            | Failpoint::Committed
            | Failpoint::Failed
            | Failpoint::Archived => {}
        }
        drop(waiting);
        // A node that has died does not hear of it.
        let _heard = ticket.go.send(Ok(()));
    }

    /// Makes this fault happen instead.
    pub fn refuse(&self, seen: Seen, fault: Fault) {
        let mut waiting = self.lock();
        let Some(ticket) = waiting.tickets.remove(&seen.ticket) else { return };
        match (seen.point, fault) {
            // The connection is closed, and nothing is done on it.
            (Failpoint::Commit, Fault::Cut | Fault::ReadOnly) => waiting.open = None,
            (Failpoint::Commit, Fault::Full | Fault::Stuck | Fault::Forgotten) => {
                waiting.working = Some(seen.node);
            }
            _nothing_is_open => {}
        }
        drop(waiting);
        let _heard = ticket.go.send(Err(fault));
    }

    fn arrive(&self, node: usize, point: Failpoint) -> (u64, oneshot::Receiver<Result<(), Fault>>) {
        let (go, may_go) = oneshot::channel();
        let mut waiting = self.lock();
        let worked = waiting.working == Some(node);
        if worked {
            waiting.working = None;
        }
        // A transaction that was under way has reached its commit, or has failed.
        if waiting.open == Some(node) && worked && point != Failpoint::Commit {
            waiting.open = None;
        }
        waiting.next += 1;
        let id = waiting.next;
        waiting.tickets.insert(id, Ticket { node, point, ready_at: None, go });
        (id, may_go)
    }

    /// The one who waited has died: a transaction that it had open is rolled back.
    fn leave(&self, id: u64) {
        let mut waiting = self.lock();
        if let Some(ticket) = waiting.tickets.remove(&id)
            && ticket.point == Failpoint::Commit
        {
            waiting.open = None;
        }
    }
}

#[derive(Debug)]
struct NodeFailpoints {
    node: usize,
    board: Board,
}

impl Failpoints for NodeFailpoints {
    fn reach(&self, point: Failpoint) -> BoxFuture<'_, Result<(), Fault>> {
        async move {
            let (id, may_go) = self.board.arrive(self.node, point);
            let _standing = Standing { id, board: &self.board };
            may_go.await.unwrap_or(Ok(()))
        }
        .boxed()
    }
}

struct Standing<'a> {
    id: u64,
    board: &'a Board,
}

impl Drop for Standing<'_> {
    fn drop(&mut self) {
        self.board.leave(self.id);
    }
}
