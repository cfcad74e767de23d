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
use order_service::store::{Fault, Gate, Passage};
use tokio::sync::oneshot;

/// Every passage that waits.
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
    passage: Passage,
    /// The earliest time at which it may pass; unset until the simulation has chosen it.
    ready_at: Option<Duration>,
    go: oneshot::Sender<Result<(), Fault>>,
}

/// A ticket as the simulation sees it.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    pub ticket: u64,
    pub node: usize,
    pub passage: Passage,
    pub ready_at: Duration,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The gate of one node.
    pub fn gate(&self, node: usize) -> Arc<dyn Gate> {
        Arc::new(NodeGate { node, board: self.clone() })
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
    pub fn stamp(&self, mut ready_at: impl FnMut(usize, Passage) -> Duration) {
        let mut waiting = self.lock();
        for ticket in waiting.tickets.values_mut().filter(|ticket| ticket.ready_at.is_none()) {
            ticket.ready_at = Some(ready_at(ticket.node, ticket.passage));
        }
    }

    /// What may pass when its time has come, oldest first. While a transaction is open, nothing else begins.
    pub fn passable(&self) -> Vec<Seen> {
        let waiting = self.lock();
        let begins = |passage| matches!(passage, Passage::Statement | Passage::Begin);
        let free = |passage| waiting.open.is_none() || !begins(passage);
        let tickets = waiting.tickets.iter().filter(|(_, ticket)| free(ticket.passage));
        let seen = tickets.map(|(id, ticket)| Seen {
            ticket: *id,
            node: ticket.node,
            passage: ticket.passage,
            ready_at: ticket.ready_at.unwrap_or_default(),
        });
        seen.collect()
    }

    /// Lets a ticket pass.
    pub fn let_pass(&self, seen: Seen) {
        let mut waiting = self.lock();
        let Some(ticket) = waiting.tickets.remove(&seen.ticket) else { return };
        match seen.passage {
            Passage::Statement | Passage::Commit => waiting.working = Some(seen.node),
            Passage::Begin => {
                waiting.working = Some(seen.node);
                waiting.open = Some(seen.node);
            }
            Passage::Answered | Passage::Committed | Passage::Failed => {}
        }
        drop(waiting);
        // A node that has died does not hear of it.
        let _heard = ticket.go.send(Ok(()));
    }

    /// Makes this fault happen instead.
    pub fn refuse(&self, seen: Seen, fault: Fault) {
        let mut waiting = self.lock();
        let Some(ticket) = waiting.tickets.remove(&seen.ticket) else { return };
        match (seen.passage, fault) {
            // The connection is closed, and nothing is done on it.
            (Passage::Commit, Fault::Cut | Fault::ReadOnly) => waiting.open = None,
            (Passage::Commit, Fault::Full | Fault::Stuck | Fault::Forgotten) => {
                waiting.working = Some(seen.node);
            }
            _nothing_is_open => {}
        }
        drop(waiting);
        let _heard = ticket.go.send(Err(fault));
    }

    fn arrive(&self, node: usize, passage: Passage) -> (u64, oneshot::Receiver<Result<(), Fault>>) {
        let (go, may_go) = oneshot::channel();
        let mut waiting = self.lock();
        let worked = waiting.working == Some(node);
        if worked {
            waiting.working = None;
        }
        // A transaction that was under way has reached its commit, or has failed.
        if waiting.open == Some(node) && worked && passage != Passage::Commit {
            waiting.open = None;
        }
        waiting.next += 1;
        let id = waiting.next;
        waiting.tickets.insert(id, Ticket { node, passage, ready_at: None, go });
        (id, may_go)
    }

    /// The one who waited has died: a transaction that it had open is rolled back.
    fn leave(&self, id: u64) {
        let mut waiting = self.lock();
        if let Some(ticket) = waiting.tickets.remove(&id)
            && ticket.passage == Passage::Commit
        {
            waiting.open = None;
        }
    }
}

#[derive(Debug)]
struct NodeGate {
    node: usize,
    board: Board,
}

impl Gate for NodeGate {
    fn pass(&self, passage: Passage) -> BoxFuture<'_, Result<(), Fault>> {
        async move {
            let (id, may_go) = self.board.arrive(self.node, passage);
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
