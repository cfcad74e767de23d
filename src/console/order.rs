//! `GET /console/orders/{id}`: an order's life, from its acceptance on. Where it is sent is not shown.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::cancel_form::{CancelForm, Tried};
use super::page::{Failure, Frame, Here, respond};
use super::parcels::{Back, Parcel};
use super::piece::{Moment, Said, brief, money, short_id};
use super::visitor::Visitor;
use crate::auth::Right;
use crate::operator::Operators;
use crate::order::OrderId;
use crate::reversal::status_without_order;
use crate::saga::SagaId;
use crate::store::{DeliveryAbout, Found, Mail, MailState, Order, StoredEvent};
use crate::web::{Problem, Segment, uuid_segment};

#[derive(Template)]
#[template(path = "console/order.html")]
struct OrderPage {
    frame: Frame,
    id: Uuid,
    status: String,
    total: Option<String>,
    accepted: Option<Moment>,
    /// When it came from the old database; then nothing can be done with it.
    imported: Option<Moment>,
    user: String,
    did: Option<String>,
    error: Option<String>,
    cancel: Option<CancelForm>,
    reads_sagas: bool,
    lines: Vec<Line>,
    sagas: Vec<Saga>,
    shipments: Vec<Parcel>,
    returns: Vec<Back>,
    events: Vec<Fact>,
    mails: Vec<Letter>,
    deliveries: Vec<Delivery>,
}

struct Line {
    number: usize,
    product: String,
    quantity: i64,
    price: Option<String>,
}

struct Saga {
    id: Uuid,
    kind: String,
    state: String,
    stuck: Option<String>,
    accepted: Moment,
}

struct Fact {
    at: Moment,
    kind: String,
    status: String,
    position: Option<i64>,
    detail: Option<Said>,
}

struct Letter {
    kind: String,
    state: &'static str,
    is_sent: bool,
    to: Option<Said>,
    why: Option<Said>,
    at: Option<Moment>,
}

struct Delivery {
    webhook: Uuid,
    url: Said,
    kind: String,
    state: String,
    is_failed: bool,
    at: Option<Moment>,
    answer: Option<String>,
}

/// Shows an order.
pub(super) async fn show(
    State(operators): State<Operators>,
    visitor: Visitor,
    headers: HeaderMap,
    id: Segment,
) -> Result<Response, Failure> {
    visitor.require(Right::ReadOrders)?;
    let id = uuid_segment(id, "id").map_err(|problem| visitor.failure(problem))?;
    let is_glance = headers.contains_key("x-live");
    let path = format!("/console/orders/{id}");
    let did = if is_glance { Ok(None) } else { visitor.take_notice(&operators, &path).await };
    let did = did.map_err(|error| visitor.failure(error))?;
    page(&operators, &visitor, OrderId(id), did, None).await
}

/// The page of an order: with what was done, or with the cancel that was tried and why it was not taken.
pub(super) async fn page(
    operators: &Operators,
    visitor: &Visitor,
    id: OrderId,
    did: Option<String>,
    tried: Option<Tried>,
) -> Result<Response, Failure> {
    let page = view(operators, visitor, id, tried.as_ref()).await;
    let page = OrderPage { did, ..page.map_err(|problem| visitor.failure(problem))? };
    let status = tried.and_then(|tried| tried.problem).map(|problem| problem.status());
    let status = status.map_or(Ok(StatusCode::OK), StatusCode::from_u16);
    Ok(respond(status.unwrap_or(StatusCode::CONFLICT), &page))
}

async fn view(
    operators: &Operators,
    visitor: &Visitor,
    id: OrderId,
    tried: Option<&Tried>,
) -> Result<OrderPage, Problem> {
    let (store, now) = (&operators.store, operators.clock.now());
    let order = store.order(id).await?;
    let checkout = store.find(SagaId(id.0)).await?.filter(|checkout| checkout.order_id == id);
    let (status, user) = match (&order, &checkout) {
        (Some(order), _) => (order.status.clone(), order.user_id),
        (None, Some(checkout)) => (status_without_order(checkout).to_string(), checkout.user_id),
        (None, None) => return Err(Problem::not_found("Order not found")),
    };
    let of_order = order.as_ref().map(|order| (Some(order.total), order.created_at));
    let of_checkout = || checkout.as_ref().map(|checkout| (checkout.amount, checkout.created_at));
    let imported = order.as_ref().and_then(|order| order.imported_at);
    let (total, accepted) = of_order.or_else(of_checkout).unzip();
    let sagas = store.sagas_of(id).await?.into_iter().map(|saga| Saga::of(saga, now));
    let shipments = store.shipments_of(id).await?;
    let returns = store.returns_of(id).await?;
    let mails = store.mails_of(id).await?.into_iter().map(|mail| Letter::of(mail, now));
    let events = store.events_of(id).await?.into_iter().map(|event| Fact::of(event, now));
    let deliveries = store.deliveries_about(id).await?.into_iter();
    let cancel = if visitor.person.has(Right::Act) {
        CancelForm::of(operators.reversals.preview(id, &|_any_user| true).await?, tried)
    } else {
        None
    };
    let error = tried.and_then(|tried| tried.problem.as_ref());
    Ok(OrderPage {
        frame: Frame::of(format!("Order {}", short_id(id.0)), Here::Elsewhere, &visitor.person),
        id: id.0,
        status,
        total: total.flatten().map(|total| money(total.0)),
        accepted: accepted.map(|at| Moment::exact(at, now)),
        imported: imported.map(|at| Moment::exact(at, now)),
        user: user.to_string(),
        did: None,
        error: error.map(|problem| brief(problem.sentence(), 500)),
        cancel,
        reads_sagas: visitor.person.has(Right::ReadSagas),
        lines: lines(order.as_ref(), checkout.as_ref()),
        sagas: sagas.collect(),
        shipments: shipments.iter().map(|shipment| Parcel::of(shipment, now)).collect(),
        returns: returns.iter().map(|it| Back::of(it, now)).collect(),
        events: events.collect(),
        mails: mails.collect(),
        deliveries: deliveries.map(|delivery| Delivery::of(&delivery, now)).collect(),
    })
}

fn lines(order: Option<&Order>, checkout: Option<&Found>) -> Vec<Line> {
    if let Some(order) = order {
        let line = |(number, item): (usize, &crate::store::Item)| Line {
            number,
            product: item.product_id.to_string(),
            quantity: item.quantity.into(),
            price: Some(money(item.unit_price.0)),
        };
        return order.items.iter().enumerate().map(line).collect();
    }
    let facts = checkout.and_then(|checkout| checkout.known.as_ref()).map(|known| &known.facts);
    let lines = facts.map_or(&[][..], |facts| facts.lines());
    // Known once the checkout is priced.
    let priced = facts.and_then(|facts| facts.makes()).unwrap_or_default();
    let line = |(number, line): (usize, &crate::order::Line)| Line {
        number,
        product: line.product_id.to_string(),
        quantity: line.quantity.into(),
        price: priced.get(number).map(|priced| money(priced.unit_price.0)),
    };
    lines.iter().enumerate().map(line).collect()
}

impl Saga {
    fn of(saga: Found, now: DateTime<Utc>) -> Self {
        Self {
            id: saga.id.0,
            kind: saga.kind,
            state: saga.state,
            stuck: saga.stuck.map(|stuck| stuck.kind.to_string()),
            accepted: Moment::exact(saga.created_at, now),
        }
    }
}

impl Fact {
    fn of(event: StoredEvent, now: DateTime<Utc>) -> Self {
        let detail =
            ["error", "reason", "detail"].iter().find_map(|name| event.data[*name].as_str());
        Self {
            at: Moment::exact(event.at, now),
            detail: detail.map(Said::of),
            kind: event.kind,
            status: event.status.unwrap_or_default(),
            position: event.position,
        }
    }
}

impl Letter {
    fn of(mail: Mail, now: DateTime<Utc>) -> Self {
        let state = match mail.state {
            MailState::Owed => "to be sent",
            MailState::Sent => "sent",
            MailState::NotSent => "not sent",
        };
        Self {
            kind: mail.kind,
            state,
            is_sent: mail.state != MailState::NotSent,
            to: mail.to.as_deref().map(Said::of),
            why: mail.why.as_deref().map(Said::of),
            at: mail.noted_at.map(|at| Moment::exact(at, now)),
        }
    }
}

impl Delivery {
    fn of(delivery: &DeliveryAbout, now: DateTime<Utc>) -> Self {
        let answer = delivery.last.as_ref().map(|last| match (&last.error, last.status) {
            (Some(error), _) => brief(error, 200),
            (None, Some(status)) => status.to_string(),
            (None, None) => String::new(),
        });
        Self {
            webhook: delivery.webhook,
            url: Said::of(&delivery.url),
            kind: delivery.kind.clone(),
            state: delivery.state.to_string(),
            is_failed: delivery.state == crate::store::DeliveryState::Failed,
            at: delivery.last.as_ref().map(|last| Moment::exact(last.at, now)),
            answer,
        }
    }
}
