//! Mail to customers: one for each event that they care about, at the address that the user service has.
//!
//! ```text
//!   cursor ──► a row in `mails` ──► whichever replica claims it ──► mail server ──► noted in the row
//!   one transaction                 reads the address               one attempt
//! ```
//!
//! The invariants: a mail is owed in the transaction that moves the cursor past its event, so that it tells
//! of nothing that is not committed and is owed once; and what the mail server took is noted before
//! anything else is done with the row. Only a crash between these two can repeat a mail, which then has the
//! same `Message-ID` (promise 62). Of the address only a shortened form is kept, and none is logged.
//!
//! ```text
//! sender       the loop: claim, send, note
//!   letter     what an event says to a customer
//!   message    a letter as a mail: plain text and HTML
//!   recipient  an address that can be written to, and its shortened form
//!   smtp       a connection to the mail server, and what its answers mean
//! ```

mod letter;
mod message;
mod recipient;
mod sender;
mod smtp;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use lettre::message::Mailbox;
use tokio::sync::Notify;
use tracing::{info, warn};

use crate::clock::Clock;
use crate::config::MailServer;
use crate::events::{Begins, Sink, SinkError};
use crate::lifecycle::Tasks;
use crate::neighbours::Neighbours;
use crate::order::{EventKind, OrderId};
use crate::pacing::Courtesy;
use crate::saga::SagaId;
use crate::store::{Error, Lead, MAIL, Store, StoredEvent};

/// Mails that one process sends at once.
const SENDERS: u32 = 4;
/// How long a mail that is being sent may take once the process is to stop.
const LAST_MAIL: Duration = Duration::from_secs(5);

/// How mail is sent.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The mail server.
    pub server: MailServer,
    /// Whom mail is from.
    pub from: Mailbox,
    /// How long a mail stays with a process that has fallen silent.
    pub lease: Duration,
    /// How much mail holds itself back while checkouts are on their way.
    pub courtesy: Courtesy,
}

/// Writes to customers. Cheap to clone; clones are one.
#[derive(Clone, Debug)]
pub struct Mailer(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    store: Store,
    neighbours: Arc<Neighbours>,
    settings: Settings,
    clock: Clock,
    /// There is a mail to send.
    news: Notify,
    /// The mail server is out of reach, which is logged once.
    is_failing: AtomicBool,
    tasks: Tasks,
}

impl Mailer {
    /// Sends nothing before [`Mailer::run`].
    pub fn new(
        store: Store,
        neighbours: Arc<Neighbours>,
        settings: Settings,
        clock: Clock,
    ) -> Self {
        Self(Arc::new(Parts {
            store,
            neighbours,
            settings,
            clock,
            news: Notify::new(),
            is_failing: AtomicBool::new(false),
            tasks: Tasks::default(),
        }))
    }

    /// Begins to send what is owed.
    pub fn run(&self) {
        for _sender in 0..SENDERS {
            let this = self.clone();
            self.0.tasks.spawn(async move { Box::pin(this.send_until_stopped()).await });
        }
    }

    /// Sends no more. A mail that is being sent has a few seconds left; where it takes longer, another
    /// process sends it again.
    pub async fn stop(&self) {
        self.0.tasks.stop(self.0.clock.sleep(LAST_MAIL)).await;
    }

    /// Whether a customer is told of this event by mail. Of a rejection only one who had nothing but the
    /// acceptance (a 202): the others were answered with it.
    async fn is_mailed(&self, event: &StoredEvent) -> Result<bool, Error> {
        match event.kind.parse::<EventKind>() {
            Ok(
                EventKind::Confirmed
                | EventKind::Cancelled
                | EventKind::Shipped
                | EventKind::Delivered
                | EventKind::Returned,
            ) => Ok(true),
            Ok(EventKind::Rejected) => self.had_only_acceptance(event.order_id).await,
            Ok(
                EventKind::Cancelling
                | EventKind::Tracking
                | EventKind::SagaStuck
                | EventKind::SagaUnstuck
                | EventKind::WebhookDisabled,
            ) => Ok(false),
            // Of a newer binary, which knows how to tell it.
            Err(_unknown) => Ok(false),
        }
    }

    /// Whether the client of a rejected checkout was told that it is accepted, and left with that. Who
    /// asked for no more (`respond-async`, or an order from a queue that names no queue for the answer) is
    /// known by what was agreed when the checkout began; who waited in vain, by the note that precedes the
    /// 202. Where that note could not be written, as the database was out of reach at that moment, the
    /// customer gets no mail.
    async fn had_only_acceptance(&self, id: OrderId) -> Result<bool, Error> {
        let store = &self.0.store;
        // A checkout has the id of its order.
        let checkout = store.find(SagaId(id.0)).await?;
        let known = checkout.and_then(|checkout| checkout.known);
        if known.is_some_and(|known| known.terms.answered) {
            return Ok(true);
        }
        store.was_answered_pending(id).await
    }
}

impl Sink for Mailer {
    fn name(&self) -> &'static str {
        MAIL
    }

    fn begins(&self) -> Begins {
        Begins::Now
    }

    /// Owes the mails: from here on they are sent, by whichever process.
    fn tell<'a>(
        &'a self,
        store: &'a Store,
        lead: &'a Lead,
        events: Vec<StoredEvent>,
        to: i64,
    ) -> BoxFuture<'a, Result<bool, SinkError>> {
        async move {
            let mut mailed = Vec::new();
            for event in events {
                if self.is_mailed(&event).await? {
                    mailed.push(event);
                }
            }
            let is_moved = store.owe_mails(lead, &mailed, to, self.0.clock.now()).await?;
            if is_moved && !mailed.is_empty() {
                self.0.news.notify_one();
            }
            Ok(is_moved)
        }
        .boxed()
    }
}

impl Parts {
    /// Logs that the mail server is out of reach, and shows it to operators; the first of many only.
    async fn note_trouble(&self, why: &str) {
        if !self.is_failing.swap(true, Ordering::AcqRel) {
            warn!(why, "can't send mail; tries again");
        }
        // It is noted again with the next failure.
        let _noted = self.store.note_sink(MAIL, Some(why), self.clock.now()).await;
    }

    /// Logs that the mail server is back, if it was gone, and shows it: also where another process noted
    /// that it was gone, and has not lived to see it back.
    async fn note_success(&self) {
        if self.is_failing.swap(false, Ordering::AcqRel) {
            info!("mail is sent again");
        }
        // It is noted again with the next connection.
        let _noted = self.store.note_sink(MAIL, None, self.clock.now()).await;
    }
}
