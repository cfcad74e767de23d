//! Lists of sagas, for operators.

use chrono::{DateTime, Utc};
use entity::saga_instance::{Column, Entity, Model};
use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, Query, UnionType};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, IdenStatic, Order, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Select,
};
use strum::{Display, EnumString};
use uuid::Uuid;

use super::saga::Found;
use super::{Error, Store};
use crate::order::UserId;

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

/// A page.
#[derive(Debug, Default)]
pub struct SagaPage {
    /// In order.
    pub sagas: Vec<Found>,
    /// The last row, where there are more.
    pub next: Option<After>,
}

#[derive(FromQueryResult)]
struct WithMoney {
    #[sea_orm(nested)]
    saga: Model,
    money: i64,
}

impl TroubleFilter {
    fn is_any(&self) -> bool {
        *self != Self::default()
    }

    fn condition(&self) -> Condition {
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

const TROUBLE: &str = "saga_trouble";

/// Behind it is every saga, the newest first.
const BEFORE_ALL: DateTime<Utc> = match DateTime::from_timestamp(253_402_300_799, 0) {
    Some(end_of_9999) => end_of_9999,
    None => DateTime::UNIX_EPOCH,
};

impl Filter {
    /// What the saga's own row has to be.
    fn condition(&self, store: &Store) -> Condition {
        let is = |is: bool, column: Column| {
            if is { column.is_not_null() } else { column.is_null() }
        };
        Condition::all()
            .add_option(self.state.as_ref().map(|state| Column::State.eq(state.as_str())))
            .add_option(self.open.then(|| Column::State.is_in(store.catalogue().open_states())))
            .add_option(self.stuck.map(|stuck| is(stuck, Column::StuckKind)))
            .add_option(self.stuck_kind.as_ref().map(|kind| Column::StuckKind.eq(kind.as_str())))
            .add_option(self.held.map(|held| is(held, Column::Held)))
            .add_option(self.kind.as_ref().map(|kind| Column::Kind.eq(kind.as_str())))
            .add_option(self.user_id.map(|user| Column::UserId.eq(user.0)))
            .add_option(self.order_id.map(|order| about(order)))
            .add_option(self.min_amount.map(|least| Column::TotalAmount.gte(least)))
            .add_option(self.idempotency_key.as_ref().map(|key| known_by(key)))
            .add_option(self.before.map(|before| Column::CreatedAt.lt(before)))
    }

    fn behind(&self, at: DateTime<Utc>, id: Uuid) -> Expr {
        let row =
            Expr::tuple([Expr::col((Entity, Column::CreatedAt)), Expr::col((Entity, Column::Id))]);
        let last = Expr::tuple([Expr::value(at), Expr::value(id)]);
        if self.sort == SagaSort::Age { row.gt(last) } else { row.lt(last) }
    }
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

impl Store {
    /// Sagas in the order of the filter.
    pub async fn list(&self, filter: &Filter) -> Result<SagaPage, Error> {
        if filter.sort == SagaSort::Money || filter.trouble.is_any() {
            self.list_troubled(filter).await
        } else {
            let rows = self.list_all(filter, Condition::all()).await?;
            Ok(self.page(rows, filter.limit))
        }
    }

    fn page(&self, mut rows: Vec<Model>, limit: u64) -> SagaPage {
        let is_more = rows.len() as u64 > limit;
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let next = rows.last().filter(|_| is_more);
        let next = next.map(|row| After::At(row.created_at, row.id));
        SagaPage { sagas: rows.into_iter().map(|row| self.found(row)).collect(), next }
    }

    /// One more than asked for where there are more.
    async fn list_all(&self, filter: &Filter, only: Condition) -> Result<Vec<Model>, Error> {
        let behind = match filter.after {
            Some(After::At(at, id)) => Some(filter.behind(at, id)),
            Some(After::Money(..)) | None => None,
        };
        let only = only.add(filter.condition(self)).add_option(behind);
        let direction = if filter.sort == SagaSort::Age { Order::Asc } else { Order::Desc };
        // The states' index has those that nobody drives. The others, which are not at rest, are
        // their owners'. Each by itself in its order, as no planner can be relied on to merge them.
        let page = |only: Condition, name: &'static str| {
            let page = Entity::find()
                .filter(only)
                .order_by(Column::CreatedAt, direction.clone())
                .order_by(Column::Id, direction.clone())
                .limit(filter.limit + 1);
            Query::select().column(Asterisk).from_subquery(page.into_query(), name).take()
        };
        let select = if filter.open || filter.state.is_some() {
            let mut select = page(only.clone().add(Column::Owner.is_null()), "undriven");
            if !filter.state.as_ref().is_some_and(|state| self.catalogue.is_rest(state)) {
                let driven = page(only.add(Column::Owner.is_not_null()), "driven");
                select.union(UnionType::All, driven);
            }
            // By the names that they have in the result: a column of a union is of no table.
            select.order_by(Column::CreatedAt.as_str(), direction.clone());
            select.order_by(Column::Id.as_str(), direction).limit(filter.limit + 1).take()
        } else {
            page(only, "sagas")
        };
        let rows = Model::find_by_statement(self.backend.build(&select));
        Ok(rows.all(&self.read).await?)
    }

    /// Those in trouble, found by what is wrong with them; in a list by money the others follow.
    async fn list_troubled(&self, filter: &Filter) -> Result<SagaPage, Error> {
        let by_money = filter.sort == SagaSort::Money;
        let is_any_trouble_asked_for = filter.trouble.is_any();
        let mut page = SagaPage::default();
        if !(by_money && matches!(filter.after, Some(After::At(..)))) {
            page = self.list_by_trouble(filter, by_money && !is_any_trouble_asked_for).await?;
        }
        let listed = page.sagas.len() as u64;
        if !by_money || is_any_trouble_asked_for || page.next.is_some() {
            return Ok(page);
        }
        let has_money = Query::select()
            .expr(Expr::val(1))
            .from(TROUBLE)
            .and_where(Expr::col((TROUBLE, "saga_id")).equals((Entity, Column::Id)))
            .and_where(Expr::col((TROUBLE, "money")).gt(0))
            .take();
        let none = Condition::all().add(Expr::exists(has_money).not());
        let after = filter.after.filter(|after| matches!(after, After::At(..)));
        let others = Filter { limit: filter.limit - listed, after, ..filter.clone() };
        let rows = self.list_all(&others, none).await?;
        if others.limit == 0 {
            // The page is full of those by which money is out, and the others begin behind it.
            page.next = (!rows.is_empty()).then(|| After::At(BEFORE_ALL, Uuid::max()));
            return Ok(page);
        }
        let others = self.page(rows, others.limit);
        page.next = others.next;
        page.sagas.extend(others.sagas);
        Ok(page)
    }

    async fn list_by_trouble(&self, filter: &Filter, only_money: bool) -> Result<SagaPage, Error> {
        let of_trouble = |column: &'static str| Expr::col((TROUBLE, column));
        let behind = match filter.after {
            Some(After::At(at, id)) => Some(filter.behind(at, id)),
            Some(After::Money(money, id)) => {
                let row = Expr::tuple([of_trouble("money"), of_trouble("saga_id")]);
                Some(row.lt(Expr::tuple([Expr::value(money), Expr::value(id)])))
            }
            None => None,
        };
        let only = filter
            .condition(self)
            .add(filter.trouble.condition())
            .add(of_trouble("saga_id").equals((Entity, Column::Id)))
            .add_option(only_money.then(|| of_trouble("money").gt(0)))
            .add_option(behind);
        let mut select: Select<Entity> = Entity::find().filter(only);
        select = select.expr_as(of_trouble("money"), "money").limit(filter.limit + 1);
        let by = match filter.sort {
            SagaSort::Newest => [("created_at", Order::Desc), ("saga_id", Order::Desc)],
            SagaSort::Age => [("created_at", Order::Asc), ("saga_id", Order::Asc)],
            SagaSort::Money => [("money", Order::Desc), ("saga_id", Order::Desc)],
        };
        for (column, direction) in by {
            select = select.order_by(of_trouble(column), direction);
        }
        let select = select.into_query().from(TROUBLE).take();
        let rows = WithMoney::find_by_statement(self.backend.build(&select));
        let mut rows = rows.all(&self.read).await?;
        let is_more = rows.len() as u64 > filter.limit;
        rows.truncate(usize::try_from(filter.limit).unwrap_or(usize::MAX));
        let next = rows.last().filter(|_| is_more).map(|last| match filter.sort {
            SagaSort::Money => After::Money(last.money, last.saga.id),
            SagaSort::Newest | SagaSort::Age => After::At(last.saga.created_at, last.saga.id),
        });
        let sagas = rows.into_iter().map(|row| self.found(row.saga)).collect();
        Ok(SagaPage { sagas, next })
    }
}
