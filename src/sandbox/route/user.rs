//! The user service.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::Response,
};
use uuid::Uuid;

use super::caller::Caller;
use crate::sandbox::{answer, neighbourhood::Neighbourhood, reply::Reply, service::Call};

pub(super) async fn get(
    State(here): State<Arc<Neighbourhood>>,
    Path(user_id): Path<String>,
    caller: Caller,
) -> Response {
    // An id that isn't one is nobody's.
    let user_id = user_id.parse::<Uuid>().ok();
    let reply = here.read(Call::GetUser, None, |world, _| {
        let user = user_id.and_then(|id| world.user(id));
        user.map_or_else(|| Reply::error(404, "User profile not found"), answer::user)
    });
    reply.await.send(&caller.cut)
}

pub(super) async fn list(State(here): State<Arc<Neighbourhood>>, caller: Caller) -> Response {
    here.told(|desk| answer::users(desk.world.users())).await.send(&caller.cut)
}
