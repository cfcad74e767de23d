//! What the neighbours own: users with a wallet, and products with a stock. Tests set them up, and the
//! ledger shows them, in the JSON of these types.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A user with a profile and a wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "UserBody")]
pub struct User {
    /// The id of the profile. The payment service identifies the wallet by it.
    pub profile_id: Uuid,
    /// The id of the user, which a cart names.
    pub user_id: Uuid,
    /// Shown as `firstName`.
    pub name: String,
    /// Where mail about orders goes; the order service reads it when a mail is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The balance, in the unit of prices, which payments are in, too.
    pub wallet: i64,
}

/// What else the user service keeps for a profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Details {
    pub last_name: Option<String>,
    pub phone_number: Option<String>,
    pub address: Option<String>,
    pub created_at: Option<DateTime<Utc>>,
    pub updated_at: Option<DateTime<Utc>>,
    /// The part of the balance below one unit, 0 to 99 hundredths. A user may add 10.50 to a wallet;
    /// payments are in whole units.
    pub hundredths: u8,
}

/// A user's profile: the user and what else is kept.
#[derive(Clone, Copy)]
pub(super) struct Profile<'a> {
    pub user: &'a User,
    pub details: &'a Details,
}

/// A product and its stock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Product {
    /// The id of the product.
    pub id: Uuid,
    /// The name of the product.
    pub name: String,
    /// The price of one piece, in paise. Any number, so that tests can make a total overflow.
    pub price: i64,
    /// How many pieces can still be reserved.
    pub stock: i64,
}

/// A user as a test may send it. A missing profile id is derived from the user id, so that the two always
/// differ and mixing them up is noticed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UserBody {
    profile_id: Option<Uuid>,
    user_id: Uuid,
    name: String,
    email: Option<String>,
    wallet: i64,
}

impl From<UserBody> for User {
    fn from(body: UserBody) -> Self {
        let UserBody { profile_id, user_id, name, email, wallet } = body;
        let profile_id = profile_id.unwrap_or_else(|| Uuid::new_v5(&user_id, b"profile"));
        Self { profile_id, user_id, name, email, wallet }
    }
}
