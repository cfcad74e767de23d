//! What outlives the processes of a cell: the neighbours, the requests on their way to them, and
//! what the client and the operator were told.

use std::sync::{Arc, Mutex, PoisonError};

use order_service::engine::Kind;
use order_service::saga::{Progress, Step};
use order_service::store::{Found, Store};

use crate::checkout_play::CheckoutPlay;
use crate::play::{Ending, Play};
use crate::reversal_play::ReversalPlay;
use crate::scenario::{Among, Calm, Cast, Scenario};
use crate::trip::{BANK, POST, RAIL};
use crate::trip_play::TripPlay;
use crate::watched::Letter;

/// A cell's world.
pub struct World {
    pub scenario: Scenario,
    pub play: Arc<dyn Play>,
    seen: Mutex<Seen>,
}

/// What was observed from outside so far.
#[derive(Default)]
struct Seen {
    letters: Vec<Letter>,
    /// How many processes have started.
    lives: u32,
    /// How often the unreachable neighbour was called.
    refused_connections: u32,
    calmed: bool,
    /// What the operator was told of going back, at last.
    stop: Stop,
    verdicts: u32,
    /// Whether the saga was held when it was last looked at.
    held: bool,
    /// How many times it was seen held.
    looks_at_held: u32,
    /// Calls that were made although it was held.
    called_while_held: Option<String>,
}

/// An operator's `compensate`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stop {
    #[default]
    NotAsked,
    Granted,
    Refused,
}

/// How many times a held saga is looked at, with time passing in between, before it is released.
const LOOKS: u32 = 12;

impl World {
    /// The neighbours as they are at the start of a cell. The key is the client's.
    pub async fn new(scenario: &Scenario, key: String, http: reqwest::Client) -> Self {
        let keepers = scenario.keep_keys;
        let keeps_keys = keepers == Among::All;
        let play: Arc<dyn Play> = match scenario.cast.clone() {
            Cast::Checkout(of) => Arc::new(CheckoutPlay::new(of, keeps_keys, http, key).await),
            Cast::Reversal(of) => {
                let checkout = CheckoutPlay::new(of.order.clone(), keeps_keys, http, key).await;
                Arc::new(ReversalPlay::new(of.how, checkout))
            }
            Cast::Trip(of) => {
                let keepers = [RAIL, BANK, POST].into_iter().filter(|it| keepers.has(*it));
                Arc::new(TripPlay::new(of, keepers, scenario.key_memory, key))
            }
        };
        Self { scenario: scenario.clone(), play, seen: Mutex::default() }
    }

    fn seen<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A process starts; returns how many have before.
    pub fn begin(&self) -> u32 {
        self.seen(|seen| {
            seen.lives += 1;
            seen.lives - 1
        })
    }

    /// Whether nobody listens for this call.
    pub fn is_unreachable(&self, step: Step) -> bool {
        let Some((of, times)) = self.scenario.unreachable.filter(|(of, _)| *of == step) else {
            return false;
        };
        self.seen(|seen| {
            seen.refused_connections += 1;
            of == step && !seen.calmed && seen.refused_connections <= times
        })
    }

    pub fn post(&self, letter: Letter) {
        self.seen(|seen| seen.letters.push(letter));
    }

    /// A process has died, and no other has started yet.
    pub async fn mourn(&self) {
        if matches!(self.scenario.calm, Calm::GoingBackOrDeath) {
            self.get_well();
        }
        self.play.somebody_died().await;
    }

    /// Requests on their way arrive now.
    pub async fn deliver(&self, ways: impl Fn() -> Vec<Arc<dyn Kind>>) {
        let letters = self.seen(|seen| std::mem::take(&mut seen.letters));
        for letter in letters {
            letter.arrive(&ways()).await;
        }
    }

    /// Clears the faults, once the scenario says so.
    pub fn calm_down(&self, saga: &Found) {
        let now = match self.scenario.calm {
            Calm::Never => false,
            Calm::GoingBack | Calm::GoingBackOrDeath => saga.progress == Some(Progress::Backward),
            Calm::Stuck => saga.stuck.is_some(),
            Calm::PastDeadline => saga.updated_at > saga.created_at + self.scenario.deadline * 2,
        };
        if now {
            self.get_well();
        }
    }

    fn get_well(&self) {
        if !self.seen(|seen| std::mem::replace(&mut seen.calmed, true)) {
            self.play.get_well();
        }
    }

    /// Notes whether the saga was seen held.
    pub fn sees(&self, held: bool) {
        self.seen(|seen| {
            seen.held = held;
            seen.looks_at_held += u32::from(held);
        });
    }

    /// Notes a call that is about to be made.
    pub fn is_calling(&self, name: &str) {
        self.seen(|seen| {
            if seen.held {
                seen.called_while_held.get_or_insert(name.to_owned());
            }
        });
    }

    pub fn was_held_long_enough(&self) -> bool {
        self.seen(|seen| seen.looks_at_held >= LOOKS)
    }

    /// It is about to be released, and the faults are cleared.
    pub fn lets_go(&self) {
        self.seen(|seen| seen.held = false);
        self.get_well();
    }

    pub fn told_to_go_back(&self) {
        self.seen(|seen| seen.stop = Stop::Granted);
    }

    pub fn refused_to_go_back(&self) {
        self.seen(|seen| seen.stop = Stop::Refused);
    }

    pub fn gave_a_verdict(&self) {
        self.seen(|seen| seen.verdicts += 1);
    }

    /// How many verdicts were needed.
    pub fn verdicts(&self) -> u32 {
        self.seen(|seen| seen.verdicts)
    }

    /// Everything is at rest: compares it with what was told, and with the ends that the scenario allows.
    pub async fn check_the_end(&self, store: &Store, sagas: &[Found]) -> Ending {
        let ending = self.play.check_end(store, sagas).await;
        let may = &self.scenario.ends;
        assert!(may.contains(&ending), "came to {ending:?}, and may only come to {may:?}");
        let (stop, called) = self.seen(|seen| (seen.stop, seen.called_while_held.clone()));
        assert_eq!(called, None, "a held saga calls nobody");
        let is_refused = self.scenario.is_stop_refused;
        assert!(!is_refused || stop == Stop::Refused, "nobody was refused to stop it");
        assert!(stop != Stop::Granted || ending != Ending::Completed, "it was told to go back");
        ending
    }
}
