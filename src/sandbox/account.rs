//! What the neighbours own: users with a wallet, products with a stock. Also the JSON in which
//! tests set them up and the ledger shows them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A user, the user's profile and its wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "UserBody")]
pub struct User {
    /// The id of the profile, by which the payment service knows the wallet.
    pub profile_id: Uuid,
    /// The id of the user, by which a cart is checked out.
    pub user_id: Uuid,
    /// Shown as `firstName`.
    pub name: String,
    /// Balance, in the unit of prices: what a payment takes is what it is less by.
    pub wallet: i64,
}

/// What else the user service keeps of a profile, and what a wallet holds below one unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Details {
    pub last_name: Option<String>,
    pub phone_number: Option<String>,
    pub address: Option<String>,
    pub created_at: Option<DateTime<Utc>>,
    pub updated_at: Option<DateTime<Utc>>,
    /// 0 to 99, on top of the wallet: somebody may add 10.50, and payments are whole.
    pub hundredths: u8,
}

/// A product and what is left of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Product {
    /// The id of the product.
    pub id: Uuid,
    /// The name of the product.
    pub name: String,
    /// Price of one piece, in paise. Any number, so that tests can set up a price that overflows.
    pub price: i64,
    /// Units that can still be reserved.
    pub stock: i64,
}

/// A user as a test may send it: without a profile id one is derived from the user id, so that the
/// two always differ and a mix-up is seen.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UserBody {
    profile_id: Option<Uuid>,
    user_id: Uuid,
    name: String,
    wallet: i64,
}

impl From<UserBody> for User {
    fn from(body: UserBody) -> Self {
        let UserBody { profile_id, user_id, name, wallet } = body;
        let profile_id = profile_id.unwrap_or_else(|| Uuid::new_v5(&user_id, b"profile"));
        Self { profile_id, user_id, name, wallet }
    }
}
