//! Taking goods back: what was shipped comes back at most once, whoever asks and however often.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use tracing::info;

use super::RETURN;
use super::begin::take_back;
use super::facts::ReversalFacts;
use super::standing::{Reversals, Standing, status_without_order};
use crate::engine::{Recording, Wait};
use crate::order::{OrderId, OrderStatus};
use crate::saga::Progress;
use crate::store::{
    Accepted, Error, Found, Identity, NewAuditEntry, NewReturn, Order, Return, ReturnBeginning,
    Returnable,
};
use crate::trace::TraceParent;

/// Goods that are back, as it comes in.
#[derive(Clone, Debug)]
pub struct TakeBack {
    /// Of which order.
    pub id: OrderId,
    /// Pieces by line of the order, from 0.
    pub pieces: BTreeMap<u16, u32>,
    /// Why, in the words of whoever took them back.
    pub reason: Option<String>,
    /// Whether they can be sold again.
    pub restock: bool,
    /// The client's key; one for each return of an order.
    pub key: String,
    /// The operator's name.
    pub who: String,
    /// What the audit trail says of it, if this request is the one that begins the return.
    pub audit: Option<NewAuditEntry>,
    /// How long whoever asks waits for the end of it.
    pub wait: Wait,
    /// Their trace, or a fresh one.
    pub trace: TraceParent,
}

/// What whoever asks is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReturnAnswer {
    /// It is begun, and done or not.
    Accepted {
        /// As it is written down.
        returned: Return,
        /// It is the answer to the request that this one repeats.
        replayed: bool,
    },
    /// The key began another return of this order.
    KeyReused,
    /// There is no such order.
    NotFound,
    /// The order has no line of this number.
    NoSuchLine(u16),
    /// Nothing of it is out.
    NotAllowed {
        /// The order's status.
        status: OrderStatus,
    },
    /// It is of the old database, and was paid for there.
    Imported {
        /// The order's status.
        status: OrderStatus,
    },
    /// More than was shipped and has not come back.
    TooMuch {
        /// Of which line.
        line: u16,
        /// The order's status.
        status: OrderStatus,
    },
    /// The database is out of reach.
    Unavailable,
}

/// What one look led to.
enum Look {
    /// There is an answer.
    Told(ReturnAnswer),
    /// There is a return of this key now, for the next look to find.
    Again {
        /// This request began it.
        by_this: bool,
    },
}

/// Looks at most: a repeat finds the first one.
const LOOKS: usize = 4;

impl Reversals {
    /// Takes goods back, and waits as long as whoever asks wants to.
    pub async fn take_back(&self, wish: &TakeBack) -> ReturnAnswer {
        let mut is_first = false;
        for _ in 0..LOOKS {
            match self.try_to_take_back(wish, is_first).await {
                Ok(Look::Told(answer)) => return answer,
                Ok(Look::Again { by_this }) => is_first |= by_this,
                // It may have been written: the next look shows it.
                Err(Error::OutcomeUnknown(_)) => {}
                Err(error) => {
                    info!(order.id = %wish.id, %error, "could not take goods back");
                    return ReturnAnswer::Unavailable;
                }
            }
        }
        ReturnAnswer::Unavailable
    }

    async fn try_to_take_back(&self, wish: &TakeBack, is_first: bool) -> Result<Look, Error> {
        let order = match self.standing(wish.id, &|_any_user| true).await? {
            Standing::Unknown => return Ok(Look::Told(ReturnAnswer::NotFound)),
            Standing::Checkout(saga) => {
                let status = status_without_order(&saga);
                return Ok(Look::Told(ReturnAnswer::NotAllowed { status }));
            }
            Standing::Imported(_, status) => {
                return Ok(Look::Told(ReturnAnswer::Imported { status }));
            }
            Standing::Order(order, _) => order,
        };
        if let Some(line) = missing_line(&order, wish) {
            return Ok(Look::Told(ReturnAnswer::NoSuchLine(line)));
        }
        let identity = Identity::Key(format!("{}:{}", wish.id, wish.key));
        let first = self.store.find_first(order.user_id, RETURN.kind, &identity).await?;
        if let Some(first) = first {
            return self.answer_of(first, wish, !is_first).await.map(Look::Told);
        }
        let origin = self.origin(&order, &wish.trace).await?;
        let (reason, restock) = (wish.reason.clone(), wish.restock);
        let facts = ReversalFacts::of_lines(&origin, &wish.pieces, reason, restock);
        let context = Recording { clock: self.executor.clock(), policy: self.executor.policy() };
        let accepted = Accepted { identity: Some(identity), fingerprint: fingerprint(wish) };
        let mut write = take_back(&origin, facts.clone(), &wish.who, accepted, context);
        write.records.audited.extend(wish.audit.clone());
        let new = NewReturn {
            id: write.saga.id.0,
            order_id: order.id,
            refunded: facts.refund(),
            reason: facts.reason.clone(),
            restock: facts.restock,
            created_at: write.saga.created_at,
            lines: facts.returned(),
        };
        let judge = |returnable: &Returnable| judge(returnable, &wish.pieces);
        let begun = self.executor.begin_return(&new, &write, judge).await?;
        Ok(match begun {
            ReturnBeginning::Begun => Look::Again { by_this: true },
            ReturnBeginning::Repeats => Look::Again { by_this: false },
            ReturnBeginning::Refused(answer) => Look::Told(answer),
        })
    }

    async fn answer_of(
        &self,
        saga: Found,
        wish: &TakeBack,
        replayed: bool,
    ) -> Result<ReturnAnswer, Error> {
        if saga.fingerprint != fingerprint(wish) {
            return Ok(ReturnAnswer::KeyReused);
        }
        let id = saga.id.0;
        if let Wait::Decided(wait) = wish.wait
            && !saga.progress.is_some_and(Progress::is_rest)
        {
            self.executor.wait_until_settled(saga, wait).await;
        }
        let returned = self.store.find_return(id).await?;
        let missing = || Error::Unusable(format!("the return {id} has a saga and no row"));
        Ok(ReturnAnswer::Accepted { returned: returned.ok_or_else(missing)?, replayed })
    }
}

/// Whether so much can come back, by what is shipped and what has come back.
fn judge(returnable: &Returnable, pieces: &BTreeMap<u16, u32>) -> Result<(), ReturnAnswer> {
    let status = returnable.status.parse().unwrap_or(OrderStatus::Pending);
    match status {
        OrderStatus::Shipped | OrderStatus::Delivered => {}
        OrderStatus::Pending
        | OrderStatus::Confirmed
        | OrderStatus::Rejected
        | OrderStatus::Cancelling
        | OrderStatus::Cancelled => return Err(ReturnAnswer::NotAllowed { status }),
    }
    let of = |pieces: &BTreeMap<u16, i64>, line| pieces.get(&line).copied().unwrap_or_default();
    for (line, quantity) in pieces {
        let left = of(&returnable.shipped, *line) - of(&returnable.taken, *line);
        if i64::from(*quantity) > left {
            return Err(ReturnAnswer::TooMuch { line: *line, status });
        }
    }
    Ok(())
}

fn missing_line(order: &Order, wish: &TakeBack) -> Option<u16> {
    wish.pieces.keys().copied().find(|line| usize::from(*line) >= order.items.len())
}

/// Of the return as parsed: the same return has the same fingerprint however it is written in JSON.
fn fingerprint(wish: &TakeBack) -> String {
    let mut hash = Sha256::new();
    for (line, quantity) in &wish.pieces {
        hash.update(line.to_be_bytes());
        hash.update(quantity.to_be_bytes());
    }
    hash.update([u8::from(wish.restock)]);
    hash.update(wish.reason.as_deref().unwrap_or_default().as_bytes());
    base16ct::lower::encode_string(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn returnable(status: OrderStatus, shipped: i64, taken: i64) -> Returnable {
        Returnable {
            status: status.to_string(),
            shipped: [(0, shipped)].into(),
            taken: [(0, taken)].into(),
        }
    }

    #[test]
    fn no_more_comes_back_than_was_shipped() {
        let asked = |quantity| [(0, quantity)].into();
        for status in [OrderStatus::Shipped, OrderStatus::Delivered] {
            let some = returnable(status, 3, 1);
            assert_eq!(judge(&some, &asked(2)), Ok(()));
            assert_eq!(judge(&some, &asked(3)), Err(ReturnAnswer::TooMuch { line: 0, status }));
            let other = [(1, 1)].into();
            assert_eq!(judge(&some, &other), Err(ReturnAnswer::TooMuch { line: 1, status }));
        }
        for status in [OrderStatus::Confirmed, OrderStatus::Cancelling, OrderStatus::Cancelled] {
            let none = returnable(status, 0, 0);
            assert_eq!(judge(&none, &asked(1)), Err(ReturnAnswer::NotAllowed { status }));
        }
    }
}
