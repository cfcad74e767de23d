//! `GET /api/orders/user/{userId}`: a user's orders, page by page.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, OriginalUri, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SubsecRound, Utc};
use uuid::Uuid;

use super::Api;
use super::order::OrderView;
use crate::auth::{Caller, Right};
use crate::checkout::DEFINITION;
use crate::order::{OrderId, OrderStatus, Paise, UserId};
use crate::store::{
    Checkouts, CursorKey, Found, HistoryOf, HistoryPage, HistoryQuery, HistorySort, Order,
    SortDirection, UNPRICED,
};
use crate::trace::TraceParent;
use crate::web::{Cursor, Problem, Query, Segment, uuid_segment};

const MAX_LIMIT: u64 = 1000;
const STATUSES: &str =
    "one of Pending, Confirmed, Rejected, Cancelling, Cancelled, Shipped, Delivered";
const SORTS: &str = "one of -createdAt, createdAt, -totalAmount, totalAmount";
const CURSOR: &str = "the cursor of a page that is sorted the same way";

/// List a user's orders
///
/// Newest first; `[]` if there are none. The header `Link` has the address of the next page, if there is
/// one. Its `cursor` is opaque, and valid only for the sort order that was asked for. An order exists
/// once its checkout completed: `status=Pending` lists the checkouts that are not decided or not
/// completely undone yet, and `status=Rejected` those that never became an order. A checkout that is
/// cancelled in flight is listed as `Cancelling` or `Cancelled`, with those orders.
#[utoipa::path(
    get,
    path = "/api/orders/user/{userId}",
    tag = "orders",
    operation_id = "listOrders",
    security((), ("userToken" = []), ("operatorToken" = [])),
    params(
        ("userId" = Uuid, Path, description = "Whose"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "At most so many; 1000 unless said"),
        ("status" = Option<String>, Query, description = "Only those of this status; orders only, unless it is `Pending` or `Rejected`"),
        ("from" = Option<String>, Query, format = DateTime, description = "Accepted then or later"),
        ("to" = Option<String>, Query, format = DateTime, description = "Accepted then or earlier"),
        ("minAmount" = Option<i64>, Query, description = "Of so many paise or more"),
        ("maxAmount" = Option<i64>, Query, description = "Of so many paise or fewer"),
        ("sort" = Option<String>, Query, description = "`-createdAt` (unless said), `createdAt`, `-totalAmount` or `totalAmount`"),
    ),
    responses(
        (status = 200, description = "The page", body = Vec<OrderView>, headers(
            ("Link" = Option<String>, description = "`<URL>; rel=\"next\"`"),
        )),
        (status = 400, description = "What is wrong, naming the parameter"),
        (status = 401, description = "Without a token, where users need one", headers(("WWW-Authenticate" = String, description = "`Bearer`"))),
        (status = 404, description = "`Order not found`: where users need a token, of another user"),
        (status = 503, description = "`The database is unavailable`, or the keys of users' tokens are"),
    ),
)]
pub(super) async fn list_orders(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Extension(trace): Extension<TraceParent>,
    OriginalUri(uri): OriginalUri,
    user_id: Segment,
    query: Query,
) -> Result<Response, Problem> {
    let user_id = UserId(uuid_segment(user_id, "userId")?);
    let wanted = wanted(user_id, &query)?;
    caller.require(Right::ReadOrders)?;
    if !caller.sees(user_id) {
        return Err(Problem::not_found("Order not found"));
    }
    let store = &api.store;
    let of_checkout = |found: &Found| OrderView::of_checkout(found, uri.path(), &trace);
    let (views, last): (Vec<_>, _) = match wanted.list {
        HistoryOf::Both(_, which) => {
            let orders = store.history(&wanted).await?;
            let checkouts = store.checkouts(which, DEFINITION.kind, &wanted).await?;
            both(wanted.sort, wanted.limit, orders, &checkouts, of_checkout)
        }
        HistoryOf::Orders(_) => {
            let page = store.history(&wanted).await?;
            let last = page.last();
            let last = last.map(|last| cursor(wanted.sort, last.id, last.created_at, last.total));
            (page.orders.into_iter().map(OrderView::from).collect(), last)
        }
        HistoryOf::Checkouts(which) => {
            let page = store.checkouts(which, DEFINITION.kind, &wanted).await?;
            let last = page.last();
            let total = |last: &Found| last.amount.unwrap_or(UNPRICED);
            let last =
                last.map(|last| cursor(wanted.sort, last.order_id, last.created_at, total(last)));
            (page.orders.iter().map(of_checkout).collect(), last)
        }
    };
    let next = last.map(|cursor| {
        let query = query.with_cursor(&cursor.to_string());
        [(header::LINK, format!("</api/orders/user/{user_id}?{query}>; rel=\"next\""))]
    });
    Ok((next, Json(views)).into_response())
}

/// One page of two lists that are sorted alike, and the cursor of the next.
fn both(
    sort: HistorySort,
    limit: u64,
    orders: HistoryPage<Order>,
    checkouts: &HistoryPage<Found>,
    of_checkout: impl Fn(&Found) -> OrderView,
) -> (Vec<OrderView>, Option<Cursor>) {
    let more = orders.more || checkouts.more;
    let of_order = |order: Order| {
        (cursor(sort, order.id, order.created_at, order.total), OrderView::from(order))
    };
    let of_found = |found: &Found| {
        let total = found.amount.unwrap_or(UNPRICED);
        (cursor(sort, found.order_id, found.created_at, total), of_checkout(found))
    };
    let mut all: Vec<_> = orders.orders.into_iter().map(of_order).collect();
    all.extend(checkouts.orders.iter().map(of_found));
    all.sort_by_key(|(place, _)| (place.key, place.id));
    let (HistorySort::CreatedAt(direction) | HistorySort::TotalAmount(direction)) = sort;
    if direction == SortDirection::Descending {
        all.reverse();
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = more || all.len() > limit;
    all.truncate(limit);
    let (places, views): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    (views, places.into_iter().next_back().filter(|_| more))
}

fn wanted(user_id: UserId, query: &Query) -> Result<HistoryQuery, Problem> {
    let sort = query.read("sort", SORTS, sort)?;
    let sort = sort.unwrap_or(HistorySort::CreatedAt(SortDirection::Descending));
    let status = query.parsed::<OrderStatus>("status", STATUSES)?;
    Ok(HistoryQuery {
        user_id,
        limit: query.limit(MAX_LIMIT, MAX_LIMIT)?,
        after: query.read("cursor", CURSOR, |text| after(sort, text))?,
        list: list(status),
        from: query.moment("from")?,
        to: query.moment("to")?,
        min_amount: query.amount("minAmount")?,
        max_amount: query.amount("maxAmount")?,
        sort,
    })
}

fn list(status: Option<OrderStatus>) -> HistoryOf {
    match status {
        Some(OrderStatus::Pending) => HistoryOf::Checkouts(Checkouts::Undecided),
        Some(OrderStatus::Rejected) => HistoryOf::Checkouts(Checkouts::Rejected),
        Some(status @ OrderStatus::Cancelling) => {
            HistoryOf::Both(status.to_string(), Checkouts::Cancelling)
        }
        Some(status @ OrderStatus::Cancelled) => {
            HistoryOf::Both(status.to_string(), Checkouts::Cancelled)
        }
        Some(OrderStatus::Confirmed | OrderStatus::Shipped | OrderStatus::Delivered) | None => {
            HistoryOf::Orders(status.map(|status| status.to_string()))
        }
    }
}

fn sort(text: &str) -> Option<HistorySort> {
    match text {
        "createdAt" => Some(HistorySort::CreatedAt(SortDirection::Ascending)),
        "-createdAt" => Some(HistorySort::CreatedAt(SortDirection::Descending)),
        "totalAmount" => Some(HistorySort::TotalAmount(SortDirection::Ascending)),
        "-totalAmount" => Some(HistorySort::TotalAmount(SortDirection::Descending)),
        _other => None,
    }
}

fn tag(sort: HistorySort) -> char {
    match sort {
        HistorySort::CreatedAt(SortDirection::Ascending) => 'c',
        HistorySort::CreatedAt(SortDirection::Descending) => 'd',
        HistorySort::TotalAmount(SortDirection::Ascending) => 't',
        HistorySort::TotalAmount(SortDirection::Descending) => 'u',
    }
}

fn cursor(sort: HistorySort, id: OrderId, created_at: DateTime<Utc>, total: Paise) -> Cursor {
    match sort {
        HistorySort::CreatedAt(_) => Cursor::at(tag(sort), created_at.trunc_subsecs(6), id.0),
        HistorySort::TotalAmount(_) => Cursor { tag: tag(sort), key: total.0, id: id.0 },
    }
}

fn after(sort: HistorySort, text: &str) -> Option<(CursorKey, Uuid)> {
    let cursor = Cursor::parse(text, tag(sort))?;
    let key = match sort {
        HistorySort::CreatedAt(_) => CursorKey::CreatedAt(cursor.moment()?),
        HistorySort::TotalAmount(_) => CursorKey::TotalAmount(cursor.key),
    };
    Some((key, cursor.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_of_another_order_is_refused() {
        let user = UserId(Uuid::from_u128(1));
        let made = Cursor { tag: 'u', key: 4997, id: Uuid::from_u128(2) };
        let read = |sort| wanted(user, &Query::parse(&format!("sort={sort}&cursor={made}")));
        let same = read("-totalAmount").ok().and_then(|wanted| wanted.after);
        assert_eq!(same, Some((CursorKey::TotalAmount(4997), Uuid::from_u128(2))));
        for other in ["totalAmount", "-createdAt", "createdAt", ""] {
            assert!(read(other).is_err(), "{other}");
        }
    }

    #[test]
    fn a_bad_value_is_refused() {
        let user = UserId(Uuid::from_u128(1));
        for bad in [
            "status=confirmed",
            "from=yesterday",
            "to=2026-01-01",
            "minAmount=1.5",
            "maxAmount=x",
            "sort=id",
            "cursor=x",
            "limit=1001",
        ] {
            assert!(wanted(user, &Query::parse(bad)).is_err(), "{bad}");
        }
        let open = wanted(user, &Query::parse("from=2026-01-01T00:00:00%2B05:30&unknown=1"));
        assert_eq!(open.ok().map(|wanted| wanted.limit), Some(1000));
    }
}
