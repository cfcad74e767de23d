//! Which sagas an operator wants to see, and the conditions that find them.

use chrono::{DateTime, Utc};
use entity::saga_instance::{Column, Entity};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition};
use strum::{Display, EnumString};
use uuid::Uuid;

use crate::order::UserId;
use crate::saga::Catalogue;

/// The table of sagas in trouble.
pub(super) const TROUBLE: &str = "saga_trouble";

/// Totals of this and more have an index (of sagas that nobody drives), in paise.
const LARGE: i64 = 100_000;

/// Which sagas an operator wants to see.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// In this state.
    pub state: Option<String>,
    /// Only those that are not at rest.
    pub open: bool,
    /// Needing a person, or not.
    pub stuck: Option<bool>,
    /// Needing one for this reason.
    pub stuck_kind: Option<String>,
    /// Held by an operator, or not.
    pub held: Option<bool>,
    /// Of this kind.
    pub kind: Option<String>,
    /// For this user.
    pub user_id: Option<UserId>,
    /// About this order.
    pub order_id: Option<Uuid>,
    /// Of a total of at least this, in paise.
    pub min_amount: Option<i64>,
    /// Accepted under this key, or with an effect of this key.
    pub idempotency_key: Option<String>,
    /// Accepted before.
    pub before: Option<DateTime<Utc>>,
    /// What is wrong with them; only sagas in trouble, if there is any of it.
    pub trouble: TroubleFilter,
    /// In which order.
    pub sort: SagaSort,
    /// Behind this one.
    pub after: Option<After>,
    /// At most so many.
    pub limit: u64,
}

/// What is wrong with the sagas that an operator wants to see.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TroubleFilter {
    /// A step that is not settled, or is tried.
    pub step: Option<String>,
    /// A neighbour of such a step.
    pub neighbour: Option<String>,
    /// A group's id.
    pub group: Option<String>,
    /// What may be out.
    pub holds: Option<Holds>,
}

/// What may be out by a saga.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum Holds {
    /// The customer's money.
    Money,
    /// The shop's stock.
    Stock,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Display, EnumString)]
pub enum SagaSort {
    /// The newest first.
    #[default]
    #[strum(serialize = "-createdAt")]
    Newest,
    /// The oldest first.
    #[strum(serialize = "age")]
    Age,
    /// Those by which most money may be out first; then those without any, the newest first.
    #[strum(serialize = "money")]
    Money,
}

/// The last row of a page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum After {
    /// In a list by time.
    At(DateTime<Utc>, Uuid),
    /// In the part of a list by money that has any.
    Money(i64, Uuid),
}

impl TroubleFilter {
    pub(super) fn is_any(&self) -> bool {
        *self != Self::default()
    }

    pub(super) fn condition(&self) -> Condition {
        let has = |column: &'static str, word: &String| {
            Expr::col((TROUBLE, column)).like(format!("% {word} %"))
        };
        let is_out = |holds| {
            let column = match holds {
                Holds::Money => "money",
                Holds::Stock => "pieces",
            };
            Expr::col((TROUBLE, column)).gt(0)
        };
        Condition::all()
            .add_option(self.step.as_ref().map(|step| has("steps", step)))
            .add_option(self.neighbour.as_ref().map(|neighbour| has("neighbours", neighbour)))
            .add_option(
                self.group
                    .as_ref()
                    .map(|group| Expr::col((TROUBLE, "group_id")).eq(group.as_str())),
            )
            .add_option(self.holds.map(is_out))
    }
}

impl Filter {
    /// What the saga's own row has to be.
    pub(super) fn condition(&self, catalogue: Catalogue) -> Condition {
        let is = |is: bool, column: Column| {
            if is { column.is_not_null() } else { column.is_null() }
        };
        Condition::all()
            .add_option(self.state.as_ref().map(|state| Column::State.eq(state.as_str())))
            .add_option(self.open.then(|| Column::State.is_in(catalogue.open_states())))
            .add_option(self.stuck.map(|stuck| is(stuck, Column::StuckKind)))
            .add_option(self.stuck_kind.as_ref().map(|kind| Column::StuckKind.eq(kind.as_str())))
            .add_option(self.held.map(|held| is(held, Column::Held)))
            .add_option(self.kind.as_ref().map(|kind| Column::Kind.eq(kind.as_str())))
            .add_option(self.user_id.map(|user| Column::UserId.eq(user.0)))
            .add_option(self.order_id.map(about))
            .add_option(self.min_amount.map(of_at_least))
            .add_option(self.idempotency_key.as_ref().map(|key| known_by(key)))
            .add_option(self.before.map(|before| Column::CreatedAt.lt(before)))
    }

    /// Whether those that nobody drives are found by an index which has no others.
    pub(super) fn asks_by_owner(&self) -> bool {
        self.open || self.state.is_some() || self.min_amount.is_some_and(|least| least >= LARGE)
    }

    pub(super) fn behind(&self, at: DateTime<Utc>, id: Uuid) -> Expr {
        let row =
            Expr::tuple([Expr::col((Entity, Column::CreatedAt)), Expr::col((Entity, Column::Id))]);
        let last = Expr::tuple([Expr::value(at), Expr::value(id)]);
        if self.sort == SagaSort::Age { row.gt(last) } else { row.lt(last) }
    }
}

/// Of a total of at least this. Amounts are in the statement's text: a planner that does not know them can't use an
/// index of large ones only, and does not know either how few are as large.
fn of_at_least(least: i64) -> Condition {
    let at_least =
        |least: i64| Expr::col((Entity, Column::TotalAmount)).gte(Expr::cust(least.to_string()));
    let is_large = (least >= LARGE).then(|| at_least(LARGE));
    Condition::all().add(at_least(least)).add_option(is_large)
}

/// Sagas about this order.
fn about(order: Uuid) -> Condition {
    Condition::any().add(Column::Id.eq(order)).add(Column::OrderId.eq(order))
}

/// A client's key, or an effect's, which begins with the id of the saga or of its order.
fn known_by(key: &str) -> Condition {
    let clients = Condition::any().add(Column::IdempotencyKey.eq(key));
    let subject = key.split_once(':').and_then(|(subject, _)| subject.parse().ok());
    clients.add_option(subject.map(about))
}
