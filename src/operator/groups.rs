//! `GET /api/operator/groups`: sagas that are stuck or failing, by what they have in common.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Operators;
use crate::auth::{Person, Right};
use crate::store::{Error, Group};
use crate::web::Problem;

/// All groups.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Groups)]
pub(crate) struct GroupsView {
    /// By the money that may be out, then by their number, the most first.
    pub(crate) items: Vec<GroupView>,
}

/// Sagas that are stuck or failing alike.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SagaGroup)]
pub(crate) struct GroupView {
    /// The same everywhere; the list of sagas takes it as `group`.
    pub(crate) id: String,
    /// `checkout`, `cancellation` or `return`.
    pub(crate) kind: String,
    /// The step that is stuck or fails.
    pub(crate) step: String,
    /// `InDoubt`, `Exhausted`, `Refused` or `Unreadable`; null where they are still tried.
    #[schema(required)]
    pub(crate) stuck: Option<String>,
    /// What went wrong, with `…` for ids, numbers, times and quoted texts.
    pub(crate) error: String,
    /// How many they are.
    pub(crate) count: u64,
    /// What may be out by all of them, in paise.
    pub(crate) money: i64,
    /// When the first of them was accepted.
    pub(crate) oldest: DateTime<Utc>,
    /// When the last of them was accepted.
    pub(crate) newest: DateTime<Utc>,
    /// One of them.
    pub(crate) sample: Uuid,
}

impl From<Group> for GroupView {
    fn from(group: Group) -> Self {
        let Group { id, kind, step, stuck, error, count, money, oldest, newest, sample } = group;
        let (money, sample) = (money.0, sample.0);
        Self { id, kind, step, stuck, error, count, money, oldest, newest, sample }
    }
}

/// List groups
///
/// Stuck and failing sagas by kind, step, sort of trouble and error.
#[utoipa::path(
    get,
    path = "/api/operator/groups",
    tag = "operators",
    operation_id = "listGroups",
    security(("operatorToken" = [])),
    responses(
        (status = 200, description = "The groups", body = GroupsView),
        (status = 401, description = "Without an operator's token", headers(("WWW-Authenticate" = String, description = "`Bearer`"))),
        (status = 403, description = "`Not allowed for role ROLE`, or no token is configured"),
        (status = 503, description = "`The database is unavailable`"),
    ),
)]
pub(super) async fn list_groups(
    State(operators): State<Operators>,
    who: Person,
) -> Result<Json<GroupsView>, Problem> {
    who.require(Right::ReadSagas)?;
    Ok(Json(groups(&operators).await?))
}

/// All groups.
pub(crate) async fn groups(operators: &Operators) -> Result<GroupsView, Error> {
    let items = operators.store.groups().await?.into_iter().map(GroupView::from).collect();
    Ok(GroupsView { items })
}
