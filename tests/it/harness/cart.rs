//! Carts as clients send them.

use serde_json::{Value, json};
use uuid::Uuid;

/// A cart of these lines for a user.
pub fn cart(user: Uuid, lines: &[(Uuid, u32)]) -> Value {
    let items: Vec<_> = lines.iter().map(|(product, quantity)| line(*product, *quantity)).collect();
    json!({"userId": user, "items": items})
}

pub fn line(product: Uuid, quantity: u32) -> Value {
    json!({"productId": product, "quantity": quantity})
}
