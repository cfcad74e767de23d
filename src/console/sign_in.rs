//! Signing in with an operator's token, and out.

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;

use super::page::{Failure, Frame, OVERVIEW, home, respond};
use super::policy::is_https;
use super::visitor::{COOKIE, cookie, see_other, visitor};
use crate::auth::{Audited, SignedIn};
use crate::operator::Operators;
use crate::store::{AuditAction, ConsoleSession};
use crate::web::{Query, form_body};

/// How long a session lasts.
const LASTS: TimeDelta = TimeDelta::hours(12);

#[derive(Template)]
#[template(path = "console/sign_in.html")]
struct SignInPage<'a> {
    frame: Frame,
    next: &'a str,
    who: &'a str,
    error: Option<&'a str>,
    /// A link from elsewhere led here: browsers keep the cookie back then, and send it with the next request.
    tries_again: bool,
}

/// `GET /console/sign-in`.
pub(super) async fn form(
    State(operators): State<Operators>,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Failure> {
    operators.access.opens_to_somebody()?;
    let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    let tries_again = matches!(site, Some("cross-site" | "same-site"));
    let next = own_path(query.text("next"));
    Ok(page(StatusCode::OK, next, "", None, tries_again))
}

fn page(
    status: StatusCode,
    next: &str,
    who: &str,
    error: Option<&str>,
    tries_again: bool,
) -> Response {
    let frame = Frame::bare("Sign in");
    respond(status, &SignInPage { frame, next, who, error, tries_again })
}

/// `POST /console/sign-in`.
pub(super) async fn sign_in(
    State(operators): State<Operators>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    operators.access.opens_to_somebody()?;
    let form = form_body(&headers, body).await?;
    let field = |name| form.text(name).unwrap_or_default();
    let (next, who) = (own_path(form.text("next")), field("who").trim());
    let signed_in = SignedIn::fresh();
    let stored = match operators.access.sign_in(field("token").trim(), who, &signed_in) {
        Ok(Some(stored)) => stored,
        Ok(None) => {
            tracing::warn!("a wrong token was tried at the console");
            let error = Some("The operator token is wrong");
            return Ok(page(StatusCode::UNAUTHORIZED, next, who, error, false));
        }
        Err(_malformed) => {
            let error = Some("Your name may have at most 100 characters");
            return Ok(page(StatusCode::BAD_REQUEST, next, who, error, false));
        }
    };
    sign_out_now(&operators, &headers).await?;
    let now = operators.clock.now();
    tracing::info!(role = stored.role, "somebody signed in at the console");
    let session = ConsoleSession {
        id: stored.id,
        seal: stored.seal,
        who: stored.who,
        role: stored.role,
        until: now + LASTS,
        notice: None,
    };
    let audited = stored.person.audited_anew(AuditAction::SignIn, &operators.clock);
    operators.store.begin_session(session, now, audited.done()).await?;
    // The overview is not for everybody.
    let next = if next == OVERVIEW { home(&stored.person) } else { next };
    Ok(with_cookie(see_other(next), &signed_in.reveal(), LASTS, &headers))
}

/// `POST /console/sign-out`.
pub(super) async fn sign_out(
    State(operators): State<Operators>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    sign_out_now(&operators, &headers).await?;
    Ok(with_cookie(see_other("/console/sign-in"), "", TimeDelta::zero(), &headers))
}

/// Ends the session of these headers, if there is one.
async fn sign_out_now(operators: &Operators, headers: &HeaderMap) -> Result<(), Failure> {
    let Some(signed_in) = cookie(headers) else { return Ok(()) };
    let visitor = visitor(operators, headers).await?;
    let audited =
        visitor.map(|visitor| visitor.person.audited_anew(AuditAction::SignOut, &operators.clock));
    operators.store.end_session(&signed_in.id(), audited.as_ref().map(Audited::done)).await?;
    Ok(())
}

fn with_cookie(mut answer: Response, value: &str, lasts: TimeDelta, asked: &HeaderMap) -> Response {
    let (lasts, secure) = (lasts.num_seconds(), if is_https(asked) { "; Secure" } else { "" });
    let cookie = format!(
        "{COOKIE}={value}; Path=/console; HttpOnly; SameSite=Strict; Max-Age={lasts}{secure}"
    );
    match HeaderValue::try_from(cookie) {
        Ok(cookie) => {
            answer.headers_mut().insert(header::SET_COOKIE, cookie);
            answer
        }
        Err(_malformed) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Where to go after signing in: a page of ours, whatever the link says.
fn own_path(next: Option<&str>) -> &str {
    let is_own = |path: &&str| {
        let rest = path.strip_prefix("/console");
        let is_below = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
        let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        is_below && is_plain && !path.contains("..") && !path.starts_with("/console/sign-")
    };
    next.filter(is_own).unwrap_or(OVERVIEW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_leads_to_pages_of_ours_only() {
        for own in ["/console", "/console/sagas?stuck=true&sort=age", "/console?x=1"] {
            assert_eq!(own_path(Some(own)), own);
        }
        for other in [
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/console\\..\\..\\evil",
            "/console/../..//evil.example",
            "/consoles",
            "/api/orders",
            "/console/a\r\nSet-Cookie: x=y",
            "/console/sign-in?next=/console",
            "/console/sign-out",
            "",
        ] {
            assert_eq!(own_path(Some(other)), "/console", "{other}");
        }
        assert_eq!(own_path(None), "/console");
    }
}
