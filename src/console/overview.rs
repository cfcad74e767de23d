//! `GET /console`: how things stand, in one look. Every count is a link to the sagas that it counts.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use url::form_urlencoded;

use super::page::{Failure, Frame, Here, respond};
use super::piece::{Moment, Said, counted, grouped, money, span, step_name};
use super::visitor::Visitor;
use crate::auth::Right;
use crate::neighbours::BreakerState;
use crate::operator::{GroupView, Operators, Summary, groups, summary};

#[derive(Template)]
#[template(path = "console/overview.html")]
struct OverviewPage {
    frame: Frame,
    counts: Vec<Count>,
    groups: Vec<Group>,
    circuits: Vec<Circuit>,
    replicas: Vec<Replica>,
    sinks: Vec<Sink>,
    rate: String,
    states: Vec<(String, String)>,
    at: Moment,
}

/// A count, and the sagas that it counts.
struct Count {
    id: &'static str,
    label: &'static str,
    figure: String,
    more: String,
    href: String,
    tone: &'static str,
}

struct Group {
    href: String,
    what: String,
    stuck: Option<String>,
    error: Said,
    count: String,
    money: Option<String>,
    oldest: String,
}

struct Circuit {
    neighbour: String,
    state: &'static str,
    is_well: bool,
    failures: u32,
    since: Option<Moment>,
}

struct Replica {
    name: String,
    is_alive: bool,
    heard: String,
}

struct Sink {
    name: String,
    is_running: bool,
    state: String,
    backlog: i64,
    age: String,
    error: Option<Said>,
}

/// Shows how things stand.
pub(super) async fn show(
    State(operators): State<Operators>,
    visitor: Visitor,
) -> Result<Response, Failure> {
    visitor.require(Right::ReadSagas)?;
    let now = operators.clock.now();
    let both = async { Ok((summary(&operators).await?, groups(&operators).await?.items)) };
    let (summary, groups) =
        both.await.map_err(|error: crate::store::Error| visitor.failure(error))?;
    let counts = counts(&summary, &groups, now);
    let title = match summary.out.money_sagas {
        0 => "Overview".to_owned(),
        _ => format!("{} out", money(summary.out.money)),
    };
    let page = OverviewPage {
        frame: Frame::of(title, Here::Overview, &visitor.person),
        counts,
        groups: groups.into_iter().map(|group| Group::of(group, now)).collect(),
        circuits: circuits(&summary, now),
        replicas: replicas(&summary, now),
        sinks: sinks(&summary),
        rate: grouped(summary.rates.accepted_per_minute),
        states: summary
            .by_state
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(state, count)| (state, grouped(count)))
            .collect(),
        at: Moment::exact(now, now),
    };
    Ok(respond(StatusCode::OK, &page))
}

fn counts(summary: &Summary, groups: &[GroupView], now: DateTime<Utc>) -> Vec<Count> {
    let out = &summary.out;
    let count = |id, label, figure: String, more, href: &str, tone| {
        let is_none = figure == "0" || figure == "none" || figure == money(0);
        let tone = if is_none { "none" } else { tone };
        Count { id, label, figure, more, href: format!("/console/sagas?{href}"), tone }
    };
    let sagas = |sagas| if sagas == 0 { String::new() } else { counted(sagas, "saga") };
    let stuck = |id, label, kind: &str| {
        let figure = grouped(summary.stuck.get(kind).copied().unwrap_or(0));
        count(id, label, figure, String::new(), &format!("stuck={kind}&sort=age"), "person")
    };
    let oldest = groups.iter().min_by_key(|group| group.oldest);
    let (age, of_oldest) = match oldest {
        Some(group) => (span(now - group.oldest), format!("group={}&sort=age", group.id)),
        None => ("none".to_owned(), "stuck=true&sort=age".to_owned()),
    };
    vec![
        count(
            "count-money",
            "Money out",
            money(out.money),
            sagas(out.money_sagas),
            "holds=money&sort=money",
            "out",
        ),
        count(
            "count-stock",
            "Stock held",
            grouped(out.pieces),
            sagas(out.stock_sagas),
            "holds=stock&sort=age",
            "person",
        ),
        stuck("count-in-doubt", "In doubt", "InDoubt"),
        stuck("count-exhausted", "Exhausted", "Exhausted"),
        stuck("count-refused", "Refused", "Refused"),
        stuck("count-unreadable", "Unreadable", "Unreadable"),
        count(
            "count-held",
            "Held by people",
            grouped(summary.held),
            String::new(),
            "held=true&sort=age",
            "person",
        ),
        count("count-oldest", "Oldest trouble", age, String::new(), &of_oldest, "person"),
    ]
}

impl Group {
    fn of(group: GroupView, now: DateTime<Utc>) -> Self {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("group", &group.id)
            .append_pair("sort", "age")
            .finish();
        Self {
            href: format!("/console/sagas?{query}"),
            what: format!("{} of a {}", step_name(&group.step), group.kind),
            stuck: group.stuck,
            error: Said::of(&group.error),
            count: grouped(group.count),
            money: Some(group.money).filter(|out| *out > 0).map(money),
            oldest: span(now - group.oldest),
        }
    }
}

fn circuits(summary: &Summary, now: DateTime<Utc>) -> Vec<Circuit> {
    let circuit = |(neighbour, circuit): (&String, &crate::operator::CircuitSummary)| Circuit {
        neighbour: neighbour.clone(),
        state: match circuit.state {
            BreakerState::Closed if circuit.failures == 0 => "answers",
            BreakerState::Closed => "failing",
            BreakerState::HalfOpen => "circuit half open",
            BreakerState::Open => "circuit open: not called",
        },
        is_well: circuit.state == BreakerState::Closed && circuit.failures == 0,
        failures: circuit.failures,
        since: circuit.since.map(|since| Moment::of(since, now)),
    };
    summary.circuits.iter().map(circuit).collect()
}

/// Replicas that are long gone are left out.
fn replicas(summary: &Summary, now: DateTime<Utc>) -> Vec<Replica> {
    let recent = now - TimeDelta::hours(1);
    let mut shown: Vec<_> = summary.executors.iter().collect();
    shown.retain(|executor| executor.alive || executor.heartbeat_at > recent);
    shown.sort_by_key(|executor| (!executor.alive, executor.name.clone()));
    let replica = |executor: &crate::operator::ExecutorView| Replica {
        name: executor.name.clone(),
        is_alive: executor.alive,
        heard: span(now - executor.heartbeat_at),
    };
    shown.into_iter().map(replica).collect()
}

fn sinks(summary: &Summary) -> Vec<Sink> {
    let intake = summary.intake.iter().map(|intake| Sink {
        name: "intake".to_owned(),
        is_running: intake.state != "down",
        state: intake.state.to_owned(),
        backlog: 0,
        age: String::new(),
        error: intake.last_error.as_deref().map(Said::of),
    });
    let sink = |sink: &crate::operator::SinkView| {
        #[expect(clippy::cast_possible_truncation, reason = "whole seconds are shown")]
        let age = TimeDelta::seconds(sink.age_seconds as i64);
        let is_running = sink.state == "running";
        Sink {
            name: sink.name.clone(),
            is_running,
            state: sink.state.to_owned(),
            backlog: sink.backlog,
            age: if sink.backlog > 0 { span(age) } else { String::new() },
            error: sink.last_error.as_deref().filter(|_| !is_running).map(Said::of),
        }
    };
    summary.sinks.iter().map(sink).chain(intake).collect()
}
