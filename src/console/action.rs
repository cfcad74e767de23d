//! `POST /console/sagas/{id}/{action}`: does what a form asks for, and tells on the saga's page what was done.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use uuid::Uuid;

use super::page::Failure;
use super::saga::{self, Tried};
use super::visitor::{Visitor, see_other};
use crate::auth::Right;
use crate::json::parse_digits;
use crate::operator::{Operators, carry_out, note_of};
use crate::saga::SagaId;
use crate::web::{Problem, Query, TwoSegments, form_body};

/// Carries out the action of this name, or adds a note.
pub(super) async fn act(
    State(operators): State<Operators>,
    visitor: Visitor,
    segments: TwoSegments,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let (id, action) = segments.map_or_else(|_| <(String, String)>::default(), |path| path.0);
    match action.parse() {
        Ok(known) if Tried::is_known(&action) => {
            visitor.require_for(&operators, Right::Act, known, Some(&id)).await?;
        }
        Ok(_) | Err(_) => {
            visitor.require(Right::Act)?;
            return Err(visitor.failure(Problem::not_found("There is no such action")));
        }
    }
    let id: Uuid =
        id.parse().map_err(|_| visitor.failure(Problem::bad_request("id is not a UUID")))?;
    let form = form_body(&headers, body).await.map_err(|problem| visitor.failure(problem))?;
    let done = done(&operators, &visitor, SagaId(id), &action, &form).await;
    match done {
        Ok(did) => {
            let path = format!("/console/sagas/{id}");
            let left = visitor.leave_notice(&operators, &path, &did).await;
            left.map_err(|error| visitor.failure(error))?;
            Ok(see_other(&path))
        }
        Err(problem) if matches!(problem.status(), 400 | 409 | 412) => {
            let tried = Tried::refused(&action, form, problem);
            saga::page(&operators, &visitor, SagaId(id), None, Some(tried)).await
        }
        Err(problem) => Err(visitor.failure(problem)),
    }
}

async fn done(
    operators: &Operators,
    visitor: &Visitor,
    id: SagaId,
    action: &str,
    form: &Query,
) -> Result<String, Problem> {
    let person = &visitor.person;
    if action == "note" {
        note_of(operators, person, id, &json!({"text": form.text("text").map(unix)})).await?;
        return Ok("Noted".to_owned());
    }
    let version = form.text("version").and_then(parse_digits);
    let version = version.and_then(|version| i64::try_from(version).ok());
    let version =
        version.ok_or_else(|| Problem::bad_request("version must be the saga's version"))?;
    let did = carry_out(operators, person, id, action, &body(form), version).await?;
    did.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "There is no such action"))
}

/// What the API would be sent. A field that is empty is missing.
fn body(form: &Query) -> Value {
    let text = |name: &str| form.text(name).filter(|text| !text.is_empty());
    let happened = match text("happened") {
        Some("true") => Value::Bool(true),
        Some("false") => Value::Bool(false),
        Some(_) | None => Value::Null,
    };
    json!({
        "reason": text("reason").map(unix),
        "step": text("step"),
        "line": text("line"),
        "happened": happened,
    })
}

/// Browsers end lines with two characters.
fn unix(text: &str) -> String {
    text.replace("\r\n", "\n")
}
