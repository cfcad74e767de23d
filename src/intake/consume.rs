//! Consuming: as many messages at once as there are free places, and none while there is no place.

use std::pin::pin;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::{FuturesUnordered, SelectAll, select_all};
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Consumer, ExchangeKind};

use super::dead_letter::DEAD_LETTERS;
use super::run::Intake;
use crate::amqp::{Error, Link, Standing};
use crate::pacing::Pacing;

/// How often it is looked how many places are free.
const TICK: Duration = Duration::from_millis(100);

/// What is being consumed.
struct Lane {
    channel: Channel,
    /// The current consumer and its prefetch; `None` while nothing is consumed.
    current: Option<(Consumed, u16)>,
    /// With those that are cancelled, until what had come for them is taken.
    consumers: SelectAll<Consumer>,
}

/// The name of a consumer.
type Consumed = lapin::types::ShortString;

impl Intake {
    /// Takes messages until the process stops.
    ///
    /// # Errors
    /// Where the server or the queue can't be used. What was not acknowledged is delivered again.
    pub(super) async fn consume(&self, pacing: &mut Pacing) -> Result<(), Error> {
        let parts = &self.0;
        let link = parts.server.connect().await?;
        self.declare(&link).await?;
        let channel = link.channel().await?;
        let mut lane = Lane { channel, current: None, consumers: select_all([]) };
        let mut taken = FuturesUnordered::new();
        while !parts.tasks.is_stopping() {
            self.adjust(&link, &mut lane).await?;
            pacing.reset();
            if !link.is_up() {
                return Err(Error::Silent);
            }
            let tick = pin!(parts.tasks.unless_stopping(parts.clock.sleep(TICK)));
            tokio::select! {
                message = lane.consumers.next(), if !lane.consumers.is_empty() => match message {
                    Some(message) => taken.push(self.take(&link, message?)),
                    None if lane.current.is_some() => return Err(Error::Ended),
                    None => {}
                },
                done = taken.next(), if !taken.is_empty() => done.unwrap_or(Ok(()))?,
                _ = tick => {}
            }
        }
        lane.stop(&link).await?;
        while let Some(done) = taken.next().await {
            done?;
        }
        drop(taken);
        link.close().await;
        Ok(())
    }

    /// Declares everything that messages come from and go to.
    async fn declare(&self, link: &Link) -> Result<(), Error> {
        link.declare_exchange(DEAD_LETTERS, ExchangeKind::Fanout).await?;
        link.declare_queue(DEAD_LETTERS, None).await?;
        link.bind_queue(DEAD_LETTERS, DEAD_LETTERS).await?;
        link.declare_queue(&self.0.settings.queue, Some(DEAD_LETTERS)).await
    }

    /// Consumes as many at once as there are free places. A prefetch can't be changed, so a consumer is
    /// replaced; only where that makes a difference, as the number of free places never rests.
    async fn adjust(&self, link: &Link, lane: &mut Lane) -> Result<(), Error> {
        let parts = &self.0;
        let room = u16::try_from(parts.executor.room()).unwrap_or(u16::MAX);
        let wanted = room.min(parts.settings.prefetch);
        let now = lane.current.as_ref().map_or(0, |(_, prefetch)| *prefetch);
        let is_much = wanted >= now.saturating_mul(2) || wanted == parts.settings.prefetch;
        let is_little = wanted <= now / 2;
        if wanted != now && (is_much || is_little) {
            lane.stop(link).await?;
            if wanted > 0 {
                lane.start(link, &parts.settings.queue, wanted).await?;
            }
        }
        // Not before: a queue without a leader can be declared, and not be consumed.
        self.is_up(if wanted == 0 { Standing::Paused } else { Standing::Consuming });
        Ok(())
    }
}

impl Lane {
    async fn start(&mut self, link: &Link, queue: &str, prefetch: u16) -> Result<(), Error> {
        let consumer = link.answered(async {
            self.channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
            let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
            Ok(self.channel.basic_consume(queue.into(), "".into(), options, none).await?)
        });
        let consumer = consumer.await?;
        self.current = Some((consumer.tag(), prefetch));
        self.consumers.push(consumer);
        Ok(())
    }

    async fn stop(&mut self, link: &Link) -> Result<(), Error> {
        let Some((tag, _)) = self.current.take() else { return Ok(()) };
        let cancelled = self.channel.basic_cancel(tag, BasicCancelOptions::default());
        link.answered(async { Ok(cancelled.await?) }).await
    }
}
