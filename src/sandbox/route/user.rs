//! The user service: profiles by either id, phone numbers, and wallets.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::header::LOCATION,
    response::Response,
};
use uuid::Uuid;

use super::{
    body::{Properties, Unreadable},
    caller::Caller,
};
use crate::sandbox::{
    account::{Details, User},
    answer, clock,
    desk::Desk,
    money::Money,
    neighbourhood::Neighbourhood,
    reply::Reply,
    service::Call,
    world::Entry,
};

type Here = State<Arc<Neighbourhood>>;

pub(super) async fn get(
    State(here): Here,
    Path(user_id): Path<String>,
    caller: Caller,
) -> Response {
    // An id that isn't one is nobody's.
    let user_id = user_id.parse::<Uuid>().ok();
    let reply = here.read(Call::GetUser, None, |world, _| {
        let user = user_id.and_then(|id| world.user(id));
        user.map_or_else(no_profile, |user| answer::user(200, user))
    });
    reply.await.send(&caller.cut)
}

pub(super) async fn list(State(here): Here, caller: Caller) -> Response {
    here.told(|desk| answer::users(desk.world.users())).await.send(&caller.cut)
}

/// By the id of the profile.
pub(super) async fn profile(State(here): Here, Path(id): Path<String>, caller: Caller) -> Response {
    let id = id.parse::<Uuid>().ok();
    let reply = here.told(|desk| {
        let user = id.and_then(|id| desk.world.profile(id));
        user.map_or_else(no_profile, |user| answer::user(200, user))
    });
    reply.await.send(&caller.cut)
}

pub(super) async fn phone_exists(
    State(here): Here,
    Path(number): Path<String>,
    caller: Caller,
) -> Response {
    let reply = here.told(|desk| {
        let exists = desk.world.phone(&number).is_some();
        Reply::json(200, &serde_json::json!({"exists": exists}))
    });
    reply.await.send(&caller.cut)
}

/// Makes a profile, or changes the one that the user has.
pub(super) async fn create(State(here): Here, caller: Caller, body: Bytes) -> Response {
    let mut id = None;
    let reply = match Properties::read(&body) {
        Err(error) => Reply::error(400, &error),
        Ok(said) => {
            here.told(|desk| {
                let user_id = said.id("userId").unwrap_or_default();
                if user_id.is_nil() {
                    return Reply::error(400, "UserId is required");
                }
                let known = desk.world.user(user_id).map(|(user, _)| user.clone());
                let user = known.unwrap_or_else(|| User {
                    profile_id: Uuid::new_v5(&user_id, b"profile"),
                    user_id,
                    name: String::new(),
                    wallet: 0,
                });
                id = Some(user.profile_id);
                keep(desk, &user, &said, 201)
            })
            .await
        }
    };
    let is_made = reply.status() == Some(201);
    let mut response = reply.send(&caller.cut);
    if let Some(id) = id.filter(|_| is_made)
        && let Ok(location) = format!("/api/users/{id}").try_into()
    {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// Changes a profile; its user stays.
pub(super) async fn update(
    State(here): Here,
    Path(id): Path<String>,
    caller: Caller,
    body: Bytes,
) -> Response {
    let reply = match Properties::read(&body) {
        Err(error) => Reply::error(400, &error),
        Ok(said) => {
            let id = id.parse::<Uuid>().ok();
            here.told(|desk| match id.and_then(|id| desk.world.profile(id)) {
                None => no_profile(),
                Some((user, _)) => {
                    let user = user.clone();
                    keep(desk, &user, &said, 200)
                }
            })
            .await
        }
    };
    reply.send(&caller.cut)
}

/// Keeps what was said of a profile.
fn keep(desk: &mut Desk, user: &User, said: &Properties, status: u16) -> Reply {
    let Some(phone) = said.text("phoneNumber") else {
        return Reply::error(400, "Phone number is required");
    };
    let digits = phone.strip_prefix('+').unwrap_or(&phone);
    if !(10..=15).contains(&digits.len()) || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Reply::error(400, "Invalid phone number format");
    }
    if desk.world.phone(&phone).is_some_and(|other| other.profile_id != user.profile_id) {
        return Reply::error(400, "Phone number already registered");
    }
    let before = desk.world.profile(user.profile_id).map(|(_, details)| details.clone());
    let before = before.unwrap_or_default();
    let now = clock::now();
    let details = Details {
        last_name: said.text("lastName"),
        phone_number: Some(phone),
        address: said.text("address"),
        created_at: before.created_at.or(Some(now)),
        updated_at: Some(now),
        hundredths: before.hundredths,
    };
    let user = User { name: said.text("firstName").unwrap_or_default(), ..user.clone() };
    let reply = answer::user(status, (&user, &details));
    desk.enter(Entry::Profile(user, details));
    reply
}

/// What a user adds to the own wallet.
pub(super) async fn add_balance(State(here): Here, caller: Caller, body: Bytes) -> Response {
    let too_little = "Amount must be greater than 0";
    let reply = with_amount(&here, &body, too_little, |desk, said, amount| {
        let user_id = said.id("userId").unwrap_or_default();
        if user_id.is_nil() {
            return Reply::error(400, "UserId is required");
        }
        let Some((user, _)) = desk.world.user(user_id) else { return no_profile() };
        let id = user.profile_id;
        change(desk, id, |balance| balance.plus(amount), |user| answer::added(user, amount))
    });
    reply.await.send(&caller.cut)
}

/// What the payment service takes from a wallet.
pub(super) async fn debit(
    State(here): Here,
    Path(id): Path<String>,
    caller: Caller,
    body: Bytes,
) -> Response {
    move_money(&here, &id, &body, Money::minus).await.send(&caller.cut)
}

/// What the payment service puts back.
pub(super) async fn credit(
    State(here): Here,
    Path(id): Path<String>,
    caller: Caller,
    body: Bytes,
) -> Response {
    move_money(&here, &id, &body, Money::plus).await.send(&caller.cut)
}

async fn move_money(
    here: &Neighbourhood,
    id: &str,
    body: &[u8],
    by: fn(Money, Money) -> Money,
) -> Reply {
    let id = id.parse::<Uuid>().unwrap_or_default();
    with_amount(here, body, "Amount must be > 0", |desk, _, amount| {
        change(desk, id, |balance| by(balance, amount), answer::moved)
    })
    .await
}

async fn with_amount(
    here: &Neighbourhood,
    body: &[u8],
    too_little: &str,
    act: impl FnOnce(&mut Desk, &Properties, Money) -> Reply,
) -> Reply {
    let read = |body| -> Result<(Properties, Money), Unreadable> {
        let said = Properties::read(body)?;
        let amount = said.money("amount")?;
        Ok((said, amount))
    };
    match read(body) {
        Err(error) => Reply::error(400, &error),
        Ok((_, amount)) if !amount.is_positive() => Reply::error(400, too_little),
        Ok((said, amount)) => here.told(|desk| act(desk, &said, amount)).await,
    }
}

/// Changes what is in a wallet, unless that would be less than nothing.
fn change(
    desk: &mut Desk,
    profile_id: Uuid,
    to: impl FnOnce(Money) -> Money,
    answer: impl FnOnce((&User, &Details)) -> Reply,
) -> Reply {
    let Some((user, details)) = desk.world.profile(profile_id) else { return no_profile() };
    let before = Money::of(user.wallet, details.hundredths);
    let after = to(before);
    if after < before && !after.is_positive() && after != Money::of(0, 0) {
        return Reply::error(409, &format!("Insufficient balance. Available: {before}"));
    }
    let Some((wallet, hundredths)) = after.parts() else {
        return Reply::error(400, "The balance would be too large");
    };
    let user = User { wallet, ..user.clone() };
    let details = Details { hundredths, updated_at: Some(clock::now()), ..details.clone() };
    let reply = answer((&user, &details));
    desk.enter(Entry::Profile(user, details));
    reply
}

fn no_profile() -> Reply {
    Reply::error(404, "User profile not found")
}
