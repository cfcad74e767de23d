//! The payment service: charging and refunding a wallet, and asking what it has recorded.

use reqwest::Method;
use serde_json::json;

use super::http::{Answer, Errand, Http, Request};
use crate::order::{OrderId, Paise, ProfileId, UserId};
use crate::saga::{Call, Outcome, Report};
use crate::trace::TraceParent;

/// The payment service.
#[derive(Debug)]
pub struct Payment(pub(super) Http);

/// What is charged, or refunded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The payment's `orderId`.
    pub order_id: OrderId,
    /// Who buys.
    pub user_id: UserId,
    /// Whose wallet.
    pub profile_id: ProfileId,
    /// How much; more than 0.
    pub amount: Paise,
}

/// What the payment service has recorded for an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// Nothing.
    Nothing,
    /// Its first record is of this status: `Paid`, as it spells it, or something that the contract
    /// doesn't know.
    Status(String),
    /// It didn't say; why, in a sentence.
    NoAnswer(String),
}

impl Recorded {
    /// The payment was made, whatever became of it later.
    pub fn is_paid(&self) -> bool {
        matches!(self, Self::Status(status) if status.eq_ignore_ascii_case("Paid"))
    }
}

impl Payment {
    /// Asks what is recorded for an order, for an audit: settles nothing. The key is of this one
    /// question, so that no earlier answer is repeated.
    pub async fn recorded(&self, trace: &TraceParent, order_id: OrderId) -> Recorded {
        let key = format!("{order_id}:audit:{}", trace.trace_id());
        let request = Request {
            method: Method::GET,
            path: format!("/api/payments/status/{order_id}"),
            key: &key,
            body: None,
            fresh_connection: false,
        };
        match self.0.ask(trace, request).await {
            Err(error) => Recorded::NoAnswer(error),
            Ok(answer) => match answer.status {
                200 => status_of(&answer, order_id).map_or_else(
                    |wrong| Recorded::NoAnswer(format!("answered 200: {wrong}")),
                    Recorded::Status,
                ),
                _ if answer.refuses(&[404]) => Recorded::Nothing,
                status => Recorded::NoAnswer(format!("answered {status}")),
            },
        }
    }

    /// Takes the amount from the wallet.
    pub async fn process(&self, errand: Errand<'_>, call: &Call, charge: Charge) -> Report {
        let amount = charge.amount.0;
        let way = Way { verb: "process", good: "Paid", amount, refusals: &[400, 404, 409] };
        self.move_money(errand, call, charge, way).await
    }

    /// Gives the amount back.
    pub async fn refund(&self, errand: Errand<'_>, call: &Call, charge: Charge) -> Report {
        // It is told as what it adds to the charge.
        let amount = -charge.amount.0;
        let way = Way { verb: "refund", good: "Refunded", amount, refusals: &[400, 404] };
        self.move_money(errand, call, charge, way).await
    }

    /// Looks whether the payment is recorded. `Done` is the one thing that this can settle: that
    /// nothing is recorded yet does not say that nothing is on its way.
    pub async fn look_up(&self, errand: Errand<'_>, call: &Call, charge: Charge) -> Report {
        let key = format!("{}:status", call.key);
        let request = Request {
            method: Method::GET,
            path: format!("/api/payments/status/{}", charge.order_id),
            key: &key,
            body: None,
            fresh_connection: false,
        };
        let judge = |answer: &Answer| match answer.status {
            200 => {
                let status = status_of(answer, charge.order_id)?;
                let said = answer.said()?;
                said.not_another("userId", charge.user_id.0)?;
                said.not_other_than("amount", &[charge.amount.0])?;
                let is_paid = status.eq_ignore_ascii_case("Paid");
                Ok(if is_paid { Outcome::Done } else { Outcome::Refused })
            }
            _ if answer.refuses(&[404]) => Ok(Outcome::Refused),
            _unlisted => Ok(Outcome::Unknown),
        };
        self.0.call(errand, call.effect.step, None, request, judge).await.into_report()
    }

    async fn move_money(
        &self,
        errand: Errand<'_>,
        call: &Call,
        charge: Charge,
        way: Way<'_>,
    ) -> Report {
        let request = Request {
            method: Method::POST,
            path: format!("/api/payments/{}", way.verb),
            key: &call.key,
            body: Some(json!({
                "orderId": charge.order_id,
                "userId": charge.user_id,
                "userProfileId": charge.profile_id,
                "amount": charge.amount,
            })),
            fresh_connection: call.intent_first,
        };
        let judge = |answer: &Answer| match answer.status {
            200 => {
                let said = answer.said()?;
                let status = said.text("status")?.ok_or("no status in it")?;
                if !status.eq_ignore_ascii_case(way.good) {
                    return Err(format!("its status is not {}", way.good));
                }
                said.not_another("orderId", charge.order_id.0)?;
                said.not_another("userId", charge.user_id.0)?;
                said.not_other_than("amount", &[way.amount])?;
                Ok(Outcome::Done)
            }
            _ if answer.refuses(way.refusals) => Ok(Outcome::Refused),
            _unlisted => Ok(Outcome::Unknown),
        };
        self.0.call(errand, call.effect.step, None, request, judge).await.into_report()
    }
}

/// What differs between a charge and a refund.
#[derive(Clone, Copy)]
struct Way<'a> {
    verb: &'a str,
    /// The status that says that it is done.
    good: &'a str,
    /// What an answer that names an amount names.
    amount: i64,
    refusals: &'a [u16],
}

/// The status that is told of this order, and of no other.
fn status_of(answer: &Answer, order_id: OrderId) -> Result<String, String> {
    let said = answer.said()?;
    said.not_another("orderId", order_id.0)?;
    said.text("status")?.ok_or_else(|| "no status in it".to_owned())
}
