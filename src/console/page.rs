//! The frame that every page has, and the page of an error.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::asset::{ASSETS, Assets};
use crate::auth::{Person, Right};
use crate::text::plain;
use crate::web::Problem;

/// What the frame of a page says: its title, who is signed in, and where in the navigation it is.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) title: String,
    pub(super) here: Here,
    pub(super) who: Option<Who>,
    /// Where they begin.
    pub(super) home: &'static str,
    pub(super) assets: &'static Assets,
}

/// Who is signed in.
#[derive(Debug)]
pub(super) struct Who {
    pub(super) name: String,
    pub(super) role: String,
    /// May see more than orders.
    pub(super) reads_sagas: bool,
}

/// A place in the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Here {
    Overview,
    Sagas,
    Bulk,
    Webhooks,
    Audit,
    Elsewhere,
}

impl Here {
    /// What the link to this place says of it.
    pub(super) fn mark(self, place: &str) -> &'static str {
        let own = match self {
            Self::Overview => "overview",
            Self::Sagas => "sagas",
            Self::Bulk => "bulk",
            Self::Webhooks => "webhooks",
            Self::Audit => "audit",
            Self::Elsewhere => return "false",
        };
        if own == place { "page" } else { "false" }
    }
}

impl Frame {
    /// Of a page for whoever is signed in.
    pub(super) fn of(title: impl Into<String>, here: Here, person: &Person) -> Self {
        let who = Who {
            name: person.name().unwrap_or_default(),
            role: person.role().to_string(),
            reads_sagas: person.has(Right::ReadSagas),
        };
        Self { title: title.into(), here, who: Some(who), home: home(person), assets: &ASSETS }
    }

    /// Of a page for anybody.
    pub(super) fn bare(title: impl Into<String>) -> Self {
        let here = Here::Elsewhere;
        Self { title: title.into(), here, who: None, home: OVERVIEW, assets: &ASSETS }
    }
}

/// The page of those who may see sagas.
pub(super) const OVERVIEW: &str = "/console";

/// The page on which this person begins.
pub(super) fn home(person: &Person) -> &'static str {
    if person.has(Right::ReadSagas) { OVERVIEW } else { "/console/find" }
}

/// The page as an answer. Whatever a text in it brought along, no control character and none that turns the
/// direction of writing leaves here.
pub(super) fn respond(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => {
            let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
            (status, headers, plain(&html)).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a page can't be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// An error as a page.
#[derive(Debug)]
pub(super) struct Failure {
    problem: Box<Problem>,
    person: Option<Person>,
}

impl Failure {
    /// For whoever is signed in.
    pub(super) fn of(problem: impl Into<Problem>, person: &Person) -> Self {
        Self { problem: Box::new(problem.into()), person: Some(person.clone()) }
    }
}

impl<P: Into<Problem>> From<P> for Failure {
    fn from(problem: P) -> Self {
        Self { problem: Box::new(problem.into()), person: None }
    }
}

#[derive(Template)]
#[template(path = "console/failure.html")]
struct FailurePage<'a> {
    frame: Frame,
    error: &'a str,
    sentence: Option<&'a str>,
    is_role: bool,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let Self { problem, person } = self;
        let status = StatusCode::from_u16(problem.status());
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let frame = match &person {
            Some(person) => Frame::of(problem.error(), Here::Elsewhere, person),
            None => Frame::bare(problem.error()),
        };
        let sentence = Some(problem.sentence()).filter(|sentence| *sentence != problem.error());
        let is_role = person.is_some_and(|person| !person.has(Right::ReadSagas));
        let page = FailurePage { frame, error: problem.error(), sentence, is_role };
        (problem.headers().clone(), respond(status, &page)).into_response()
    }
}

/// The page of a fault of ours. What is wrong is logged.
pub(super) fn broken(cause: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let status = crate::web::panicked(cause).status();
    let problem =
        Problem::new(status, "Something broke here").detail("an unexpected fault; the log has it");
    Failure::from(problem).into_response()
}
