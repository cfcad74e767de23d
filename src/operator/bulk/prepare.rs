//! `POST /api/operator/bulk`: prepares a run.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;

use super::super::Operators;
use super::body::{Ids, NewRunBody};
use super::look::{ItemQuery, detail};
use super::size::{Rate, Waves};
use super::view::DetailView;
use crate::auth::{Audited, Person, Right};
use crate::bulk::{MOST, NewRun, NotPrepared, Plan, Wanted};
use crate::store::{AuditAction, BulkRun};
use crate::web::{Problem, json_body};

/// Prepare a bulk run
///
/// The set is frozen: each saga as it is now. What the action will do to each is computed by the function
/// that does it. Nothing is done before the run is started.
#[utoipa::path(
    post,
    path = "/api/operator/bulk",
    tag = "operators",
    operation_id = "prepareBulkRun",
    security(("operatorToken" = [])),
    request_body = NewRunBody,
    params(("X-Operator" = Option<String>, Header, description = "Who acts; `operator` unless said")),
    responses(
        (status = 201, description = "It is prepared", body = DetailView, headers(("Location" = String, description = "The run"))),
        (status = 400, description = "What is wrong, naming the field; or the set is empty, has an id that is unknown, or more than 100,000 sagas"),
        (status = 401, description = "Without an operator's token"),
        (status = 403, description = "`Not allowed for role ROLE`, or no token is configured"),
        (status = 413, description = "The body is over 256 KiB"),
        (status = 415, description = "The body is not JSON"),
        (status = 503, description = "`The database is unavailable`"),
    ),
)]
pub(in crate::operator) async fn prepare_run(
    State(operators): State<Operators>,
    who: Person,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let mut audited = who.audited_anew(AuditAction::PrepareBulk, &operators.clock);
    let prepared = async {
        who.require(Right::Act)?;
        let body: NewRunBody = json_body(&headers, body).await?;
        let run = prepare(&operators, &who, &body, &mut audited).await?;
        let location = [(header::LOCATION, format!("/api/operator/bulk/{}", run.id))];
        let detail = detail(&operators, run, &ItemQuery::default()).await?;
        Ok((StatusCode::CREATED, location, Json(detail)))
    };
    let prepared: Result<_, Problem> = prepared.await;
    audited.answer(&operators.executor, prepared).await
}

/// Prepares a run.
pub(super) async fn prepare(
    operators: &Operators,
    who: &Person,
    body: &NewRunBody,
    audited: &mut Audited,
) -> Result<BulkRun, Problem> {
    let new = new_run(operators, who, body, audited)?;
    let by_ids = matches!(new.wanted, Wanted::Ids(_));
    operators.bulk.prepare(new).await.map_err(|why| problem(why, by_ids))
}

fn new_run(
    operators: &Operators,
    who: &Person,
    body: &NewRunBody,
    audited: &mut Audited,
) -> Result<NewRun, Problem> {
    let action = body.action.value()?.0;
    let wanted = match (body.filter.value()?, body.ids.value()?) {
        (Some(filter), None) => Wanted::Filter(Box::new(filter.read(operators)?)),
        (None, Some(Ids(ids))) => Wanted::Ids(ids.clone()),
        (Some(_), Some(_)) => {
            return Err(Problem::bad_request("filter and ids must not be given both"));
        }
        (None, None) => return Err(Problem::bad_request("filter or ids is required")),
    };
    let reason = body.reason.value()?.as_str().to_owned();
    let canary = body.canary.value()?.clone().map_or_else(Plan::usual_canary, |Waves(waves)| waves);
    let rate = body.per_second.value()?.clone().map_or_else(Plan::usual_rate, |Rate(rate)| rate);
    let plan = Plan::new(canary, rate).ok_or_else(Problem::internal)?;
    audited.because(reason.as_str());
    Ok(NewRun { action, who: who.name()?, audit: audited.done().clone(), reason, plan, wanted })
}

fn problem(why: NotPrepared, by_ids: bool) -> Problem {
    let field = if by_ids { "ids" } else { "filter" };
    match why {
        NotPrepared::Empty => Problem::bad_request(format!("{field} matches no saga")),
        NotPrepared::TooMany => {
            Problem::bad_request(format!("{field} must not match more than {MOST} sagas"))
        }
        NotPrepared::Unknown(at) => Problem::bad_request(format!("ids[{at}] is no saga's id")),
        NotPrepared::Store(error) => Problem::from(error),
    }
}
