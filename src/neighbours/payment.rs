//! The payment service: charging and refunding a wallet, and asking what it has recorded.

use serde_json::json;

use super::endpoint::{CallContext, Endpoint};
use super::response::Response;
use super::transport::Request;
use crate::order::{OrderId, Paise, ProfileId, UserId};
use crate::saga::{Call, Outcome, Report};
use crate::trace::TraceParent;

/// The payment service.
#[derive(Debug)]
pub struct Payment(pub Endpoint);

/// What is charged, or refunded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The payment's `orderId`.
    pub order_id: OrderId,
    /// The buyer.
    pub user_id: UserId,
    /// The profile that owns the wallet.
    pub profile_id: ProfileId,
    /// The amount; more than 0.
    pub amount: Paise,
}

/// What the payment service has recorded for an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// Nothing.
    Nothing,
    /// The first record has this status: `Paid`, in whatever case the service writes it, or a status
    /// that its API doesn't list.
    Status(String),
    /// It gave no usable answer. Holds the reason, as a sentence.
    NoAnswer(String),
}

impl Recorded {
    /// Whether the payment was made, whatever happened to it later.
    pub fn is_paid(&self) -> bool {
        matches!(self, Self::Status(status) if status.eq_ignore_ascii_case("Paid"))
    }
}

impl Payment {
    /// Asks what is recorded for an order, for an audit; it settles nothing. Each question has its own
    /// key, so that no earlier answer is replayed.
    pub async fn recorded(&self, trace: &TraceParent, order_id: OrderId) -> Recorded {
        let key = format!("{order_id}:audit:{}", trace.trace_id());
        let request = Request::get(format!("/api/payments/status/{order_id}"), &key, trace);
        match self.0.send_unguarded(request).await {
            Err(error) => Recorded::NoAnswer(error),
            Ok(response) => match response.status {
                200 => status_of(&response, order_id).map_or_else(
                    |wrong| Recorded::NoAnswer(format!("answered 200: {wrong}")),
                    Recorded::Status,
                ),
                _ if response.is_refusal(&[404]) => Recorded::Nothing,
                status => Recorded::NoAnswer(format!("answered {status}")),
            },
        }
    }

    /// Takes the amount from the wallet.
    pub async fn process(&self, context: CallContext<'_>, call: &Call, charge: Charge) -> Report {
        let transfer = Transfer {
            verb: "process",
            done_status: "Paid",
            signed_amount: charge.amount.0,
            refusals: &[400, 404, 409],
        };
        self.transfer(context, call, charge, transfer).await
    }

    /// Gives the amount back.
    pub async fn refund(&self, context: CallContext<'_>, call: &Call, charge: Charge) -> Report {
        let transfer = Transfer {
            verb: "refund",
            done_status: "Refunded",
            signed_amount: -charge.amount.0,
            refusals: &[400, 404],
        };
        self.transfer(context, call, charge, transfer).await
    }

    /// Checks whether the payment is recorded. Only `Done` settles the charge: if nothing is recorded
    /// yet, the charge may still be on its way.
    pub async fn look_up(&self, context: CallContext<'_>, call: &Call, charge: Charge) -> Report {
        let key = format!("{}:status", call.key);
        let path = format!("/api/payments/status/{}", charge.order_id);
        let request = Request::get(path, &key, context.trace);
        let judge = |response: &Response| match response.status {
            200 => {
                let status = status_of(response, charge.order_id)?;
                let fields = response.fields()?;
                fields.check_uuid("userId", charge.user_id.0)?;
                fields.check_integer("amount", charge.amount.0)?;
                let is_paid = status.eq_ignore_ascii_case("Paid");
                Ok(if is_paid { Outcome::Done } else { Outcome::Refused })
            }
            _ if response.is_refusal(&[404]) => Ok(Outcome::Refused),
            _unlisted => Ok(Outcome::Unknown),
        };
        self.0.call(context, call.effect, request, judge).await
    }

    async fn transfer(
        &self,
        context: CallContext<'_>,
        call: &Call,
        charge: Charge,
        transfer: Transfer<'_>,
    ) -> Report {
        let path = format!("/api/payments/{}", transfer.verb);
        let body = json!({
            "orderId": charge.order_id,
            "userId": charge.user_id,
            "userProfileId": charge.profile_id,
            "amount": charge.amount,
        });
        let request = Request::post(path, call, body, context.trace);
        let judge = |response: &Response| match response.status {
            200 => {
                let fields = response.fields()?;
                let status = fields.text("status")?.ok_or("no status in it")?;
                if !status.eq_ignore_ascii_case(transfer.done_status) {
                    return Err(format!("its status is not {}", transfer.done_status));
                }
                fields.check_uuid("orderId", charge.order_id.0)?;
                fields.check_uuid("userId", charge.user_id.0)?;
                fields.check_integer("amount", transfer.signed_amount)?;
                Ok(Outcome::Done)
            }
            _ if response.is_refusal(transfer.refusals) => Ok(Outcome::Refused),
            _unlisted => Ok(Outcome::Unknown),
        };
        self.0.call(context, call.effect, request, judge).await
    }
}

/// What differs between a charge and a refund.
#[derive(Clone, Copy)]
struct Transfer<'a> {
    /// The last segment of the path.
    verb: &'a str,
    /// The payment status that means that it is done.
    done_status: &'a str,
    /// The amount that a response may repeat, in paise: below 0 for a refund.
    signed_amount: i64,
    /// The HTTP statuses that refuse it.
    refusals: &'a [u16],
}

/// The payment's status. A response about another order is an error.
fn status_of(response: &Response, order_id: OrderId) -> Result<String, String> {
    let fields = response.fields()?;
    fields.check_uuid("orderId", order_id.0)?;
    fields.text("status")?.ok_or_else(|| "no status in it".to_owned())
}
