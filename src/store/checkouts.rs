//! A user's checkouts that are not, or never became, orders, page by page.
//!
//! Each sort has its index, which those that became orders are not in: what is read is what there is
//! of the sort, however long a user's history is.

use entity::saga_instance::{self, Column};
use sea_orm::sea_query::{Expr, Func, SimpleExpr};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::history::{Checkouts, HistoryPage, HistoryQuery, HistorySort, comes_after};
use super::saga::{Found, IN_FLIGHT};
use super::{Error, Store};
use crate::order::Paise;

/// What a checkout without prices is sorted as: below every total.
pub const UNPRICED: Paise = Paise(-1);

/// In the words of their index: SQLite finds it by no others.
const REFUSED: &str = "state IN ('Compensated', 'Rejected')";

/// When a checkout was accepted, to sort by. The index of those in flight is not in that order: were
/// this the plain column, a planner would rather walk a user's whole history in its order.
fn accepted(which: Checkouts) -> SimpleExpr {
    let column = || Expr::col(Column::CreatedAt);
    match which {
        Checkouts::Undecided | Checkouts::Cancelling => Func::coalesce([column(), column()]).into(),
        Checkouts::Rejected | Checkouts::Cancelled => column(),
    }
}

impl Store {
    /// A page of a user's checkouts of this kind; a status in the query is not looked at.
    pub async fn checkouts(
        &self,
        which: Checkouts,
        kind: &str,
        query: &HistoryQuery,
    ) -> Result<HistoryPage<Found>, Error> {
        let (column, direction) = match query.sort {
            HistorySort::CreatedAt(direction) => (accepted(which), direction),
            HistorySort::TotalAmount(direction) => {
                let total = [Expr::col(Column::TotalAmount), Expr::val(UNPRICED.0)];
                (Func::coalesce(total).into(), direction)
            }
        };
        let mut only = Condition::all()
            .add(Column::UserId.eq(query.user_id.0))
            .add(Column::Kind.eq(kind))
            .add(Expr::cust(match which {
                Checkouts::Undecided | Checkouts::Cancelling => IN_FLIGHT,
                Checkouts::Rejected | Checkouts::Cancelled => REFUSED,
            }))
            .add(match which {
                Checkouts::Undecided | Checkouts::Rejected => Column::CancelRequest.is_null(),
                Checkouts::Cancelling | Checkouts::Cancelled => Column::CancelRequest.is_not_null(),
            });
        only = only.add_option(query.from.map(|from| Column::CreatedAt.gte(from)));
        only = only.add_option(query.to.map(|to| Column::CreatedAt.lte(to)));
        only = only.add_option(query.min_amount.map(|least| Column::TotalAmount.gte(least)));
        only = only.add_option(query.max_amount.map(|most| Column::TotalAmount.lte(most)));
        let by = [column.clone(), Expr::col(Column::Id)];
        only = only.add_option(query.after.map(|(key, id)| comes_after(by, direction, key, id)));
        let rows = saga_instance::Entity::find()
            .filter(only)
            .order_by(column, direction.order())
            .order_by(Column::Id, direction.order())
            .limit(query.limit + 1)
            .all(&self.read)
            .await?;
        Ok(HistoryPage::of(rows.into_iter().map(|row| self.found(row)).collect(), query.limit))
    }
}
