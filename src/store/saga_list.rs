//! Lists of sagas, for operators.

use chrono::{DateTime, Utc};
use entity::saga_instance::{Column, Entity, Model};
use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, Query, UnionType};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, IdenStatic, Order,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
};
use uuid::Uuid;

use super::saga::Found;
use super::saga_filter::{After, Filter, SagaSort, TROUBLE};
use super::{Error, Store};

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

/// Behind it is every saga, the newest first.
const BEFORE_ALL: DateTime<Utc> = match DateTime::from_timestamp(253_402_300_799, 0) {
    Some(end_of_9999) => end_of_9999,
    None => DateTime::UNIX_EPOCH,
};

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

    /// How many sagas match, counted up to `most` and one more.
    pub async fn count_matching(&self, filter: &Filter, most: u64) -> Result<u64, Error> {
        let mut only = filter.condition(self.catalogue);
        let mut select = Query::select();
        select.expr(Expr::val(1)).from(Entity);
        if filter.trouble.is_any() {
            select.from(TROUBLE);
            let of_trouble = Expr::col((TROUBLE, "saga_id")).equals((Entity, Column::Id));
            only = only.add(filter.trouble.condition()).add(of_trouble);
        }
        let matching = select.cond_where(only).limit(most + 1).take();
        let count = Query::select()
            .expr(Expr::col(Asterisk).count())
            .from_subquery(matching, "matching")
            .take();
        let row = self.read.query_one_raw(self.backend.build(&count)).await?;
        let count: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
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
        let only = only.add(filter.condition(self.catalogue)).add_option(behind);
        let direction = if filter.sort == SagaSort::Age { Order::Asc } else { Order::Desc };
        // The indexes of states and of totals have those that nobody drives. The others, which are not at
        // rest, are their owners'. Each by itself in its order, as no planner can be relied on to merge them.
        let page = |only: Condition, name: &'static str| {
            let page = Entity::find()
                .filter(only)
                .order_by(Column::CreatedAt, direction.clone())
                .order_by(Column::Id, direction.clone())
                .limit(filter.limit + 1);
            Query::select().column(Asterisk).from_subquery(page.into_query(), name).take()
        };
        let select = if filter.asks_by_owner() {
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
            .condition(self.catalogue)
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
