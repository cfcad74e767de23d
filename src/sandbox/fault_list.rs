//! The injected faults. Of those that match a call, in the order of injection, the first whose probability
//! comes true strikes; the others keep their counts. The same seed and the same calls in the same order
//! give the same faults.

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{config::Error, effect::Subject, fault::Fault, service::Call};

/// The most faults at once, since each call looks at all of them.
const MAX_FAULTS: usize = 1_000;

/// The injected faults, and the random generator for their probabilities.
pub(super) struct FaultList {
    faults: Vec<Fault>,
    dice: StdRng,
}

impl FaultList {
    pub(super) fn new(seed: u64) -> Self {
        Self { faults: Vec::new(), dice: StdRng::seed_from_u64(seed) }
    }

    pub(super) fn add(&mut self, fault: Fault) -> Result<(), Error> {
        fault.check()?;
        if self.faults.len() == MAX_FAULTS {
            return Err(Error::Fault("1000 faults are set already"));
        }
        self.faults.push(fault);
        Ok(())
    }

    pub(super) fn faults(&self) -> &[Fault] {
        &self.faults
    }

    pub(super) fn clear(&mut self) {
        self.faults.clear();
    }

    /// The fault that strikes this call, if any. Removes a fault that has struck for the last time.
    pub(super) fn strike(&mut self, call: Call, about: Subject) -> Option<Fault> {
        let dice = &mut self.dice;
        let at = self.faults.iter().position(|fault| {
            fault.matches(call, about) && fault.chance.is_none_or(|chance| dice.random_bool(chance))
        })?;
        let struck = self.faults[at].clone();
        if let Some(times) = &mut self.faults[at].times {
            *times -= 1;
            if *times == 0 {
                self.faults.remove(at);
            }
        }
        Some(struck)
    }
}
