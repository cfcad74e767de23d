//! What a saga knows, and what the machine has to know of it.
//!
//! A kind's facts are a type of its own, stored as JSON in the saga's row together with what the
//! machine itself keeps there (its [`Terms`] and the [`Cause`] of going back). The machine holds them
//! as [`SagaFacts`], which forgets the type; the kind gets it back by [`SagaFacts::of`].

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cause::Cause;
use super::effect::Effect;
use super::neighbour::Promises;
use super::word::Step;
use crate::order::{Line, Movement, Paise, PricedLine};

/// The facts of a kind of saga. They are a stored format: a field that is added has a default, so
/// that what older binaries stored can be read.
pub trait Facts: Serialize + DeserializeOwned + Debug + Send + Sync + 'static {
    /// How many effects this step has; 0 where there is nothing to do, or where it is not known yet.
    /// Once it is above 0 it never changes.
    fn width(&self, step: Step) -> usize;

    /// What the saga is about, in paise, once it is known.
    fn amount(&self) -> Option<Paise>;

    /// What the saga is about, in pieces; an effect's line is a place among these.
    fn lines(&self) -> &[Line];

    /// What an effect moves between the customer and the shop, once it is known.
    fn movement(&self, effect: Effect) -> Option<Movement>;

    /// The lines of the order that the saga makes, once they are known; `None` for a saga that makes
    /// no order.
    fn makes(&self) -> Option<Vec<PricedLine>> {
        None
    }

    /// What can't be true of these facts once this many stages are done, a sentence each; `state` is
    /// the word for where the saga stands. For the audit: nothing is decided by it.
    fn faults(&self, done: usize, state: &str) -> Vec<String>;
}

/// What was agreed when a saga began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Which neighbours act once per key.
    #[serde(rename = "kinds", default)]
    pub promises: Promises,
    /// A client waits for the decision, so the saga has the shorter deadline.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub attended: bool,
    /// The client was answered as soon as it was accepted, and is told the decision in another way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub answered: bool,
}

/// All that is stored of what a saga knows.
#[derive(Clone, Debug)]
pub struct Known {
    /// What was agreed when it began.
    pub terms: Terms,
    /// Why it goes, or went, back.
    pub cause: Option<Cause>,
    /// Its kind's facts.
    pub facts: SagaFacts,
}

/// Reads what is stored; see [`SagaFacts::decode`].
pub type Decode = fn(Value) -> Result<Known, serde_json::Error>;

/// The JSON of a row.
#[derive(Serialize, Deserialize)]
struct Stored<T, C, F> {
    #[serde(flatten)]
    terms: T,
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    cause: Option<C>,
    #[serde(flatten)]
    facts: F,
}

/// A kind's facts without their type. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SagaFacts(Arc<dyn Erased>);

impl SagaFacts {
    /// Forgets the type.
    pub fn new<F: Facts>(facts: F) -> Self {
        Self(Arc::new(facts))
    }

    /// Reads what a saga of a kind with these facts has stored.
    ///
    /// # Errors
    /// Where it is not readable as such.
    pub fn decode<F: Facts>(stored: Value) -> Result<Known, serde_json::Error> {
        let Stored::<Terms, Cause, F> { terms, cause, facts } = serde_json::from_value(stored)?;
        Ok(Known { terms, cause, facts: Self::new(facts) })
    }

    /// The facts of a saga of the kind that has this type; `None` for a saga of another kind.
    pub fn of<F: Facts>(&self) -> Option<&F> {
        self.0.as_any().downcast_ref()
    }

    /// See [`Facts::width`].
    pub fn width(&self, step: Step) -> usize {
        self.0.width(step)
    }

    /// See [`Facts::lines`].
    pub fn lines(&self) -> &[Line] {
        self.0.lines()
    }

    /// See [`Facts::amount`].
    pub fn amount(&self) -> Option<Paise> {
        self.0.amount()
    }

    /// See [`Facts::movement`].
    pub fn movement(&self, effect: Effect) -> Option<Movement> {
        self.0.movement(effect)
    }

    /// See [`Facts::makes`].
    pub fn makes(&self) -> Option<Vec<PricedLine>> {
        self.0.makes()
    }

    /// See [`Facts::faults`].
    pub fn faults(&self, done: usize, state: &str) -> Vec<String> {
        self.0.faults(done, state)
    }

    /// What is stored of a saga with these facts, as JSON.
    pub fn encode(&self, terms: &Terms, cause: Option<&Cause>) -> String {
        self.0.encode(terms, cause)
    }
}

/// [`Facts`] as an object.
trait Erased: Debug + Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn width(&self, step: Step) -> usize;
    fn lines(&self) -> &[Line];
    fn amount(&self) -> Option<Paise>;
    fn movement(&self, effect: Effect) -> Option<Movement>;
    fn makes(&self) -> Option<Vec<PricedLine>>;
    fn faults(&self, done: usize, state: &str) -> Vec<String>;
    fn encode(&self, terms: &Terms, cause: Option<&Cause>) -> String;
}

impl<F: Facts> Erased for F {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn width(&self, step: Step) -> usize {
        Facts::width(self, step)
    }

    fn lines(&self) -> &[Line] {
        Facts::lines(self)
    }

    fn amount(&self) -> Option<Paise> {
        Facts::amount(self)
    }

    fn movement(&self, effect: Effect) -> Option<Movement> {
        Facts::movement(self, effect)
    }

    fn makes(&self) -> Option<Vec<PricedLine>> {
        Facts::makes(self)
    }

    fn faults(&self, done: usize, state: &str) -> Vec<String> {
        Facts::faults(self, done, state)
    }

    fn encode(&self, terms: &Terms, cause: Option<&Cause>) -> String {
        let stored = Stored { terms, cause, facts: self };
        serde_json::to_string(&stored).expect("facts are plain data with string keys")
    }
}
