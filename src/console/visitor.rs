//! Who asks: the session behind the cookie. As an extractor it sends everybody else to the form for signing
//! in, and from there back to where they wanted to go.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Response};
use url::form_urlencoded;

use super::page::Failure;
use crate::auth::{Person, Right, SignedIn};
use crate::operator::Operators;
use crate::store::{AuditAction, ConsoleSession, Error};
use crate::web::Problem;

/// The cookie's name.
pub(super) const COOKIE: &str = "order-service-console";

/// Somebody who is signed in.
#[derive(Debug)]
pub(super) struct Visitor {
    pub(super) person: Person,
    session: ConsoleSession,
}

impl Visitor {
    /// An error page for them.
    pub(super) fn failure(&self, problem: impl Into<Problem>) -> Failure {
        Failure::of(problem, &self.person)
    }

    /// 403 as a page, unless the role has this right.
    pub(super) fn require(&self, right: Right) -> Result<(), Failure> {
        self.person.require(right).map_err(|refused| self.failure(refused))
    }

    /// The same for an action: that it was denied is in the audit trail.
    pub(super) async fn require_for(
        &self,
        operators: &Operators,
        right: Right,
        action: AuditAction,
        target: Option<&str>,
    ) -> Result<(), Failure> {
        let mut audited = self.person.audited_anew(action, &operators.clock);
        if let Some(target) = target {
            audited.to(target);
        }
        let judged = audited.conclude(&operators.executor, self.person.require(right)).await;
        judged.map_err(|refused| self.failure(refused))
    }

    /// What was done for them at this address a moment ago. It is told once.
    pub(super) async fn take_notice(
        &self,
        operators: &Operators,
        path: &str,
    ) -> Result<Option<String>, Error> {
        let notice = self.session.notice.as_deref().and_then(|notice| notice.split_once('\n'));
        let Some((_, said)) = notice.filter(|(at, _)| *at == path) else { return Ok(None) };
        operators.store.notice(&self.session.id, None).await?;
        Ok(Some(said.to_owned()))
    }

    /// Has the page at this address tell what was done.
    pub(super) async fn leave_notice(
        &self,
        operators: &Operators,
        path: &str,
        said: &str,
    ) -> Result<(), Error> {
        operators.store.notice(&self.session.id, Some(&format!("{path}\n{said}"))).await
    }
}

impl FromRequestParts<Operators> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        operators: &Operators,
    ) -> Result<Self, Response> {
        let failed = |problem: Problem| Failure::from(problem).into_response();
        operators.access.opens_to_somebody().map_err(failed)?;
        let found = visitor(operators, &parts.headers).await;
        let found = found.map_err(|error| failed(error.into()))?;
        found.ok_or_else(|| to_sign_in(&parts.uri))
    }
}

/// Who is signed in, if anybody is.
pub(super) async fn visitor(
    operators: &Operators,
    headers: &HeaderMap,
) -> Result<Option<Visitor>, Error> {
    let Some(signed_in) = cookie(headers) else { return Ok(None) };
    let now = operators.clock.now();
    let Some(session) = operators.store.session(&signed_in.id(), now).await? else {
        return Ok(None);
    };
    let ConsoleSession { seal, role, who, .. } = &session;
    let person = operators.access.signed_in(&signed_in, seal, role, who);
    Ok(person.map(|person| Visitor { person, session }))
}

/// The cookie of these headers.
pub(super) fn cookie(headers: &HeaderMap) -> Option<SignedIn> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.find_map(|(name, value)| {
        Some(value)
            .filter(|_| name.trim() == COOKIE)
            .and_then(|value| SignedIn::shown(value.trim()))
    })
}

fn to_sign_in(uri: &Uri) -> Response {
    let asked = uri.path_and_query().map_or("/console", |path| path.as_str());
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", asked).finish();
    see_other(&format!("/console/sign-in?{query}"))
}

/// 303.
pub(super) fn see_other(path: &str) -> Response {
    (axum::http::StatusCode::SEE_OTHER, [(header::LOCATION, path)]).into_response()
}
