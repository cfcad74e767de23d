//! The faults that are set. The first one, in the order of injection, that matches a call and wins
//! its dice strikes; the others keep their counts. With the same seed and the same calls in the
//! same order, the same faults strike.

use rand::{RngExt, SeedableRng, rngs::StdRng};
use uuid::Uuid;

use super::{config::Error, fault::Fault, service::Call};

/// How many faults may be set at once: each call looks at all of them.
const MOST: usize = 1_000;

/// The faults that are set.
pub(super) struct FaultList {
    set: Vec<Fault>,
    dice: StdRng,
}

impl FaultList {
    pub(super) fn new(seed: u64) -> Self {
        Self { set: Vec::new(), dice: StdRng::seed_from_u64(seed) }
    }

    pub(super) fn add(&mut self, fault: Fault) -> Result<(), Error> {
        fault.check()?;
        if self.set.len() == MOST {
            return Err(Error::Fault("1000 faults are set already"));
        }
        self.set.push(fault);
        Ok(())
    }

    pub(super) fn set(&self) -> &[Fault] {
        &self.set
    }

    pub(super) fn clear(&mut self) {
        self.set.clear();
    }

    /// The fault that strikes this call. One that has struck as often as it should is forgotten.
    pub(super) fn draw(&mut self, call: Call, product_id: Option<Uuid>) -> Option<Fault> {
        let dice = &mut self.dice;
        let at = self.set.iter().position(|fault| {
            fault.matches(call, product_id)
                && fault.chance.is_none_or(|chance| dice.random_bool(chance))
        })?;
        let struck = self.set[at].clone();
        if let Some(times) = &mut self.set[at].times {
            *times -= 1;
            if *times == 0 {
                self.set.remove(at);
            }
        }
        Some(struck)
    }
}
