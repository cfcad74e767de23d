//! Gives the answers that are owed, once their checkouts are at rest.
//!
//! Every replica looks for them, and takes what it finds for a while, so that two rarely give the same one.
//! An answer is deleted only after it was confirmed.

use std::time::Duration;

use tracing::{info, warn};
use uuid::Uuid;

use super::run::Intake;
use super::take::answer;
use crate::amqp::{self, Link, Message};
use crate::api::queued_answer;
use crate::checkout::outcome;
use crate::pacing::Pacing;
use crate::saga::SagaId;
use crate::store::{self, OwedAnswer};
use crate::trace::TraceParent;

/// How often it is looked for checkouts that have come to rest, at most.
const TICK: Duration = Duration::from_millis(200);
/// At most this share of the time is spent on looking.
const SHARE: u32 = 10;
/// How long an answer that was taken is left alone by others, and by us where it failed.
const LEASE: Duration = Duration::from_secs(15);
/// Answers given at a time.
const BATCH: u64 = 100;

/// Why answers could not be given.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Amqp(#[from] amqp::Error),
}

/// What is kept between two turns.
#[derive(Default)]
struct Turn {
    link: Option<Link>,
    is_failing: bool,
}

impl Intake {
    pub(super) async fn answer_until_stopped(&self) {
        let parts = &self.0;
        let (mut turn, mut pacing) = (Turn::default(), Pacing::server());
        loop {
            let began = parts.clock.monotonic();
            let pause = match self.answer_once(&mut turn).await {
                Ok(given) => {
                    if std::mem::take(&mut turn.is_failing) {
                        info!("answers to the queue's orders are given again");
                    }
                    pacing.reset();
                    let took = parts.clock.monotonic().saturating_sub(began);
                    if given > 0 { Duration::ZERO } else { TICK.max(took * SHARE) }
                }
                Err(error) => {
                    if !std::mem::replace(&mut turn.is_failing, true) {
                        warn!(%error, "can't give answers to the queue's orders; tries again");
                    }
                    pacing.pause(parts.clock.chance())
                }
            };
            let pause = parts.clock.sleep(pause);
            if parts.tasks.unless_stopping(pause).await.is_none() {
                break;
            }
        }
        if let Some(link) = turn.link {
            link.close().await;
        }
    }

    /// Gives the answers that can be given. Returns how many.
    async fn answer_once(&self, turn: &mut Turn) -> Result<usize, Error> {
        let parts = &self.0;
        // Before anything is taken, which nobody else could give then.
        let link = match turn.link.take().filter(Link::is_up) {
            Some(link) => link,
            None => parts.server.connect().await?,
        };
        // After a failure one at a time: the server may have refused one of them.
        let limit = if turn.is_failing { 1 } else { BATCH };
        let taken = parts.store.take_owed(parts.clock.now(), LEASE, limit).await?;
        let (mut given, mut messages): (Vec<Uuid>, Vec<Message>) = (Vec::new(), Vec::new());
        for owed in taken {
            if let Some(message) = self.message(&owed).await? {
                given.push(owed.id);
                messages.push(message);
            }
        }
        if !given.is_empty() {
            link.publish(messages).await?;
            parts.store.forget_owed(&given).await?;
        }
        turn.link = Some(link);
        Ok(given.len())
    }

    /// The answer; `None` where this binary can't read what it is about.
    async fn message(&self, owed: &OwedAnswer) -> Result<Option<Message>, Error> {
        let found = self.0.store.find(SagaId(owed.order_id.0)).await?;
        let Some(reached) = found.and_then(outcome) else { return Ok(None) };
        let trace = TraceParent::parse(&owed.trace_parent).unwrap_or_else(TraceParent::fresh);
        let document = queued_answer(reached, &trace);
        let correlation = owed.correlation_id.as_deref().map(Into::into);
        let reply_to = owed.reply_to.as_str();
        Ok(document.map(|document| answer(document, reply_to.into(), correlation)))
    }
}
