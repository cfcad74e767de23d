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
    account::{Details, Profile, User},
    answer, clock,
    money::Money,
    neighbourhood::Neighbourhood,
    reply::Reply,
    service::Call,
    state::SandboxState,
    world::JournalEntry,
};

type Here = State<Arc<Neighbourhood>>;

pub(super) async fn get(
    State(neighbours): Here,
    Path(user_id): Path<String>,
    caller: Caller,
) -> Response {
    // Text that isn't a UUID is nobody's id.
    let user_id = user_id.parse::<Uuid>().ok();
    let reply = neighbours.read(Call::GetUser, None, |world, _| {
        let profile = user_id.and_then(|id| world.user(id));
        profile.map_or_else(no_profile, |profile| answer::user(200, profile))
    });
    reply.await.send(&caller.cut)
}

pub(super) async fn list(State(neighbours): Here, caller: Caller) -> Response {
    neighbours.commit_and_reply(|state| answer::users(state.world.users())).await.send(&caller.cut)
}

/// Reads a profile by its own id.
pub(super) async fn profile(
    State(neighbours): Here,
    Path(id): Path<String>,
    caller: Caller,
) -> Response {
    let id = id.parse::<Uuid>().ok();
    let reply = neighbours.commit_and_reply(|state| {
        let profile = id.and_then(|id| state.world.profile(id));
        profile.map_or_else(no_profile, |profile| answer::user(200, profile))
    });
    reply.await.send(&caller.cut)
}

pub(super) async fn phone_exists(
    State(neighbours): Here,
    Path(number): Path<String>,
    caller: Caller,
) -> Response {
    let reply = neighbours.commit_and_reply(|state| {
        let exists = state.world.user_with_phone(&number).is_some();
        Reply::json(200, &serde_json::json!({"exists": exists}))
    });
    reply.await.send(&caller.cut)
}

/// Creates a profile, or changes the one that the user has.
pub(super) async fn create(State(neighbours): Here, caller: Caller, body: Bytes) -> Response {
    let mut id = None;
    let reply = match Properties::read(&body) {
        Err(error) => Reply::error(400, &error),
        Ok(properties) => {
            neighbours
                .commit_and_reply(|state| {
                    let user_id = properties.id("userId").unwrap_or_default();
                    if user_id.is_nil() {
                        return Reply::error(400, "UserId is required");
                    }
                    let known = state.world.user(user_id).map(|profile| profile.user.clone());
                    let user = known.unwrap_or_else(|| User {
                        profile_id: Uuid::new_v5(&user_id, b"profile"),
                        user_id,
                        name: String::new(),
                        email: None,
                        wallet: 0,
                    });
                    id = Some(user.profile_id);
                    keep(state, &user, &properties, 201)
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

/// Changes a profile. Its user stays the same.
pub(super) async fn update(
    State(neighbours): Here,
    Path(id): Path<String>,
    caller: Caller,
    body: Bytes,
) -> Response {
    let reply = match Properties::read(&body) {
        Err(error) => Reply::error(400, &error),
        Ok(properties) => {
            let id = id.parse::<Uuid>().ok();
            neighbours
                .commit_and_reply(|state| match id.and_then(|id| state.world.profile(id)) {
                    None => no_profile(),
                    Some(profile) => {
                        let user = profile.user.clone();
                        keep(state, &user, &properties, 200)
                    }
                })
                .await
        }
    };
    reply.send(&caller.cut)
}

/// Stores a profile with these properties.
fn keep(state: &mut SandboxState, user: &User, properties: &Properties, status: u16) -> Reply {
    let Some(phone) = properties.text("phoneNumber") else {
        return Reply::error(400, "Phone number is required");
    };
    let digits = phone.strip_prefix('+').unwrap_or(&phone);
    if !(10..=15).contains(&digits.len()) || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Reply::error(400, "Invalid phone number format");
    }
    if state.world.user_with_phone(&phone).is_some_and(|other| other.profile_id != user.profile_id)
    {
        return Reply::error(400, "Phone number already registered");
    }
    let before = state.world.profile(user.profile_id).map(|profile| profile.details.clone());
    let before = before.unwrap_or_default();
    let now = clock::now();
    let details = Details {
        last_name: properties.text("lastName"),
        phone_number: Some(phone),
        address: properties.text("address"),
        created_at: before.created_at.or(Some(now)),
        updated_at: Some(now),
        hundredths: before.hundredths,
    };
    let user = User {
        name: properties.text("firstName").unwrap_or_default(),
        email: properties.text("email").or_else(|| user.email.clone()),
        ..user.clone()
    };
    let reply = answer::user(status, Profile { user: &user, details: &details });
    state.enter(JournalEntry::Profile(user, details));
    reply
}

/// A user adds money to their own wallet.
pub(super) async fn add_balance(State(neighbours): Here, caller: Caller, body: Bytes) -> Response {
    let too_little = "Amount must be greater than 0";
    let reply = with_amount(&neighbours, &body, too_little, |state, properties, amount| {
        let user_id = properties.id("userId").unwrap_or_default();
        if user_id.is_nil() {
            return Reply::error(400, "UserId is required");
        }
        let Some(profile) = state.world.user(user_id) else { return no_profile() };
        let id = profile.user.profile_id;
        change(state, id, |balance| balance.plus(amount), |profile| answer::added(profile, amount))
    });
    reply.await.send(&caller.cut)
}

/// The payment service takes money from a wallet.
pub(super) async fn debit(
    State(neighbours): Here,
    Path(id): Path<String>,
    caller: Caller,
    body: Bytes,
) -> Response {
    move_money(&neighbours, &id, &body, Money::minus).await.send(&caller.cut)
}

/// The payment service puts money back.
pub(super) async fn credit(
    State(neighbours): Here,
    Path(id): Path<String>,
    caller: Caller,
    body: Bytes,
) -> Response {
    move_money(&neighbours, &id, &body, Money::plus).await.send(&caller.cut)
}

async fn move_money(
    neighbours: &Neighbourhood,
    id: &str,
    body: &[u8],
    by: fn(Money, Money) -> Money,
) -> Reply {
    let id = id.parse::<Uuid>().unwrap_or_default();
    with_amount(neighbours, body, "Amount must be > 0", |state, _, amount| {
        change(state, id, |balance| by(balance, amount), answer::moved)
    })
    .await
}

async fn with_amount(
    neighbours: &Neighbourhood,
    body: &[u8],
    too_little: &str,
    act: impl FnOnce(&mut SandboxState, &Properties, Money) -> Reply,
) -> Reply {
    let read = |body| -> Result<(Properties, Money), Unreadable> {
        let properties = Properties::read(body)?;
        let amount = properties.money("amount")?;
        Ok((properties, amount))
    };
    match read(body) {
        Err(error) => Reply::error(400, &error),
        Ok((_, amount)) if !amount.is_positive() => Reply::error(400, too_little),
        Ok((properties, amount)) => {
            neighbours.commit_and_reply(|state| act(state, &properties, amount)).await
        }
    }
}

/// Changes a wallet's balance, unless that takes it below zero.
fn change(
    state: &mut SandboxState,
    profile_id: Uuid,
    to: impl FnOnce(Money) -> Money,
    answer: impl FnOnce(Profile<'_>) -> Reply,
) -> Reply {
    let Some(Profile { user, details }) = state.world.profile(profile_id) else {
        return no_profile();
    };
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
    let reply = answer(Profile { user: &user, details: &details });
    state.enter(JournalEntry::Profile(user, details));
    reply
}

fn no_profile() -> Reply {
    Reply::error(404, "User profile not found")
}
