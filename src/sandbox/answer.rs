//! The neighbours' answers, as JSON. The answer to an effect is made from its record alone, so that a
//! repeated key gets exactly the bytes of the first answer, after a restart too.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{json, value::RawValue};
use uuid::Uuid;

use super::{
    account::{Product, Profile},
    effect::{Effect, Payment, Units},
    ledger::{Record, RecordResult},
    money::Money,
    reply::Reply,
};

/// The first half of every payment's id. The second half is the number of its record.
const PAYMENT_IDS: u64 = 0x7061_796d_656e_7473;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserAnswer<'a> {
    id: Uuid,
    user_id: Uuid,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    phone_number: Option<&'a str>,
    address: Option<&'a str>,
    wallet_balance: Box<RawValue>,
    created_at: Option<DateTime<Utc>>,
    updated_at: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AddedAnswer {
    user_id: Uuid,
    balance: Box<RawValue>,
    message: String,
}

#[derive(Serialize)]
struct MovedAnswer {
    id: Uuid,
    balance: Box<RawValue>,
}

#[derive(Serialize)]
struct UnitsAnswer {
    id: Uuid,
    remaining: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PaymentAnswer {
    payment_id: Uuid,
    order_id: Uuid,
    user_id: Uuid,
    amount: i64,
    status: &'static str,
    timestamp: DateTime<Utc>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusAnswer {
    order_id: Uuid,
    status: &'static str,
    timestamp: DateTime<Utc>,
}

/// The answer to an effect, from the record that decided it.
pub(super) fn effect(record: &Record) -> Reply {
    if record.result != RecordResult::Acted {
        return refusal(record);
    }
    match &record.effect {
        Effect::Process(payment) => paid(record, payment, payment.amount),
        Effect::Refund(payment) => paid(record, payment, -payment.amount),
        Effect::Reserve(Units { product_id, .. }) | Effect::Release(Units { product_id, .. }) => {
            let remaining = record.left.unwrap_or_default();
            Reply::json(200, &UnitsAnswer { id: *product_id, remaining })
        }
    }
}

fn paid(record: &Record, payment: &Payment, amount: i64) -> Reply {
    let answer = PaymentAnswer {
        payment_id: Uuid::from_u64_pair(PAYMENT_IDS, record.seq),
        order_id: payment.order_id,
        user_id: payment.user_id,
        amount,
        status: status_of(&record.effect),
        timestamp: record.at,
    };
    Reply::json(200, &answer)
}

/// The status of a payment or a refund. Other effects have none.
fn status_of(effect: &Effect) -> &'static str {
    match effect {
        Effect::Process(_) => "Paid",
        Effect::Refund(_) | Effect::Reserve(_) | Effect::Release(_) => "Refunded",
    }
}

fn refusal(record: &Record) -> Reply {
    let status = record.status.unwrap_or(500);
    let body = match (&record.effect, status, record.left) {
        (_, 422, _) => json!({"error": "Idempotency-Key reused with a different request"}),
        (Effect::Process(_), 409, Some(left)) => {
            json!({"error": "Insufficient balance", "balance": left})
        }
        (Effect::Reserve(_), 409, Some(left)) => {
            json!({"error": "Insufficient stock", "available": left})
        }
        (Effect::Process(_) | Effect::Refund(_), 400, _) => json!({"error": "Invalid amount"}),
        (Effect::Reserve(_) | Effect::Release(_), 400, _) => json!({"error": "Invalid quantity"}),
        (Effect::Process(_) | Effect::Refund(_), 404, _) => json!({"error": "User not found"}),
        (Effect::Reserve(_) | Effect::Release(_), 404, _) => json!({"error": "Product not found"}),
        // Any other status of a `refuse` fault.
        _ => json!({"error": "Refused"}),
    };
    Reply::json(status, &body)
}

/// A user's profile.
pub(super) fn user(status: u16, profile: Profile<'_>) -> Reply {
    Reply::json(status, &user_answer(profile))
}

/// All profiles.
pub(super) fn users<'a>(profiles: impl Iterator<Item = Profile<'a>>) -> Reply {
    Reply::json(200, &profiles.map(user_answer).collect::<Vec<_>>())
}

fn user_answer(profile: Profile<'_>) -> UserAnswer<'_> {
    let Profile { user, details } = profile;
    UserAnswer {
        id: user.profile_id,
        user_id: user.user_id,
        first_name: Some(user.name.as_str()).filter(|name| !name.is_empty()),
        last_name: details.last_name.as_deref(),
        email: user.email.as_deref(),
        phone_number: details.phone_number.as_deref(),
        address: details.address.as_deref(),
        wallet_balance: raw(&balance(profile)),
        created_at: details.created_at,
        updated_at: details.updated_at,
    }
}

/// The answer after a user has added this amount to the wallet.
pub(super) fn added(profile: Profile<'_>, amount: Money) -> Reply {
    let balance = balance(profile);
    let message = format!("Successfully added ₹{amount} to wallet. New balance: ₹{balance}");
    let (user_id, balance) = (profile.user.user_id, raw(&balance));
    Reply::json(200, &AddedAnswer { user_id, balance, message })
}

/// The answer after another service has taken money from a wallet or put it back.
pub(super) fn moved(profile: Profile<'_>) -> Reply {
    let balance = raw(&balance(profile));
    Reply::json(200, &MovedAnswer { id: profile.user.profile_id, balance })
}

/// The balance as .NET writes a decimal with two places. It is exact: a float would round large balances.
fn balance(profile: Profile<'_>) -> String {
    Money::of(profile.user.wallet, profile.details.hundredths).to_string()
}

fn raw(decimal: &str) -> Box<RawValue> {
    RawValue::from_string(decimal.to_owned()).expect("digits with a point are a JSON number")
}

/// The answer to a read of a product.
pub(super) fn product(product: &Product) -> Reply {
    Reply::json(200, product)
}

/// The answer to a read of a product, with a price below zero.
pub(super) fn product_with_negative_price(product: &Product) -> Reply {
    let price = -product.price.saturating_abs().max(1);
    Reply::json(200, &Product { price, ..product.clone() })
}

/// The answer to a read of a payment's status, from the first record for the order.
pub(super) fn payment_status(record: &Record, order_id: Uuid) -> Reply {
    let status = status_of(&record.effect);
    Reply::json(200, &StatusAnswer { order_id, status, timestamp: record.at })
}
