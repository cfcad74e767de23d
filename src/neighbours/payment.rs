//! The payment service: charging and refunding a wallet, and asking what it has recorded.

use reqwest::Method;
use serde_json::json;

use super::http::{Answer, Errand, Http, Request};
use crate::json;
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
            Ok(answer) => match (answer.status, answer.json()) {
                (200, Some(body)) => match json::text(body, "status") {
                    Some(status) => Recorded::Status(status.to_owned()),
                    None => Recorded::NoAnswer("answered 200: no status in it".to_owned()),
                },
                _ if answer.refuses(&[404]) => Recorded::Nothing,
                (status, _) => Recorded::NoAnswer(format!("answered {status}")),
            },
        }
    }

    /// Takes the amount from the wallet.
    pub async fn process(&self, errand: Errand<'_>, call: &Call, charge: Charge) -> Report {
        self.move_money(errand, call, charge, "process", "Paid", &[400, 404, 409]).await
    }

    /// Gives the amount back.
    pub async fn refund(&self, errand: Errand<'_>, call: &Call, charge: Charge) -> Report {
        self.move_money(errand, call, charge, "refund", "Refunded", &[400, 404]).await
    }

    /// Looks whether the payment is recorded. `Done` is the one thing that this can settle: that
    /// nothing is recorded yet does not say that nothing is on its way.
    pub async fn look_up(&self, errand: Errand<'_>, call: &Call, order_id: OrderId) -> Report {
        let key = format!("{}:status", call.key);
        let request = Request {
            method: Method::GET,
            path: format!("/api/payments/status/{order_id}"),
            key: &key,
            body: None,
            fresh_connection: false,
        };
        let judge = |answer: &Answer| match (answer.status, answer.json()) {
            (200, Some(body)) => match json::text(body, "status") {
                Some(status) if status.eq_ignore_ascii_case("Paid") => Ok(Outcome::Done),
                Some(_) => Ok(Outcome::Refused),
                None => Err("no status in it".to_owned()),
            },
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
        verb: &str,
        good: &str,
        refusals: &[u16],
    ) -> Report {
        let request = Request {
            method: Method::POST,
            path: format!("/api/payments/{verb}"),
            key: &call.key,
            body: Some(json!({
                "orderId": charge.order_id,
                "userId": charge.user_id,
                "userProfileId": charge.profile_id,
                "amount": charge.amount,
            })),
            fresh_connection: call.intent_first,
        };
        let judge = |answer: &Answer| match (answer.status, answer.json()) {
            (200, Some(body)) => {
                let status = json::text(body, "status").ok_or("no status in it")?;
                let order = json::uuid(body, "orderId").unwrap_or(charge.order_id.0);
                let amount = json::integer(body, "amount").unwrap_or(charge.amount.0);
                if !status.eq_ignore_ascii_case(good) {
                    return Err(format!("its status is not {good}"));
                }
                if order != charge.order_id.0 || amount.checked_abs() != Some(charge.amount.0) {
                    return Err("of another order or amount".to_owned());
                }
                Ok(Outcome::Done)
            }
            (200, None) => Err("not JSON".to_owned()),
            _ if answer.refuses(refusals) => Ok(Outcome::Refused),
            _unlisted => Ok(Outcome::Unknown),
        };
        self.0.call(errand, call.effect.step, None, request, judge).await.into_report()
    }
}
