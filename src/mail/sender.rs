//! The loop that sends what is owed: claim a mail, read the address, send, note.
//!
//! While a mail is being sent its claim is renewed. Whoever finds it lost, because the process was paused,
//! leaves the mail alone.

use std::time::Duration;

use tracing::{debug, info, warn};

use super::letter::Letter;
use super::message::message;
use super::recipient::Recipient;
use super::smtp::{COMMAND_TIMEOUT, CONNECT_TIMEOUT, Connection, MAIL_TIMEOUT, Sent};
use super::{Mailer, Parts, SENDERS};
use crate::neighbours::Contact;
use crate::order::EventKind;
use crate::pacing::Pacing;
use crate::store::{Error, MailClaim, MailEnd};
use crate::trace::TraceParent;

/// How often somebody who has nothing to send looks for what is due.
const LOOK: Duration = Duration::from_secs(1);
/// How long the user service may take to tell an address.
const CONTACT_TIMEOUT: Duration = Duration::from_secs(10);
/// What a mail costs, about, in time of a processor: a claim, an address, a letter, a note.
const A_MAIL: Duration = Duration::from_millis(1);
/// The longest time for which one mail is put off, jitter included.
const LONGEST_PUT_OFF: Duration = Duration::from_secs(30);

/// What came of a mail that was claimed.
enum Came {
    /// It is dealt with.
    End(MailEnd),
    /// It is tried again later, others meanwhile.
    PutOff(String),
    /// The mail server is out of reach, and with it everybody's mail.
    NoServer(String),
}

/// What a turn came to.
enum Turn {
    /// A mail was dealt with, or put off.
    Dealt {
        /// How long its event had waited for it, unless it was put off before.
        waited: Duration,
    },
    /// None is due.
    Nothing,
    /// The mail server is out of reach.
    NoServer(String),
}

impl Mailer {
    /// Sends what is owed until the process stops.
    pub(super) async fn send_until_stopped(&self) {
        let parts = &self.0;
        let mut pacing = Pacing::server();
        let mut connection = None;
        while !parts.tasks.is_stopping() {
            match parts.turn(&mut connection).await {
                Ok(Turn::Dealt { waited }) => {
                    pacing.reset();
                    // Each of the senders has its part of the time.
                    let worked = A_MAIL * SENDERS;
                    let rest = parts.settings.courtesy.rest(&parts.clock, worked, waited);
                    parts.tasks.unless_stopping(rest).await;
                }
                Ok(Turn::Nothing) => {
                    if let Some(connection) = connection.take() {
                        let _left = parts.clock.within(CONNECT_TIMEOUT, connection.quit()).await;
                    }
                    let news = parts.clock.within(LOOK, parts.news.notified());
                    parts.tasks.unless_stopping(news).await;
                }
                Ok(Turn::NoServer(why)) => {
                    connection = None;
                    parts.note_trouble(&why).await;
                    parts.pause(&mut pacing).await;
                }
                Err(error) => {
                    debug!(%error, "the database is out of reach; mail waits");
                    parts.pause(&mut pacing).await;
                }
            }
        }
        if let Some(connection) = connection.take() {
            let _left = parts.clock.within(Duration::from_secs(1), connection.quit()).await;
        }
    }
}

impl Parts {
    async fn pause(&self, pacing: &mut Pacing) {
        let pause = self.clock.sleep(pacing.pause(self.clock.chance()));
        self.tasks.unless_stopping(pause).await;
    }

    /// Claims a mail that is due, tries to send it, and writes down what came of it.
    async fn turn(&self, connection: &mut Option<Connection>) -> Result<Turn, Error> {
        let claim = self.store.claim_mail(self.clock.now(), self.settings.lease).await?;
        let Some(claim) = claim else { return Ok(Turn::Nothing) };
        let is_first = claim.attempts == 0;
        let waited = if is_first { self.clock.since(claim.created_at) } else { Duration::ZERO };
        // There may be more, for another sender.
        self.news.notify_one();
        let dealing = Box::pin(self.deal(&claim, connection));
        let Some(came) = self.while_claimed(&claim, dealing).await else {
            // Of a mail that was left half way, the connection may not be used for another.
            *connection = None;
            return Ok(Turn::Dealt { waited });
        };
        match came {
            Came::End(end) => self.note(&claim, &end).await,
            Came::PutOff(why) => {
                debug!(order.id = %claim.order_id, why, "a mail is put off");
                let due_at = self.clock.now() + self.put_off(claim.attempts);
                self.store.put_off_mail(&claim, due_at, &why).await?;
            }
            Came::NoServer(why) => {
                // It is due at once, but behind all that have been due before.
                self.store.put_off_mail(&claim, self.clock.now(), &why).await?;
                return Ok(Turn::NoServer(why));
            }
        }
        Ok(Turn::Dealt { waited })
    }

    /// Up to a second, then twice as long each time.
    fn put_off(&self, attempts: u32) -> Duration {
        let pause = Duration::from_secs(1 << attempts.min(5)).min(LONGEST_PUT_OFF);
        pause.mul_f64(0.5 + self.clock.chance() / 2.0)
    }

    /// Renews the claim while this goes on; `None` once it is lost.
    async fn while_claimed<T>(
        &self,
        claim: &MailClaim,
        mut work: impl Future<Output = T> + Unpin,
    ) -> Option<T> {
        let lease = self.settings.lease;
        let mut renewed_at = self.clock.monotonic();
        loop {
            tokio::select! {
                // A process that was paused finds out before it goes on.
                biased;
                () = self.clock.sleep(lease / 3) => {}
                done = &mut work => return Some(done),
            }
            let asked = self.clock.monotonic();
            match self.store.renew_mail(claim, self.clock.now(), lease).await {
                Ok(true) => renewed_at = asked,
                Ok(false) => return None,
                Err(_) if self.clock.monotonic().saturating_sub(renewed_at) > lease => return None,
                Err(_) => {}
            }
        }
    }

    async fn deal(&self, claim: &MailClaim, connection: &mut Option<Connection>) -> Came {
        let not_sent = |why: &str| Came::End(MailEnd::NotSent { to: None, why: why.to_owned() });
        let Some(user) = claim.user_id else { return not_sent("no address") };
        let trace = TraceParent::fresh();
        let contact = self.neighbours.user.contact(&trace, user);
        let to = match self.clock.within(CONTACT_TIMEOUT, contact).await {
            Some(Contact::Email(text)) => match Recipient::read(&text) {
                Some(recipient) => recipient,
                None => return not_sent("the address is none"),
            },
            Some(Contact::Nowhere) => return not_sent("no address"),
            Some(Contact::NoAnswer(why)) => return Came::PutOff(format!("user service: {why}")),
            None => return Came::PutOff("user service: no answer in time".to_owned()),
        };
        let order = match self.store.order(claim.order_id).await {
            Ok(order) => order,
            Err(error) => return Came::PutOff(error.to_string()),
        };
        let items = order.map(|order| order.items).unwrap_or_default();
        let kind = claim.kind.parse::<EventKind>().ok();
        let letter = kind.and_then(|kind| Letter::of(kind, claim.order_id, &claim.data, &items));
        let Some(letter) = letter else { return not_sent("nothing to tell") };
        let (from, now) = (&self.settings.from, self.clock.now());
        match message(claim.event_id, &letter, from, &to, now) {
            Ok(mail) => self.send(&to, &mail, connection).await,
            Err(why) => Came::End(MailEnd::NotSent { to: Some(to.shortened()), why }),
        }
    }

    async fn send(&self, to: &Recipient, mail: &[u8], line: &mut Option<Connection>) -> Came {
        let mut connection = match line.take() {
            Some(connection) => connection,
            None => match self.connect().await {
                Ok(connection) => connection,
                Err(why) => return Came::NoServer(why),
            },
        };
        let silent = || Sent::Lost("the mail server does not answer".to_owned());
        let offered = connection.offer(&self.settings.from.email, to);
        let sent = match self.clock.within(COMMAND_TIMEOUT, offered).await {
            None => silent(),
            Some(Some(sent)) => sent,
            Some(None) => {
                let sent = self.clock.within(MAIL_TIMEOUT, connection.hand_over(mail)).await;
                sent.unwrap_or_else(silent)
            }
        };
        let is_usable = match sent {
            Sent::Taken => true,
            Sent::Lost(_) => false,
            Sent::Refused(_) | Sent::Later(_) => {
                self.clock.within(COMMAND_TIMEOUT, connection.reset()).await == Some(true)
            }
        };
        *line = is_usable.then_some(connection);
        match sent {
            Sent::Taken => Came::End(MailEnd::Sent { to: to.shortened() }),
            Sent::Refused(why) => Came::End(MailEnd::NotSent { to: Some(to.shortened()), why }),
            Sent::Later(why) => Came::PutOff(why),
            Sent::Lost(why) => Came::NoServer(why),
        }
    }

    async fn connect(&self) -> Result<Connection, String> {
        let connecting = Connection::to(&self.settings.server);
        let connected = self.clock.within(CONNECT_TIMEOUT, connecting).await;
        let late = || Err("the mail server is out of reach: no answer in time".to_owned());
        let connection = connected.unwrap_or_else(late)?;
        self.note_success().await;
        Ok(connection)
    }

    /// Notes what came of a mail, as often as it takes: what is not noted is sent again.
    async fn note(&self, claim: &MailClaim, end: &MailEnd) {
        let mut pacing = Pacing::database();
        let mut is_logged = false;
        while let Err(error) = self.store.note_mail(claim.event_id, end, self.clock.now()).await {
            if !std::mem::replace(&mut is_logged, true) {
                warn!(order.id = %claim.order_id, %error, "can't note what came of a mail; tries again");
            }
            self.clock.sleep(pacing.pause(self.clock.chance())).await;
        }
        let order_id = claim.order_id;
        match end {
            MailEnd::Sent { .. } => debug!(order.id = %order_id, kind = claim.kind, "mail sent"),
            MailEnd::NotSent { why, .. } => {
                info!(order.id = %order_id, kind = claim.kind, why, "mail not sent");
            }
        }
    }
}
