//! `GET /api/operator/sagas`: sagas, newest first, page by page.

use std::str::FromStr;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Operators;
use super::duration::before;
use super::saga::{Onlooker, SagaView};
use crate::auth::{Person, Right};
use crate::order::UserId;
use crate::saga::StuckKind;
use crate::store::{After, Filter, SagaPage, SagaSort, TroubleFilter};
use crate::web::{Cursor, Problem, Query, within_years};

const MAX_LIMIT: u64 = 500;
const DEFAULT_LIMIT: u64 = 50;
/// The tag of the cursors of lists by time.
const BY_TIME: char = 's';
/// The tag of the cursors of the part of a list by money that has any.
const BY_MONEY: char = 'm';
const DURATION: &str = "an ISO 8601 duration such as PT5M or P1DT12H";

/// A page of sagas.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SagaPage)]
pub(crate) struct Page {
    pub(crate) items: Vec<SagaView>,
    /// The cursor of the next page, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// List sagas
#[utoipa::path(
    get,
    path = "/api/operator/sagas",
    tag = "operators",
    operation_id = "listSagas",
    security(("operatorToken" = [])),
    params(
        ("state" = Option<String>, Query, description = "Only those in this state"),
        ("stuck" = Option<String>, Query, description = "Only those that need a person, or that don't: `true`, `false`, `InDoubt`, `Exhausted`, `Refused` or `Unreadable`"),
        ("held" = Option<bool>, Query, description = "Only those that an operator holds, or that nobody does"),
        ("kind" = Option<String>, Query, description = "Only those of this kind"),
        ("userId" = Option<Uuid>, Query, description = "Only those for this user"),
        ("orderId" = Option<Uuid>, Query, description = "Only those about this order"),
        ("idempotencyKey" = Option<String>, Query, description = "Only those accepted under this key, or with an effect of this key"),
        ("minAmount" = Option<i64>, Query, description = "Only those of a total of at least this, in paise"),
        ("olderThan" = Option<String>, Query, description = "Only those accepted longer ago: an ISO 8601 duration"),
        ("step" = Option<String>, Query, description = "Only those in trouble with an effect of this step that is not settled"),
        ("neighbour" = Option<String>, Query, description = "The same, by the neighbour: `user`, `product` or `payment`"),
        ("group" = Option<String>, Query, description = "Only those of this group"),
        ("holds" = Option<String>, Query, description = "Only those in trouble by which `money` or `stock` may be out"),
        ("sort" = Option<String>, Query, description = "`-createdAt` (newest first, unless said), `age` (oldest first) or `money` (largest at risk first)"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 500, description = "At most so many; 50 unless said"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "The page", body = Page),
        (status = 400, description = "What is wrong, naming the parameter"),
        (status = 401, description = "Without an operator's token", headers(("WWW-Authenticate" = String, description = "`Bearer`"))),
        (status = 403, description = "`Not allowed for role ROLE`, or no token is configured"),
        (status = 503, description = "`The database is unavailable`"),
    ),
)]
pub(super) async fn list_sagas(
    State(operators): State<Operators>,
    who: Person,
    query: Query,
) -> Result<Json<Page>, Problem> {
    who.require(Right::ReadSagas)?;
    page(&operators, &query).await.map(Json)
}

/// The page that this query asks for.
pub(crate) async fn page(operators: &Operators, query: &Query) -> Result<Page, Problem> {
    let filter = filter(query, operators)?;
    let SagaPage { sagas, next } = operators.store.list(&filter).await?;
    let next = next.map(|last| cursor(last).to_string());
    let onlooker = Onlooker::of(operators, &sagas.iter().collect::<Vec<_>>()).await?;
    let items = sagas.into_iter().map(|saga| onlooker.view(operators, saga)).collect();
    Ok(Page { items, next })
}

fn cursor(last: After) -> Cursor {
    match last {
        After::At(at, id) => Cursor::at(BY_TIME, at, id),
        After::Money(money, id) => Cursor { tag: BY_MONEY, key: money, id },
    }
}

fn after(text: &str, sort: SagaSort) -> Option<After> {
    if let Some(cursor) = Cursor::parse(text, BY_MONEY).filter(|_| sort == SagaSort::Money) {
        return Some(After::Money(cursor.key, cursor.id));
    }
    let cursor = Cursor::parse(text, BY_TIME)?;
    Some(After::At(cursor.moment()?, cursor.id))
}

/// What a query says of the sagas that are wanted.
pub(crate) fn filter(query: &Query, operators: &Operators) -> Result<Filter, Problem> {
    let now = operators.clock.now();
    let older_than =
        query.read("olderThan", DURATION, |text| before(text, now).map(within_years))?;
    let word = |name: &str, words: Vec<&'static str>| {
        let one_of = format!("one of {}", words.join(", "));
        let word = query.read(name, &one_of, |text| words.iter().find(|word| **word == text))?;
        Ok::<_, Problem>(word.map(|word| (*word).to_owned()))
    };
    let catalogue = operators.store.catalogue();
    let sort = query.parsed("sort", "-createdAt, age or money")?.unwrap_or_default();
    let after = query.read("cursor", "`next` of another page", |text| after(text, sort))?;
    let stuck = query.parsed("stuck", STUCK)?;
    let (stuck, stuck_kind) = match stuck {
        Some(StuckFilter::Is(stuck)) => (Some(stuck), None),
        Some(StuckFilter::Kind(kind)) => (Some(true), Some(kind.to_string())),
        None => (None, None),
    };
    Ok(Filter {
        state: word("state", catalogue.states())?,
        stuck,
        stuck_kind,
        held: query.parsed("held", "true or false")?,
        kind: word("kind", catalogue.kinds())?,
        user_id: query.parsed("userId", "a UUID")?.map(UserId),
        order_id: query.parsed("orderId", "a UUID")?,
        min_amount: query.amount("minAmount")?,
        idempotency_key: query.read("idempotencyKey", "a key", not_empty)?,
        before: older_than,
        trouble: TroubleFilter {
            step: word("step", catalogue.steps())?,
            neighbour: word("neighbour", catalogue.neighbours())?,
            group: query.read("group", "a group's id", not_empty)?,
            holds: query.parsed("holds", "money or stock")?,
        },
        sort,
        after,
        limit: query.limit(MAX_LIMIT, DEFAULT_LIMIT)?,
        ..Filter::default()
    })
}

fn not_empty(text: &str) -> Option<String> {
    (!text.is_empty() && !text.contains('\0')).then(|| text.to_owned())
}

const STUCK: &str = "true, false, InDoubt, Exhausted, Refused or Unreadable";

/// Whether sagas are wanted that need a person, and for which reason.
enum StuckFilter {
    Is(bool),
    Kind(StuckKind),
}

impl FromStr for StuckFilter {
    type Err = strum::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self::Is).or_else(|_neither| text.parse().map(Self::Kind))
    }
}
