//! Who buys what: so many users and products that none is a hot spot, with money and stock for all.

use order_service::sandbox::{Product, User};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use uuid::Uuid;

/// How many users and products there are.
const EACH: u64 = 1_000;
/// The number of different carts in one load.
const CARTS: usize = 4_096;
/// More than any load uses up.
const PLENTY: i64 = 1_000_000_000_000_000;

/// The number of lines of each cart.
pub const LINES: u64 = 2;

fn user_id(number: u64) -> Uuid {
    Uuid::from_u64_pair(0x1111_1111_1111_4111, 0x8111_0000_0000_0000 | number)
}

fn product_id(number: u64) -> Uuid {
    Uuid::from_u64_pair(0xaaaa_aaaa_aaaa_4aaa, 0x8aaa_0000_0000_0000 | number)
}

/// The neighbours' users and products.
pub fn world() -> (Vec<User>, Vec<Product>) {
    let user = |number| User {
        profile_id: Uuid::from_u64_pair(0xffff_ffff_ffff_4fff, 0x8fff_0000_0000_0000 | number),
        user_id: user_id(number),
        name: format!("User {number}"),
        email: Some(format!("user{number}@example.com")),
        wallet: PLENTY,
    };
    let product = |number: u64| Product {
        id: product_id(number),
        name: format!("Product {number}"),
        price: 100 + i64::try_from(number).unwrap_or(0),
        stock: PLENTY,
    };
    ((0..EACH).map(user).collect(), (0..EACH).map(product).collect())
}

/// The bodies of requests; the same for the same seed.
pub fn bodies(seed: u64) -> Vec<String> {
    let mut dice = SmallRng::seed_from_u64(seed);
    (0..CARTS).map(|_| body(&mut dice)).collect()
}

fn body(dice: &mut SmallRng) -> String {
    let items = (0..LINES).map(|_| {
        json!({
            "productId": product_id(dice.random_range(0..EACH)),
            "quantity": dice.random_range(1..=3),
        })
    });
    let items: Vec<_> = items.collect();
    json!({"userId": user_id(dice.random_range(0..EACH)), "items": items}).to_string()
}

/// The whole requests, as they are written to a socket.
pub fn requests(seed: u64) -> Vec<Vec<u8>> {
    let request = |body: String| {
        let length = body.len();
        format!(
            "POST /api/orders/create HTTP/1.1\r\nhost: shop\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    };
    bodies(seed).into_iter().map(request).collect()
}
