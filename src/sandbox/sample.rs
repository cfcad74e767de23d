//! Sample users and products for the demo, with ids that are easy to type: a user id is one digit repeated,
//! a profile's id is its user's with an `f` as the first digit, and a product id is one letter repeated.

use uuid::{Uuid, uuid};

use super::account::{Product, User};

/// The user id of Asha, who can afford things: ₹5,000.00.
pub const ASHA: Uuid = uuid!("11111111-1111-1111-1111-111111111111");
/// The user id of Ravi, who can't: ₹12.00.
pub const RAVI: Uuid = uuid!("22222222-2222-2222-2222-222222222222");
/// The user id of Meena, who can afford anything: ₹1,00,000.00.
pub const MEENA: Uuid = uuid!("33333333-3333-3333-3333-333333333333");

/// The profile id of Asha.
pub const ASHA_PROFILE: Uuid = uuid!("f1111111-1111-1111-1111-111111111111");
/// The profile id of Ravi.
pub const RAVI_PROFILE: Uuid = uuid!("f2222222-2222-2222-2222-222222222222");
/// The profile id of Meena.
pub const MEENA_PROFILE: Uuid = uuid!("f3333333-3333-3333-3333-333333333333");

/// Tea at ₹149.00, 1000 in stock.
pub const TEA: Uuid = uuid!("aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa");
/// A kettle at ₹1,899.00, 10 in stock.
pub const KETTLE: Uuid = uuid!("bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb");
/// A cup at ₹249.50, 200 in stock.
pub const CUP: Uuid = uuid!("cccccccc-cccc-cccc-cccc-cccccccccccc");
/// A samovar at ₹4,500.00, sold out.
pub const SAMOVAR: Uuid = uuid!("dddddddd-dddd-dddd-dddd-dddddddddddd");
/// A sticker that costs nothing, 5000 in stock.
pub const STICKER: Uuid = uuid!("eeeeeeee-eeee-eeee-eeee-eeeeeeeeeeee");

/// What the three neighbours own at the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// The users.
    pub users: Vec<User>,
    /// The products.
    pub products: Vec<Product>,
}

/// All the samples.
#[must_use]
pub fn all() -> Sample {
    Sample { users: users(), products: products() }
}

/// The sample users.
#[must_use]
pub fn users() -> Vec<User> {
    [
        (ASHA_PROFILE, ASHA, "Asha", "asha@shop.example", 500_000),
        (RAVI_PROFILE, RAVI, "Ravi", "ravi@shop.example", 1_200),
        (MEENA_PROFILE, MEENA, "Meena", "meena@shop.example", 10_000_000),
    ]
    .map(|(profile_id, user_id, name, email, wallet)| User {
        profile_id,
        user_id,
        name: name.to_owned(),
        email: Some(email.to_owned()),
        wallet,
    })
    .into()
}

/// The sample products.
#[must_use]
pub fn products() -> Vec<Product> {
    [
        (TEA, "Tea", 14_900, 1_000),
        (KETTLE, "Kettle", 189_900, 10),
        (CUP, "Cup", 24_950, 200),
        (SAMOVAR, "Samovar", 450_000, 0),
        (STICKER, "Sticker", 0, 5_000),
    ]
    .map(|(id, name, price, stock)| Product { id, name: name.to_owned(), price, stock })
    .into()
}
