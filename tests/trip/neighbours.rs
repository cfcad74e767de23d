//! The trip's five neighbours, and the ledger of what they did. Pure: the time is an argument, and how a
//! request gets here is somebody else's business.
//!
//! An idempotent neighbour repeats its first answer for as long as it remembers the key; any other acts
//! on every call. Whatever must never happen is noted as a fault at once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use order_service::neighbours::Response;
use order_service::saga::{Neighbour, Step};
use serde_json::{Value, json};

use super::step::{
    ASK_BORDER, ASK_FARES, FREE_SEAT, HOLD_SEAT, ISSUE_TICKET, LOOK_UP, POST_LETTER, TAKE_FARE,
};

/// What was done, by the effect's key without its generation: what each request said.
pub type Ledger = BTreeMap<String, Vec<Value>>;

/// A request, as a neighbour gets it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// `/trip/NEIGHBOUR/WHAT`, and what a question is about.
    pub path: &'a str,
    pub key: &'a str,
    /// `None` for a question.
    pub body: Option<&'a Value>,
}

/// How a neighbour takes a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mood {
    Good,
    /// Nothing is done.
    Error(u16),
    /// Nothing is done, and an idempotent neighbour says so from now on under this key.
    Refuse,
}

/// All five.
#[derive(Debug)]
pub struct Neighbours {
    /// Those that act once per key.
    idempotent: BTreeSet<Neighbour>,
    /// For how long they remember a key.
    key_memory: Duration,
    /// What a seat costs that has no other price.
    fare: u64,
    clearance: u64,
    remembered: BTreeMap<String, (Duration, Response)>,
    pub ledger: Ledger,
    /// Every answer to a question, by the saga and what was asked.
    told: BTreeSet<(String, String, u64)>,
    /// What requests of a saga said first.
    said: BTreeMap<(String, String), Value>,
    pub faults: Vec<String>,
}

impl Neighbours {
    /// Those of these that are idempotent remember a key for so long; a seat costs this at first.
    pub fn new(
        idempotent: impl IntoIterator<Item = Neighbour>,
        key_memory: Duration,
        fare: u64,
    ) -> Self {
        Self {
            idempotent: idempotent.into_iter().collect(),
            key_memory,
            fare,
            clearance: 7,
            remembered: BTreeMap::new(),
            ledger: BTreeMap::new(),
            told: BTreeSet::new(),
            said: BTreeMap::new(),
            faults: Vec::new(),
        }
    }

    /// Fares rise, unless everything is free, and the border gives other numbers. What was read and
    /// is durable stays as it was.
    pub fn change(&mut self) {
        self.fare += self.fare.min(100);
        self.clearance += 1;
    }

    /// Whether this effect of a saga has happened, by its key without a generation.
    pub fn happened(&self, key: &str) -> bool {
        self.ledger.contains_key(key)
    }

    /// Whether a question of this saga was answered with this number.
    pub fn told(&self, saga: &str, about: &str, number: u64) -> bool {
        self.told.contains(&(saga.to_owned(), about.to_owned(), number))
    }

    /// Handles a request, and answers it.
    pub fn answer(&mut self, now: Duration, asked: Asked<'_>, mood: Mood) -> Response {
        let mut path = asked.path.trim_start_matches("/trip/").split('/');
        let (at, what) = (path.next().unwrap_or_default(), path.next().unwrap_or_default());
        if let Mood::Error(status) = mood {
            return response(status, &json!({"error": "not now"}));
        }
        let Some(body) = asked.body else { return self.tell(what, asked.key, mood) };
        let keeps_keys = self.idempotent.iter().any(|neighbour| neighbour.name() == at);
        let first =
            self.remembered.get(asked.key).filter(|(since, _)| now < *since + self.key_memory);
        if let Some((_, first)) = first.filter(|_| keeps_keys) {
            return first.clone();
        }
        let answer = if mood == Mood::Refuse {
            response(409, &json!({"error": "no"}))
        } else {
            self.act(asked.key, body);
            response(200, &json!({"did": what}))
        };
        self.remembered.insert(asked.key.to_owned(), (now, answer.clone()));
        answer
    }

    /// Answers a question. `what` is a step that reads, or [`LOOK_UP`].
    fn tell(&mut self, what: &str, key: &str, mood: Mood) -> Response {
        let missing = response(404, &json!({"error": "no"}));
        if what == LOOK_UP {
            let is_recorded = self.happened(&effect_of(key));
            return if is_recorded { response(200, &json!({"taken": true})) } else { missing };
        }
        if mood == Mood::Refuse {
            return missing;
        }
        let (name, number) = match what {
            what if what == ASK_FARES.word() => ("fare", self.fare),
            what if what == ASK_BORDER.word() => ("clearance", self.clearance),
            _nothing_to_tell => return missing,
        };
        self.told.insert((saga_of(key), name.to_owned(), number));
        response(200, &json!({name: number}))
    }

    fn act(&mut self, key: &str, body: &Value) {
        let effect = effect_of(key);
        let saga = saga_of(&effect);
        let step = effect.split(':').nth(1).unwrap_or_default().to_owned();
        self.listen(&saga, body);
        if self.happened(&effect) {
            self.faults.push(format!("{effect} is done twice"));
        }
        if let Some(fault) = self.out_of_order(&saga, &step, body) {
            self.faults.push(format!("{effect}: {fault}"));
        }
        self.ledger.entry(effect).or_default().push(body.clone());
    }

    /// What is wrong with the order in which things are done.
    fn out_of_order(&self, saga: &str, step: &str, body: &Value) -> Option<&'static str> {
        let is = |known: Step| step == known.word();
        let did = |known: Step| self.count(saga, known) > 0;
        let line = body["seat"]["line"].as_u64();
        let of_line = |known: Step| {
            let line = line.map_or_else(String::new, |line| format!(":{line}"));
            self.happened(&format!("{saga}:{known}{line}"))
        };
        let is_paid = did(TAKE_FARE) || body["amount"] == 0;
        let legs = body["legs"].as_u64().and_then(|legs| usize::try_from(legs).ok());
        if is(HOLD_SEAT) && (did(TAKE_FARE) || of_line(FREE_SEAT)) {
            return Some("held after the fare was taken, or after it was freed");
        }
        if is(FREE_SEAT) && !of_line(HOLD_SEAT) {
            return Some("was not held");
        }
        if is(FREE_SEAT) && (did(TAKE_FARE) || did(ISSUE_TICKET) || did(POST_LETTER)) {
            return Some("freed after what can't be undone");
        }
        if is(TAKE_FARE) && (did(FREE_SEAT) || Some(self.count(saga, HOLD_SEAT)) != legs) {
            return Some("taken before every seat is held, or after one was freed");
        }
        if (is(ISSUE_TICKET) || is(POST_LETTER)) && (!is_paid || did(FREE_SEAT)) {
            return Some("not paid, or a seat was freed");
        }
        None
    }

    /// Compares what a request says with what its saga was told, and with what it said before.
    fn listen(&mut self, saga: &str, body: &Value) {
        let seat = &body["seat"];
        let of_seat = |name: &str| (format!("{name} of line {}", seat["line"]), seat[name].clone());
        let mut says: Vec<(String, Value)> = Vec::new();
        if seat.is_object() {
            says.extend([of_seat("fare"), of_seat("leg"), of_seat("seats")]);
        }
        for (fare, line) in body["fares"].as_array().into_iter().flatten().zip(0..) {
            says.push((format!("fare of line {line}"), fare.clone()));
        }
        let object = body.as_object().into_iter().flatten();
        let whole =
            object.filter(|(name, _)| ["orderId", "amount", "clearance"].contains(&name.as_str()));
        says.extend(whole.map(|(name, value)| (name.clone(), value.clone())));
        for (name, value) in says {
            let about = name.split(' ').next().unwrap_or_default();
            let number = value.as_u64().filter(|_| ["fare", "clearance"].contains(&about));
            if number.is_some_and(|number| !self.told(saga, about, number)) {
                self.faults.push(format!("{saga}: the {name} {value} was never told"));
            }
            let first = self.said.entry((saga.to_owned(), name.clone())).or_insert(value.clone());
            if *first != value {
                self.faults.push(format!("{saga}: the {name} was {first}, and is {value}"));
            }
        }
    }

    /// How many effects of this step have happened for a saga.
    pub fn count(&self, saga: &str, step: Step) -> usize {
        let of = format!("{saga}:{step}");
        let is_of = |key: &&String| {
            key.strip_prefix(&of).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        };
        self.ledger.keys().filter(is_of).count()
    }

    /// What the bank was asked to take, where it has taken it.
    pub fn taken(&self, saga: &str) -> Option<&Value> {
        self.ledger.get(&format!("{saga}:{TAKE_FARE}"))?.first()
    }
}

/// An effect's key without its generation.
pub fn effect_of(key: &str) -> String {
    key.split('#').next().unwrap_or(key).to_owned()
}

fn saga_of(key: &str) -> String {
    key.split(':').next().unwrap_or_default().to_owned()
}

fn response(status: u16, body: &Value) -> Response {
    Response { status, body: body.to_string().into_bytes(), retry_after_ms: None }
}
